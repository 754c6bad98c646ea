// How the rows of a launch are dealt to experts.
#pragma once

#include "RandomOperands.h"
#include "codesign/Package/Package.h"
#include <vector>

namespace codesign {

/// Rows of D that belong to one matrix of weights.
struct OwnedRows {
  int64_t first = 0, count = 0, expert = 0;
};

/// Which rows of m are whose: all of a layer without experts. Of the experts a quarter has none, the others
/// any number; where rows are contiguous, some are left over, where they are masked, one expert is full.
std::vector<OwnedRows> dealRows(const PackagedGemm &gemm, int64_t m, RandomEngine &engine);

/// What the kernel is told of them: offsets of the experts and the end of the last, or their counts.
std::vector<int32_t> expertTable(const PackagedGemm &gemm, const std::vector<OwnedRows> &owned);

} // namespace codesign
