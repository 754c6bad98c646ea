// Which kernel serves how many rows: as few kernels as keep every number of rows near its best one.
#include "codesign/Search/RowRanges.h"
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace codesign;

namespace {

Estimate estimateOf(int kernel, double seconds) {
  Estimate estimate;
  estimate.schedule.emplace().macroTileM = kernel;
  estimate.breakdown.add("mma", seconds);
  return estimate;
}

/// Kernels 0, 1, … with a time for each compared number of rows; infinite where one does not serve it.
struct Times {
  std::vector<std::vector<double>> seconds; // [kernel][place]

  size_t placeOf(int64_t rows) const {
    return std::distance(comparedRows().begin(), llvm::find(comparedRows(), rows));
  }
  int bestAt(size_t place) const {
    int best = 0;
    for (int kernel = 1; kernel < int(seconds.size()); ++kernel)
      if (seconds[kernel][place] < seconds[best][place])
        best = kernel;
    return best;
  }
  RowPrices prices() const {
    return {.best =
                [this](int64_t rows) {
                  const size_t place = placeOf(rows);
                  return estimateOf(bestAt(place), seconds[bestAt(place)][place]);
                },
            .timeOf = [this](const GemmSchedule &schedule, int64_t rows) -> std::optional<Seconds> {
              const double found = seconds[schedule.macroTileM][placeOf(rows)];
              return std::isinf(found) ? std::nullopt : std::optional(Seconds(found));
            }};
  }
  bool isNear(int kernel, size_t place) const {
    return seconds[kernel][place] / seconds[bestAt(place)][place] - 1 <= 0.05;
  }
  /// The least number of ranges, by trying all.
  size_t fewestRanges() const {
    const size_t count = comparedRows().size();
    std::vector<size_t> fewest(count + 1, count);
    fewest[0] = 0;
    for (size_t begin = 0; begin < count; ++begin)
      for (size_t end = begin + 1; end <= count; ++end) {
        bool serves = true;
        for (size_t place = begin; place < end; ++place)
          serves &= isNear(bestAt(end - 1), place);
        if (serves)
          fewest[end] = std::min(fewest[end], fewest[begin] + 1);
      }
    return fewest[count];
  }
};

TEST(RowRanges, AreTheFewestThatServeEveryNumberOfRowsWell) {
  std::mt19937 engine(1);
  std::uniform_real_distribution<double> noise(1, 1.12);
  for (int round = 0; round < 300; ++round) {
    Times times;
    const size_t count = comparedRows().size();
    for (int kernel = 0; kernel < 6; ++kernel) {
      auto &row = times.seconds.emplace_back();
      const size_t least = engine() % count, most = least + engine() % count;
      for (size_t place = 0; place < count; ++place)
        row.push_back(kernel > 0 && (place < least || place > most)
                          ? std::numeric_limits<double>::infinity()
                          : double(comparedRows()[place]) * noise(engine));
    }
    const std::vector<RowRange> ranges = rowRanges(times.prices());
    EXPECT_EQ(ranges.size(), times.fewestRanges()) << round;
    EXPECT_EQ(ranges.front().min, 1);
    EXPECT_EQ(ranges.back().max, 0);
    EXPECT_EQ(ranges.back().representative, comparedRows().back());
    size_t place = 0;
    for (size_t i = 0; i < ranges.size(); ++i) {
      if (i > 0) {
        EXPECT_EQ(ranges[i].min, ranges[i - 1].max + 1);
      }
      for (; place < count && comparedRows()[place] <= ranges[i].representative; ++place)
        EXPECT_TRUE(times.isNear(ranges[i].estimate.schedule->macroTileM, place)) << round;
    }
    EXPECT_EQ(place, count);
  }
}

/// With limits on both sides, and where a kernel of more rows is as fast as that of fewer.
TEST(RowRanges, EndWhereRowsDo) {
  Times times;
  times.seconds = {std::vector<double>(comparedRows().size(), 1.0)};
  RowPrices prices = times.prices();
  prices.most = 256;
  const std::vector<RowRange> bounded = rowRanges(prices);
  ASSERT_EQ(bounded.size(), 1u);
  EXPECT_EQ(bounded[0].min, 1);
  EXPECT_EQ(bounded[0].max, 256);
  prices.most = 0;
  prices.least = 1024;
  EXPECT_EQ(rowRanges(prices).at(0).min, 1);
  // Kernel 1 does not serve up to 64 rows, for which kernel 0 takes as long as kernel 1 does for all.
  times.seconds.push_back(std::vector<double>(comparedRows().size(), 1.0));
  for (size_t place = 0; place < comparedRows().size(); ++place)
    times.seconds[comparedRows()[place] <= 64][place] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(rowRanges(times.prices()).size(), 1u);
}

} // namespace
