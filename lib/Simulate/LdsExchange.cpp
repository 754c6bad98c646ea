// DS operations on one word for a whole wave, and exchanges at two addresses.
#include "LdsAccess.h"
#include "Translate.h"
#include "Waits.h"
#include <cstring>

namespace codesign::simulate {
namespace {

/// ds_append and ds_consume: the word at the offset grows or shrinks by the active lanes; all get the old
/// one.
void executeCount(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  const uint64_t exec = wave.exec();
  const auto active = static_cast<uint32_t>(std::popcount(exec));
  LdsOperationId operation = beginLdsOperation(wave, instruction, LdsAccessKind::Atomic);
  if (active) {
    const uint32_t change = instruction.extra[2] ? 0 - active : active;
    const uint32_t address = static_cast<uint32_t>(instruction.offset);
    const int lane = std::countr_zero(exec) % laneCount;
    uint8_t operand[4];
    std::memcpy(operand, &change, 4);
    uint32_t old = 0;
    if (recordLdsAccess(wave, instruction, operation, LdsAccessKind::Atomic, address, 4, lane, operand)) {
      std::memcpy(&old, wave.group->lds.data() + address, 4);
      applyAtomic(AtomicKind::Add, wave.group->lds.data() + address, operand, 4);
    }
    alignas(64) uint32_t values[laneCount];
    std::fill(std::begin(values), std::end(values), old);
    wave.group->laneTable->blend(wave.lanes(instruction.destination.index), values, exec, 1);
    if (wave.group->checking)
      setDefined(wave, instruction.destination.index, 1, exec);
    uint32_t addresses[laneCount];
    addresses[lane] = address;
    countLds(wave, instruction, addresses, 1ull << lane, 4, true);
  }
  issueLocal(wave, instruction, false, operation);
}

constexpr AccessShape exchangeShape(int bytes) {
  AccessShape shape;
  shape.bytes = static_cast<uint8_t>(bytes);
  shape.dwords = static_cast<uint8_t>(bytes / 4);
  shape.atomic = AtomicKind::Swap;
  shape.returns = true;
  return shape;
}

/// ds_wrxchg2: extra[0] and extra[1] are the offsets in units of the stride, the immediate.
template <int bytes>
void executeExchangePair(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  static constexpr AccessShape shape = exchangeShape(bytes);
  const uint64_t exec = wave.exec();
  if (wave.group->checking)
    checkVectorUse(wave, instruction, instruction.sources[0], 1, exec, "an LDS address");
  // The result may lie over the operands: all are read first.
  uint32_t bases[laneCount], addresses[2][laneCount];
  uint8_t operands[2][laneCount][8];
  std::memcpy(bases, wave.lanes(instruction.sources[0].index), sizeof(bases));
  for (int part = 0; part < 2; ++part)
    for (int lane = 0; lane < laneCount; ++lane) {
      addresses[part][lane] =
          bases[lane] + instruction.extra[part] * static_cast<uint32_t>(instruction.immediate);
      getLane(wave, shape, instruction.sources[1 + part].index, lane, operands[part][lane]);
    }
  LdsOperationId operation = beginLdsOperation(wave, instruction, LdsAccessKind::Atomic);
  for (int part = 0; part < 2; ++part) {
    const int result = instruction.destination.index + part * shape.dwords;
    for (uint64_t rest = exec; rest; rest &= rest - 1) {
      const int lane = std::countr_zero(rest);
      const uint32_t address = addresses[part][lane];
      uint8_t old[8] = {};
      if (recordLdsAccess(wave, instruction, operation, LdsAccessKind::Atomic, address, bytes, lane,
                          operands[part][lane])) {
        std::memcpy(old, wave.group->lds.data() + address, bytes);
        std::memcpy(wave.group->lds.data() + address, operands[part][lane], bytes);
      }
      putLane(wave, shape, result, lane, old);
    }
    countLds(wave, instruction, addresses[part], exec, bytes, true);
    if (wave.group->checking)
      defineLoaded(wave, shape, result, exec);
  }
  issueLocal(wave, instruction, false, operation);
}

} // namespace

bool translateLdsExchange(const RawInstruction &raw, Instruction &result) {
  llvm::StringRef text = raw.base;
  const bool counts = text == "DS_APPEND" || text == "DS_CONSUME";
  const bool far = text.starts_with("DS_WRXCHG2ST64_RTN_");
  if ((!counts && !far && !text.starts_with("DS_WRXCHG2_RTN_")) || raw.definitions.empty())
    return false;
  result.destination = raw.definitions[0];
  result.kind = InstructionClass::Lds;
  result.usesLgkmCount = true;
  if (counts) {
    result.execute = executeCount;
    result.offset = static_cast<int32_t>(raw.control(0) & 0xffff);
    result.extra[2] = text == "DS_CONSUME";
    return true;
  }
  if (raw.uses.size() < 3)
    return false;
  const int bytes = text.ends_with("B64") ? 8 : 4;
  result.execute = bytes == 8 ? executeExchangePair<8> : executeExchangePair<4>;
  result.sourceCount = 3;
  for (int k = 0; k < 3; ++k)
    result.sources[k] = raw.uses[k];
  result.extra[0] = static_cast<uint8_t>(raw.control(0));
  result.extra[1] = static_cast<uint8_t>(raw.control(1));
  result.immediate = bytes * (far ? 64 : 1);
  return true;
}

} // namespace codesign::simulate
