// LDS reads that met nothing in the history. Nearly all of them are settled by a barrier before a store comes
// near them, so they are kept here, an instruction at a time, and enter the history only if one does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace codesign::simulate {

/// Number of an LDS operation: serial number, bit 4 for direct-to-LDS loads, bits 0-3 the wave. 0: none.
using LdsOperationId = uint32_t;
constexpr unsigned ldsSerialShift = 5;
constexpr uint32_t ldsOwnerMask = (1u << ldsSerialShift) - 1, ldsDmaBit = 16;
constexpr uint32_t ldsWave(LdsOperationId id) {
  return id & (ldsDmaBit - 1);
}
constexpr uint32_t maxLdsSerial = ~0u >> ldsSerialShift;

/// LDS is looked at in blocks of 64 dwords, to find quickly where nothing happened.
constexpr uint32_t ldsBlockBytes = 256;

/// One wave's access to whole dwords.
struct LdsWaveAccess {
  LdsOperationId operation = 0;
  int32_t instruction = -1;
  int dwords = 0;
  uint64_t lanes = 0;
  uint32_t address[64]; // bytes, multiples of four
};

class LdsReadLog {
public:
  void start(std::size_t ldsBytes);
  /// Operations come in rising order. A wave that repeats a read stands in the log once, with its latest.
  void add(const LdsWaveAccess &read);
  /// Does a logged read lie in a block of these bytes? `bytes` is 1 to 16, all within LDS.
  bool isNear(uint32_t address, int bytes) const {
    return blocks[address / ldsBlockBytes] |
           blocks[(address + static_cast<uint32_t>(bytes) - 1) / ldsBlockBytes];
  }
  bool isFull() const { return reads.size() >= capacity; }
  /// Forgets the reads with smaller numbers.
  void dropBelow(LdsOperationId settled);
  /// Hands over all reads, the oldest first, and forgets them.
  template <class Function>
  void drain(Function enter) {
    sort();
    for (const LdsWaveAccess &read : reads)
      enter(read);
    reads.clear();
    unmark();
  }

private:
  static constexpr std::size_t capacity = 512;
  static constexpr unsigned recentCount = 256; // a power of two
  uint16_t &recentOf(const LdsWaveAccess &read) {
    return recent[(static_cast<uint32_t>(read.instruction) * 16 + ldsWave(read.operation)) % recentCount];
  }
  void sort();
  void mark(const LdsWaveAccess &read);
  void unmark();

  std::vector<LdsWaveAccess> reads;
  std::vector<uint8_t> blocks;                                       // 1: a logged read lies there
  std::vector<uint16_t> recent = std::vector<uint16_t>(recentCount); // index of an instruction's latest read
};

} // namespace codesign::simulate
