// Stream-K launches counted from their IR, and the cost model's closed form of them.
#include "codesign/Cost/GemmModel.h"
#include "codesign/Cost/OwnKernels.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Lowering/Gemm.h"
#include "codesign/Price/StreamK.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace codesign;

namespace {

constexpr int64_t n = 4096, k = 4096;

/// The kernel of a schedule on the MI300X, lowered.
class StreamKPriceTest : public testing::Test {
protected:
  kernel::FuncOp lower(const GemmSchedule &schedule) {
    const GemmProblem problem = {.symbol = "gemm", .n = n, .k = k};
    module = llvm::cantFail(lowerGemm(context, problem, llvm::cantFail(gemmKernel(schedule, profile))));
    return *module->getOps<kernel::FuncOp>().begin();
  }

  /// 128 x 128 x 64 by 2 x 2 waves in two slots: one workgroup on each of the 304 compute units.
  GemmSchedule square() {
    for (GemmSchedule schedule : legalGemmSchedules(profile, DataType::BF16, GemmLayout::NT))
      if (schedule.macroTileM == 128 && schedule.macroTileN == 128 && schedule.macroTileK == 64 &&
          schedule.wavesM == 2 && schedule.wavesN == 2 && schedule.stages == 2 && cutsTiles(schedule) &&
          !schedule.directToShared) {
        schedule.streamK = true;
        return schedule;
      }
    ADD_FAILURE() << "no such schedule";
    return {};
  }

  const Profile profile = llvm::cantFail(loadProfile("mi300x", profileSearchDirs("", "")));
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// 12 x 32 tiles of 64 steps: 384 · 32 units of two steps on 304 workgroups are 40 or 41 each.
TEST_F(StreamKPriceTest, oneRoundAndABit) {
  const StreamKPrice price = *priceStreamK(lower(square()), 12 * 128);
  EXPECT_EQ(price.tiles, 384);
  EXPECT_EQ(price.longestSteps, 82);
  EXPECT_EQ(price.shortestSteps, 80);
  EXPECT_EQ(price.mostParts, 2);
  constexpr int64_t sums = 128 * 128 * 4;
  EXPECT_EQ(price.sumsWrittenBytes, 2 * price.cutTiles * sums);
  EXPECT_EQ(price.sumsReadBytes, price.cutTiles * sums);
  EXPECT_EQ(price.cutTiles, 303 - 4 - 43); // runs of 41, then of 40 units that end where a tile of 32 does
  EXPECT_EQ(price.workspaceBytes, 2 * 304 * sums);
  // Two rounds come out even: no tile is cut, and no sum leaves its registers.
  const StreamKPrice even = *priceStreamK(lower(square()), 19 * 128);
  EXPECT_EQ(even.tiles, 608);
  EXPECT_EQ(even.longestSteps, 2 * 64);
  EXPECT_EQ(even.shortestSteps, 2 * 64);
  EXPECT_EQ(even.cutTiles + even.sumsWrittenBytes + even.sumsReadBytes, 0);
  EXPECT_EQ(even.workspaceBytes, price.workspaceBytes);
}

TEST_F(StreamKPriceTest, otherKernelsHaveNone) {
  GemmSchedule plain = square();
  plain.streamK = false;
  EXPECT_FALSE(priceStreamK(lower(plain), 512).has_value());
}

/// The closed form of the longest run is what the IR deals. A cut tile's second part is written while others
/// multiply; the closed form counts at least the other two thirds of what is written and read.
TEST_F(StreamKPriceTest, theCostModelDealsTheSame) {
  GemmConstants bare;
  bare.mmaEfficiency = bare.waveRounding = 1;
  bare.bandwidth = 1000; // products of few rows wait for nothing either
  bare.launch = bare.prologueCycles = bare.epilogueCyclesPerLine = bare.stepOverheadCycles = 0;
  bare.unitBytesPerClock = bare.sharedEfficiency = bare.unitMemoryBytesPerClock = 1e9;
  bare.droop = bare.trafficRamp = bare.stepLatencyCycles = bare.outputOverlap = 0;
  bare.splitLaunch = bare.activationTraffic = 0;
  bare.splitTraffic = 2; // as own kernels have it
  const GemmSchedule schedule = square();
  GemmTile tile = gemmTile(schedule, profile);
  ASSERT_EQ(tile.streamWorkgroups, 304);
  tile.cutCycles = tile.partCycles = 0;
  tile.maxSplitK = 1;
  const GemmModel model(profile, bare, {.tiles = {tile}, .swapsOperands = false}, false);
  kernel::FuncOp function = lower(schedule);
  const double clock = profile.peakClock.value,
               stepClocks = 2.0 * 128 * 128 * 64 / profile.matrixFlopsPerClockPerComputeUnit(DataType::BF16);
  int streamed = 0;
  for (int64_t rows = 128; rows <= 8192; rows += 128) {
    GemmChoice choice;
    const Breakdown breakdown = model.breakdown({.m = rows, .n = n, .k = k}, &choice);
    if (!choice.streamK)
      continue;
    ++streamed;
    double loop = 0, sums = 0;
    for (const NamedSeconds &term : breakdown.terms()) {
      if (term.name == "mma" || term.name == "last wave")
        loop += term.time.value;
      if (term.name == "stream-K")
        sums = term.time.value * bare.bandwidth * profile.memory.datasheetBandwidth.value;
    }
    const StreamKPrice price = *priceStreamK(function, rows);
    EXPECT_NEAR(loop * clock / stepClocks, double(price.longestSteps), 1e-6) << rows;
    if (price.mostParts == 2)
      EXPECT_GE(sums, 0.666 * double(price.sumsWrittenBytes + price.sumsReadBytes)) << rows;
  }
  EXPECT_GT(streamed, 10);
}

} // namespace
