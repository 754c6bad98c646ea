// Which 128-byte lines of device memory were touched.
#pragma once

#include "llvm/ADT/DenseMap.h"
#include <array>
#include <bit>
#include <cstdint>
#include <memory>

namespace codesign::simulate {

class LineSet {
public:
  /// True if the line was not in the set yet.
  bool insert(uint64_t line) {
    uint64_t &word = pageOf(line / linesPerPage)[line % linesPerPage / 64];
    const uint64_t bit = 1ull << (line % 64);
    const bool isNew = !(word & bit);
    word |= bit;
    lineCount += isNew;
    return isNew;
  }
  uint64_t size() const { return lineCount; }
  void clear() {
    pages.clear();
    last = nullptr;
    lineCount = 0;
  }
  void insertAll(const LineSet &other) {
    for (const auto &[number, page] : other.pages) {
      Page &own = pageOf(number);
      for (size_t i = 0; i < own.size(); ++i) {
        lineCount += static_cast<uint64_t>(std::popcount((*page)[i] & ~own[i]));
        own[i] |= (*page)[i];
      }
    }
  }

private:
  static constexpr uint64_t linesPerPage = 4096; // 512 KiB of memory in 512 bytes
  using Page = std::array<uint64_t, linesPerPage / 64>;

  Page &pageOf(uint64_t number) {
    if (last && lastNumber == number)
      return *last;
    std::unique_ptr<Page> &page = pages[number];
    if (!page)
      page = std::make_unique<Page>();
    lastNumber = number;
    return *(last = page.get());
  }

  llvm::DenseMap<uint64_t, std::unique_ptr<Page>> pages;
  Page *last = nullptr;
  uint64_t lastNumber = 0, lineCount = 0;
};

} // namespace codesign::simulate
