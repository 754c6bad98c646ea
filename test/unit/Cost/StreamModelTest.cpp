#include "codesign/Cost/StreamModel.h"
#include "CostTestSupport.h"
#include "codesign/Cost/Energy.h"

using namespace codesign;

namespace {

TEST(StreamModel, CountsReadsAndWrites) {
  Profile profile = frozenProfile();
  StreamConstants c;
  c.launch = 1e-6;
  c.readBandwidth = 0.5;
  c.writeBandwidth = 0.25;
  StreamModel model(profile, c);
  double read = 3 * 1e8 / (0.5 * profile.memory.achievedReadBandwidth.value);
  double write = 2 * 1e8 / (0.25 * profile.memory.achievedWriteBandwidth.value);
  Breakdown result = model.breakdown(
      ElementwiseShape{.elements = 100'000'000, .readBytesPerElement = 3, .writeBytesPerElement = 2});
  EXPECT_NEAR(result.time().value, profile.launch.graphLaunchFloor.value + 1e-6 + read + write, 1e-12);
}

TEST(StreamModel, AFusedResidualDoublesANormsTraffic) {
  StreamModel model(frozenProfile(), {});
  NormShape plain{.rows = 65536, .columns = 8192}, fused = plain;
  fused.readsPerElement = fused.writesPerElement = 2;
  EXPECT_NEAR(termOf(model.breakdown(fused), "hbm") / termOf(model.breakdown(plain), "hbm"), 2, 1e-9);
}

TEST(StreamModel, ASmallNormWaitsForItsReduction) {
  Breakdown result = StreamModel(frozenProfile(), {}).breakdown(NormShape{.rows = 1, .columns = 4096});
  EXPECT_GT(termOf(result, "row latency"), termOf(result, "hbm"));
}

TEST(Energy, LiesBetweenIdleAndDesignPower) {
  Power power{Watts(700), Watts(100)};
  Seconds time(1e-3);
  EXPECT_DOUBLE_EQ(averagePower(time, {}, power).value, 100 + 600 * 0.15);
  BusyTimes streaming{.matrix = Seconds(0), .memory = Seconds(1e-3), .links = Seconds(0)};
  EXPECT_NEAR(averagePower(time, streaming, power).value, 100 + 600 * 0.6, 1e-9);
  // Products at the rate that the power limit allows draw all of it: an MI300X took 750 W there.
  BusyTimes atLimit{.matrix = Seconds(1e-3), .memory = Seconds(0.1e-3), .links = Seconds(0)};
  EXPECT_DOUBLE_EQ(averagePower(time, atLimit, power).value, 700);
  BusyTimes everything{Seconds(1), Seconds(1), Seconds(1)};
  EXPECT_DOUBLE_EQ(averagePower(time, everything, power).value, 700);
  EXPECT_DOUBLE_EQ(energy(time, everything, power).value, 0.7);
}

TEST(Energy, PriceIsTimeTimesRate) {
  EXPECT_DOUBLE_EQ(price(Seconds(1800), 3.0).value, 1.5);
}

} // namespace
