// LLVM's MC layer for one subtarget: disassembler, printer and register numbering.
#pragma once

#include "Instruction.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstPrinter.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/MCTargetOptions.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace codesign::simulate {

struct DecoderState {
  llvm::MCTargetOptions options;
  std::unique_ptr<llvm::MCRegisterInfo> registers;
  std::unique_ptr<llvm::MCAsmInfo> assembly;
  std::unique_ptr<llvm::MCInstrInfo> instructions;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget;
  std::unique_ptr<llvm::MCContext> context;
  std::unique_ptr<llvm::MCDisassembler> disassembler;
  std::unique_ptr<llvm::MCInstPrinter> printer;
  unsigned inputModifiersType = 0; // operand types private to the target, learned from known instructions
  unsigned literalConstantType = 0, halfLiteralType = 0;

  static llvm::Expected<std::unique_ptr<DecoderState>> create(llvm::StringRef processor);

  /// Decodes the instruction at the start of `bytes`; false if there is none.
  bool disassemble(llvm::MCInst &inst, uint64_t &size, llvm::ArrayRef<uint8_t> bytes, uint64_t address);

  /// File, number and width of a register; Kind::None for what the simulator does not model.
  Operand registerOperand(llvm::MCRegister reg) const;
};

/// "V_ADD_F32_e64_vi" → base "V_ADD_F32", encoding "e64".
struct OpcodeName {
  llvm::StringRef base, encoding;
};
OpcodeName splitOpcodeName(llvm::StringRef name);

} // namespace codesign::simulate
