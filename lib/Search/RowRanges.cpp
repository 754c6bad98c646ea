#include "codesign/Search/RowRanges.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <tuple>

namespace codesign {

namespace {

/// A kernel more is a file more to compile, check and keep in a cache: not for less than this.
constexpr double worthAKernel = 0.05;

/// The compared rows below a place, covered by the fewest ranges; of those, with the least excess in sum.
struct Cover {
  size_t ranges = 0;
  double excess = 0;
  size_t begin = 0; // of the last range
  bool operator<(const Cover &other) const {
    return std::tie(ranges, excess) < std::tie(other.ranges, other.excess);
  }
};

class Ranges {
public:
  explicit Ranges(const RowPrices &prices) : prices(prices) {
    for (int64_t count : comparedRows())
      if (count >= prices.least && (prices.most == 0 || count <= prices.most)) {
        rows.push_back(count);
        best.push_back(prices.best(count));
      }
  }

  std::vector<RowRange> cover() const {
    std::vector<Cover> covers(1); // of the first places
    for (size_t end = 1; end <= rows.size(); ++end) {
      Cover least = {.ranges = rows.size() + 1};
      double excess = 0;
      for (size_t begin = end; begin-- > 0;) {
        const std::optional<double> more = excessAt(*best[end - 1].schedule, begin);
        if (!more)
          break;
        excess += *more;
        least = std::min(
            least,
            {.ranges = covers[begin].ranges + 1, .excess = covers[begin].excess + excess, .begin = begin});
      }
      covers.push_back(least);
    }
    std::vector<RowRange> ranges;
    for (size_t end = rows.size(); end > 0; end = covers[end].begin) {
      const size_t begin = covers[end].begin, top = end - 1;
      ranges.push_back({.min = begin > 0 ? rows[begin - 1] + 1 : 1,
                        .max = end == rows.size() && prices.most == 0 ? 0 : rows[top],
                        .representative = rows[top],
                        .estimate = best[top]});
    }
    std::reverse(ranges.begin(), ranges.end());
    return ranges;
  }

private:
  /// By how much of the best time there the schedule is slower; empty where that is worth a kernel.
  std::optional<double> excessAt(const GemmSchedule &schedule, size_t place) const {
    if (schedule == *best[place].schedule)
      return 0;
    const std::optional<Seconds> found = prices.timeOf(schedule, rows[place]);
    if (!found)
      return std::nullopt;
    const double excess = *found / best[place].time() - 1;
    return excess <= worthAKernel ? std::optional(excess) : std::nullopt;
  }

  const RowPrices &prices;
  std::vector<int64_t> rows;
  std::vector<Estimate> best;
};

} // namespace

llvm::ArrayRef<int64_t> comparedRows() {
  static constexpr int64_t rows[] = {16,  32,   48,   64,   96,   128,  192,  256,  384,   512,
                                     768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384};
  return rows;
}

std::vector<RowRange> rowRanges(const RowPrices &prices) {
  std::vector<RowRange> ranges = Ranges(prices).cover();
  // A kernel takes no longer for fewer rows: where that of the larger range is as fast, it serves both.
  for (size_t i = ranges.size(); i-- > 1;)
    if (ranges[i].estimate.time() <= ranges[i - 1].estimate.time()) {
      ranges[i].min = ranges[i - 1].min;
      ranges.erase(ranges.begin() + i - 1);
    }
  return ranges;
}

} // namespace codesign
