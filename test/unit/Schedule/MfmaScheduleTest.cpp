// Schedules of mfma_lds_double_buffer: LDS, registers and workgroups, every number worked out by hand.
#include "Schedule/Schedules.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace codesign;
using testing::HasSubstr;

namespace {

TEST(MfmaSchedule, LargeTileFillsTheLdsOfAnMi300x) {
  GemmSchedule schedule = largeMfma();
  // (256 + 256) rows x 64 bf16 = 512 x 128 B
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 65536);
  EXPECT_EQ(schedule.threads(), 512);
  // 65536 sums / 512 threads
  EXPECT_EQ(registerUse(schedule).accumulators, 128);
  // wave tile 128 x 64: 8 + 4 operands of 2 registers, two depths per 16-byte read
  EXPECT_EQ(schedule.depthsPerRead(), 2);
  EXPECT_EQ(registerUse(schedule).fragments, (8 + 4) * 2 * 2);
  // 65536 B / 4 / 512 threads
  EXPECT_EQ(registerUse(schedule).staging, 32);
  // (128 / 16) x (64 / 16) x (64 / 16)
  EXPECT_EQ(schedule.instructionsPerStep(), 128);
  Profile mi300x = load("mi300x");
  EXPECT_EQ(reasonOf(schedule, mi300x), "");
  // 240 registers: two waves on each of the four SIMDs, LDS full
  Occupancy o = occupancy(schedule, mi300x);
  EXPECT_EQ(o.workgroupsPerComputeUnit, 1);
  EXPECT_EQ(o.wavesPerSimd, 2);
}

TEST(MfmaSchedule, SmallTileRunsTwicePerComputeUnit) {
  GemmSchedule schedule = smallMfma();
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 256 * 128);
  Occupancy o = occupancy(schedule, load("mi300x"));
  // 65536 / 32768 = 2; 64 + 32 + 32 + 32 = 160 registers would allow 512 / 160 = 3
  EXPECT_EQ(registerUse(schedule).total(), 160);
  EXPECT_EQ(o.workgroupsPerComputeUnit, 2);
  EXPECT_EQ(o.limitedBy, "LDS");
}

TEST(MfmaSchedule, RegistersLimitWhereLdsDoesNot) {
  GemmSchedule schedule = smallMfma();
  schedule.macroTileK = 32;
  // 256 rows x 64 B = 16 KiB: LDS allows 4; 64 + 32 + 16 + 32 = 144 registers allow 512 / 144 = 3
  Occupancy o = occupancy(schedule, load("mi300x"));
  EXPECT_EQ(o.workgroupsPerComputeUnit, 3);
  EXPECT_EQ(o.limitedBy, "registers");
}

TEST(MfmaSchedule, PaddingCostsLds) {
  GemmSchedule schedule = smallMfma();
  schedule.sharedLayout = SharedLayout::Padded;
  schedule.paddingBytes = 16;
  schedule.stages = 2;
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 2 * 256 * (128 + 16));
  EXPECT_EQ(reasonOf(schedule, load("mi300x")), "LDS 73728 B > 65536 B");
}

/// 256 x 256 x 64 twice does not fit LDS; without W it does. A wave has 64 rows of 128 bytes of W under way.
TEST(MfmaSchedule, ShuffledWeightsNeedNoLds) {
  GemmSchedule schedule = largeMfma();
  schedule.stages = 2;
  EXPECT_EQ(reasonOf(schedule, load("mi300x")), "LDS 131072 B > 65536 B");
  schedule.shuffledWeights = true;
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 2 * 256 * 128);
  EXPECT_EQ(registerUse(schedule).fragments, 8 * 2 * 2);
  EXPECT_EQ(registerUse(schedule).staging, 256 * 128 / 4 / 512 + 64 * 128 / 4 / 64);
  EXPECT_EQ(reasonOf(schedule, load("mi300x")), "");
  EXPECT_THAT(schedule.describe(), HasSubstr("2 stages shuffled weights"));
  GemmSchedule wanted = schedule;
  wanted.groupM = 8;
  wanted.dieRun = 64;
  EXPECT_THAT(legalGemmSchedules(load("mi300x"), DataType::BF16, GemmLayout::NT, false, true),
              testing::Contains(wanted));
  schedule.instruction = "v_mfma_f32_32x32x8_bf16";
  EXPECT_THAT(reasonOf(schedule, load("mi300x")), HasSubstr("instructions of 16 rows"));
  EXPECT_THAT(legalGemmSchedules(load("h100-sxm"), DataType::BF16, GemmLayout::NT, false, true),
              testing::IsEmpty());
}

