// Plain LDS reads and stores: whole dwords with a clean history take a short way.
#include "LdsAccess.h"
#include <algorithm>
#include <cstring>

namespace codesign::simulate {
namespace {

/// Where the active lanes of an access go.
struct LdsAddresses {
  uint64_t lanes = 0;
  alignas(64) uint32_t address[laneCount];

  /// Whole dwords that start on a multiple of four, all within LDS.
  bool allWhole(int bytes, size_t ldsBytes) const {
    uint32_t low = 0, highest = 0;
    for (uint64_t rest = lanes; rest; rest &= rest - 1) {
      uint32_t at = address[std::countr_zero(rest)];
      low |= at;
      highest = std::max(highest, at);
    }
    return bytes % 4 == 0 && low % 4 == 0 && highest + uint64_t(bytes) <= ldsBytes;
  }
};

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

/// All lanes read whole dwords; lanes whose history needs a closer look take the slow way.
template <int dwords>
void readWhole(Wave &wave, const Instruction &instruction, const AccessShape &shape, LdsOperationId operation,
               int data, const LdsAddresses &at) {
  Workgroup &group = *wave.group;
  const uint32_t owner = static_cast<uint32_t>(wave.id);
  uint32_t *registers = wave.lanes(data);
  const uint8_t *lds = group.lds.data();
  for (uint64_t rest = at.lanes; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    const uint32_t address = at.address[lane];
    if (group.checking) {
      const LdsHistory &history = group.checks.lds;
      LdsCell *cells = group.checks.lds.cells.data() + address / 4;
      bool clean = true;
      for (int d = 0; d < dwords; ++d)
        clean &= history.readWhole(cells[d], operation, owner);
      if (!clean) {
        accessLane(wave, instruction, shape, operation, data, address, lane);
        continue;
      }
    }
    uint32_t values[dwords];
    std::memcpy(values, lds + address, sizeof(values));
    for (int d = 0; d < dwords; ++d)
      registers[d * laneCount + lane] = values[d];
  }
}

/// All lanes store whole dwords of defined bytes.
template <int dwords>
void writeWhole(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                LdsOperationId operation, int data, const LdsAddresses &at) {
  Workgroup &group = *wave.group;
  const uint32_t owner = static_cast<uint32_t>(wave.id);
  const uint32_t *registers = wave.lanes(data);
  uint8_t *lds = group.lds.data();
  for (uint64_t rest = at.lanes; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    const uint32_t address = at.address[lane];
    if (group.checking) {
      const LdsHistory &history = group.checks.lds;
      LdsCell *cells = group.checks.lds.cells.data() + address / 4;
      bool clean = true;
      for (int d = 0; d < dwords; ++d)
        clean = clean && history.writeWhole(cells[d], operation, owner);
      if (!clean) {
        accessLane(wave, instruction, shape, operation, data, address, lane);
        continue;
      }
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

void accessLds(Wave &wave, const Instruction &instruction, const AccessShape &shape, LdsOperationId operation,
               int data, uint32_t offset, bool addsThreadId) {
  Workgroup &group = *wave.group;
  LdsAddresses at;
  at.lanes = wave.exec();
  const uint32_t *first = addsThreadId ? nullptr : wave.lanes(instruction.sources[0].index);
  for (int lane = 0; lane < laneCount; ++lane)
    at.address[lane] = offset + (addsThreadId ? wave.scalars[scalar::m0] + 4 * lane : first[lane]);
  countLds(wave, instruction, at.address, at.lanes, shape.bytes, shape.isStore);
  if (group.checking && !shape.isStore)
    defineLoaded(wave, shape, data, at.lanes);
  bool whole = at.allWhole(shape.bytes, group.lds.size()) &&
               (!group.checking || !shape.isStore || storesDefined(wave, shape, data, at.lanes));
  using Access =
      void (*)(Wave &, const Instruction &, const AccessShape &, LdsOperationId, int, const LdsAddresses &);
  static constexpr Access reads[] = {readWhole<1>, readWhole<2>, readWhole<3>, readWhole<4>};
  static constexpr Access writes[] = {writeWhole<1>, writeWhole<2>, writeWhole<3>, writeWhole<4>};
  if (whole)
    return (shape.isStore ? writes : reads)[shape.dwords - 1](wave, instruction, shape, operation, data, at);
  for (uint64_t rest = at.lanes; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    accessLane(wave, instruction, shape, operation, data, at.address[lane], lane);
  }
}

} // namespace codesign::simulate
