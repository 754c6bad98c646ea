#include "codesign/Cost/GemmModel.h"
#include "CostTestSupport.h"
#include <cmath>
#include <random>

using namespace codesign;

namespace {

GemmShape product(int64_t m, int64_t n, int64_t k) {
  return {.m = m, .n = n, .k = k};
}

GemmModel withTile(const GemmConstants &constants, GemmTile tile, int maxSplitK = 1) {
  tile.maxSplitK = maxSplitK;
  return GemmModel(frozenProfile(), constants, {.tiles = {tile}}, false);
}

// The frozen device: 304 compute units, 2.1 GHz, 2,048 bf16 FLOP per clock and unit, 5.3 TB/s.

TEST(GemmModel, OneWaveOfTilesTakesTheTimeOfOneTile) {
  GemmChoice choice;
  Breakdown b = withTile(bare(), {256, 256}).breakdown(product(4096, 4096, 4096), &choice);
  // 2 · 256 · 256 · 4096 / 2048 = 262,144 cycles on 256 of 304 units.
  EXPECT_NEAR(termOf(b, "mma"), 262144 / 2.1e9, 1e-12);
  EXPECT_NEAR(termOf(b, "epilogue"), 4096.0 * 4096 * 2 / 5.3e12, 1e-12);
  EXPECT_EQ(choice.tiles, 256);
  EXPECT_NEAR(choice.lastWaveUse, 256.0 / 304, 1e-12);
  EXPECT_EQ(choice.paddedShare, 0);
}

/// Products whose rows differ end anywhere in their last tile: 192 rows are half a tile more than what they
/// fill of tiles of 256 and of 64.
TEST(GemmModel, RandomRowsFillHalfOfTheirLastTile) {
  GemmShape experts = product(192, 4096, 4096);
  experts.batch = 128;
  GemmConstants c = bare();
  c.waveRounding = 0;
  const double clocksPerRow = 2.0 * 256 * 4096 / 2048;
  for (int tile : {64, 256}) {
    GemmChoice choice;
    const Breakdown b = withTile(c, {tile, 256}).breakdownOfRandomRows(experts, &choice);
    const double rows = std::max(1.0, 192.0 / tile + 0.5) * tile;
    EXPECT_NEAR(resourceOf(b, "mma"), 128 * 16 / 304.0 * rows * clocksPerRow / 2.1e9, 1e-9) << tile;
  }
  // Less than half a tile: each has one.
  experts.m = 4;
  EXPECT_NEAR(resourceOf(withTile(c, {64, 256}).breakdownOfRandomRows(experts), "mma"),
              128 * 16 / 304.0 * 64 * clocksPerRow / 2.1e9, 1e-9);
}

TEST(GemmModel, TheLastWaveCostsWhatItsRoundingSays) {
  GemmConstants c = bare();
  Breakdown strict = withTile(c, {256, 256}).breakdown(product(5120, 4096, 4096));
  c.waveRounding = 0;
  Breakdown even = withTile(c, {256, 256}).breakdown(product(5120, 4096, 4096));
  const double tile = 262144 / 2.1e9; // 320 tiles on 304 units: two waves, 1.0526 of work
  EXPECT_NEAR(termOf(strict, "mma") + termOf(strict, "last wave"), 2 * tile, 1e-12);
  EXPECT_NEAR(termOf(strict, "last wave"), (2 - 320.0 / 304) * tile, 1e-12);
  EXPECT_EQ(termOf(even, "last wave"), 0);
  EXPECT_NEAR(termOf(even, "mma"), 320.0 / 304 * tile, 1e-12);
}

/// Workgroups that drift apart no longer end together: half of the rounding is gone after two waves.
TEST(GemmModel, TheLastWaveCostsLessTheMoreCameBefore) {
  GemmConstants c = bare();
  c.waveRounding = 0.6;
  c.waveDrift = 0.5;
  const double tile = 262144 / 2.1e9;
  for (int64_t waves : {2, 20}) {
    // Half a wave more: 152 tiles of one column each.
    const int64_t rows = 256 * (304 * waves + 152);
    const Breakdown b = withTile(c, {256, 256}).breakdown(product(rows, 256, 4096));
    EXPECT_NEAR(termOf(b, "last wave") / (0.6 / (1 + 0.5 * (waves + 0.5)) * 0.5 * tile), 1, 1e-9) << waves;
  }
}

GemmModel ruled(GemmConstants constants) {
  constants.ruledRows = 64;
  return withTile(constants, {64, 64});
}

TEST(GemmModel, ARuleTakesTheFewestWavesThenTheFullestLast) {
  GemmChoice choice;
  // 16 blocks of rows: 128 columns make 512 tiles, 112 make 592, both two waves on 304 units; 104 make 640,
  // three.
  ruled(bare()).breakdown(product(2048, 4096, 4096), &choice);
  EXPECT_EQ(choice.tile.m, 128);
  EXPECT_EQ(choice.tile.n, 112);
  EXPECT_EQ(choice.tiles, 592);
  // Up to 64 rows the library has what it has.
  ruled(bare()).breakdown(product(64, 4096, 4096), &choice);
  EXPECT_EQ(choice.tile.m, 64);
  EXPECT_EQ(choice.tile.n, 64);
}

TEST(GemmModel, TilesOfTheLastRowBlockReadRowsThatAreNotThere) {
  GemmConstants c = bare();
  c.missingRowTraffic = 0.5;
  // 17 blocks: 35 columns of tiles, 120 wide, make 595 tiles; 37 would make a third wave.
  Breakdown b = ruled(c).breakdown(product(2049, 4096, 4096));
  EXPECT_NEAR(termOf(b, "partial row block"), 0.5 * 127 * 35 * 4096 * 2 / 5.3e12, 1e-15);
  EXPECT_EQ(termOf(ruled(c).breakdown(product(2048, 4096, 4096)), "partial row block"), 0);
}

TEST(GemmModel, NeighbouringTilesLoadTheirRowsOnce) {
  GemmConstants c = bare();
  const double alone = 2.0 * 128 * 128 * 4096 / 2048 / 2.1e9; // of one tile; 8 x 38 of them fill the device
  EXPECT_NEAR(termOf(ruled(c).breakdown(product(1024, 4864, 4096)), "mma"), alone, 1e-12);
  c.pairGain = 0.25;
  EXPECT_NEAR(termOf(ruled(c).breakdown(product(1024, 4864, 4096)), "mma"), 0.75 * alone, 1e-12);
  // 37 tiles side by side are no pairs.
  EXPECT_NEAR(termOf(ruled(c).breakdown(product(1024, 4736, 4096)), "mma") +
                  termOf(ruled(c).breakdown(product(1024, 4736, 4096)), "last wave"),
              alone, 1e-12);
}

TEST(GemmModel, TilesThatCutABlockOfScalesPayForIt) {
  GemmConstants c = bare();
  c.unevenScaleCycles = 10;
  // 112 columns do not divide 128: 64 steps of 64, two waves.
  Breakdown even = ruled(bare()).breakdown(product(2048, 4096, 4096));
  Breakdown uneven = ruled(c).breakdown(product(2048, 4096, 4096));
  EXPECT_NEAR(uneven.time().value - even.time().value, 2 * 64 * 10 / 2.1e9, 1e-12);
}

TEST(GemmModel, ALibraryOfFewKernelsHasNoTileThatFits) {
  GemmConstants c = bare();
  GemmChoice choice;
  // 19 x 32 tiles of 128 are two whole waves of 304; the twentieth row of tiles needs a third. Smaller tiles
  // ask twice as much of the L2.
  c.unitBytesPerClock = 32;
  c.largestTile = 128;
  std::vector<GemmTile> tiles = libraryTiles(frozenProfile());
  for (GemmTile &tile : tiles)
    tile.maxSplitK = 1;
  GemmModel few(frozenProfile(), c, {.tiles = tiles}, false);
  const double two = few.breakdown(product(2432, 4096, 4096), &choice).time().value;
  EXPECT_EQ(choice.tile.m, 128);
  EXPECT_EQ(choice.tile.n, 128);
  EXPECT_GT(few.time(product(2433, 4096, 4096)).value, 1.4 * two);
  c.largestTile = 0;
  GemmModel any(frozenProfile(), c, {.tiles = tiles}, false);
  EXPECT_LT(any.time(product(2433, 4096, 4096)).value, 1.4 * two);
}

TEST(GemmModel, WhatNothingHidesIsPaidForEveryTile) {
  GemmConstants c = bare();
  const GemmShape threeWaves = product(3 * 16 * 128, 19 * 128, 4096);
  const double hidden = withTile(c, {128, 128}).time(threeWaves).value;
  c.exposedTileCycles = 1000;
  EXPECT_NEAR(withTile(c, {128, 128}).time(threeWaves).value - hidden, 3 * 1000 / 2.1e9, 1e-12);
}

TEST(GemmModel, FewRowsStreamTheWeights) {
  Breakdown b = withTile(bare(), {16, 64}).breakdown(product(16, 8192, 8192));
  EXPECT_NEAR(termOf(b, "hbm"), (16.0 + 8192) * 8192 * 2 / 5.3e12, 1e-12);
  EXPECT_EQ(b.limiter(), "hbm");
  GemmConstants warm = bare();
  warm.activationTraffic = 0;
  EXPECT_NEAR(termOf(withTile(warm, {16, 64}).breakdown(product(16, 8192, 8192)), "hbm"),
              8192.0 * 8192 * 2 / 5.3e12, 1e-12);
}

TEST(GemmModel, FewWorkgroupsCannotFillTheMemory) {
  GemmConstants c = bare();
  c.unitMemoryBytesPerClock = 10;
  Breakdown b = withTile(c, {16, 64}).breakdown(product(16, 640, 8192)); // 10 workgroups
  EXPECT_NEAR(termOf(b, "hbm"), (16.0 + 640) * 8192 * 2 / (10 * 10 * 2.1e9), 1e-12);
}

TEST(GemmModel, OperandsBeyondTheCacheAreReadAgain) {
  GemmConstants c = bare();
  c.cacheShare = 0;
  c.mmaEfficiency = 1e3; // so that traffic decides
  GemmChoice choice;
  Breakdown b = withTile(c, {256, 256}).breakdown(product(8192, 8192, 1024), &choice);
  // 304 concurrent tiles: √304 = 17.4 by 17.4; 1,024 tiles read (17.4 + 17.4) · 256 rows of k for each 304.
  const double side = std::sqrt(304.0);
  EXPECT_NEAR(resourceOf(b, "hbm"), 2 * side * 256 * 1024 * 2 * 1024 / 304 / 5.3e12, 1e-9);
}

/// L2 gives 4,096 bytes per clock to 304 units of which each multiplies a tile: 2,048 clocks of 64 of k, in
/// which they ask for 304 · (128 + 256) · 128 bytes, or with a multicast of what two share, of half an
/// operand.
TEST(GemmModel, AClusterAsksOnceForWhatItShares) {
  auto modelOf = [](int clusterM, int clusterN) {
    GemmTile tile = {128, 256};
    tile.maxSplitK = 1;
    tile.clusterM = clusterM;
    tile.clusterN = clusterN;
    return GemmModel(frozenProfile(), bare(),
                     {.tiles = {tile}, .swapsOperands = false, .deviceBytesPerClock = 4096}, false);
  };
  const GemmShape full = product(16 * 128, 19 * 256, 4096);
  const double steps = 64, clock = 2.1e9;
  EXPECT_NEAR(termOf(modelOf(1, 1).breakdown(full), "l2"), steps * 304 * 384 * 128 / 4096 / clock, 1e-12);
  EXPECT_NEAR(termOf(modelOf(2, 1).breakdown(full), "l2"), steps * 304 * 256 * 128 / 4096 / clock, 1e-12);
  EXPECT_NEAR(resourceOf(modelOf(2, 1).breakdown(full), "l2"), steps * 304 * 256 * 128 / 4096 / clock, 1e-12);
  // The 19 columns of tiles make 10 clusters side by side: 320 tiles, more than one wave.
  GemmChoice choice;
  modelOf(1, 2).breakdown(full, &choice);
  EXPECT_EQ(choice.tiles, 16 * 20);
  EXPECT_NEAR(choice.paddedShare, 1 / 20.0, 1e-12);
  modelOf(2, 1).breakdown(product(15 * 128, 19 * 256, 4096), &choice);
  EXPECT_EQ(choice.tiles, 16 * 19);
  // Half of the units ask for half as much.
  const Breakdown half = modelOf(1, 1).breakdown(product(8 * 128, 19 * 256, 4096));
  EXPECT_NEAR(termOf(half, "mma"), steps * 2048 / clock, 1e-12);
  EXPECT_NEAR(resourceOf(half, "l2"), steps * 152 * 384 * 128 / 4096 / clock, 1e-12);
}

/// What the search leaves out, a look at all candidates does not find either.
TEST(GemmModel, ShortcutsAgreeWhereL2Limits) {
  std::vector<GemmTile> tiles;
  for (int m : {64, 128, 256})
    for (int n : {64, 128, 256})
      for (int cluster : {0, 1, 2}) {
        GemmTile tile = {m, n};
        tile.clusterM = cluster == 1 ? 2 : 1;
        tile.clusterN = cluster == 2 ? 2 : 1;
        tile.maxSplitK = cluster ? 1 : 16;
        tiles.push_back(tile);
      }
  const GemmModel model(frozenProfile(), GemmConstants(),
                        {.tiles = tiles, .swapsOperands = false, .deviceBytesPerClock = 4096}, false);
  for (int64_t m : {1, 100, 1000, 5000, 16384})
    for (int64_t n : {200, 4096, 14336})
      for (int64_t k : {512, 4096}) {
        const GemmShape shape = product(m, n, k);
        const double all = model.timeAmong(shape, model.candidates(shape)).value;
        EXPECT_NEAR(model.time(shape).value, all, 1e-9 * all) << m << " x " << n << " x " << k;
      }
}

TEST(GemmModel, SplittingSharesADeepProduct) {
  GemmConstants c = bare();
  c.splitLaunch = 2e-6;
  GemmChoice choice;
  Breakdown b = withTile(c, {256, 256}, 16).breakdown(product(256, 256, 65536), &choice);
  EXPECT_EQ(choice.splitK, 16);
  EXPECT_NEAR(termOf(b, "mma"), 262144 / 2.1e9, 1e-12);
  EXPECT_EQ(termOf(b, "split-K"), 2e-6);
}

TEST(GemmModel, ALibrarySplitsAVeryDeepProductOfOneTileFartherThanSixteenWays) {
  const Profile profile = shippedProfile("a100-sxm");
  const GemmModel model(profile, GemmConstants::prior(profile), {.tiles = libraryTiles(profile)}, false);
  GemmChoice choice;
  model.breakdown(product(16, 64, 65536), &choice);
  EXPECT_GT(choice.splitK, 16);
  EXPECT_LE(choice.splitK, 64);
  model.breakdown(product(16, 64, 4096), &choice);
  EXPECT_LE(choice.splitK, 16); // parts of at least 256
}

TEST(GemmModel, AmpereHasNoTileThatFitsAHundredAndSixtyRows) {
  // Tiles of 64 rows ask too much of the L2; the next are 128 and 256. Hopper's have 64 and 192 rows, and any
  // multiple of 16 columns for the other order of the operands.
  const auto seconds = [](const Profile &profile, int64_t rows) {
    GemmConstants constants = bare();
    constants.unitBytesPerClock = 32;
    return GemmModel(profile, constants, {.tiles = libraryTiles(profile)}, false)
        .time(product(rows, 65536, 4096))
        .value;
  };
  const Profile ampere = shippedProfile("a100-sxm"), hopper = shippedProfile("h100-sxm");
  EXPECT_GT(seconds(ampere, 160), 0.95 * seconds(ampere, 256));
  EXPECT_LT(seconds(hopper, 160), 0.85 * seconds(hopper, 256));
}

TEST(GemmModel, RowsThatMeetInHalfOfTheChannelsCostMore) {
  const Profile profile = shippedProfile("mi300x");
  GemmConstants constants = bare();
  GemmKernels kernels{.tiles = {{.m = 128, .n = 64, .maxSplitK = 1}}, .swapsOperands = false};
  const auto seconds = [&](int64_t k) {
    return GemmModel(profile, constants, kernels, false).time(product(128, 64, k)).value;
  };
  // Rows of bf16: 256 of k are 512 bytes, 128 are 256.
  const double even = seconds(4096), odd = seconds(4096 + 128);
  constants.rowConflictCycles = 0.5;
  EXPECT_DOUBLE_EQ(seconds(4096 + 128), odd);
  // 64 steps of 64, 192 rows of both operands, half a cycle each.
  EXPECT_NEAR(seconds(4096) - even, 64 * 192 * 0.5 / profile.peakClock.value, 1e-12);
  // Weights whose rows are padded: the 128 of the activations are left.
  kernels.weightRowsConflict = false;
  EXPECT_NEAR(seconds(4096) - even, 64 * 128 * 0.5 / profile.peakClock.value, 1e-12);
  // The other way round, tiles of weights by activations.
  kernels.swapsOperands = true;
  const auto turned = [&](bool conflict) {
    kernels.weightRowsConflict = conflict;
    const GemmCandidate candidate = {.tile = 0, .splitK = 1, .swapped = true};
    return GemmModel(profile, constants, kernels, false).timeAmong(product(64, 128, 4096), candidate).value;
  };
  EXPECT_NEAR(turned(true) - turned(false), 64 * 128 * 0.5 / profile.peakClock.value, 1e-12);

  EXPECT_TRUE(rowsMeetInChannels(4352, DataType::BF16)); // 17 times 512 bytes
  EXPECT_FALSE(rowsMeetInChannels(4352, DataType::F8E4M3));
  EXPECT_FALSE(rowsMeetInChannels(4096 + 64, DataType::BF16));
  EXPECT_EQ(spreadLeadingDimension(4096, DataType::BF16), 4224);
  EXPECT_EQ(spreadLeadingDimension(4096, DataType::F8E4M3), 4352);
}

/// Only what L2 has not meets there: all in the first wave, later what its 4 MiB cannot keep of the strips of
/// the 38 tiles that a die computes at a time.
TEST(GemmModel, LaterWavesFindInL2WhatItCouldKeep) {
  const Profile profile = shippedProfile("mi300x");
  GemmConstants constants = bare(), conflicting = constants;
  conflicting.rowConflictCycles = 0.5;
  const auto share = [&](int64_t waves, int64_t k) {
    // 304 tiles a wave, √38 down and across on a die, of 128 rows each.
    const GemmShape shape = product(128 * 16, 128 * 19 * waves, k);
    const auto seconds = [&](const GemmConstants &constants) {
      return GemmModel(profile, constants,
                       {.tiles = {{.m = 128, .n = 128, .maxSplitK = 1}}, .swapsOperands = false}, false)
          .time(shape)
          .value;
    };
    return (seconds(conflicting) - seconds(constants)) * profile.peakClock.value /
           (double(waves) * (double(k) / 64) * 256 * 0.5);
  };
  const int64_t fits = 1024, exceeds = 8192;
  EXPECT_NEAR(share(8, fits), 1.0 / 8, 1e-6);
  const double strips = 2 * std::sqrt(38.0) * 128 * exceeds * 2, lost = 1 - 4 * 1024 * 1024 / strips;
  EXPECT_NEAR(share(8, exceeds), lost + (1 - lost) / 8, 1e-6);
  EXPECT_NEAR(share(1, exceeds), 1, 1e-6);
}

TEST(GemmModel, ASlowerRateThanTheMatrixUnitsLimits) {
  GemmConstants c = bare();
  c.unitBytesPerClock = 16; // (256 + 256) · 2 B · 4096 / 16 = 262,144 cycles; half of that at 32
  Breakdown b = withTile(c, {256, 128}).breakdown(product(4096, 4096, 4096));
  EXPECT_NEAR(resourceOf(b, "l2") / resourceOf(b, "mma"), (256 + 128) * 2.0 / 16 / (2.0 * 256 * 128 / 2048),
              1e-9);
  EXPECT_EQ(b.limiter(), "l2");
}

TEST(GemmModel, MissingRowsAndQuantisationAreTermsOfTheirOwn) {
  GemmConstants c = bare();
  c.missingRowSeconds = 1e-9;
  c.quantizeLaunch = 2e-6;
  c.quantizeTraffic = 5;
  GemmModel model = withTile(c, {128, 128});
  EXPECT_NEAR(termOf(model.breakdown(product(129, 4096, 4096)), "partial row block"), 127 * 32 * 1e-9, 1e-15);
  EXPECT_EQ(termOf(model.breakdown(product(128, 4096, 4096)), "partial row block"), 0);
  EXPECT_EQ(termOf(model.breakdown(product(128, 4096, 4096)), "quantize"), 0);
  EXPECT_EQ(termOf(model.breakdown(product(128, 4096, 4096), nullptr, true), "quantize"), 2e-6);
  EXPECT_NEAR(termOf(model.breakdown(product(8192, 4096, 8192), nullptr, true), "quantize"),
              5.0 * 8192 * 8192 / 5.3e12, 1e-12);
}

TEST(GemmModel, LongRunsStayBelowTheAchievableRate) {
  Profile mi300x = shippedProfile("mi300x");
  GemmModel burst(mi300x, bare(), {.tiles = libraryTiles(mi300x)}, false);
  GemmModel sustained(mi300x, bare(), {.tiles = libraryTiles(mi300x)}, true);
  const GemmShape large = product(16384, 16384, 16384);
  EXPECT_LT(burst.time(large), sustained.time(large));
  const double flops = 2.0 * 16384 * 16384 * 16384;
  EXPECT_NEAR(flops / sustained.time(large).value, mi300x.achievableMatrixFor(DataType::BF16).value, 1e12);
}

TEST(GemmModel, UnalignedRowsAreSlow) {
  for (const char *name : {"a100-sxm", "mi300x"}) {
    Profile profile = shippedProfile(name);
    GemmModel model(profile, GemmConstants::prior(profile), {.tiles = libraryTiles(profile)}, false);
    const double ratio = model.time(product(8192, 51201, 4096)) / model.time(product(8192, 51200, 4096));
    // Measured on NVIDIA; on AMD the width of loads is all that is known.
    EXPECT_GT(ratio, profile.vendor == Vendor::Nvidia ? 2.5 : 1.8);
    EXPECT_LT(ratio, profile.vendor == Vendor::Nvidia ? 4 : 2.2);
  }
}

class EveryDevice : public testing::TestWithParam<const char *> {};

TEST_P(EveryDevice, ShortcutsAgreeWithTheSearchOverAllCandidates) {
  Profile profile = shippedProfile(GetParam());
  GemmModel model(profile, GemmConstants::prior(profile), {.tiles = libraryTiles(profile)}, false);
  for (const GemmShape &shape : {product(1, 4096, 4096), product(100, 1536, 7168), product(1000, 3072, 768),
                                 product(4096, 14336, 4096), product(65536, 128, 512)}) {
    const Breakdown b = model.breakdown(shape);
    double sum = 0;
    for (const NamedSeconds &term : b.terms()) {
      EXPECT_GE(term.time.value, 0);
      sum += term.time.value;
    }
    EXPECT_NEAR(sum, model.time(shape).value, 1e-9 * sum);
    EXPECT_NEAR(model.timeAmong(shape, model.candidates(shape)).value, sum, 1e-9 * sum);
    EXPECT_NEAR(model.timeAmong(shape, model.cheapest(shape, 1)).value, sum, 1e-9 * sum);
    // No faster than the hardware.
    EXPECT_GE(sum, flops(shape).value / profile.peakMatrix.at(DataType::BF16).value * 0.99);
  }
}

TEST_P(EveryDevice, BoundsInSinglePrecisionExcludeNoCheapestCandidate) {
  Profile profile = shippedProfile(GetParam());
  GemmConstants constants = GemmConstants::prior(profile);
  constants.exposedTileCycles = 700;
  constants.waveRounding = 1; // a wave more or less at a hair's breadth
  constants.waveDrift = 0.05;
  constants.rowConflictCycles = 0.5;
  constants.splitLaunch = 0.5e-6;
  GemmModel model(profile, constants, {.tiles = libraryTiles(profile)}, false);
  std::mt19937_64 random(7);
  for (int i = 0; i < 80; ++i) {
    const GemmShape shape = product(int64_t(1) << random() % 15, 16 * int64_t(1 + random() % 900),
                                    32 * int64_t(1 + random() % 700));
    EXPECT_DOUBLE_EQ(model.timeAmong(shape, model.candidates(shape)).value, model.time(shape).value)
        << shape.m << " x " << shape.n << " x " << shape.k;
  }
}

TEST_P(EveryDevice, MoreWorkIsNeverMuchFaster) {
  Profile profile = shippedProfile(GetParam());
  GemmModel model(profile, GemmConstants::prior(profile), {.tiles = libraryTiles(profile)}, false);
  for (int64_t m = 64; m <= 8192; m += 448) {
    const double time = model.time(product(m, 4096, 4096)).value;
    EXPECT_GE(model.time(product(m + 64, 4096, 4096)).value, 0.999 * time) << m;
    EXPECT_GE(model.time(product(m, 4096, 8192)).value, time) << m;
  }
}

INSTANTIATE_TEST_SUITE_P(GemmModel, EveryDevice,
                         testing::Values("mi300x", "mi325x", "mi355x", "h100-sxm", "h200", "a100-sxm",
                                         "b200"));

} // namespace
