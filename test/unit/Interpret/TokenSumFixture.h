// Rows of tokens that experts have computed, and the sum that each token gets of them.
#pragma once

#include "GemmFixture.h"
#include "codesign/Lowering/TokenSum.h"

namespace codesign::test {

/// Tokens that are routed to different experts: most to as many as a list has entries, some to fewer, one to
/// none. Some experts get no token.
struct Routing {
  std::vector<std::vector<int64_t>> experts; // of each token

  Routing(int64_t tokens, int64_t entries, int64_t expertCount, std::mt19937 &engine) {
    std::vector<int64_t> busy;
    for (int64_t expert = 0; expert < expertCount; ++expert)
      if (expert % 3 != 1)
        busy.push_back(expert);
    for (int64_t token = 0; token < tokens; ++token) {
      std::shuffle(busy.begin(), busy.end(), engine);
      const int64_t wanted = token == tokens / 2 ? 0 : engine() % 4 == 0 ? engine() % (entries + 1) : entries;
      experts.emplace_back(busy.begin(), busy.begin() + std::min<int64_t>(wanted, busy.size()));
    }
  }

  /// How many rows each expert has.
  std::vector<int64_t> counts(int64_t expertCount) const {
    std::vector<int64_t> result(expertCount);
    for (const std::vector<int64_t> &chosen : experts)
      for (int64_t expert : chosen)
        ++result[expert];
    return result;
  }

  /// The row of each token in each of its experts' parts, which begin at `firstRows`; -1, or some other
  /// number that is no row, where a list has more entries. In any order.
  Matrix lists(int64_t entries, std::vector<int64_t> firstRows, std::mt19937 &engine) const {
    Matrix result(DataType::I32, int64_t(experts.size()), entries);
    auto set = [&](int64_t i, int64_t entry, int32_t row) {
      std::memcpy(&result.bytes[(i * entries + entry) * 4], &row, sizeof row);
    };
    for (size_t token = 0; token < experts.size(); ++token) {
      std::vector<int32_t> rows;
      for (int64_t expert : experts[token])
        rows.push_back(int32_t(firstRows[expert]++));
      while (int64_t(rows.size()) < entries)
        rows.push_back(engine() % 4 == 0 ? 1 << 20 : -1);
      std::shuffle(rows.begin(), rows.end(), engine);
      for (int64_t entry = 0; entry < entries; ++entry)
        set(int64_t(token), entry, rows[entry]);
    }
    return result;
  }
};

} // namespace codesign::test
