#include "Program.h"
#include "Decoder.h"
#include "Hazards.h"
#include "Translate.h"
#include "llvm/MC/MCExpr.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cstring>
#include <mutex>

using namespace llvm;

namespace codesign::simulate {

Program::Program() = default;
Program::~Program() = default;

/// Fills a Program range by range.
class ProgramBuilder {
public:
  ProgramBuilder(Program &program, DecoderState &decoder) : program(program), decoder(decoder) {}
  void addRange(const CodeRange &range);
  void finish();

private:
  void translate(const MCInst &inst, Instruction &result);
  void addOperands(RawInstruction &raw);
  void addRegisters(const RawInstruction &raw, Instruction &result);
  Operand constant(uint64_t value);

  Program &program;
  DecoderState &decoder;
  DenseMap<uint64_t, const uint32_t *> knownConstants;
  std::vector<Operand> registerCache;
};

Operand ProgramBuilder::constant(uint64_t value) {
  Operand operand;
  operand.kind = Operand::Kind::Constant;
  operand.value = value;
  auto known = value < ~1ull ? knownConstants.find(value) : knownConstants.end();
  if (known != knownConstants.end()) {
    operand.lanes = known->second;
    return operand;
  }
  std::vector<uint32_t> lanes(2 * laneCount, static_cast<uint32_t>(value));
  std::fill(lanes.begin() + laneCount, lanes.end(), static_cast<uint32_t>(value >> 32));
  program.constants.push_back(std::move(lanes));
  operand.lanes = program.constants.back().data();
  if (value < ~1ull)
    knownConstants[value] = operand.lanes;
  return operand;
}

void ProgramBuilder::addOperands(RawInstruction &raw) {
  ArrayRef<MCOperandInfo> infos = raw.description.operands();
  unsigned count = std::min<unsigned>(infos.size(), raw.inst.getNumOperands());
  uint8_t pendingModifiers = 0;
  for (unsigned k = 0; k < count; ++k) {
    const MCOperand &operand = raw.inst.getOperand(k);
    if (k >= raw.description.getNumDefs() && raw.description.getOperandConstraint(k, MCOI::TIED_TO) >= 0) {
      raw.tiedModifiers = pendingModifiers;
      pendingModifiers = 0;
      continue;
    }
    if (infos[k].OperandType == decoder.inputModifiersType) {
      pendingModifiers = operand.isImm() ? static_cast<uint8_t>(operand.getImm()) : 0;
      continue;
    }
    Operand translated;
    if (operand.isReg()) {
      translated = decoder.registerOperand(operand.getReg());
      if (translated.isConstant())
        translated = constant(translated.value);
    } else {
      int64_t value = 0;
      if (operand.isImm())
        value = operand.getImm();
      else if (operand.isExpr())
        operand.getExpr()->evaluateAsAbsolute(value);
      bool isSource = infos[k].RegClass >= 0 || infos[k].OperandType == decoder.literalConstantType ||
                      infos[k].OperandType == decoder.halfLiteralType;
      if (!isSource) {
        raw.controls.push_back(value);
        continue;
      }
      translated = constant(static_cast<uint64_t>(value));
    }
    translated.modifiers = pendingModifiers;
    pendingModifiers = 0;
    if (k < raw.description.getNumDefs())
      raw.definitions.push_back(translated);
    else
      raw.uses.push_back(translated);
  }
}

void ProgramBuilder::addRegisters(const RawInstruction &raw, Instruction &result) {
  auto add = [](std::vector<RegisterRange> &list, const Operand &operand) {
    if (operand.isVector() || (operand.isScalar() && operand.index < 128))
      list.push_back({operand.index, operand.dwords, operand.isScalar()});
  };
  unsigned count = std::min<unsigned>(raw.description.operands().size(), raw.inst.getNumOperands());
  for (unsigned k = 0; k < count; ++k)
    if (raw.inst.getOperand(k).isReg())
      add(k < raw.description.getNumDefs() ? result.writes : result.reads,
          decoder.registerOperand(raw.inst.getOperand(k).getReg()));
  for (MCPhysReg reg : raw.description.implicit_uses())
    add(result.reads, decoder.registerOperand(reg));
  for (MCPhysReg reg : raw.description.implicit_defs())
    add(result.writes, decoder.registerOperand(reg));
}

void ProgramBuilder::translate(const MCInst &inst, Instruction &result) {
  const MCInstrDesc &description = decoder.instructions->get(inst.getOpcode());
  StringRef name = decoder.instructions->getName(inst.getOpcode());
  OpcodeName split = splitOpcodeName(name);
  RawInstruction raw{inst,
                     description,
                     name,
                     split.base,
                     split.encoding,
                     decoder.printer->getMnemonic(inst).first,
                     program.gfx950,
                     {},
                     {},
                     0,
                     {}};
  addOperands(raw);
  addRegisters(raw, result);
  result.opcode = inst.getOpcode();
  bool known = false;
  if (name.starts_with("S_"))
    known = translateScalar(raw, result) || translateScalarControl(raw, result) ||
            translateScalarMemory(raw, result);
  else if (name.starts_with("V_MFMA") || name.starts_with("V_SMFMAC"))
    known = translateMatrix(raw, result);
  else if (name.starts_with("V_"))
    known = translateVectorSpecial(raw, result) || translateVectorWide(raw, result) ||
            translateVector(raw, result);
  else if (name.starts_with("DS_"))
    known = translateLds(raw, result);
  else if (name.starts_with("BUFFER_"))
    known = translateBuffer(raw, result);
  else
    known = translateFlat(raw, result);
  if (!known)
    result.execute = executeUnimplemented;
  // The rule for M0 names scratch and global loads to LDS; buffer loads read it late enough.
  result.readsM0 |= result.kind == InstructionClass::LdsDma && !name.starts_with("BUFFER_");
  describeRegisters(result);
}

void ProgramBuilder::addRange(const CodeRange &range) {
  uint64_t offset = 0;
  while (offset + 4 <= range.bytes.size()) {
    MCInst inst;
    uint64_t size = 0;
    Instruction result;
    result.address = range.address + offset;
    result.index = program.size();
    if (!decoder.disassemble(inst, size, range.bytes.slice(offset), result.address)) {
      size = 4;
      result.execute = executeUnimplemented;
      result.opcode = ~0u;
    } else {
      translate(inst, result);
    }
    result.sizeBytes = static_cast<uint8_t>(std::min<uint64_t>(size, 16));
    program.byAddress[result.address] = result.index;
    program.list.push_back(std::move(result));
    offset += size;
  }
}

void ProgramBuilder::finish() {
  for (Instruction &instruction : program.list)
    if (instruction.kind == InstructionClass::Branch)
      instruction.target =
          program.indexAt(instruction.address + 4 + 4 * static_cast<int16_t>(instruction.immediate));
}

Expected<std::unique_ptr<Program>> Program::decode(StringRef architecture, ArrayRef<CodeRange> ranges) {
  auto decoder = DecoderState::create(architecture);
  if (!decoder)
    return decoder.takeError();
  std::unique_ptr<Program> program(new Program());
  program->gfx950 = architecture == "gfx950";
  program->decoder = std::move(*decoder);
  program->ranges.assign(ranges.begin(), ranges.end());
  ProgramBuilder builder(*program, *program->decoder);
  for (const CodeRange &range : ranges)
    builder.addRange(range);
  builder.finish();
  return program;
}

int Program::indexAt(uint64_t address) const {
  auto found = byAddress.find(address);
  return found == byAddress.end() ? -1 : found->second;
}

std::string Program::text(int index) const {
  const Instruction &instruction = list[index];
  std::string result;
  if (instruction.opcode == ~0u)
    return "(not an instruction)";
  for (const CodeRange &range : ranges) {
    if (instruction.address < range.address || instruction.address >= range.address + range.bytes.size())
      continue;
    static std::mutex lock; // the disassembler keeps state between calls
    std::lock_guard<std::mutex> guard(lock);
    MCInst inst;
    uint64_t size = 0;
    if (!decoder->disassemble(inst, size, range.bytes.slice(instruction.address - range.address),
                              instruction.address))
      break;
    raw_string_ostream stream(result);
    decoder->printer->printInst(&inst, instruction.address, "", *decoder->subtarget, stream);
  }
  std::replace(result.begin(), result.end(), '\t', ' ');
  return StringRef(result).trim().str();
}

std::string Program::name(int index) const {
  return list[index].opcode == ~0u ? "(not an instruction)"
                                   : decoder->instructions->getName(list[index].opcode).str();
}

} // namespace codesign::simulate
