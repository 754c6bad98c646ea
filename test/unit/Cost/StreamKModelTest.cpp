// Stream-K launches: what they save of the last wave, and what their cuts cost.
#include "CostTestSupport.h"
#include "codesign/Cost/GemmModel.h"

using namespace codesign;

namespace {

/// Sums are written and read.
GemmConstants withSums() {
  GemmConstants c = bare();
  c.splitLaunch = 1e-6;
  c.splitTraffic = 2;
  return c;
}

GemmTile streamed(int workgroups = 304) {
  GemmTile tile = {.m = 256, .n = 256, .maxSplitK = 1, .partCycles = 1000};
  tile.streamWorkgroups = workgroups;
  tile.cutCycles = 4000;
  return tile;
}

Breakdown price(const GemmTile &tile, int64_t m, int64_t n, int64_t k, GemmChoice &choice) {
  return GemmModel(frozenProfile(), withSums(), {.tiles = {tile}, .swapsOperands = false}, false)
      .breakdown({.m = m, .n = n, .k = k}, &choice);
}

// The frozen device: 304 compute units, 2.1 GHz, 2,048 bf16 FLOP per clock and unit, 5.3 TB/s.
constexpr double tileSeconds = 262144 / 2.1e9; // 2 · 256 · 256 · 4096 / 2048 clocks
constexpr double sumsSeconds = 2 * 4.0 * 256 * 256 * 304 / 5.3e12;

/// 320 tiles on 304 units: 10,240 units of two steps, 34 for the longest run, of the 32 that a tile has.
TEST(StreamK, OneWaveAndABitTakesLittleMoreThanOne) {
  GemmChoice choice;
  const Breakdown b = price(streamed(), 5120, 4096, 4096, choice);
  EXPECT_TRUE(choice.streamK);
  EXPECT_EQ(choice.splitK, 1);
  EXPECT_EQ(choice.tiles, 320);
  EXPECT_NEAR(termOf(b, "mma"), 320.0 / 304 * tileSeconds, 1e-12);
  EXPECT_NEAR(termOf(b, "mma") + termOf(b, "last wave"), 34.0 / 32 * tileSeconds, 1e-12);
  EXPECT_NEAR(termOf(b, "stream-K"), 1e-6 + 5000 / 2.1e9 + sumsSeconds, 1e-12);
}

/// Three waves and a bit: two of whole tiles, then the same 320.
TEST(StreamK, WholeWavesComeFirst) {
  GemmChoice choice;
  const Breakdown b = price(streamed(), 14848, 4096, 4096, choice);
  EXPECT_TRUE(choice.streamK);
  EXPECT_NEAR(termOf(b, "mma") + termOf(b, "last wave"), (2 + 34.0 / 32) * tileSeconds, 1e-12);
  EXPECT_NEAR(termOf(b, "stream-K"), 1e-6 + 5000 / 2.1e9 + sumsSeconds, 1e-12);
}

/// Where waves are full there is nothing to gain, nor where one more tile would cost less than the cuts.
TEST(StreamK, FullWavesAreNotCut) {
  GemmChoice choice;
  const Breakdown full = price(streamed(), 4864, 4096, 4096, choice);
  EXPECT_FALSE(choice.streamK);
  EXPECT_NEAR(termOf(full, "mma"), tileSeconds, 1e-12);
  price(streamed(), 4864 + 15 * 256, 4096, 4096, choice); // 544 of 608 tiles
  EXPECT_FALSE(choice.streamK);
  // Tiles of other kernels are not cut at all.
  price(streamed(0), 5120, 4096, 4096, choice);
  EXPECT_FALSE(choice.streamK);
}

/// Sixteen tiles of 32 units among 304: two for the longest run, one for others, so that tiles have up to 32
/// parts, whose sums the last one adds.
TEST(StreamK, FewTilesAreSharedByAll) {
  GemmChoice choice;
  const Breakdown b = price(streamed(), 1024, 1024, 4096, choice);
  EXPECT_TRUE(choice.streamK);
  EXPECT_NEAR(termOf(b, "mma") + termOf(b, "last wave"), 2.0 / 32 * tileSeconds, 1e-12);
  EXPECT_NEAR(termOf(b, "stream-K"), 1e-6 + (4000 + 32 * 1000) / 2.1e9 + sumsSeconds, 1e-12);
}

/// A tile of one step is not cut, nor are several products in one launch, nor a few tiles in many parts where
/// nothing says what a part costs.
TEST(StreamK, WhatIsNotCut) {
  GemmChoice choice;
  GemmTile unknown = streamed();
  unknown.partCycles = 0;
  price(unknown, 1024, 1024, 4096, choice);
  EXPECT_FALSE(choice.streamK);
  price(unknown, 5120, 4096, 4096, choice);
  EXPECT_TRUE(choice.streamK);
  price(streamed(), 5120, 4096, 64, choice);
  EXPECT_FALSE(choice.streamK);
  GemmModel(frozenProfile(), withSums(), {.tiles = {streamed()}, .swapsOperands = false}, false)
      .breakdown({.m = 5120, .n = 4096, .k = 4096, .batch = 2}, &choice);
  EXPECT_FALSE(choice.streamK);
}

/// What the search leaves out, a look at all candidates does not find either.
TEST(StreamK, ShortcutsAgreeWithAllCandidates) {
  std::vector<GemmTile> tiles;
  for (int m : {64, 128, 256})
    for (int n : {64, 128, 256})
      for (int residents : {1, 2}) {
        GemmTile tile = streamed(304 * residents);
        tile.m = m;
        tile.n = n;
        tile.maxSplitK = 16;
        tile.maxSplitRows = 4096;
        tile.partSteps = 1;
        tiles.push_back(tile);
      }
  const GemmModel model(frozenProfile(), GemmConstants(), {.tiles = tiles, .swapsOperands = false}, false);
  int chosen = 0;
  for (int64_t m : {1, 100, 1000, 3000, 5000, 16384})
    for (int64_t n : {200, 4096, 14336})
      for (int64_t k : {128, 512, 4096, 14336}) {
        const GemmShape shape = {.m = m, .n = n, .k = k};
        const double all = model.timeAmong(shape, model.candidates(shape)).value;
        EXPECT_NEAR(model.time(shape).value, all, 1e-9 * all) << m << " x " << n << " x " << k;
        GemmChoice choice;
        model.breakdown(shape, &choice);
        chosen += choice.streamK;
      }
  EXPECT_GT(chosen, 5);
}

} // namespace