/// 384 rows of 128 bytes by 512 lanes of 16 bytes.
TEST(MfmaSchedule, CopiesPastTheRegistersFreeThem) {
  const Profile mi355x = load("mi355x");
  GemmSchedule schedule = largeMfma();
  schedule.architecture = Architecture::Gfx950;
  schedule.instruction = "v_mfma_f32_16x16x32_bf16";
  schedule.macroTileN = 128;
  schedule.stages = 3;
  EXPECT_EQ(reasonOf(schedule, mi355x), "3 LDS buffers, the family has 1 or 2");
  schedule.directToShared = true;
  EXPECT_EQ(reasonOf(schedule, mi355x), "");
  EXPECT_EQ(registerUse(schedule).staging, 0);
  EXPECT_EQ(directLoadsPerStep(schedule), 6);
  schedule.stages = 1;
  EXPECT_THAT(reasonOf(schedule, mi355x), HasSubstr("need a second slot"));
  schedule.stages = 2;
  schedule.shuffledWeights = true;
  EXPECT_THAT(reasonOf(schedule, mi355x), HasSubstr("counted alone"));
  schedule = smallMfma(); // 256 rows of 128 bytes by 256 lanes of 4
  EXPECT_EQ(directLoadsPerStep(schedule), 32);
}

/// 512 rows of 64 bytes in two slots are 64 KB.
TEST(MfmaSchedule, LoopsOfOwnOrderHaveTheirWaves) {
  const Profile mi300x = load("mi300x");
  GemmSchedule schedule = largeMfma();
  schedule.macroTileK = 32;
  schedule.stages = 2;
  schedule.loop = MainLoop::PingPong;
  EXPECT_EQ(reasonOf(schedule, mi300x), "");
  EXPECT_THAT(schedule.describe(), HasSubstr("ping-pong"));
  EXPECT_THAT(legalGemmSchedules(mi300x, DataType::BF16, GemmLayout::NT),
              testing::Contains(testing::Field(&GemmSchedule::loop, MainLoop::PingPong)));
  EXPECT_EQ(maxSplitK(schedule), 1);
  schedule.wavesN = 2;
  EXPECT_EQ(reasonOf(schedule, mi300x), "4 waves, ping-pong loops have 8: two of each SIMD");
  schedule.loop = MainLoop::Interleaved;
  EXPECT_EQ(reasonOf(schedule, mi300x), "");
  EXPECT_EQ(registerUse(schedule).accumulators, 256);
  schedule.directToShared = true;
  EXPECT_THAT(reasonOf(schedule, mi300x), HasSubstr("through registers"));
  schedule.directToShared = false;
  schedule.wavesM = 1;
  schedule.wavesN = 4;
  schedule.macroTileN = 64; // of which a wave has one instruction
  EXPECT_THAT(reasonOf(schedule, mi300x), HasSubstr("no halves of whole instructions"));
  schedule = largeMfma();
  schedule.stages = 1;
  schedule.loop = MainLoop::PingPong;
  EXPECT_EQ(reasonOf(schedule, mi300x), "1 LDS buffer, ping-pong loops read one while another is filled");
  schedule.shuffledWeights = true;
  EXPECT_THAT(reasonOf(schedule, mi300x), HasSubstr("multiply tiles out of LDS"));
  for (MainLoop loop : {MainLoop::InStep, MainLoop::PingPong, MainLoop::Interleaved})
    EXPECT_EQ(parseMainLoop(toString(loop)), loop);
  EXPECT_FALSE(parseMainLoop("pong"));
}

/// Waves that take turns add scaled products of half a block of k, so that two slots fit LDS.
TEST(MfmaSchedule, BlocksOfScalesAreHalvedWhereWavesTakeTurns) {
  const Profile mi300x = load("mi300x");
  GemmSchedule schedule = largeMfma();
  schedule.instruction = "v_mfma_f32_16x16x32_fp8_fp8";
  schedule.blockScaled = true;
  schedule.macroTileK = 64;
  schedule.wavesM = 4;
  schedule.wavesN = 2;
  schedule.stages = 2;
  EXPECT_THAT(reasonOf(schedule, mi300x), HasSubstr("steps of 64 of k and waves of 128 columns"));
  schedule.loop = MainLoop::PingPong;
  EXPECT_EQ(reasonOf(schedule, mi300x), "");
  const RegisterUse use = registerUse(schedule);
  EXPECT_EQ(use.accumulators, 128); // 64 x 128 of a wave
  EXPECT_EQ(use.fragments, 48);     // 64 of k of 64 and of 128 rows
  EXPECT_EQ(use.products,
            26); // twice two of four; and for two blocks the scales of four rows and of the columns
  schedule.loop = MainLoop::Interleaved;
  EXPECT_NE(reasonOf(schedule, mi300x), "");
  const auto all = legalGemmSchedules(mi300x, *mi300x.nativeFloat8(), GemmLayout::NT, /*blockScaled=*/true);
  EXPECT_THAT(all, testing::Contains(testing::Field(&GemmSchedule::loop, MainLoop::PingPong)));
  for (const GemmSchedule &legal : all)
    EXPECT_TRUE(legal.loop == MainLoop::PingPong || legal.macroTileK / legal.wavesK == 128)
        << legal.describe();
}

} // namespace
