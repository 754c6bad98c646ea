#include "DirectLoad.h"
#include "Waits.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <algorithm>
#include <cstring>

using namespace llvm;

namespace codesign::simulate {

bool parseAccess(StringRef text, AccessShape &shape) {
  shape.returns = text.consume_back("_RTN");
  if (text.consume_front("ATOMIC_")) {
    bool wide = text.consume_back("_X2") || text.ends_with("F64");
    shape.atomic = StringSwitch<AtomicKind>(text)
                       .Case("SWAP", AtomicKind::Swap)
                       .Case("CMPSWAP", AtomicKind::CompareSwap)
                       .Case("ADD", AtomicKind::Add)
                       .Case("SUB", AtomicKind::Sub)
                       .Case("SMIN", AtomicKind::SignedMin)
                       .Case("UMIN", AtomicKind::UnsignedMin)
                       .Case("SMAX", AtomicKind::SignedMax)
                       .Case("UMAX", AtomicKind::UnsignedMax)
                       .Case("AND", AtomicKind::And)
                       .Case("OR", AtomicKind::Or)
                       .Case("XOR", AtomicKind::Xor)
                       .Case("INC", AtomicKind::Inc)
                       .Case("DEC", AtomicKind::Dec)
                       .Case("ADD_F32", AtomicKind::AddF32)
                       .Case("ADD_F64", AtomicKind::AddF64)
                       .Case("MIN_F64", AtomicKind::MinF64)
                       .Case("MAX_F64", AtomicKind::MaxF64)
                       .Case("PK_ADD_F16", AtomicKind::PackedAddF16)
                       .Case("PK_ADD_BF16", AtomicKind::PackedAddBf16)
                       .Default(AtomicKind::None);
    shape.bytes = wide ? 8 : 4;
    shape.dwords = shape.bytes / 4;
    return shape.atomic != AtomicKind::None;
  }
  shape.isStore = text.starts_with("STORE_");
  if (!shape.isStore && !text.starts_with("LOAD_"))
    return false;
  text = text.drop_front(shape.isStore ? 6 : 5);
  shape.toLds = !shape.isStore && (text.consume_front("LDS_") || text.consume_back("_LDS"));
  shape.highHalf = text.consume_back("_D16_HI");
  shape.keepsOtherHalf = !shape.isStore && (shape.highHalf || text.consume_back("_D16"));
  int bytes = StringSwitch<int>(text)
                  .Cases({"UBYTE", "SBYTE", "BYTE"}, 1)
                  .Cases({"USHORT", "SSHORT", "SHORT"}, 2)
                  .Case("DWORD", 4)
                  .Case("DWORDX2", 8)
                  .Case("DWORDX3", 12)
                  .Case("DWORDX4", 16)
                  .Default(0);
  shape.isSigned = text.starts_with("S") && text != "SHORT";
  shape.bytes = static_cast<uint8_t>(bytes);
  shape.dwords = static_cast<uint8_t>(std::max(1, bytes / 4));
  return bytes != 0;
}

void putLane(Wave &wave, const AccessShape &shape, int reg, int lane, const uint8_t *bytes) {
  if (shape.bytes >= 4) {
    for (int d = 0; d < shape.dwords; ++d)
      std::memcpy(wave.lanes(reg + d) + lane, bytes + 4 * d, 4);
    return;
  }
  uint32_t value = bytes[0] | (shape.bytes == 2 ? bytes[1] << 8 : 0);
  if (shape.isSigned)
    value = shape.bytes == 1 ? static_cast<uint32_t>(static_cast<int8_t>(value))
                             : static_cast<uint32_t>(static_cast<int16_t>(value));
  uint32_t &target = wave.lanes(reg)[lane];
  if (shape.keepsOtherHalf)
    target = shape.highHalf ? (target & 0xffff) | value << 16 : (target & 0xffff0000) | (value & 0xffff);
  else
    target = value;
}

void getLane(const Wave &wave, const AccessShape &shape, int reg, int lane, uint8_t *bytes) {
  for (int d = 0; d < shape.dwords; ++d) {
    uint32_t value = wave.vectors[reg + d].value[lane];
    if (shape.highHalf)
      value >>= 16;
    std::memcpy(bytes + 4 * d, &value, 4);
  }
}

void checkStoredData(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                     const Operand &data, uint64_t lanes) {
  if (shape.bytes >= 4)
    return checkVectorUse(wave, instruction, data, shape.dwords, lanes, "stored data");
  const UndefinedBytes &bytes = wave.checks.vectorUndefined[data.index];
  uint64_t bad = 0;
  for (int byte = 0; byte < shape.bytes; ++byte)
    bad |= bytes.plane[byte + (shape.highHalf ? 2 : 0)];
  if (bad & lanes)
    checkVectorUse(wave, instruction, data, 1, lanes & bad, "stored data");
}

void defineLoaded(Wave &wave, const AccessShape &shape, int reg, uint64_t lanes) {
  if (!shape.keepsOtherHalf)
    return setDefined(wave, reg, shape.dwords, lanes);
  for (int byte = shape.highHalf ? 2 : 0; byte < (shape.highHalf ? 4 : 2); ++byte)
    wave.checks.vectorUndefined[reg].plane[byte] &= ~lanes;
}

namespace {

std::string hex(uint64_t value) {
  return "0x" + utohexstr(value, /*LowerCase=*/true);
}

void reportOutOfBounds(Wave &wave, const Instruction &instruction, const char *verb, int bytes,
                       uint64_t address, int lane) {
  FindingDetails details{FindingKind::OutOfBounds, instruction.index};
  details.lane = lane;
  details.memoryAddress = address;
  if (!beginFinding(wave, details))
    return;
  std::string text =
      "lane " + std::to_string(lane) + " " + verb + " " + std::to_string(bytes) + " bytes at " + hex(address);
  if (const MemoryRegion *region = wave.group->memory->nearest(address)) {
    uint64_t end = region->address + region->sizeBytes;
    if (address + bytes > end && address >= region->address)
      text += ", " + std::to_string(address + bytes - end) + " bytes past the end of '" + region->name +
              "' (" + std::to_string(region->sizeBytes) + " bytes)";
    else
      text += ", " + std::to_string(region->address - address) + " bytes before '" + region->name + "'";
  }
  endFinding(wave, text);
}

void countLines(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                const LaneAddresses &addresses) {
  InstructionStatistics &statistics = wave.group->statistics[instruction.index];
  statistics.memoryBytes += uint64_t(shape.bytes) * std::popcount(addresses.lanes);
  uint64_t seen[256], count = 0, last = ~0ull;
  for (uint64_t rest = addresses.lanes; rest; rest &= rest - 1) {
    uint64_t address = addresses.address[std::countr_zero(rest)];
    for (uint64_t line = address >> 7; line <= (address + shape.bytes - 1) >> 7; ++line) {
      if (line == last)
        continue;
      last = line;
      if (std::find(seen, seen + count, line) != seen + count || count == std::size(seen))
        continue;
      seen[count++] = line;
      if (wave.group->tracedLines)
        wave.group->tracedLines->push_back(line);
      if (wave.group->lines.insert(line))
        wave.group->linesOfRun.insert(line);
    }
  }
  statistics.memoryLines += count;
}

} // namespace

LateLdsWrite &beginLateLdsWrite(Wave &wave, int bytesPerLane) {
  LateLdsWrite &write = wave.lateLdsWrites.emplace_back();
  write.sequence = wave.vectorMemoryIssued + 1;
  write.bytesPerLane = bytesPerLane;
  return write;
}

/// Records one lane's whole dwords if nothing in their history can be in the way.
static bool recordDirectLoad(LdsHistory &history, LdsOperationId operation, uint32_t target, int bytes) {
  const uint64_t end = (uint64_t(target) + static_cast<uint32_t>(bytes)) / 4;
  return operation && target % 4 == 0 && end < history.cells.size() &&
         history.storeDwords(target, bytes / 4, operation);
}

void addToLateLdsWrite(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                       uint32_t operation, LateLdsWrite &write, uint32_t ldsBase, int lane, uint8_t *bytes) {
  if (shape.bytes < 4) {
    const uint32_t value = shape.bytes == 1 ? (shape.isSigned ? uint32_t(int8_t(bytes[0])) : bytes[0])
                                            : (shape.isSigned ? uint32_t(int16_t(bytes[0] | bytes[1] << 8))
                                                              : uint32_t(bytes[0] | bytes[1] << 8));
    std::memcpy(bytes, &value, 4);
  }
  const uint32_t target = ldsBase + lane * write.bytesPerLane;
  if (!recordDirectLoad(wave.group->checks.lds, operation, target, write.bytesPerLane) &&
      !recordLdsAccess(wave, instruction, operation, LdsAccessKind::DmaWrite, target, write.bytesPerLane,
                       lane, bytes))
    return;
  std::memcpy(&write.bytes[write.count * write.bytesPerLane], bytes, write.bytesPerLane);
  write.target[write.count++] = target;
}

/// Loads whole dwords where all lanes find them in one region; false if they do not, with nothing done.
static bool loadFromOneRegion(Wave &wave, const AccessShape &shape, const LaneAddresses &addresses,
                              int result, uint64_t readsAsZero) {
  uint64_t low = ~0ull, high = 0;
  for (uint64_t rest = addresses.lanes; rest; rest &= rest - 1) {
    const uint64_t address = addresses.address[std::countr_zero(rest)];
    low = std::min(low, address);
    high = std::max(high, address);
  }
  MemoryRegion *region = addresses.lanes ? wave.group->memory->find(low, shape.bytes) : nullptr;
  if (!region || !region->holds(high, shape.bytes))
    return false;
  uint32_t *registers = wave.lanes(result);
  const uint8_t *memory = region->data();
  for (uint64_t rest = addresses.lanes; rest; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    for (int d = 0; d < shape.dwords; ++d)
      std::memcpy(registers + d * laneCount + lane,
                  memory + (addresses.address[lane] - region->address) + 4 * d, 4);
  }
  for (uint64_t rest = readsAsZero; rest; rest &= rest - 1)
    for (int d = 0; d < shape.dwords; ++d)
      registers[d * laneCount + std::countr_zero(rest)] = 0;
  return true;
}

uint32_t accessGlobal(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                      const LaneAddresses &addresses, const Operand &data, const Operand &result,
                      uint32_t ldsBase, uint64_t readsAsZero) {
  Workgroup &group = *wave.group;
  bool isAtomic = shape.atomic != AtomicKind::None, checking = group.checking;
  int operandBytes = shape.atomic == AtomicKind::CompareSwap ? 2 * shape.bytes : shape.bytes;
  uint32_t operation = shape.toLds ? beginLdsOperation(wave, instruction, LdsAccessKind::DmaWrite) : 0;
  if (checking && (shape.isStore || isAtomic)) {
    AccessShape stored = shape;
    stored.dwords = isAtomic ? operandBytes / 4 : shape.dwords;
    checkStoredData(wave, instruction, stored, data, addresses.lanes);
  }
  countLines(wave, instruction, shape, addresses);
  if (!shape.isStore && !isAtomic && !shape.toLds && shape.bytes >= 4 &&
      loadFromOneRegion(wave, shape, addresses, result.index, readsAsZero)) {
    if (checking)
      defineLoaded(wave, shape, result.index, addresses.lanes | readsAsZero);
    return operation;
  }
  MemoryRegion *region = nullptr;
  LateLdsWrite *late = shape.toLds ? &beginLateLdsWrite(wave, std::max<int>(4, shape.bytes)) : nullptr;
  for (uint64_t rest = addresses.lanes | readsAsZero; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    alignas(16) uint8_t bytes[32] = {}, old[16] = {};
    uint8_t *memory = nullptr;
    if ((addresses.lanes >> lane) & 1) {
      uint64_t address = addresses.address[lane];
      if (!region || !region->holds(address, shape.bytes))
        region = group.memory->find(address, shape.bytes);
      if (region && !(region->readOnly && (shape.isStore || isAtomic)))
        memory = region->data() + (address - region->address);
      else if (checking)
        reportOutOfBounds(wave, instruction,
                          isAtomic        ? "updates"
                          : shape.isStore ? "writes"
                                          : "reads",
                          shape.bytes, address, lane);
    }
    if (shape.isStore) {
      getLane(wave, shape, data.index, lane, bytes);
      if (memory)
        std::memcpy(memory, bytes, shape.bytes);
    } else if (isAtomic) {
      for (int d = 0; d < operandBytes / 4; ++d)
        std::memcpy(bytes + 4 * d, wave.lanes(data.index + d) + lane, 4);
      if (memory)
        applyAtomicShared(shape.atomic, memory, bytes, shape.bytes, old);
      if (shape.returns)
        putLane(wave, shape, result.index, lane, old);
    } else {
      if (memory)
        std::memcpy(bytes, memory, shape.bytes);
      if (shape.toLds) {
        addToLateLdsWrite(wave, instruction, shape, operation, *late, ldsBase, lane, bytes);
      } else
        putLane(wave, shape, result.index, lane, bytes);
    }
  }
  if (checking && !shape.isStore && !shape.toLds && (!isAtomic || shape.returns))
    defineLoaded(wave, shape, result.index, addresses.lanes | readsAsZero);
  return operation;
}

} // namespace codesign::simulate
