// Undefined bits: propagation through instructions, and the places where they matter.
#pragma once

#include "Lanes/LaneTable.h"
#include "Wave.h"

namespace codesign::simulate {

/// Undefined bytes of a source as seen by every lane.
UndefinedBytes undefinedOf(const Wave &wave, const Operand &operand, int dword = 0);
/// Sets the undefined bytes of a register for the lanes of the mask.
void setUndefined(Wave &wave, int reg, const UndefinedBytes &bytes, uint64_t mask);
void setDefined(Wave &wave, int firstRegister, int count, uint64_t mask);
/// Undefined bits of a scalar operand of one or two dwords.
uint64_t undefinedBits(const Wave &wave, const Operand &operand);
void setScalarUndefined(Wave &wave, const Operand &operand, uint64_t bits);

/// After a vector instruction: `enabled` lanes of the destination, and the mask result.
void propagateVector(Wave &wave, const Instruction &instruction, uint64_t enabled, const LaneArguments &x);

/// Reports an undefined scalar that decides a branch or EXEC.
void checkScalarUse(Wave &wave, const Instruction &instruction, uint64_t undefined, const char *use);
/// Reports the first lane of `lanes` whose register is undefined where it is used as an address or stored.
void checkVectorUse(Wave &wave, const Instruction &instruction, const Operand &operand, int dwords,
                    uint64_t lanes, const char *use);

} // namespace codesign::simulate
