#include "LdsReadLog.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace codesign::simulate {

void LdsReadLog::start(size_t ldsBytes) {
  reads.clear();
  blocks.assign(ldsBytes / ldsBlockBytes + 1, 0);
}

void LdsReadLog::mark(const LdsWaveAccess &read) {
  const uint32_t last = 4 * static_cast<uint32_t>(read.dwords) - 1;
  for (uint64_t rest = read.lanes; rest; rest &= rest - 1) {
    const uint32_t address = read.address[std::countr_zero(rest)];
    blocks[address / ldsBlockBytes] = 1;
    blocks[(address + last) / ldsBlockBytes] = 1;
  }
}

void LdsReadLog::add(const LdsWaveAccess &read) {
  uint16_t &index = recentOf(read);
  if (index < reads.size()) {
    LdsWaveAccess &known = reads[index];
    if (known.instruction == read.instruction && ldsWave(known.operation) == ldsWave(read.operation) &&
        known.lanes == read.lanes && std::memcmp(known.address, read.address, sizeof(read.address)) == 0) {
      // Of two reads of the same bytes by one wave only the later can be in the way of a store.
      known.operation = read.operation;
      return;
    }
  }
  index = static_cast<uint16_t>(reads.size());
  reads.push_back(read);
  mark(read);
}

void LdsReadLog::dropBelow(LdsOperationId settled) {
  if (reads.empty())
    return;
  std::erase_if(reads, [&](const LdsWaveAccess &read) { return read.operation < settled; });
  unmark();
  for (const LdsWaveAccess &read : reads)
    mark(read);
}

void LdsReadLog::sort() {
  std::sort(reads.begin(), reads.end(),
            [](const LdsWaveAccess &a, const LdsWaveAccess &b) { return a.operation < b.operation; });
}

void LdsReadLog::unmark() {
  std::fill(blocks.begin(), blocks.end(), 0);
}

} // namespace codesign::simulate
