// Which kernel of a product serves how many rows.
#pragma once

#include "codesign/Cost/Estimate.h"
#include <functional>
#include <optional>
#include <vector>

namespace codesign {

/// Rows that one kernel serves, and what it takes for the most of them.
struct RowRange {
  int64_t min = 1, max = 0;   // max 0: no upper limit
  int64_t representative = 0; // rows of the estimate: max, or the largest number that is looked at
  Estimate estimate;
};

/// What is known of a product's kernels.
struct RowPrices {
  /// The cheapest kernel for so many rows; it has a schedule.
  std::function<Estimate(int64_t rows)> best;
  /// What that of a schedule takes, empty where it does not serve so many.
  std::function<std::optional<Seconds>(const GemmSchedule &schedule, int64_t rows)> timeOf;
  int64_t least = 1; // fewer rows are served by the kernel of these
  int64_t most = 0;  // 0: no upper limit
};

/// Row counts at which kernels are compared: powers of two from 16 to 16384 and, from 48 on, half-way between
/// them.
llvm::ArrayRef<int64_t> comparedRows();

/// As few ranges as there can be, each with the kernel that is best for the most of its rows and takes at
/// most 5 % longer than the best one for every compared number of them. Ascending, without gaps, the first
/// from 1; the estimates' times rise from range to range.
std::vector<RowRange> rowRanges(const RowPrices &prices);

} // namespace codesign
