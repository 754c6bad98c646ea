// Which schedules a device has.
#include "Schedule/Schedules.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace codesign;
using testing::HasSubstr;

namespace {

TEST(ScheduleEnumeration, EnumerationIsLegalAndHasTheKnownGoodTiles) {
  for (const char *name : {"mi300x", "mi325x", "h100-sxm", "a100-sxm"}) {
    Profile profile = load(name);
    std::vector<GemmSchedule> all = legalGemmSchedules(profile, DataType::BF16, GemmLayout::NT);
    EXPECT_GT(all.size(), 100u) << name;
    for (const GemmSchedule &schedule : all) {
      ASSERT_EQ(reasonOf(schedule, profile), "") << schedule.describe();
      ASSERT_GE(occupancy(schedule, profile).workgroupsPerComputeUnit, 1);
    }
    for (size_t i = 1; i < all.size(); ++i)
      ASSERT_FALSE(all[i] == all[i - 1]);
  }
  GemmSchedule wanted = largeMfma();
  wanted.groupM = 8;
  wanted.dieRun = 64;
  EXPECT_THAT(legalGemmSchedules(load("mi300x"), DataType::BF16, GemmLayout::NT), testing::Contains(wanted));
}

TEST(ScheduleEnumeration, EnumerationCoversHopperWgmma) {
  Profile h100 = load("h100-sxm");
  h100.kernelFamilies = {"wgmma_tma_persistent"};
  std::vector<GemmSchedule> all = legalGemmSchedules(h100, DataType::BF16, GemmLayout::NT);
  GemmSchedule wanted = hopper();
  wanted.sharedLayout = SharedLayout::Swizzled;
  wanted.groupM = bestGroupM(h100, 1);
  EXPECT_THAT(all, testing::Contains(wanted));
  EXPECT_THAT(legalGemmSchedules(h100, DataType::F8E4M3, GemmLayout::NN), testing::IsEmpty());
  EXPECT_FALSE(legalGemmSchedules(h100, DataType::F8E4M3, GemmLayout::NT).empty());
}

TEST(ScheduleEnumeration, OutputHasTheInputsType) {
  for (const GemmSchedule &schedule : legalGemmSchedules(load("a100-sxm"), DataType::F16, GemmLayout::NT)) {
    ASSERT_EQ(schedule.outputType, DataType::F16);
    ASSERT_EQ(schedule.matrixInstruction().c.type, DataType::F32); // never the fp16 sums
  }
}

TEST(ScheduleEnumeration, NoFamilyNoSchedule) {
  EXPECT_FALSE(legalGemmSchedules(load("mi300x"), DataType::F8E4M3FNUZ, GemmLayout::NT).empty());
  EXPECT_TRUE(legalGemmSchedules(load("mi300x"), DataType::F8E4M3, GemmLayout::NT).empty());
  EXPECT_TRUE(legalGemmSchedules(load("b200"), DataType::BF16, GemmLayout::NT).empty());
}

TEST(ScheduleEnumeration, Cdna4UsesItsOwnInstructionsAndMoreLds) {
  const Profile mi355x = load("mi355x");
  const std::vector<GemmSchedule> legal = legalGemmSchedules(mi355x, DataType::BF16, GemmLayout::NT);
  int64_t most = 0;
  for (const GemmSchedule &schedule : legal) {
    if (schedule.family == GemmFamily::MfmaLdsDoubleBuffer && !schedule.directToShared) {
      EXPECT_EQ(schedule.instruction, "v_mfma_f32_16x16x32_bf16");
      most = std::max<int64_t>(most, sharedMemoryUse(schedule).total());
    }
  }
  EXPECT_EQ(most, 2 * 512 * 128); // two slots of 256 + 256 rows of 64 bf16
  GemmSchedule schedule = largeMfma();
  schedule.architecture = Architecture::Gfx950;
  EXPECT_EQ(reasonOf(schedule, mi355x), "gfx950 has a faster instruction than v_mfma_f32_16x16x16_bf16");
  schedule.instruction = "v_mfma_f32_32x32x16_bf16";
  EXPECT_THAT(reasonOf(schedule, mi355x),
              HasSubstr("operands of 32 rows out of swizzled rows of 128 B conflict"));
}

TEST(ScheduleEnumeration, GroupOrderTouchesTheFewestTiles) {
  // 38 tiles in flight on an XCD: 4 + 10 = 14, 8 + 5 = 13, 16 + 3 = 19
  EXPECT_EQ(bestGroupM(load("mi300x"), 1), 8);
  // 76: 8 + 10 = 18, 16 + 5 = 21
  EXPECT_EQ(bestGroupM(load("mi300x"), 2), 8);
  // 132: 8 + 17 = 25, 16 + 9 = 25: the smaller wins
  EXPECT_EQ(bestGroupM(load("h100-sxm"), 1), 8);
}

TEST(ScheduleEnumeration, NamesRoundTrip) {
  for (GemmFamily family :
       {GemmFamily::MfmaLdsDoubleBuffer, GemmFamily::WgmmaTmaPersistent, GemmFamily::MmaCpAsyncMultistage})
    EXPECT_EQ(parseGemmFamily(toString(family)), family);
  for (GemmLayout layout : {GemmLayout::NT, GemmLayout::NN, GemmLayout::TN})
    EXPECT_EQ(parseGemmLayout(toString(layout)), layout);
  EXPECT_FALSE(parseGemmFamily("mfma"));
  EXPECT_EQ(largeMfma().describe(),
            "mfma_lds_double_buffer 256x256x64 2x4 waves v_mfma_f32_16x16x16_bf16 1 stage");
}

} // namespace
