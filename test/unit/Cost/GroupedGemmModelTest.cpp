#include "codesign/Cost/GroupedGemmModel.h"
#include "CostTestSupport.h"
#include <cmath>

using namespace codesign;

namespace {

GroupedGemmShape grouped(int64_t tokens, int64_t topK, int64_t experts, int64_t localExperts, int64_t n,
                         int64_t k) {
  return {.tokens = tokens,
          .rows = std::max<int64_t>(1, tokens * topK * localExperts / experts),
          .experts = experts,
          .topK = topK,
          .localExperts = localExperts,
          .n = n,
          .k = k};
}

TEST(ExpertLoads, EvenSpreadTouchesOneExpertPerRow) {
  ExpertLoads loads = ExpertLoads::of(grouped(4, 8, 128, 128, 1, 1), ExpertSpread::Even, 1);
  EXPECT_EQ(loads.touched(), 32);
  EXPECT_EQ(loads.rowTiles(16), 32);
  loads = ExpertLoads::of(grouped(512, 8, 128, 128, 1, 1), ExpertSpread::Even, 1);
  EXPECT_EQ(loads.touched(), 128);
  EXPECT_EQ(loads.rowTiles(16), 128 * 2); // 32 rows each
}

TEST(ExpertLoads, RandomSpreadTouchesFewer) {
  GroupedGemmShape shape = grouped(16, 8, 128, 128, 1, 1);
  ExpertLoads loads = ExpertLoads::of(shape, ExpertSpread::Random, 1);
  // 128 · (1 − (15/16)^16)
  EXPECT_NEAR(loads.touched(), 128 * (1 - std::pow(15.0 / 16, 16)), 1e-6);
  EXPECT_NEAR(loads.rows(), 128, 1e-9);
}

TEST(ExpertLoads, SkewedLoadsKeepTheirTotal) {
  GroupedGemmShape shape = grouped(4096, 8, 128, 128, 1, 1);
  shape.skew = 1.2;
  ExpertLoads loads = ExpertLoads::of(shape, ExpertSpread::Random, 1);
  double count = 0;
  for (const ExpertLoad &load : loads.groups()) {
    count += load.count;
    EXPECT_LE(load.rows, 4096);
  }
  EXPECT_NEAR(count, 128, 1e-9);
  // All experts are local: every row is here, up to the cap at one row per token and the sampling of the law.
  EXPECT_NEAR(loads.rows(), 4096 * 8, 0.15 * 4096 * 8);
}

TEST(ExpertLoads, TheBusiestRankHasMoreThanItsShare) {
  GroupedGemmShape shape = grouped(4096, 8, 128, 16, 1, 1);
  shape.skew = 1.2;
  EXPECT_GT(ExpertLoads::of(shape, ExpertSpread::Random, 1).rows(), 1.2 * shape.rows);
}

TEST(GroupedGemmModel, SmallBatchesStreamTheTouchedWeights) {
  Profile profile = frozenProfile();
  GroupedGemmConstants c;
  c.bandwidth = 0.9;
  c.activationTraffic = 0;
  c.weightReread = 0;
  GroupedGemmModel model(profile, c);
  Breakdown result = model.breakdown(grouped(4, 8, 128, 128, 3072, 2048), ExpertSpread::Even);
  EXPECT_NEAR(resourceOf(result, "hbm"),
              32.0 * 3072 * 2048 * 2 / (0.9 * profile.memory.datasheetBandwidth.value), 1e-12);
}

TEST(GroupedGemmModel, ArithmeticOfFullTilesIsCounted) {
  Profile profile = frozenProfile();
  GroupedGemmConstants c;
  c.mmaEfficiency = 0.5;
  c.tileRowOverhead = 0;
  c.tilePrologue = 0;
  c.unitBytesPerClock = 1e6;
  GroupedGemmModel model(profile, c);
  // 8 experts with 4096 rows each: 16 row tiles of 256 by 38 column tiles, 4864 tiles = 16 waves on 304
  // units.
  Breakdown result = model.breakdown(grouped(4096, 8, 8, 8, 38 * 128, 4096), ExpertSpread::Even);
  double flops = 2.0 * 8 * 4096 * 38 * 128 * 4096;
  EXPECT_NEAR(resourceOf(result, "mma"), flops / (0.5 * 1307.4e12), 1e-9);
  EXPECT_EQ(result.limiter(), "mma");
}

TEST(GroupedGemmModel, NarrowExpertsCostMorePerFlop) {
  const Profile profile = frozenProfile();
  GroupedGemmModel model(profile, {});
  double wide = model.time(grouped(2048, 2, 16, 16, 4096, 4096)).value;
  double narrow = model.time(grouped(2048, 16, 128, 128, 512, 4096)).value; // same arithmetic in all
  EXPECT_GT(narrow, wide);
}

TEST(GroupedGemmModel, SkewCostsTime) {
  const Profile profile = frozenProfile();
  GroupedGemmModel model(profile, {});
  GroupedGemmShape even = grouped(4096, 8, 128, 16, 4096, 2048), skewed = even;
  skewed.skew = 1.2;
  EXPECT_GT(model.time(skewed).value, 1.1 * model.time(even, ExpertSpread::Even).value);
}

TEST(GroupedGemmModel, WeightGradientWritesTheTouchedExperts) {
  Profile profile = frozenProfile();
  GroupedGemmConstants c;
  c.bandwidth = 1;
  c.activationTraffic = 0;
  GroupedGemmModel model(profile, c);
  GroupedGemmShape shape = grouped(4096, 8, 64, 64, 2048, 1024);
  shape.pass = Pass::WeightGradient;
  Breakdown result = model.breakdown(shape, ExpertSpread::Even);
  EXPECT_NEAR(resourceOf(result, "hbm"), 64.0 * 2048 * 1024 * 2 / profile.memory.datasheetBandwidth.value,
              1e-12);
  EXPECT_GT(resourceOf(result, "mma"), 2.0 * 4096 * 8 * 2048 * 1024 / 1307.4e12);
}

TEST(GroupedGemmModel, RoutingGrowsWithTokensAndExperts) {
  const Profile profile = frozenProfile();
  GroupedGemmModel model(profile, {});
  MoeRoutingShape shape{.tokens = 1024, .hiddenSize = 4096, .experts = 64, .topK = 8, .localExperts = 64};
  double base = model.routing(shape).time().value;
  shape.tokens = 8192;
  double moreTokens = model.routing(shape).time().value;
  shape.localExperts = shape.experts = 256;
  EXPECT_GT(moreTokens, base);
  EXPECT_GT(model.routing(shape).time().value, moreTokens);
}

} // namespace
