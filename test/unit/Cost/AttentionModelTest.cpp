#include "codesign/Cost/AttentionModel.h"
#include "CostTestSupport.h"
#include <cmath>
#include <random>

using namespace codesign;

namespace {

AttentionShape prefill(int64_t batch, int64_t length, int64_t heads, int64_t keyValueHeads, int64_t headDim) {
  return {.batch = batch,
          .queryLength = length,
          .keyLength = length,
          .heads = heads,
          .keyValueHeads = keyValueHeads,
          .headDim = headDim};
}

/// Counts steps of 64 keys per tile of 128 rows by looking at every score.
AttentionColumns countedColumns(const AttentionShape &shape) {
  AttentionColumns result;
  int64_t offset = std::max<int64_t>(0, shape.keyLength - shape.queryLength);
  int64_t window = shape.window > 0 && shape.window < shape.keyLength ? shape.window : 0;
  for (int64_t row = 0; row < shape.queryLength; row += 128, result.queryTiles += 1) {
    int64_t end = shape.causal ? std::min(shape.keyLength, offset + row + 128) : shape.keyLength;
    double columns = 0;
    for (int64_t key = 0; key < end; key += 64) {
      // A step is skipped only if its last key is out of the window of the tile's first row.
      if (shape.causal && window && key + 63 < offset + row - window)
        continue;
      columns += 64;
    }
    result.total += columns;
    result.longest = std::max(result.longest, columns);
  }
  return result;
}

TEST(AttentionColumns, EqualsCountingEveryStep) {
  std::mt19937 random(7);
  auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int i = 0; i < 2000; ++i) {
    AttentionShape shape = prefill(1, pick(1, 3000), 1, 1, 128);
    shape.causal = i % 5 != 0;
    if (i % 3 == 0)
      shape.window = pick(1, 2000);
    if (i % 4 == 0)
      shape.keyLength += pick(0, 1000);
    AttentionColumns closed = AttentionModel::columns(shape), counted = countedColumns(shape);
    EXPECT_EQ(closed.queryTiles, counted.queryTiles);
    EXPECT_EQ(closed.total, counted.total)
        << shape.queryLength << ' ' << shape.keyLength << ' ' << shape.window << ' ' << shape.causal;
    EXPECT_EQ(closed.longest, counted.longest)
        << shape.queryLength << ' ' << shape.keyLength << ' ' << shape.window;
    EXPECT_LE(closed.causalMasked + closed.windowMasked, closed.total);
  }
}

TEST(AttentionModel, MatchesHandComputedTerms) {
  Profile profile = frozenProfile();
  AttentionConstants c;
  c.launch = 10e-6;
  c.mmaEfficiency = 0.5;
  c.softmaxCyclesPerScore = 0.1;
  c.stepCyclesPerKey = 0;
  c.fixedCycles128 = 2100;
  c.maskCyclesPerScore = c.droop = c.exposedTraffic = 0;
  c.tail = 0.5;
  AttentionModel model(profile, c);
  Breakdown result = model.breakdown(prefill(2, 1024, 38, 8, 128));

  // 8 query tiles see 128 + 256 + … + 1024 = 4608 columns; 76 heads of them on 304 units.
  const double flopsPerUnit = 1307.4e12 / 304, column = 128 * 4 * 128.0;
  EXPECT_NEAR(termOf(result, "mma"), 76 * 4608 * column / (flopsPerUnit * 0.5) / 304, 1e-12);
  EXPECT_NEAR(termOf(result, "softmax"), 76 * 4608 * 128 * 0.1 / 2.1e9 / 304, 1e-12);
  EXPECT_NEAR(termOf(result, "workgroup prologue"), 76 * 8 * 1e-6 / 304, 1e-12);
  const double longest = 1024 * (column / (flopsPerUnit * 0.5) + 12.8 / 2.1e9) + 1e-6;
  EXPECT_NEAR(termOf(result, "tail"), 0.5 * longest, 1e-12);
  EXPECT_NEAR(termOf(result, "launch"), 10e-6, 1e-15);
  double sum = 0;
  for (const NamedSeconds &term : result.terms())
    sum += term.time.value;
  EXPECT_EQ(sum, result.time().value);
}

TEST(AttentionModel, GrowsWithEverySize) {
  AttentionModel model(frozenProfile(), {});
  double previous = 0;
  for (int64_t length = 1; length <= 65536; length = length < 4 ? length + 1 : length * 5 / 4) {
    double time = model.time(prefill(2, length, 32, 8, 128)).value;
    EXPECT_GE(time, previous) << length;
    previous = time;
  }
  double base = model.time(prefill(2, 2048, 32, 8, 128)).value;
  EXPECT_GT(model.time(prefill(4, 2048, 32, 8, 128)).value, base);
  EXPECT_GT(model.time(prefill(2, 2048, 64, 8, 128)).value, base);
  EXPECT_GT(model.time(prefill(2, 2048, 32, 8, 256)).value, base);
}

TEST(AttentionModel, WindowsBoundTheWork) {
  AttentionModel model(frozenProfile(), {});
  AttentionShape full = prefill(1, 32768, 32, 8, 128), windowed = full;
  windowed.window = 1024;
  EXPECT_LT(model.time(windowed).value, 0.2 * model.time(full).value);
  windowed.window = 32768; // covers everything
  EXPECT_EQ(model.time(windowed).value, model.time(full).value);
}

TEST(AttentionModel, CausalIsAboutHalfOfFull) {
  AttentionModel model(frozenProfile(), {});
  AttentionShape causal = prefill(1, 16384, 32, 8, 128), full = causal;
  full.causal = false;
  double ratio = model.time(causal) / model.time(full);
  EXPECT_GT(ratio, 0.48);
  EXPECT_LT(ratio, 0.62);
}

TEST(AttentionModel, BackwardCostsMoreThanForward) {
  Profile profile = frozenProfile();
  AttentionModel forward(profile, {}), backward(profile, AttentionModel::backwardPrior({}));
  AttentionShape shape = prefill(4, 4096, 32, 8, 128);
  double ratio = backward.time(shape) / forward.time(shape);
  EXPECT_GT(ratio, 2);
  EXPECT_LT(ratio, 4);
}

} // namespace
