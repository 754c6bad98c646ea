#include "ExpertRows.h"

namespace codesign {

std::vector<OwnedRows> dealRows(const PackagedGemm &gemm, int64_t m, RandomEngine &engine) {
  if (gemm.experts == 0)
    return {{0, gemm.outputRows(m), 0}};
  const int64_t capacity = m / gemm.experts;
  std::vector<int64_t> counts(gemm.experts), busy;
  for (int64_t expert = 0; expert < gemm.experts; ++expert)
    if (engine() % 4 != 0 || expert == gemm.experts - 1)
      busy.push_back(expert);
  if (gemm.masked) {
    for (int64_t expert : busy)
      counts[expert] = int64_t(engine() % uint64_t(capacity + 1));
    counts[busy[engine() % busy.size()]] = capacity;
  } else {
    const int64_t leftOver = m > gemm.experts ? 3 : 0;
    for (int64_t row = leftOver; row < m; ++row)
      ++counts[busy[engine() % busy.size()]];
  }
  std::vector<OwnedRows> owned;
  int64_t next = 0;
  for (int64_t expert = 0; expert < gemm.experts; ++expert) {
    owned.push_back({gemm.masked ? expert * capacity : next, counts[expert], expert});
    next += counts[expert];
  }
  return owned;
}

std::vector<int32_t> expertTable(const PackagedGemm &gemm, const std::vector<OwnedRows> &owned) {
  std::vector<int32_t> table;
  for (const OwnedRows &rows : owned)
    table.push_back(int32_t(gemm.masked ? rows.count : rows.first));
  if (!gemm.masked)
    table.push_back(int32_t(owned.back().first + owned.back().count));
  return table;
}

} // namespace codesign
