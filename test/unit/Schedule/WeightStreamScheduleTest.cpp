// Schedules that stream weights, every number worked out by hand.
#include "Schedule/Schedules.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace codesign;

namespace {

TEST(WeightStreamSchedule, WeightStreamKeepsItsLoadsInRegisters) {
  GemmSchedule schedule;
  schedule.family = GemmFamily::MfmaWeightStream;
  schedule.instruction = "v_mfma_f32_16x16x16_bf16";
  schedule.macroTileM = 16;
  schedule.macroTileN = 32;
  schedule.wavesK = 8;
  schedule.macroTileK = 512;
  schedule.stages = 4;
  Profile mi300x = load("mi300x");
  EXPECT_EQ(reasonOf(schedule, mi300x), "");
  EXPECT_EQ(schedule.threads(), 512);
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 8 * 16 * 32 * 4); // the sums of every wave in fp32
  // 16 x 32 sums in each wave's 64 lanes; four steps of 48 rows x 64 bf16
  EXPECT_EQ(registerUse(schedule).accumulators, 8);
  EXPECT_EQ(registerUse(schedule).staging, 4 * 48 * 128 / 4 / 64);
  EXPECT_EQ(schedule.instructionsPerStep(), 1 * 2 * 4);
  EXPECT_EQ(schedule.describe(),
            "mfma_weight_stream 16x32x512 1x1x8 waves v_mfma_f32_16x16x16_bf16 4 stages");
  schedule.macroTileM = 80;
  EXPECT_EQ(reasonOf(schedule, mi300x), "80 rows, mfma_weight_stream is for up to 64");
  schedule.macroTileM = 16;
  schedule.wavesM = 2;
  EXPECT_EQ(reasonOf(schedule, mi300x), "macro tile m 16 is no multiple of 2 waves x 16");
}

/// As many as 64 rows: steps lie in shared memory, each wave's beside the others'.
TEST(WeightStreamSchedule, WeightStreamThroughSharedMemory) {
  GemmSchedule schedule;
  schedule.family = GemmFamily::MmaWeightStream;
  schedule.architecture = Architecture::Sm90a;
  schedule.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32";
  schedule.macroTileM = schedule.macroTileN = 64;
  schedule.wavesK = 4;
  schedule.macroTileK = 4 * 32;
  schedule.stages = 4;
  schedule.directToShared = true;
  Profile h100 = load("h100-sxm");
  EXPECT_EQ(reasonOf(schedule, h100), "");
  EXPECT_EQ(sharedMemoryUse(schedule).inputBytes, 4 * (64 + 64) * 128 * 2);
  EXPECT_EQ(sharedMemoryUse(schedule).epilogueBytes, 4 * 64 * 64 * 4);
  // 64 x 64 sums and 128 rows x 32 bf16 in 32 lanes; nothing is under way in registers
  EXPECT_EQ(registerUse(schedule).accumulators, 128);
  EXPECT_EQ(registerUse(schedule).fragments, 64);
  EXPECT_EQ(registerUse(schedule).staging, 0);
  EXPECT_EQ(schedule.depthsPerRead(), 1);
  EXPECT_EQ(maxSplitK(schedule), 16); // each wave has a quarter of the sums by then
  EXPECT_EQ(schedule.describe(),
            "mma_weight_stream 64x64x128 1x1x4 warps "
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 4 stages through shared memory");
  GemmSchedule registers = schedule;
  registers.directToShared = false;
  EXPECT_EQ(reasonOf(registers, h100).substr(0, 9), "registers");
  GemmSchedule deep = schedule;
  deep.macroTileK = 4 * 128;
  EXPECT_EQ(reasonOf(deep, h100), "steps of 256 B of each row, lanes copy 64 or 128");
  schedule.architecture = Architecture::Sm80;
  Profile a100 = load("a100-sxm");
  EXPECT_EQ(reasonOf(schedule, a100), "LDS 196608 B > 166912 B");
  schedule.stages = 2;
  EXPECT_EQ(reasonOf(schedule, a100), "");
  schedule.family = GemmFamily::MfmaWeightStream;
  schedule.architecture = Architecture::Gfx942;
  schedule.instruction = "v_mfma_f32_16x16x16_bf16";
  EXPECT_EQ(reasonOf(schedule, load("mi300x")),
            "lanes of CDNA devices copy to LDS side by side, a workgroup together");
}

/// Every device that streams weights has schedules for each number of rows up to 64.
TEST(WeightStreamSchedule, SixtyFourRowsAreStreamedEverywhere) {
  for (const char *name : {"a100-sxm", "h100-sxm", "h200", "mi300x"}) {
    const Profile profile = load(name);
    for (int rows : {48, 64})
      EXPECT_TRUE(llvm::any_of(legalGemmSchedules(profile, DataType::BF16, GemmLayout::NT),
                               [&](const GemmSchedule &schedule) {
                                 return streamsWeights(schedule.family) && schedule.macroTileM == rows;
                               }))
          << name << ", " << rows;
  }
}

/// Of 8 bits as well; where blocks have scales, a step of a wave is a block.
TEST(WeightStreamSchedule, ManyRowsOfBytesAreStreamed) {
  const Profile h100 = load("h100-sxm");
  for (bool blockScaled : {false, true}) {
    int rows = 0;
    for (const GemmSchedule &schedule :
         legalGemmSchedules(h100, DataType::F8E4M3, GemmLayout::NT, blockScaled))
      if (streamsWeights(schedule.family) && schedule.macroTileM >= rows) {
        rows = schedule.macroTileM;
        EXPECT_TRUE(schedule.directToShared || rows < 64);
        EXPECT_TRUE(!blockScaled || schedule.macroTileK / schedule.wavesK == 128);
      }
    EXPECT_EQ(rows, 64) << blockScaled;
  }
}

/// As many waves add up sums as can have equal shares of whole instructions.
TEST(WeightStreamSchedule, SharesOfSums) {
  EXPECT_EQ(shareCount(4, 1), 1);
  EXPECT_EQ(shareCount(4, 3), 3);
  EXPECT_EQ(shareCount(4, 4), 4);
  EXPECT_EQ(shareCount(4, 5), 1);
  EXPECT_EQ(shareCount(8, 5), 5);
  EXPECT_EQ(shareCount(4, 6), 3);
  EXPECT_EQ(shareCount(8, 12), 6);
  GemmSchedule schedule;
  schedule.family = GemmFamily::MmaWeightStream;
  schedule.architecture = Architecture::Sm90a;
  schedule.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32";
  schedule.macroTileM = 32;
  schedule.macroTileN = 80;
  schedule.wavesK = 4;
  schedule.macroTileK = 4 * 32;
  schedule.stages = 2;
  schedule.directToShared = true;
  EXPECT_EQ(reasonOf(schedule, load("h100-sxm")),
            "80 columns are 5 instructions, which 4 waves do not share equally: one would add up the sums of "
            "all");
  schedule.wavesK = 8;
  schedule.macroTileK = 8 * 32;
  EXPECT_EQ(reasonOf(schedule, load("h100-sxm")), "");
}

} // namespace
