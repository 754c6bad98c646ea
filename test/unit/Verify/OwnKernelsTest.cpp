// The main loop fitted to kernels whose times are known, and what the price makes of it.
#include "codesign/Cost/CostModel.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Simulate/TimingFit.h"
#include "codesign/Verify/OwnStreams.h"
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
  const std::map<std::string, OwnLoop> otherLoops = {{"gemm_direct", {0.85, 0.7, 30, 20, 300, 0.1}},
                                                     {"gemm_ping_pong", {0.98, 0.8, 30, 40, 100, 0}},
                                                     {"gemm_direct_ping_pong", {0.97, 0.8, 30, 30, 50, 0}},
                                                     {"gemm_interleaved", {0.92, 0.8, 30, 60, 200, 0.4}},
                                                     {"gemm_nn", {0.8, 0.75, 30, 70, 500, 0.3}},
                                                     {"gemm_tn", {0.75, 0.7, 30, 90, 550, 0.35}}};
  llvm::erase_if(profile.calibration.sets, [](const CalibrationSet &set) {
    return set.key.provider == ownKernelProvider || set.key.operatorKind == "gemm";
  });
  CalibrationSet set;
  set.key = {"gemm", ownKernelProvider, DataType::BF16};
  set.constants = loop.constants();
  set.absoluteBands = {{"all", 0.7, 1.45, 0.9, 40}};
  profile.calibration.sets.push_back(set);
  for (const auto &[kind, other] : otherLoops) {
    set.key.operatorKind = kind;
    set.constants = other.constants();
    profile.calibration.sets.push_back(set);
  }
  std::vector<std::pair<GemmSchedule, Pass>> schedules;
  for (const Pass pass : {Pass::Forward, Pass::DataGradient, Pass::WeightGradient})
    for (const GemmSchedule &schedule : legalGemmSchedules(profile, DataType::BF16, layoutOf(pass)))
      schedules.push_back({schedule, pass});
  std::map<Pass, int> compared;
  for (size_t i = 0; i < schedules.size(); i += 1 + schedules.size() / 150) {
    const auto &[schedule, pass] = schedules[i];
    if (streamsWeights(schedule.family) || schedule.waves() < 4)
      continue;
    CostOptions options;
    options.provider = Provider::Own;
    options.sustained = false;
    options.canEmit = [&only = schedule](const GemmSchedule &other) { return other == only; };
    const CostModel model(profile, options);
    GemmShape shape;
    shape.m = int64_t(schedule.macroTileM) * profile.compute.computeUnits;
    shape.n = schedule.macroTileN;
    shape.k = 4096;
    shape.pass = pass;
    const Estimate estimate = model.estimate(shape);
    EXPECT_EQ(estimate.source, EstimateSource::Simulated);
    EXPECT_NEAR(estimate.band, 0.45, 1e-9);
    double seconds = 0;
    for (const NamedSeconds &term : estimate.breakdown.terms())
      if (term.name == "mma" || term.name == "lds" || term.name == "l2" || term.name == "load latency")
        seconds = term.time.value;
    // The library's share of the matrix rate stays as a factor: it holds the clocks under load.
    const LoopForm form = LoopForm::of(schedule);
    OwnLoop priced = form == LoopForm() ? loop : otherLoops.at(ownKernelKind("gemm", form));
    priced.mmaEfficiency *= GemmConstants::prior(profile).mmaEfficiency;
    const double clocks = priced.clocks(loopParts(schedule, profile, DataType::BF16)) * 64;
    EXPECT_NEAR(seconds * profile.peakClock.value / clocks, 1, 1e-9) << schedule.describe();
    ++compared[pass];
  }
  EXPECT_GT(compared[Pass::Forward], 20);
  EXPECT_GT(compared[Pass::DataGradient], 5);
  EXPECT_GT(compared[Pass::WeightGradient], 5);
}

/// With a block of 128 of k come the scales of its rows side by side, 32 of them in a line of 128 bytes.
TEST(OwnKernels, ScalesOfRowsAreBroughtInLines) {
  const Profile profile = mi300x();
  for (const bool blockScaled : {false, true})
    for (const GemmSchedule &schedule :
         legalGemmSchedules(profile, DataType::F8E4M3FNUZ, GemmLayout::NT, blockScaled))
      if (!streamsWeights(schedule.family)) {
        const double scales = blockScaled ? 0.5 * 128 * ((schedule.macroTileM + 31) / 32) : 0;
        EXPECT_NEAR(loopParts(schedule, profile, DataType::F8E4M3FNUZ).memory,
                    64.0 * (schedule.macroTileM + schedule.macroTileN) + scales, 1e-6)
            << schedule.describe();
      }
}

