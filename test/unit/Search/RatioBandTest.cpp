#include "BruteForce.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Search/PlanBuilder.h"
#include <cmath>
#include <gtest/gtest.h>
#include <map>

using namespace codesign;
using namespace codesign::testing;

namespace {

class RatioBand : public ::testing::Test {
protected:
  Profile profile =
      llvm::cantFail(loadProfile(CODESIGN_SOURCE_DIR "/test/Inputs/hwprofiles/frozen-gfx942.yaml", {}));
  Space space;

  RatioBand() {
    space.base = denseModel(4096, 4, 128, 32, 8, 14336, 128256);
    space.workloads = {{decodeWorkload(64, 8192), {}}};
  }

  /// Only products are calibrated.
  void calibrate(std::vector<ErrorBand> ratioBands) {
    CalibrationSet set;
    set.key = {"gemm", "hipblaslt", DataType::BF16};
    set.evidence = "measured";
    set.absoluteBands = {{"all", 0.9, 1.1, 0.8, 1000}};
    set.ratioBands = std::move(ratioBands);
    profile.calibration.sets = {set};
  }

  Providers providers() const {
    return Providers(profile, {}, [](const GemmSchedule &) { return false; });
  }

  Variant moved(Dimension dimension, int64_t value) const {
    Variant variant = baseVariant(space);
    variant.dimensions[dimension] = value;
    return variant;
  }

  /// Shares of a step's time by operator, of the only workload.
  std::map<std::string, double> shares(const Variant &variant, const Providers &providers) const {
    std::map<std::string, double> seconds;
    double total = 0;
    for (const PlacedOperator &placed :
         operatorsOf(modelOf(space, variant), workloadsOf(space, variant)[0])) {
      const double time = providers.library().time(placed.op.shape).value * double(placed.count);
      seconds[placed.op.name] += time;
      total += time;
    }
    for (auto &entry : seconds)
      entry.second /= total;
    return seconds;
  }
};

TEST_F(RatioBand, WeighsTheBandOfEachOperatorsOwnChange) {
  calibrate({{"all", 0.5, 1.5, 0.8, 1000},
             {"n, aligned", 0.98, 1.02, 0.8, 1000},
             {"n, unaligned", 0.9, 1.08, 0.8, 1000},
             {"k, aligned", 0.97, 1.02, 0.8, 1000},
             {"k, unaligned", 0.96, 1.01, 0.8, 1000}});
  const Providers both = providers();
  const Variant base = baseVariant(space);
  EXPECT_EQ(ratioBandOf(space, base, base, both), 0);
  // 14,848 is 116 tiles of 128, and of 14,432 neither that nor its double is a multiple: gate and up move n,
  // down moves k, the activation, which has no calibration, its elements; attention and the head stay.
  for (auto [width, n, k] :
       {std::tuple(int64_t(14848), 0.02, 0.03), std::tuple(int64_t(14432), 0.10, 0.04)}) {
    const Variant to = moved(Dimension::IntermediateSize, width);
    std::map<std::string, double> share = shares(to, both);
    ASSERT_TRUE(share.count("gate_up_proj") && share.count("down_proj") && share.count("swiglu"));
    EXPECT_NEAR(ratioBandOf(space, base, to, both),
                std::hypot(share["gate_up_proj"] * n + share["down_proj"] * k, share["swiglu"] * 0.10),
                1e-12);
  }
}

TEST_F(RatioBand, ADifferenceWithinItIsNotClaimed) {
  space.workloads = {{trainWorkload(1, 4096), {}}};
  const Variant narrower = moved(Dimension::IntermediateSize, 13824);
  const auto verdict = [&] {
    const Providers both = providers();
    SearchResult result;
    result.reference = referenceOf(space, baseVariant(space), both);
    RankedVariant ranked;
    ranked.variant = narrower;
    ranked.objective = objectiveOf(space, narrower, both, result.reference);
    result.best = {ranked};
    return buildPlan(space, result, both).best.front();
  };
  calibrate({{"all", 0.999, 1.001, 0.8, 1000}});
  const PlanVariant sure = verdict();
  EXPECT_GT(sure.speedup, 1.01);
  EXPECT_EQ(sure.verdict, "faster");
  // The same speed-up with steps along n and k that miss by more than it.
  calibrate({{"all", 0.999, 1.001, 0.8, 1000},
             {"n, aligned", 0.9, 1.1, 0.8, 1000},
             {"k, aligned", 0.9, 1.1, 0.8, 1000}});
  const PlanVariant unsure = verdict();
  EXPECT_EQ(unsure.speedup, sure.speedup);
  EXPECT_GT(unsure.speedupBand, unsure.speedup - 1);
  EXPECT_EQ(unsure.verdict, "within band");
}

} // namespace
