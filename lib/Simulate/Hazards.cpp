#include "Hazards.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Compiler.h"
#include <algorithm>

namespace codesign::simulate {
namespace {

constexpr int longestRule = 20; // wait states
constexpr uint32_t longestScalarRule = 5;

bool isVectorAlu(const Instruction &instruction) {
  return instruction.hazards.isVectorAlu;
}

bool overlaps(const Operand &operand, int reg) {
  return operand.isVector() && reg >= operand.index && reg < operand.index + operand.dwords;
}

// All rules below are those of LLVM 22's hazard recognizer for gfx940 and gfx950, found by asking it for
// pairs of instructions.

/// Wait states of double matrix results, 4x4x4 and 16x16x4; the larger takes 8 passes on gfx942, 16 on
/// gfx950.
struct DoubleMatrixRule {
  int sameAccumulator, accumulator, operand, memory, overwrite;
};
constexpr DoubleMatrixRule smallDouble = {4, 4, 6, 9, 6}, largeDouble = {0, 9, 11, 18, 11},
                           largeDoubleGfx950 = {0, 17, 19, 18, 11};

/// How a register takes part in the later instruction.
enum class Use : uint8_t { SameAccumulator, Accumulator, MatrixOperand, Read, MemoryRead, Overwrite };

int afterDoubleMatrix(const Instruction &writer, const Instruction &reader, Use use, bool gfx950) {
  const DoubleMatrixRule &rule = writer.matrixPasses <= 4 ? smallDouble
                                 : gfx950                 ? largeDoubleGfx950
                                                          : largeDouble;
  switch (use) {
  case Use::SameAccumulator:
    return rule.sameAccumulator;
  case Use::Accumulator:
    return reader.usesXdl ? 0 : rule.accumulator;
  case Use::MemoryRead:
    return rule.memory;
  case Use::Overwrite:
    return rule.overwrite;
  default:
    return rule.operand;
  }
}

/// N passes need about N + 1 as an accumulator and N + 3 otherwise, one less for f32.
int afterMatrix(const Instruction &writer, const Instruction &reader, Use use, bool gfx950) {
  if (writer.isDoubleMatrix)
    return afterDoubleMatrix(writer, reader, use, gfx950);
  const int passes = writer.matrixPasses, late = writer.usesXdl && gfx950 && passes != 2;
  if (use == Use::SameAccumulator)
    return passes == 2 ? 2 : 0;
  if (use == Use::Accumulator)
    return writer.usesXdl ? passes + 1 + late : reader.usesXdl ? 0 : passes;
  return passes + (writer.usesXdl ? 3 + late : 2);
}

bool isMemory(const Instruction &instruction) {
  return isVectorMemory(instruction.kind) || instruction.kind == InstructionClass::Lds;
}

Use useOf(const Instruction &writer, const Instruction &reader, int reg, bool isWrite) {
  if (isWrite)
    return Use::Overwrite;
  if (reader.kind != InstructionClass::Matrix)
    return isMemory(reader) ? Use::MemoryRead : Use::Read;
  const bool isAccumulator = overlaps(reader.sources[2], reg) && !overlaps(reader.sources[0], reg) &&
                             !overlaps(reader.sources[1], reg) && !overlaps(reader.sources[3], reg);
  if (!isAccumulator)
    return Use::MatrixOperand;
  return reader.sources[2].index == writer.destination.index &&
                 reader.sources[2].dwords == writer.destination.dwords
             ? Use::SameAccumulator
             : Use::Accumulator;
}

/// Wait states after a vector ALU instruction wrote a vector register.
int afterVectorAlu(const Instruction &writer, const Instruction &reader, int reg) {
  int needed = 0;
  if (reader.kind == InstructionClass::Matrix)
    needed = writer.isDot ? 0 : 2;
  if (reader.isDpp && overlaps(reader.sources[0], reg))
    needed = 2;
  if (writer.isDot && (isMemory(reader) || isVectorAlu(reader))) {
    const bool chains = writer.opcode == reader.opcode && overlaps(reader.sources[2], reg) &&
                        !overlaps(reader.sources[0], reg) && !overlaps(reader.sources[1], reg);
    needed = chains ? 0 : 3;
  }
  if (!isVectorAlu(reader))
    return needed;
  if (writer.kind == InstructionClass::Transcendental && reader.kind != InstructionClass::Transcendental)
    needed = std::max(needed, 1);
  // Wrote bytes or a half of the register; whoever writes another part merges in the register file.
  const auto isSource = [&](const Operand &operand) { return overlaps(operand, reg); };
  const bool onlyMerges =
      reader.extra[1] && overlaps(reader.destination, reg) &&
      std::none_of(reader.sources.begin(), reader.sources.begin() + reader.sourceCount, isSource);
  if (writer.extra[1] && !writer.extra[2] && !onlyMerges)
    needed = std::max(needed, 1);
  if (reader.destination.isScalar()) // v_readlane, v_readfirstlane
    needed = std::max(needed, 1);
  if (reader.swapsRows)
    needed = std::max(needed, 2);
  return needed;
}

/// Wait states before a register may be overwritten that an earlier instruction reads late.
int afterLateRead(const Instruction &earlier) {
  constexpr int afterWideStore = 2;
  return earlier.kind == InstructionClass::Matrix ? earlier.matrixPasses - 1 : afterWideStore;
}

/// Registers that the instruction still reads after the next one has issued: the accumulator of a matrix
/// instruction that is neither f32 nor f64, and the data of a store of three or four dwords (a buffer store
/// with a scalar offset takes another clock itself).
const Operand *lateOperand(const Instruction &instruction) {
  if (instruction.kind == InstructionClass::Matrix)
    return instruction.usesXdl && instruction.sources[2].isVector() ? &instruction.sources[2] : nullptr;
  if (!isVectorMemory(instruction.kind) || instruction.sources[3].isScalar())
    return nullptr;
  for (const Operand &operand : instruction.sources)
    if (operand.isVector() && operand.dwords >= 3)
      return &operand;
  return nullptr;
}

/// Wait states after a vector ALU instruction wrote a scalar register.
int afterScalarResult(const Instruction &reader, int reg) {
  if (isVectorMemory(reader.kind))
    return 5;
  if (!isVectorAlu(reader))
    return 0;
  bool isLaneSelect = reader.sourceCount == 2 && !reader.details && reader.sources[1].isScalar() &&
                      reader.sources[1].index == reg;
  // LLVM keeps two wait states to every other vector reader. AMD's hand-scheduled kernels for these
  // processors read such a scalar in the next instruction, so the hardware waits by itself.
  return isLaneSelect ? 4 : 0;
}

int afterExecWrite(const Instruction &reader) {
  if (reader.isDpp)
    return 5;
  bool accessesLanes = isVectorAlu(reader) && !reader.details && reader.sourceCount > 0;
  return reader.kind == InstructionClass::Matrix || accessesLanes ? 4 : 0;
}

/// Wait states that an instruction other than s_nop takes at least.
int waitStatesOf(const Instruction &instruction) {
  // A wave fetches again after a branch, whether it is taken or not. LLVM counts one state; AMD's attention
  // kernels read matrix results behind a branch 7 states early. The timing model has more than 8.
  constexpr int branch = 8;
  constexpr int swap = 2; // two passes through the vector ALU
  if (instruction.kind == InstructionClass::Branch)
    return branch;
  return instruction.swapsRows ? swap : 1;
}

void report(Wave &wave, const Instruction &instruction, const RecentWrite &write, int needed, int present,
            const std::string &what, const char *since = "its writer") {
  FindingDetails details{FindingKind::Hazard, instruction.index, write.instruction};
  if (beginFinding(wave, details))
    endFinding(wave, what + " needs " + std::to_string(needed) + " wait states after " + since +
                         ", there are " + std::to_string(present));
}

std::string registerName(int reg) {
  return reg >= firstAccumulationRegister ? "a" + std::to_string(reg - firstAccumulationRegister)
                                          : "v" + std::to_string(reg);
}

void checkVector(Wave &wave, const Instruction &instruction, const RegisterRange &range, bool isWrite) {
  const WaveChecks &checks = wave.checks;
  if (!checks.lateRegisters.any(range.first, range.count) &&
      (isWrite || !checks.plainResults.any(range.first, range.count)))
    return;
  const bool gfx950 = wave.group->program->isGfx950();
  const RecentWrite *writes = wave.checks.vectorWrites.data(), *reads = wave.checks.lateReads.data();
  const int end = std::min(range.first + range.count, vectorRegisterCount);
  for (int reg = range.first; reg < end; ++reg) {
    if (isWrite && reads[reg].instruction >= 0) {
      const int present = static_cast<int>(wave.checks.slot - reads[reg].slot - 1);
      const int needed = afterLateRead(wave.group->instruction(reads[reg].instruction));
      if (present < needed)
        return report(wave, instruction, reads[reg], needed, present, registerName(reg), "its reader");
    }
    const RecentWrite &write = writes[reg];
    const int present = static_cast<int>(wave.checks.slot - write.slot - 1);
    if (write.instruction < 0 || present >= longestRule)
      continue;
    const Instruction &writer = wave.group->instruction(write.instruction);
    int needed = 0;
    if (writer.kind == InstructionClass::Matrix)
      needed = afterMatrix(writer, instruction, useOf(writer, instruction, reg, isWrite), gfx950);
    else if (!isWrite || writer.isDot)
      needed = afterVectorAlu(writer, instruction, reg);
    if (present < needed)
      return report(wave, instruction, write, needed, present, registerName(reg));
  }
}

/// A matrix instruction may overwrite other results, but not the data of a store that still reads them.
void checkMatrixOverwrite(Wave &wave, const Instruction &instruction) {
  for (const RegisterRange &range : instruction.writes) {
    if (range.isScalar || !wave.checks.lateRegisters.any(range.first, range.count))
      continue;
    for (int reg = range.first; reg < range.first + range.count; ++reg) {
      const RecentWrite &read = wave.checks.lateReads[reg % vectorRegisterCount];
      if (read.instruction < 0)
        continue;
      const Instruction &reader = wave.group->instruction(read.instruction);
      const int present = static_cast<int>(wave.checks.slot - read.slot - 1), needed = afterLateRead(reader);
      if (reader.kind != InstructionClass::Matrix && present < needed)
        return report(wave, instruction, read, needed, present, registerName(reg), "its reader");
    }
  }
}

void checkHardwareRegister(Wave &wave, const Instruction &instruction) {
  constexpr int needed = 2;
  RecentWrite &last = wave.checks.hardwareRegisterWrite;
  const int present = static_cast<int>(wave.checks.slot - last.slot - 1);
  if (last.instruction >= 0 && present < needed &&
      wave.group->instruction(last.instruction).accessesHardwareRegister ==
          instruction.accessesHardwareRegister)
    report(wave, instruction, last, needed, present, "the hardware register");
  if (instruction.writesHardwareRegister)
    last = {wave.checks.slot, instruction.index};
}

void checkScalar(Wave &wave, const Instruction &instruction, const RegisterRange &range) {
  for (int reg = range.first; reg < range.first + range.count && reg < 128; ++reg) {
    const RecentWrite &write = wave.checks.scalarWrites[reg];
    if (write.instruction < 0)
      continue;
    int present = static_cast<int>(wave.checks.slot - write.slot - 1);
    if (present >= static_cast<int>(longestScalarRule))
      continue;
    int needed = reg >= scalar::exec ? afterExecWrite(instruction)
                 : reg == scalar::m0 ? (instruction.readsM0 ? 1 : 0)
                                     : afterScalarResult(instruction, reg);
    if (reg == scalar::vcc && instruction.readsVccLate)
      needed = 4;
    if (present < needed)
      return report(wave, instruction, write, needed, present,
                    reg >= scalar::exec ? "EXEC"
                    : reg == scalar::m0 ? "m0"
                                        : "s" + std::to_string(reg));
  }
}

} // namespace

namespace {

/// Looks at every vector register of the instruction.
LLVM_ATTRIBUTE_NOINLINE void checkVectors(Wave &wave, const Instruction &instruction) {
  const bool isMatrix = instruction.kind == InstructionClass::Matrix;
  for (const RegisterRange &range : instruction.reads)
    if (!range.isScalar)
      checkVector(wave, instruction, range, false);
  for (const RegisterRange &range : instruction.writes)
    if (!range.isScalar && !isMatrix)
      checkVector(wave, instruction, range, true);
  if (isMatrix)
    checkMatrixOverwrite(wave, instruction);
}

LLVM_ATTRIBUTE_NOINLINE void checkScalars(Wave &wave, const Instruction &instruction) {
  for (const RegisterRange &range : instruction.reads)
    if (range.isScalar)
      checkScalar(wave, instruction, range);
  if (instruction.readsM0)
    checkScalar(wave, instruction, {static_cast<uint16_t>(scalar::m0), 1, true});
}

void recordLateReads(WaveChecks &checks, const Instruction &instruction) {
  const Operand *late = lateOperand(instruction);
  if (!late)
    return;
  for (int reg = late->index; reg < std::min(late->index + late->dwords, vectorRegisterCount); ++reg)
    checks.lateReads[reg] = {checks.slot, instruction.index};
  checks.lateRegisters.set(late->index, late->dwords);
}

void recordWrites(WaveChecks &checks, const Instruction &instruction) {
  const bool isAlu = instruction.hazards.isVectorAlu || instruction.kind == InstructionClass::Matrix;
  const uint32_t slot = checks.slot + (instruction.swapsRows ? 1 : 0); // in its second pass
  for (const RegisterRange &range : instruction.writes) {
    if (!range.isScalar) {
      const int end = std::min(range.first + range.count, vectorRegisterCount);
      for (int reg = range.first; reg < end; ++reg)
        checks.vectorWrites[reg] = {slot, isAlu ? instruction.index : -1};
      if (isAlu)
        (instruction.hazards.resultIsLate ? checks.lateRegisters : checks.plainResults)
            .set(range.first, range.count);
      continue;
    }
    for (int reg = range.first; reg < std::min(range.first + range.count, 128); ++reg) {
      const bool matters = instruction.hazards.isVectorAlu ||
                           (reg == scalar::m0 && instruction.kind == InstructionClass::Scalar);
      checks.scalarWrites[reg] = {checks.slot, matters ? instruction.index : -1};
      if (matters)
        checks.lastScalarWrite = checks.slot;
    }
  }
}

} // namespace

void describeRegisters(Instruction &instruction) {
  const InstructionClass kind = instruction.kind;
  const bool isMatrix = kind == InstructionClass::Matrix;
  HazardTraits &traits = instruction.hazards;
  traits.isVectorAlu = kind == InstructionClass::Vector || kind == InstructionClass::Transcendental ||
                       kind == InstructionClass::Packed;
  traits.touchesVector = traits.isVectorAlu || isMatrix || isMemory(instruction);
  traits.resultIsLate = isMatrix || kind == InstructionClass::Transcendental || instruction.isDot ||
                        (instruction.extra[1] && !instruction.extra[2]);
  traits.waitsForPlainResults =
      isMatrix || instruction.isDpp || instruction.destination.isScalar() || instruction.swapsRows;
  instruction.vectorRegisters.clear();
  for (const auto *ranges : {&instruction.reads, &instruction.writes})
    for (const RegisterRange &range : *ranges)
      for (int reg = range.first;
           !range.isScalar && reg < std::min(range.first + range.count, vectorRegisterCount); ++reg) {
        const uint32_t word = static_cast<uint32_t>(reg) / 64;
        auto mask = llvm::find_if(instruction.vectorRegisters,
                                  [&](const RegisterMask &known) { return known.word == word; });
        if (mask == instruction.vectorRegisters.end())
          mask = &instruction.vectorRegisters.emplace_back(RegisterMask{0, word});
        mask->bits |= 1ull << (reg % 64);
      }
}

void checkHazards(Wave &wave, const Instruction &instruction) {
  WaveChecks &checks = wave.checks;
  if (instruction.kind == InstructionClass::Matrix) { // waits until the matrix core has taken the one before
    if (static_cast<int32_t>(checks.matrixFree - checks.slot) > 0)
      checks.slot = checks.matrixFree;
    checks.matrixFree = checks.slot + instruction.matrixPasses;
  }
  if (checks.slot - checks.windowsTurned > longestRule + 1) {
    checks.lateRegisters.turn();
    checks.plainResults.turn();
    checks.windowsTurned = checks.slot;
  }
  if (instruction.hazards.touchesVector) {
    if (checks.slot - checks.lastScalarWrite <= longestScalarRule)
      checkScalars(wave, instruction);
    if (checks.lateRegisters.any(instruction.vectorRegisters) ||
        (instruction.hazards.waitsForPlainResults && checks.plainResults.any(instruction.vectorRegisters)))
      checkVectors(wave, instruction);
    recordLateReads(checks, instruction);
  }
  if (instruction.accessesHardwareRegister >= 0)
    checkHardwareRegister(wave, instruction);
  recordWrites(checks, instruction);
  const bool isNop = instruction.kind == InstructionClass::Control && instruction.isNop;
  checks.slot += isNop ? (instruction.immediate & 15) + 1 : waitStatesOf(instruction);
}

} // namespace codesign::simulate
