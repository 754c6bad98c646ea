// Who touched which LDS bytes, and what of that may still collide with another access.
#pragma once

#include "LdsReadLog.h"
#include <array>

namespace codesign::simulate {

struct Wave;
struct Instruction;

enum class LdsAccessKind : uint8_t { Read, Write, Atomic, DmaWrite };

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
class LdsHistory {
public:
  std::vector<LdsCell> cells; // the reads of the log are not in them
  uint32_t epoch = 0;         // barriers passed
  /// All operations with smaller numbers were waited for before the last barrier: nothing collides with them.
  LdsOperationId settled = 0;

  void start(std::size_t ldsBytes);
  /// The next serial number.
  uint64_t nextSerial() const { return firstSerial + operations.size(); }
  void addOperation(const LdsOperation &operation) { operations.push_back(operation); }
  LdsOperation &operation(LdsOperationId id) { return operations[(id >> ldsSerialShift) - firstSerial]; }
  const LdsOperation &operation(LdsOperationId id) const {
    return operations[(id >> ldsSerialShift) - firstSerial];
  }
  /// After a barrier; `oldestPending` is the lowest number that no s_waitcnt has covered, 0 if there is none.
  void passBarrier(LdsOperationId oldestPending);

  /// Is an earlier operation out of the way of this wave's next access, or of its direct load to LDS?
  bool isOver(LdsOperationId id, uint32_t wave, bool isDma) const {
    if (id < settled)
      return true;
    const uint32_t waitedEpoch = operation(id).waitedEpoch;
    if (ldsWave(id) == wave)
      return waitedEpoch != ~0u || !((id & ldsDmaBit) || isDma);
    return waitedEpoch < epoch;
  }

  /// Are all these dwords defined, and no store to their blocks in the way of the read?
  bool isQuiet(const LdsWaveAccess &read);
  /// Records a read for which isQuiet holds.
  void addQuietRead(const LdsWaveAccess &read);
  /// Before anything but a quiet read touches these bytes (1 to 16): logged reads near them enter the cells.
  void enterReadsNear(uint32_t address, int bytes) {
    if (readLog.isNear(address, bytes))
      enterReads();
  }
  /// Records a read of a whole dword if nothing in its history can be in its way and its bytes are defined.
  bool readWhole(uint32_t dword, LdsOperationId operation) {
    LdsCell &cell = cells[dword];
    if (!isOver(cell.write, ldsWave(operation), false) || (cell.bytes & 15) != 15)
      return false;
    enterRead(cell, operation);
    return true;
  }
  /// The same for a store of defined bytes, or a direct load, but not for an atomic.
  bool storeWhole(uint32_t dword, LdsOperationId operation) {
    LdsCell &cell = cells[dword];
    const uint32_t wave = ldsWave(operation);
    const bool isDma = operation & ldsDmaBit;
    if (!isOver(cell.write, wave, false) || !isOver(cell.read, wave, isDma) ||
        !isOver(cell.otherRead, wave, isDma))
      return false;
    cell.write = operation;
    cell.bytes |= 15u << LdsCell::defined | 15u << LdsCell::written;
    noteStore(dword, operation);
    return true;
  }
  /// The same for the dwords of one lane, at a multiple of four bytes: logged reads near them enter first.
  /// False if a dword needs a closer look; those before it are recorded then.
  bool readDwords(uint32_t address, int dwords, LdsOperationId operation) {
    enterReadsNear(address, 4 * dwords);
    bool clean = true;
    for (int d = 0; d < dwords; ++d)
      clean &= readWhole(address / 4 + static_cast<uint32_t>(d), operation);
    return clean;
  }
  bool storeDwords(uint32_t address, int dwords, LdsOperationId operation) {
    enterReadsNear(address, 4 * dwords);
    bool clean = true;
    for (int d = 0; clean && d < dwords; ++d)
      clean = storeWhole(address / 4 + static_cast<uint32_t>(d), operation);
    return clean;
  }
  /// After a change of a cell's defined bytes, and after a store.
  void noteDefined(uint32_t dword) {
    LdsBlock &block = blocks[dword / 64];
    const uint64_t bit = 1ull << (dword % 64);
    block.defined = (cells[dword].bytes & 15) == 15 ? block.defined | bit : block.defined & ~bit;
  }
  void noteStore(uint32_t dword, LdsOperationId operation) {
    if (blocks[dword / 64].latestStore != operation)
      addStore(blocks[dword / 64], operation);
    noteDefined(dword);
  }

private:
  /// Sixty-four dwords.
  struct LdsBlock {
    uint64_t defined = 0; // a bit for each dword with four defined bytes
    LdsOperationId latestStore = 0;
    std::array<LdsOperationId, 4> stores = {}; // that may still be in somebody's way
    uint8_t storeCount = 0;
    bool hasMoreStores = false; // than those; forgotten when all are settled
  };
  static void enterRead(LdsCell &cell, LdsOperationId operation) {
    uint32_t bytes = cell.bytes;
    if ((cell.read ^ operation) & ldsOwnerMask) {
      cell.otherRead = cell.read;
      bytes = (bytes & 0xffff) | (bytes & 0xff0000) << 8;
    }
    cell.read = operation;
    cell.bytes = bytes | 15u << LdsCell::readBy;
  }
  void enterReads();
  void addStore(LdsBlock &block, LdsOperationId operation);
  void dropStoresOver(LdsBlock &block);
  bool storesAreOver(LdsBlock &block, uint32_t wave);

  std::vector<LdsOperation> operations; // from serial number `firstSerial` on
  uint32_t firstSerial = 1;
  LdsReadLog readLog;
  std::vector<LdsBlock> blocks;
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
