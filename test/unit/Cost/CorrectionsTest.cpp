// Corrections learnt from measured neighbours: what they learn, where they stay silent, and what they may not
// do.
#include "codesign/Cost/Corrections.h"
#include "CostTestSupport.h"
#include "codesign/Cost/Calibrate.h"
#include "codesign/Cost/CostModel.h"
#include "codesign/Cost/Validate.h"
#include <cmath>

using namespace codesign;

namespace {

constexpr llvm::StringRef sizesMNK[] = {"m", "n", "k"};

/// Rows over a grid of sizes with a miss that the test chooses.
struct Table {
  std::vector<std::array<double, 3>> sizes;
  std::vector<MissedRow> rows;

  template <class Miss>
  explicit Table(Miss miss) {
    for (double m = 1; m <= 4096; m *= 4)
      for (double n = 256; n <= 8192; n *= 2)
        for (double k = 256; k <= 8192; k *= 2)
          sizes.push_back({m, n, k});
    for (const std::array<double, 3> &size : sizes)
      rows.push_back({size, miss(size[0], size[1], size[2])});
  }
};

CalibrationCorrections constantCorrection(double logRatio, int computeUnits) {
  CalibrationCorrections result;
  result.axes = {{"m", 0, 2}, {"n", 5, 2}, {"k", 5, 2}};
  result.logRatios.assign(8, logRatio);
  result.computeUnits = computeUnits;
  return result;
}

CostOptions inBursts(bool corrected = true) {
  CostOptions options;
  options.sustained = false;
  options.corrected = corrected;
  return options;
}

TEST(Corrections, LearnATrendAndInterpolateBetweenSizes) {
  const Table table([](double m, double, double) { return 0.02 * std::log2(m) - 0.1; });
  const Corrections learnt(fitCorrections(table.rows, sizesMNK));
  EXPECT_NEAR(std::log(learnt.factor({16.0, 1024.0, 1024.0})), -0.02, 0.01);
  EXPECT_NEAR(std::log(learnt.factor({1448.0, 3000.0, 700.0})), 0.02 * std::log2(1448) - 0.1, 0.03);
}

TEST(Corrections, OneOutlierMovesItsNeighboursLittle) {
  Table table([](double, double, double) { return 0.0; });
  table.rows[table.rows.size() / 2].logRatio = 2;
  const Corrections learnt(fitCorrections(table.rows, sizesMNK));
  for (const MissedRow &row : table.rows)
    EXPECT_NEAR(std::log(learnt.factor(row.sizes)), 0, 0.05);
}

TEST(Corrections, AreContinuousAndConstantBeyondTheGrid) {
  const Table table([](double m, double n, double k) { return 0.1 * std::sin(m + 3 * n + 7 * k); });
  const Corrections learnt(fitCorrections(table.rows, sizesMNK));
  for (double m = 1; m < 5000; m *= 1.01)
    EXPECT_NEAR(learnt.factor({m, 1000.0, 1000.0}), learnt.factor({m * 1.001, 1000.0, 1000.0}), 1e-3);
  EXPECT_EQ(learnt.factor({1e6, 512.0, 512.0}), learnt.factor({4096.0, 512.0, 512.0}));
}

TEST(Corrections, AreATermOfTheirOwnAndCanBeLeftOut) {
  Profile profile = shippedProfile("h100-sxm");
  for (CalibrationSet &set : profile.calibration.sets)
    set.corrections.reset();
  const GemmShape shape{.m = 1024, .n = 4096, .k = 4096};
  const double plain = CostModel(profile, inBursts()).time(shape).value;
  for (CalibrationSet &set : profile.calibration.sets)
    if (set.key.operatorKind == "gemm")
      set.corrections = constantCorrection(std::log(1.25), profile.compute.computeUnits);
  const Estimate estimate = CostModel(profile, inBursts()).estimate(shape);
  EXPECT_NEAR(estimate.time().value, 1.25 * plain, 1e-12);
  EXPECT_NEAR(termOf(estimate.breakdown, "measured neighbours"), 0.25 * plain, 1e-12);
  EXPECT_NEAR(CostModel(profile, inBursts()).time(shape).value, estimate.time().value, 1e-15);
  EXPECT_EQ(CostModel(profile, inBursts(/*corrected=*/false)).time(shape).value, plain);
  // Not where products of a batch run, which no table has, nor on a device with another number of units.
  const GemmShape batched{.m = 1024, .n = 4096, .k = 4096, .batch = 8};
  EXPECT_EQ(termOf(CostModel(profile, {}).estimate(batched).breakdown, "measured neighbours"), 0);
  profile.compute.computeUnits = 114;
  EXPECT_EQ(termOf(CostModel(profile, {}).estimate(shape).breakdown, "measured neighbours"), 0);
}

TEST(Corrections, PushNoProductPastTheSustainedRate) {
  Profile profile = shippedProfile("h100-sxm");
  for (CalibrationSet &set : profile.calibration.sets)
    set.corrections = constantCorrection(std::log(0.5), profile.compute.computeUnits);
  const CostModel model(profile, {});
  for (int64_t m : {16, 512, 8192}) {
    const Estimate estimate = model.estimate(GemmShape{.m = m, .n = 8192, .k = 8192});
    EXPECT_GE(estimate.time().value * (1 + 1e-9),
              (estimate.flops / profile.achievableMatrixFor(DataType::BF16)).value);
    EXPECT_GE(estimate.time().value, 8192.0 * 8192 * 2 / profile.memory.datasheetBandwidth.value);
  }
}

TEST(Corrections, CalibrateKeepsThemOnlyIfRowsItDidNotSeeGain) {
  const Profile profile = shippedProfile("h100-sxm");
  const MeasurementTable table =
      llvm::cantFail(readMeasurements(CODESIGN_SOURCE_DIR "/test/unit/Cost/Inputs/gemm_h100-sxm.csv"));
  CalibrateOptions options;
  options.fit.evaluations = 60;
  options.fit.maxRows = 60;
  for (const FittedSet &fitted : llvm::cantFail(calibrate(profile, table, options))) {
    if (!fitted.set.corrections)
      continue;
    EXPECT_LT(fitted.set.corrections->meanAbsolutePercentageError, fitted.set.meanAbsolutePercentageError);
    EXPECT_NEAR(fitted.set.corrections->meanAbsolutePercentageError, 100 * fitted.heldOut.mean, 0.01);
    EXPECT_EQ(fitted.set.corrections->computeUnits, profile.compute.computeUnits);
  }
}

} // namespace
