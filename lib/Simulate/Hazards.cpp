#include "Hazards.h"
#include <algorithm>

namespace codesign::simulate {
namespace {

constexpr int longestRule = 20; // wait states

bool isVectorAlu(const Instruction &instruction) {
  return instruction.kind == InstructionClass::Vector ||
         instruction.kind == InstructionClass::Transcendental || instruction.kind == InstructionClass::Packed;
}

bool isVectorMemory(const Instruction &instruction) {
  switch (instruction.kind) {
  case InstructionClass::VectorMemoryLoad:
  case InstructionClass::VectorMemoryStore:
  case InstructionClass::VectorMemoryAtomic:
  case InstructionClass::LdsDma:
  case InstructionClass::Flat:
  case InstructionClass::Scratch:
    return true;
  default:
    return false;
  }
}

bool overlaps(const Operand &operand, int reg) {
  return operand.isVector() && reg >= operand.index && reg < operand.index + operand.dwords;
}

/// The hardware's wait states for the result of a matrix instruction, by what reads it. LLVM's hazard table
/// for gfx940: N passes need N + 1 as an accumulator, N + 3 otherwise (one less for f32); the same
/// accumulator again needs none.
int afterMatrix(const Instruction &writer, const Instruction &reader, int reg, bool isWrite) {
  int passes = writer.matrixPasses;
  if (reader.kind == InstructionClass::Matrix) {
    if (isWrite)
      return 0;
    bool isAccumulator = overlaps(reader.sources[2], reg) && !overlaps(reader.sources[0], reg) &&
                         !overlaps(reader.sources[1], reg);
    if (isAccumulator)
      return reader.sources[2].index == writer.destination.index ? 0 : passes + 1;
  }
  return writer.usesXdl ? passes + 3 : passes + 2;
}

/// Wait states after a vector ALU instruction wrote a vector register.
int afterVectorAlu(const Instruction &writer, const Instruction &reader, int reg) {
  int needed = 0;
  if (reader.kind == InstructionClass::Matrix)
    needed = 2;
  if (reader.isDpp && overlaps(reader.sources[0], reg))
    needed = 2;
  if (!isVectorAlu(reader))
    return needed;
  if (writer.kind == InstructionClass::Transcendental && reader.kind != InstructionClass::Transcendental)
    needed = std::max(needed, 1);
  if (writer.extra[1] && !writer.extra[2]) // wrote bytes or a half of the register
    needed = std::max(needed, 1);
  if (reader.destination.isScalar()) // v_readlane, v_readfirstlane
    needed = std::max(needed, 1);
  return needed;
}

/// Wait states after a vector ALU instruction wrote a scalar register.
int afterScalarResult(const Instruction &reader, int reg) {
  if (isVectorMemory(reader))
    return 5;
  if (!isVectorAlu(reader))
    return 0;
  bool isLaneSelect = reader.sourceCount == 2 && !reader.details && reader.sources[1].isScalar() &&
                      reader.sources[1].index == reg;
  return isLaneSelect ? 4 : 2;
}

int afterExecWrite(const Instruction &reader) {
  if (reader.isDpp)
    return 5;
  bool accessesLanes = isVectorAlu(reader) && !reader.details && reader.sourceCount > 0;
  return reader.kind == InstructionClass::Matrix || accessesLanes ? 4 : 0;
}

void report(Wave &wave, const Instruction &instruction, const RecentWrite &write, int needed, int present,
            const std::string &what) {
  FindingDetails details{FindingKind::Hazard, instruction.index, write.instruction};
  if (beginFinding(wave, details))
    endFinding(wave, what + " needs " + std::to_string(needed) + " wait states after its writer, there are " +
                         std::to_string(present));
}

std::string registerName(int reg) {
  return reg >= firstAccumulationRegister ? "a" + std::to_string(reg - firstAccumulationRegister)
                                          : "v" + std::to_string(reg);
}

void checkVector(Wave &wave, const Instruction &instruction, const RegisterRange &range, bool isWrite) {
  const RecentWrite *writes = wave.checks.vectorWrites.data();
  const int end = std::min(range.first + range.count, vectorRegisterCount);
  for (int reg = range.first; reg < end; ++reg) {
    const RecentWrite &write = writes[reg];
    const int present = static_cast<int>(wave.checks.slot - write.slot - 1);
    if (write.instruction < 0 || present >= longestRule)
      continue;
    const Instruction &writer = wave.group->instruction(write.instruction);
    int needed = 0;
    if (writer.kind == InstructionClass::Matrix)
      needed = afterMatrix(writer, instruction, reg, isWrite);
    else if (!isWrite)
      needed = afterVectorAlu(writer, instruction, reg);
    if (present < needed)
      return report(wave, instruction, write, needed, present, registerName(reg));
  }
}

void checkScalar(Wave &wave, const Instruction &instruction, const RegisterRange &range) {
  for (int reg = range.first; reg < range.first + range.count && reg < 128; ++reg) {
    const RecentWrite &write = wave.checks.scalarWrites[reg];
    if (write.instruction < 0)
      continue;
    int present = static_cast<int>(wave.checks.slot - write.slot - 1);
    if (present >= 5)
      continue;
    int needed = reg >= scalar::exec ? afterExecWrite(instruction)
                 : reg == scalar::m0 ? (instruction.kind == InstructionClass::LdsDma ? 1 : 0)
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

void checkHazards(Wave &wave, const Instruction &instruction) {
  WaveChecks &checks = wave.checks;
  bool isVector = isVectorAlu(instruction), isMatrix = instruction.kind == InstructionClass::Matrix;
  bool touchesVector =
      isVector || isMatrix || isVectorMemory(instruction) || instruction.kind == InstructionClass::Lds;
  if (touchesVector) {
    for (const RegisterRange &range : instruction.reads) {
      if (range.isScalar)
        checkScalar(wave, instruction, range);
      else
        checkVector(wave, instruction, range, false);
    }
    // A matrix instruction may overwrite anything.
    for (const RegisterRange &range : instruction.writes)
      if (!range.isScalar && !isMatrix)
        checkVector(wave, instruction, range, true);
    if (instruction.kind == InstructionClass::LdsDma)
      checkScalar(wave, instruction, {static_cast<uint16_t>(scalar::m0), 1, true});
  }
  bool isNop = instruction.kind == InstructionClass::Control && instruction.isNop;
  for (const RegisterRange &range : instruction.writes)
    for (int reg = range.first; reg < range.first + range.count; ++reg) {
      if (!range.isScalar && reg < vectorRegisterCount)
        checks.vectorWrites[reg] = {checks.slot, isVector || isMatrix ? instruction.index : -1};
      else if (range.isScalar && reg < 128)
        checks.scalarWrites[reg] = {
            checks.slot, isVector || (reg == scalar::m0 && instruction.kind == InstructionClass::Scalar)
                             ? instruction.index
                             : -1};
    }
  checks.slot += isNop ? (instruction.immediate & 15) + 1 : 1;
}

} // namespace codesign::simulate
