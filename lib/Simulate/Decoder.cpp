#include "Decoder.h"
#include "Memory.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"
#include <mutex>

using namespace llvm;

extern "C" void LLVMInitializeAMDGPUTargetInfo();
extern "C" void LLVMInitializeAMDGPUTargetMC();
extern "C" void LLVMInitializeAMDGPUDisassembler();

namespace codesign::simulate {

Expected<std::unique_ptr<DecoderState>> DecoderState::create(StringRef processor) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUDisassembler();
  });
  Triple triple("amdgcn-amd-amdhsa");
  std::string message;
  const Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return createStringError("this LLVM has no AMDGPU target: " + message);
  auto state = std::make_unique<DecoderState>();
  state->registers.reset(target->createMCRegInfo(triple));
  state->assembly.reset(target->createMCAsmInfo(*state->registers, triple, state->options));
  state->instructions.reset(target->createMCInstrInfo());
  state->subtarget.reset(target->createMCSubtargetInfo(triple, processor, ""));
  state->context = std::make_unique<MCContext>(triple, state->assembly.get(), state->registers.get(),
                                               state->subtarget.get());
  state->disassembler.reset(target->createMCDisassembler(*state->subtarget, *state->context));
  state->printer.reset(target->createMCInstPrinter(triple, state->assembly->getAssemblerDialect(),
                                                   *state->assembly, *state->instructions,
                                                   *state->registers));
  if (!state->disassembler || !state->printer)
    return createStringError("this LLVM cannot disassemble AMDGPU code");

  // The target's operand types have no public names: read them off instructions that surely have them.
  for (unsigned opcode = 0; opcode < state->instructions->getNumOpcodes(); ++opcode) {
    StringRef name = state->instructions->getName(opcode);
    const MCInstrDesc &description = state->instructions->get(opcode);
    if (name == "V_FMA_F32_vi")
      state->inputModifiersType = description.operands()[1].OperandType;
    else if (name == "V_FMAAK_F32_gfx940")
      state->literalConstantType = description.operands()[3].OperandType;
    else if (name == "V_MADAK_F16_vi")
      state->halfLiteralType = description.operands()[3].OperandType;
  }
  if (!state->inputModifiersType || !state->literalConstantType || !state->halfLiteralType)
    return createStringError("this LLVM names AMDGPU instructions differently; version 22 is needed");
  return state;
}

/// Selections that SDWA does not have, which LLVM decodes and then cannot print.
static bool hasReservedSelection(uint32_t first, uint32_t second) {
  if (first >> 31 || (first & 511) != 249)
    return false;
  const bool isCompare = first >> 25 == 0x3e, hasOneSource = first >> 25 == 0x3f;
  const auto field = [&](int shift, uint32_t mask) { return (second >> shift) & mask; };
  return field(16, 7) == 7 || (!hasOneSource && field(24, 7) == 7) ||
         (!isCompare && (field(8, 7) == 7 || field(11, 3) == 3));
}

bool DecoderState::disassemble(MCInst &inst, uint64_t &size, ArrayRef<uint8_t> bytes, uint64_t address) {
  // A literal cut off by the end of the code would make LLVM write to a stream it does not have: decode a
  // padded copy.
  std::array<uint8_t, 32> padded = {};
  ArrayRef<uint8_t> readable = bytes;
  if (bytes.size() < padded.size()) {
    std::copy(bytes.begin(), bytes.end(), padded.begin());
    readable = padded;
  }
  // VOP3 and buffer instructions have no room for literals; LLVM wants to comment on such words, to no
  // stream.
  uint32_t first = support::endian::read32le(readable.data()),
           second = support::endian::read32le(readable.data() + 4);
  if (first >> 26 == 0x34)
    for (int shift : {0, 9, 18})
      if (((second >> shift) & 511) == 255)
        return false;
  const bool isBuffer = first >> 26 == 0x38 || first >> 26 == 0x3a;
  if (isBuffer && second >> 24 == 255)
    return false;
  // There is no global data share; LLVM drops the bit that asks for it.
  const bool isGlobalDataShare = first >> 26 == 0x36 && (first >> 16 & 1);
  if (isGlobalDataShare || hasReservedSelection(first, second))
    return false;
  auto status = disassembler->getInstruction(inst, size, readable, address, nulls());
  return status != MCDisassembler::Fail && size != 0 && size <= bytes.size();
}

Operand DecoderState::registerOperand(MCRegister reg) const {
  Operand operand;
  if (!reg.isValid())
    return operand;
  unsigned encoding = registers->getEncodingValue(reg);
  StringRef name = registers->getName(reg);
  bool isAccumulation = name.starts_with("AGPR"), isVector = name.starts_with("VGPR");
  // A tuple is named after its parts: VGPR4_VGPR5. VCC, EXEC and FLAT_SCR are pairs with one name.
  operand.dwords = 1;
  for (StringRef part : {"VGPR", "AGPR", "SGPR", "TTMP"})
    if (name.starts_with(part))
      operand.dwords = std::max<size_t>(1, name.count(part));
  if (isVector || isAccumulation) {
    operand.kind = Operand::Kind::Vector;
    operand.index = (encoding & 255) + (isAccumulation ? firstAccumulationRegister : 0);
    return operand;
  }
  // State kept apart from the registers; M0 and FLAT_SCR without a subtarget suffix are implicit operands
  // that have no encoding, and no instruction of these processors depends on them.
  if (name.starts_with("SCC") || name.starts_with("MODE") || name == "M0" || name == "FLAT_SCR")
    return Operand();
  operand.kind = Operand::Kind::Scalar;
  operand.index = encoding & 255;
  for (StringRef pair : {"VCC", "EXEC", "FLAT_SCR", "XNACK_MASK"})
    if (name.starts_with(pair) && !name.contains("_LO") && !name.contains("_HI"))
      operand.dwords = 2;
  if (operand.index >= 235 && operand.index <= 238) { // the apertures of LDS and scratch
    operand.kind = Operand::Kind::Constant;
    uint64_t base = operand.index < 237 ? sharedAperture : privateAperture;
    operand.value = operand.index % 2 ? base : base + 0xffffffffu;
    operand.dwords = 2;
  }
  return operand;
}

OpcodeName splitOpcodeName(StringRef name) {
  for (bool found = true; found;) {
    found = false;
    for (StringRef suffix : {"_vi", "_gfx9", "_gfx90a", "_gfx940", "_vcd", "_acd", "_agpr"})
      found |= name.consume_back(suffix);
  }
  for (StringRef encoding : {"_e32", "_e64", "_sdwa", "_dpp"})
    if (name.ends_with(encoding))
      return {name.drop_back(encoding.size()), name.take_back(encoding.size() - 1)};
  return {name, ""};
}

} // namespace codesign::simulate
