// From an MCInst to an Instruction: the generic operand walk, and one function per instruction class.
#pragma once

#include "Instruction.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"

namespace codesign::simulate {

/// An instruction while it is being translated.
struct RawInstruction {
  const llvm::MCInst &inst;
  const llvm::MCInstrDesc &description;
  llvm::StringRef name;     // LLVM's full name
  llvm::StringRef base;     // without encoding and subtarget suffixes: "V_ADD_F32"
  llvm::StringRef encoding; // "e32", "e64", "sdwa", "dpp" or empty
  llvm::StringRef mnemonic; // as the assembler spells it
  bool gfx950 = false;
  /// Operands in order: definitions first, then sources with their modifiers folded in, tied copies left out.
  llvm::SmallVector<Operand, 4> definitions;
  llvm::SmallVector<Operand, 6> uses;
  uint8_t tiedModifiers = 0; // of a source that is tied to the destination
  /// Immediates that are no source operand: clamp, omod, offsets, selections.
  llvm::SmallVector<int64_t, 8> controls;

  int64_t control(unsigned index, int64_t otherwise = 0) const {
    return index < controls.size() ? controls[index] : otherwise;
  }
};

// Each returns false if the instruction is not of its class or not known to it.
bool translateScalar(const RawInstruction &raw, Instruction &result);
bool translateScalarControl(const RawInstruction &raw, Instruction &result);
bool translateScalarMemory(const RawInstruction &raw, Instruction &result);
bool translateVector(const RawInstruction &raw, Instruction &result);
bool translateVectorSpecial(const RawInstruction &raw, Instruction &result);
bool translateVectorWide(const RawInstruction &raw, Instruction &result);
bool translateMatrix(const RawInstruction &raw, Instruction &result);
bool translateLds(const RawInstruction &raw, Instruction &result);
bool translateFlat(const RawInstruction &raw, Instruction &result);
bool translateBuffer(const RawInstruction &raw, Instruction &result);

/// The handler of everything else: stops the run with name and address.
void executeUnimplemented(Wave &wave, const Instruction &instruction);

} // namespace codesign::simulate
