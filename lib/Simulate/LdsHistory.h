// Who touched which LDS bytes, and what of that may still collide with another access.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace codesign::simulate {

struct Wave;
struct Instruction;

enum class LdsAccessKind : uint8_t { Read, Write, Atomic, DmaWrite };

/// Number of an LDS operation: serial number, bit 4 for direct-to-LDS loads, bits 0-3 the wave. 0: none.
using LdsOperationId = uint32_t;
constexpr unsigned ldsSerialShift = 5;
constexpr uint32_t ldsOwnerMask = (1u << ldsSerialShift) - 1, ldsDmaBit = 16;
constexpr uint32_t maxLdsSerial = ~0u >> ldsSerialShift;

struct LdsOperation {
  int32_t instruction = -1;
  uint32_t waitedEpoch = ~0u; // barrier epoch in which s_waitcnt covered it; ~0: not yet
  bool isAtomic = false;
};

/// One dword of LDS. The four byte masks are packed so that a cell is 16 bytes.
struct LdsCell {
  LdsOperationId write = 0;
  LdsOperationId read = 0;      // most recent reader
  LdsOperationId otherRead = 0; // most recent reader of another wave than `read`
  uint32_t bytes = 0;           // from low to high: defined, written, read, otherRead

  static constexpr unsigned defined = 0, written = 8, readBy = 16, otherReadBy = 24;
  uint8_t mask(unsigned which) const { return (bytes >> which) & 15; }
  void setMask(unsigned which, uint32_t value) { bytes = (bytes & ~(15u << which)) | value << which; }
};

/// The accesses of one workgroup since its start, as far as they can still matter.
struct LdsHistory {
  std::vector<LdsCell> cells;
  std::vector<LdsOperation> operations; // from serial number `firstSerial` on
  uint32_t firstSerial = 1;
  uint32_t epoch = 0; // barriers passed
  /// All operations with smaller numbers were waited for before the last barrier: nothing collides with them.
  LdsOperationId settled = 0;

  void start(std::size_t ldsBytes);
  LdsOperation &operation(LdsOperationId id) { return operations[(id >> ldsSerialShift) - firstSerial]; }
  const LdsOperation &operation(LdsOperationId id) const {
    return operations[(id >> ldsSerialShift) - firstSerial];
  }
  /// After a barrier; `oldestPending` is the lowest number that no s_waitcnt has covered, 0 if there is none.
  void passBarrier(LdsOperationId oldestPending);

  bool collides(LdsOperationId earlier, uint32_t wave) const {
    return earlier >= settled && (earlier & ldsOwnerMask) != wave;
  }
  /// Records a read of a whole dword if nothing in its history can be in its way and its bytes are defined.
  bool readWhole(LdsCell &cell, LdsOperationId operation, uint32_t wave) const {
    if (collides(cell.write, wave) || (cell.bytes & 15) != 15)
      return false;
    uint32_t bytes = cell.bytes;
    if ((cell.read & ldsOwnerMask) != wave) {
      cell.otherRead = cell.read;
      bytes = (bytes & 0xffff) | (bytes & 0xff0000) << 8;
    }
    cell.read = operation;
    cell.bytes = bytes | 15u << LdsCell::readBy;
    return true;
  }
  /// The same for a store of defined bytes, not by an atomic or a direct load.
  bool writeWhole(LdsCell &cell, LdsOperationId operation, uint32_t wave) const {
    if (collides(cell.write, wave) || collides(cell.read, wave) || collides(cell.otherRead, wave))
      return false;
    cell.write = operation;
    cell.bytes |= 15u << LdsCell::defined | 15u << LdsCell::written;
    return true;
  }
};

/// Starts an LDS operation in the history; 0 without checks.
LdsOperationId beginLdsOperation(Wave &wave, const Instruction &instruction, LdsAccessKind kind);
/// Checks one lane's access and records it. False if it is out of bounds (reads give 0, writes are dropped).
bool recordLdsAccess(Wave &wave, const Instruction &instruction, LdsOperationId operation, LdsAccessKind kind,
                     uint32_t address, int bytes, int lane, const uint8_t *written);
/// Undefined bytes of up to four bytes of LDS, a bit each.
uint8_t undefinedLds(const Wave &wave, uint32_t address, int bytes);
/// Marks stored bytes defined or not; bit i of `undefined` is the byte at address + i.
void setLdsDefined(Wave &wave, uint32_t address, int bytes, uint32_t undefined);

/// Bank cycles of an instruction's most recent address pattern.
struct LdsCost {
  uint32_t offsets[64] = {}; // from the first active lane's dword; ~0: lane off
  uint64_t lanes = 0;
  uint32_t cycles = 0, conflicts = 0;
};
/// Adds the cost of a wave's LDS access to the instruction's statistics.
void countLds(Wave &wave, const Instruction &instruction, const uint32_t *addresses, uint64_t lanes,
              int bytes, bool isWrite);

} // namespace codesign::simulate
