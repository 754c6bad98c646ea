// The scoreboard of s_waitcnt: which registers and LDS bytes an outstanding operation still fills.
#pragma once

#include "Wave.h"

namespace codesign::simulate {

/// Records an issued operation; `ldsOperation` is its number in the LDS history, 0 for none.
void issueVectorMemory(Wave &wave, const Instruction &instruction, bool isStore, uint32_t ldsOperation = 0);
void issueLocal(Wave &wave, const Instruction &instruction, bool isScalarMemory, uint32_t ldsOperation = 0);
/// A flat operation may go to LDS or to memory and counts in both.
void issueFlat(Wave &wave, const Instruction &instruction, bool isStore, uint32_t ldsOperation = 0);

/// s_waitcnt: at most this many operations stay outstanding.
void waitFor(Wave &wave, unsigned vectorMemory, unsigned local);

/// Direct loads to LDS that no more than this many vector memory operations follow or are write their data.
void deliverLateWrites(Wave &wave, unsigned outstanding);

/// Before an instruction: does it touch a register of an outstanding operation?
void checkPendingRegisters(Wave &wave, const Instruction &instruction);

} // namespace codesign::simulate
