// The main loop fitted to kernels whose times are known, and what the price makes of it.
#include "codesign/Verify/OwnKernels.h"
#include "codesign/Cost/CostModel.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Simulate/TimingFit.h"
#include <gtest/gtest.h>

using namespace codesign;

namespace {

Profile mi300x() {
  llvm::Expected<Profile> profile = loadProfile("mi300x", {std::string(CODESIGN_SOURCE_DIR) + "/hwprofiles"});
  EXPECT_TRUE(bool(profile));
  return *profile;
}

constexpr double memoryRate = 40;

/// Kernels of all sorts of balance, timed by `loop` itself.
std::vector<SimulatedSchedule> timedBy(const OwnLoop &loop) {
  std::vector<SimulatedSchedule> list;
  for (double m : {64, 128, 192, 256})
    for (double n : {32, 96, 160, 256})
      for (bool lone : {false, true}) {
        SimulatedSchedule timed;
        timed.parts = {m * n / 16,          (m + n) * (lone ? 3 : 2), (m + n) * 128,
                       m > 128 ? 2.0 : 1.0, m * n < 8192 ? 2.0 : 1.0, lone};
        timed.clocks = loop.clocks(timed.parts);
        list.push_back(timed);
      }
  return list;
}

TEST(OwnKernels, FitFindsTheLoopThatTimedThem) {
  const OwnLoop truth{0.9, 0.85, memoryRate, 60, 700, 0.25};
  const OwnKernelFit fit = fitOwnKernels(timedBy(truth), memoryRate);
  EXPECT_LT(fit.error, 0.02);
  EXPECT_NEAR(fit.loop.mmaEfficiency, 0.9, 0.03);
  EXPECT_NEAR(fit.loop.exposedLatency + fit.loop.stepOverhead, 760, 60);
  EXPECT_NEAR(fit.loop.loneWaveExposure, 0.25, 0.06);
  EXPECT_EQ(fit.loop.unitBytesPerClock, memoryRate);
  EXPECT_EQ(fit.heldOutRatios.size(), 32u);
}

TEST(OwnKernels, BandHoldsBothErrors) {
  llvm::Expected<simulate::ComputeUnit> unit = simulate::computeUnitOf(mi300x());
  ASSERT_TRUE(bool(unit));
  OwnKernelFit fit;
  fit.heldOutRatios.assign(19, 1.0);
  fit.heldOutRatios.push_back(1.3); // one of twenty may lie outside
  fit.heldOutRatios.push_back(1.3);
  unit->fitted.reset();
  const CalibrationSet assumed = ownKernelCalibration(fit, {}, *unit);
  EXPECT_EQ(assumed.evidence, "simulated");
  EXPECT_NEAR(assumed.absoluteBand("all")->high, 1.5, 1e-9); // 0.3 and 0.4
  EXPECT_NEAR(assumed.absoluteBand("all")->low, 0.6, 1e-9);
  unit->fitted = simulate::FittedTiming{12, 0.1};
  EXPECT_NEAR(ownKernelCalibration(fit, {}, *unit).absoluteBand("all")->low, 0.9, 1e-9);
}

/// The price of one workgroup on every compute unit, between two depths, is the fitted loop's clocks.
TEST(OwnKernels, PriceHasTheFittedLoop) {
  Profile profile = mi300x();
  profile.memory.datasheetBandwidth = 1e3 * profile.memory.datasheetBandwidth; // nothing waits for HBM
  profile.memory.achievedReadBandwidth = 1e3 * profile.memory.achievedReadBandwidth;
  const OwnLoop loop{0.9, 0.8, 30, 50, 600, 0.2};
  llvm::erase_if(profile.calibration.sets,
                 [](const CalibrationSet &set) { return set.key.operatorKind == "gemm"; });
  CalibrationSet set;
  set.key = {"gemm", ownKernelProvider, DataType::BF16};
  set.constants = loop.constants();
  set.absoluteBands = {{"all", 0.7, 1.45, 0.9, 40}};
  profile.calibration.sets.push_back(set);
  const auto schedules = legalGemmSchedules(profile, DataType::BF16, GemmLayout::NT);
  int compared = 0;
  for (size_t i = 0; i < schedules.size(); i += 1 + schedules.size() / 100) {
    const GemmSchedule &schedule = schedules[i];
    if (streamsWeights(schedule.family) || schedule.waves() < 4)
      continue;
    CostOptions options;
    options.provider = Provider::Own;
    options.sustained = false;
    options.canEmit = [&](const GemmSchedule &other) { return other == schedule; };
    const CostModel model(profile, options);
    GemmShape shape;
    shape.m = int64_t(schedule.macroTileM) * profile.compute.computeUnits;
    shape.n = schedule.macroTileN;
    shape.k = 4096;
    const Estimate estimate = model.estimate(shape);
    EXPECT_EQ(estimate.source, EstimateSource::Simulated);
    EXPECT_NEAR(estimate.band, 0.45, 1e-9);
    double seconds = 0;
    for (const NamedSeconds &term : estimate.breakdown.terms())
      if (term.name == "mma" || term.name == "lds" || term.name == "l2" || term.name == "load latency")
        seconds = term.time.value;
    // The library's share of the matrix rate stays as a factor: it holds the clocks under load.
    OwnLoop priced = loop;
    priced.mmaEfficiency *= GemmConstants::prior(profile).mmaEfficiency;
    const double clocks = priced.clocks(loopParts(schedule, profile, DataType::BF16)) * 64;
    EXPECT_NEAR(seconds * profile.peakClock.value / clocks, 1, 1e-9) << schedule.describe();
    ++compared;
  }
  EXPECT_GT(compared, 20);
}

} // namespace
