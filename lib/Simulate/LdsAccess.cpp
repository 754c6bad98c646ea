// Plain LDS reads and stores: whole dwords with a clean history take a short way.
#include "LdsAccess.h"
#include <algorithm>
#include <cstring>

namespace codesign::simulate {
namespace {

constexpr uint64_t allLanes = ~0ull;

/// One lane's read or store as the checks see it, byte by byte.
void accessLane(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                LdsOperationId operation, int data, uint32_t address, int lane) {
  Workgroup &group = *wave.group;
  LdsAccessKind kind = shape.isStore ? LdsAccessKind::Write : LdsAccessKind::Read;
  alignas(16) uint8_t bytes[16] = {};
  if (shape.isStore)
    getLane(wave, shape, data, lane, bytes);
  bool inside = recordLdsAccess(wave, instruction, operation, kind, address, shape.bytes, lane, bytes);
  int firstByte = shape.highHalf ? 2 : 0;
  uint32_t undefined = 0;
  if (shape.isStore) {
    if (!inside)
      return;
    std::memcpy(group.lds.data() + address, bytes, shape.bytes);
    if (!group.checking)
      return;
    for (int byte = 0; byte < shape.bytes; ++byte) {
      int from = byte + firstByte;
      const uint64_t plane = wave.checks.vectorUndefined[data + from / 4].plane[from % 4];
      undefined |= static_cast<uint32_t>((plane >> lane) & 1) << byte;
    }
    return setLdsDefined(wave, address, shape.bytes, undefined);
  }
  if (inside) {
    std::memcpy(bytes, group.lds.data() + address, shape.bytes);
    for (int part = 0; group.checking && part < shape.bytes; part += 4)
      undefined |= uint32_t(undefinedLds(wave, address + part, std::min(4, shape.bytes - part))) << part;
  }
  putLane(wave, shape, data, lane, bytes);
  for (int byte = 0; undefined; ++byte, undefined >>= 1)
    if (undefined & 1)
      wave.checks.vectorUndefined[data + (byte + firstByte) / 4].plane[(byte + firstByte) % 4] |= 1ull
                                                                                                  << lane;
}

/// Four dwords of each of four lanes become four lanes of each of four registers.
void readFourByFour(const uint8_t *lds, const uint32_t *addresses, uint32_t *registers) {
  using Quad [[gnu::vector_size(16)]] = uint32_t;
  Quad lane[4];
  for (int i = 0; i < 4; ++i)
    std::memcpy(&lane[i], lds + addresses[i], sizeof(Quad));
  const Quad low01 = __builtin_shufflevector(lane[0], lane[1], 0, 4, 1, 5),
             high01 = __builtin_shufflevector(lane[0], lane[1], 2, 6, 3, 7),
             low23 = __builtin_shufflevector(lane[2], lane[3], 0, 4, 1, 5),
             high23 = __builtin_shufflevector(lane[2], lane[3], 2, 6, 3, 7);
  const Quad result[4] = {__builtin_shufflevector(low01, low23, 0, 1, 4, 5),
                          __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
                          __builtin_shufflevector(high01, high23, 0, 1, 4, 5),
                          __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
  for (int i = 0; i < 4; ++i)
    std::memcpy(registers + i * laneCount, &result[i], sizeof(Quad));
}

template <int dwords>
void copyToRegisters(Wave &wave, int data, uint64_t lanes, const uint32_t *addresses) {
  uint32_t *registers = wave.lanes(data);
  const uint8_t *lds = wave.group->lds.data();
  if constexpr (dwords == 4)
    if (lanes == allLanes) {
      for (int lane = 0; lane < laneCount; lane += 4)
        readFourByFour(lds, addresses + lane, registers + lane);
      return;
    }
  for (uint64_t rest = lanes; rest; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    uint32_t values[dwords];
    std::memcpy(values, lds + addresses[lane], sizeof(values));
    for (int d = 0; d < dwords; ++d)
      registers[d * laneCount + lane] = values[d];
  }
}

/// All lanes read whole dwords; lanes whose history needs a closer look take the slow way.
template <int dwords>
void readWhole(Wave &wave, const Instruction &instruction, const AccessShape &shape, int data,
               const LdsWaveAccess &at) {
  LdsHistory &history = wave.group->checks.lds;
  if (!wave.group->checking || history.isQuiet(at)) {
    copyToRegisters<dwords>(wave, data, at.lanes, at.address);
    if (wave.group->checking)
      history.addQuietRead(at);
    return;
  }
  uint64_t clean = 0;
  for (uint64_t rest = at.lanes; rest; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    const uint32_t address = at.address[lane];
    if (history.readDwords(address, dwords, at.operation))
      clean |= 1ull << lane;
    else
      accessLane(wave, instruction, shape, at.operation, data, address, lane);
  }
  copyToRegisters<dwords>(wave, data, clean, at.address);
}

/// All lanes store whole dwords of defined bytes.
template <int dwords>
void writeWhole(Wave &wave, const Instruction &instruction, const AccessShape &shape, int data,
                const LdsWaveAccess &at) {
  LdsHistory &history = wave.group->checks.lds;
  const uint32_t *registers = wave.lanes(data);
  uint8_t *lds = wave.group->lds.data();
  for (uint64_t rest = at.lanes; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    const uint32_t address = at.address[lane];
    if (wave.group->checking && !history.storeDwords(address, dwords, at.operation)) {
      accessLane(wave, instruction, shape, at.operation, data, address, lane);
      continue;
    }
    uint32_t values[dwords];
    for (int d = 0; d < dwords; ++d)
      values[d] = registers[d * laneCount + lane];
    std::memcpy(lds + address, values, sizeof(values));
  }
}

bool storesDefined(const Wave &wave, const AccessShape &shape, int data, uint64_t lanes) {
  for (int d = 0; d < shape.dwords; ++d)
    if (wave.checks.vectorUndefined[data + d].any() & lanes)
      return false;
  return true;
}

} // namespace

bool allWhole(const uint32_t *addresses, uint64_t lanes, int bytes, size_t ldsBytes) {
  uint32_t low = 0, highest = 0;
  for (int lane = 0; lane < laneCount; ++lane) {
    const uint32_t at = (lanes >> lane) & 1 ? addresses[lane] : 0;
    low |= at;
    highest = std::max(highest, at);
  }
  return bytes % 4 == 0 && low % 4 == 0 && highest + uint64_t(bytes) <= ldsBytes;
}

void accessLds(Wave &wave, const Instruction &instruction, const AccessShape &shape, LdsOperationId operation,
               int data, uint32_t offset, bool addsThreadId) {
  Workgroup &group = *wave.group;
  LdsWaveAccess at;
  at.operation = operation;
  at.instruction = instruction.index;
  at.dwords = shape.dwords;
  at.lanes = wave.exec();
  const uint32_t *first = addsThreadId ? nullptr : wave.lanes(instruction.sources[0].index);
  for (int lane = 0; lane < laneCount; ++lane)
    at.address[lane] = offset + (addsThreadId ? wave.scalars[scalar::m0] + 4 * lane : first[lane]);
  countLds(wave, instruction, at.address, at.lanes, shape.bytes, shape.isStore);
  if (group.checking && !shape.isStore)
    defineLoaded(wave, shape, data, at.lanes);
  bool whole = allWhole(at.address, at.lanes, shape.bytes, group.lds.size()) &&
               (!group.checking || !shape.isStore || storesDefined(wave, shape, data, at.lanes));
  using Access = void (*)(Wave &, const Instruction &, const AccessShape &, int, const LdsWaveAccess &);
  static constexpr Access reads[] = {readWhole<1>, readWhole<2>, readWhole<3>, readWhole<4>};
  static constexpr Access writes[] = {writeWhole<1>, writeWhole<2>, writeWhole<3>, writeWhole<4>};
  if (whole)
    return (shape.isStore ? writes : reads)[shape.dwords - 1](wave, instruction, shape, data, at);
  for (uint64_t rest = at.lanes; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    accessLane(wave, instruction, shape, operation, data, at.address[lane], lane);
  }
}

} // namespace codesign::simulate