/// Kernels of several tiles, run alone, together, and while HBM is shared, timed by `stream` itself.
std::vector<SimulatedStream> timedBy(const OwnStream &stream) {
  std::vector<SimulatedStream> list;
  for (double m : {16, 32, 48, 64})
    for (double n : {16, 32, 64}) {
      SimulatedStream timed;
      timed.parts = {m * n / 16, (m + n) * 128, n * 128, n < 32 ? 0.25 : 0.125, n > 32 ? 1.0 : 2.0};
      for (const auto &[residents, rate] : {std::pair(1.0, 40.0), std::pair(timed.parts.residents, 40.0),
                                            std::pair(timed.parts.residents, 7.0)})
        timed.runs.push_back({residents, rate, stream.clocks(timed.parts, residents, rate)});
      list.push_back(timed);
    }
  return list;
}

TEST(OwnStreams, ATurnWaitsOrTheUnitIsBusy) {
  // 16 x 32 in bf16: 48 rows of 128 bytes, 32 of them weights; two turns in 64 of k.
  const StreamParts parts{32, 48 * 128, 32 * 128, 2, 4};
  const OwnStream stream{0.5, 24, 300, 10};
  EXPECT_EQ(stream.shared(parts), 48 * 128 / 24 + 10); // beside 64 clocks of the matrix cores
  EXPECT_EQ(stream.alone(parts), 2 * 300 + 10);
  EXPECT_EQ(stream.clocks(parts, 1, 40), 610);
  EXPECT_EQ(stream.clocks(parts, 2, 40), 305);
  EXPECT_EQ(stream.clocks(parts, 4, 40), 266);
  EXPECT_EQ(stream.clocks(parts, 4, 8), 32 * 128 / 8);
}

TEST(OwnStreams, FitFindsTheLoopThatTimedThem) {
  const OwnStream truth{0.9, 26, 1800, 12};
  const OwnStreamFit fit = fitOwnStreams(timedBy(truth));
  EXPECT_LT(fit.error, 0.02);
  EXPECT_NEAR(fit.stream.bytesPerClock, 26, 1.5);
  EXPECT_NEAR(fit.stream.turnLatency, 1800, 60);
  EXPECT_EQ(fit.heldOutRatios.size(), 36u);
}

/// What 64 of k cost in a plan, on a device of many compute units and one kernel.
TEST(OwnStreams, PriceHasTheFittedLoop) {
  Profile profile = mi300x();
  llvm::erase_if(profile.calibration.sets,
                 [](const CalibrationSet &set) { return set.key.operatorKind.starts_with("gemm"); });
  const OwnStream stream{0.9, 20, 2500, 15};
  CalibrationSet set;
  set.key = {ownStreamKind, ownKernelProvider, DataType::BF16};
  set.constants = stream.constants();
  set.absoluteBands = {{"all", 0.7, 1.45, 0.9, 40}};
  profile.calibration.sets.push_back(set);
  const auto schedules = legalGemmSchedules(profile, DataType::BF16, GemmLayout::NT);
  const double clock = profile.peakClock.value, unitRate = profile.memory.achievedReadBandwidth.value;
  int compared = 0;
  for (size_t i = 0; i < schedules.size(); ++i) {
    const GemmSchedule &schedule = schedules[i];
    if (!streamsWeights(schedule.family) || schedule.waves() < 4 || i % 7 != 0)
      continue;
    CostOptions options;
    options.provider = Provider::Own;
    options.sustained = false;
    options.canEmit = [&](const GemmSchedule &other) { return other == schedule; };
    const CostModel model(profile, options);
    const StreamParts parts = streamParts(schedule, profile, DataType::BF16);
    const auto secondsOf = [&](int64_t workgroups, int64_t k) {
      GemmShape shape;
      shape.m = schedule.macroTileM;
      shape.n = schedule.macroTileN * workgroups;
      shape.k = k;
      const Estimate estimate = model.estimate(shape);
      EXPECT_EQ(estimate.source, EstimateSource::Simulated);
      EXPECT_NEAR(estimate.band, 0.45, 1e-9);
      // Whatever the loop waits for, it is not faster than its bytes.
      EXPECT_GE(estimate.time().value, estimate.bytes.value / profile.memory.datasheetBandwidth.value);
      return estimate.time().value;
    };
    // Depths that no split divides: the difference of two is the loop.
    const int64_t k1 = 64 * 1009, k2 = 64 * 2003;
    const double few = (secondsOf(8, k2) - secondsOf(8, k1)) * clock / double(k2 - k1) * 64;
    // Power and the ramp of HBM's traffic add a little.
    EXPECT_GE(few / stream.alone(parts), 1) << schedule.describe();
    EXPECT_LE(few / stream.alone(parts), 1.06) << schedule.describe();
    const auto all = int64_t(profile.compute.computeUnits * parts.residents);
    const double many = (secondsOf(all, k2) - secondsOf(all, k1)) * clock / double(k2 - k1) * 64;
    const double bytes = double(all) * schedule.macroTileN * 2 * 64 / unitRate * clock;
    EXPECT_GE(many,
              std::max(parts.residents * stream.clocks(parts, parts.residents, 1e9), 0.9 * bytes) * 0.99)
        << schedule.describe();
    ++compared;
  }
  EXPECT_GT(compared, 5);
}

} // namespace
