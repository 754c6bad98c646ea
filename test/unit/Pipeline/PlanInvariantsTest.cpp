// What must hold for every plan on every shipped device, whatever the calibration says.
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Pipeline/Pipeline.h"
#include "codesign/Search/Constraints.h"
#include "codesign/Spec/HuggingFace.h"

#include "llvm/ADT/STLExtras.h"
#include <gtest/gtest.h>

using namespace codesign;

namespace {

constexpr const char *models[] = {
    "llama-3-8b/config.json", "llama-2-7b/config.json",    "llama-3-70b/config.json",
    "mistral-7b/config.json", "mixtral-8x7b/config.json",  "qwen2-7b/config.json",
    "qwen3-8b/config.json",   "qwen3-30b-a3b/config.json", "gpt2/config.json",
    "llama-3-8b/model.yaml",  "qwen3-30b-a3b/model.yaml"};

std::vector<std::string> deviceNames() {
  return listProfiles({std::string(CODESIGN_SOURCE_DIR) + "/hwprofiles"});
}

class PlanInvariants : public testing::TestWithParam<std::string> {};

void checkOperators(const PlanWorkloadResult &result) {
  double seconds = 0;
  for (const PlanOperator &op : result.operators) {
    seconds += op.seconds;
    double terms = 0;
    for (const PlanTerm &term : op.terms) {
      if (term.name != "measured neighbours") { // a correction, which can go either way
        EXPECT_GE(term.seconds, 0) << op.name << " " << term.name;
      }
      terms += term.seconds;
    }
    EXPECT_NEAR(terms, op.secondsEach, 1e-9 * op.secondsEach) << op.block << "/" << op.name;
    EXPECT_GT(op.secondsEach, 0) << op.block << "/" << op.name;
    EXPECT_FALSE(op.limiter.empty());
    EXPECT_TRUE(
        llvm::is_contained({"measured", "calibrated", "simulated", "datasheet", "formula"}, op.source));
  }
  EXPECT_NEAR(seconds, result.secondsPerStep, 1e-9 * seconds);
}

int64_t valueOf(const PlanVariant &variant, llvm::StringRef name) {
  for (const PlanDimension &dimension : variant.dimensions)
    if (dimension.name == name)
      return dimension.value;
  return 0;
}

TEST_P(PlanInvariants, HoldForEveryExample) {
  llvm::Expected<Profile> profile =
      loadProfile(GetParam(), {std::string(CODESIGN_SOURCE_DIR) + "/hwprofiles"});
  ASSERT_TRUE(bool(profile)) << llvm::toString(profile.takeError());
  for (const char *model : models) {
    SCOPED_TRACE(model);
    auto request = loadPlanRequest(std::string(CODESIGN_SOURCE_DIR) + "/examples/" + model);
    ASSERT_TRUE(bool(request)) << llvm::toString(request.takeError());
    auto planned = planModel(*request, *profile, {});
    ASSERT_TRUE(bool(planned)) << llvm::toString(planned.takeError());
    const Plan &plan = planned->plan;
    const Budget &budget = planned->space.budget;

    // Never slower than the base, where the base itself satisfies the budget.
    const bool baseFits =
        (!budget.parameters || budget.parameters->contains(plan.base.totalParameters)) &&
        (!budget.activeParameters || budget.activeParameters->contains(plan.base.activeParameters));
    if (baseFits) {
      EXPECT_LE(plan.chosen().objective, plan.base.objective * (1 + 1e-12));
    }
    EXPECT_NEAR(plan.base.objective, 1, 1e-12);
    for (const PlanVariant &variant : plan.best) {
      if (budget.parameters) {
        EXPECT_TRUE(budget.parameters->contains(double(variant.totalParameters)));
      }
      if (budget.activeParameters) {
        EXPECT_TRUE(budget.activeParameters->contains(double(variant.activeParameters)));
      }
      // Guard-rails against degenerate shapes.
      EXPECT_GE(valueOf(variant, "num_key_value_heads"),
                std::min<int64_t>(4, valueOf(plan.base, "num_key_value_heads")));
      const int64_t heads = valueOf(variant, "num_attention_heads");
      EXPECT_EQ(heads % valueOf(variant, "num_key_value_heads"), 0);
      EXPECT_GE(valueOf(variant, "vocab_size"), valueOf(plan.base, "vocab_size"));
      for (const PlanWorkloadResult &result : variant.workloads) {
        checkOperators(result);
        EXPECT_LE(result.achievableCeilingShare, 1.0) << result.workload;
        EXPECT_GT(result.tokensPerJoule, 0);
      }
      EXPECT_EQ(variant.quality, "not modelled");
    }
    for (const PlanWorkloadResult &result : plan.base.workloads)
      checkOperators(result);

    // The certificate accounts for every variant.
    int64_t left = plan.certificate.variants;
    for (const PlanConstraint &constraint : plan.certificate.constraints) {
      EXPECT_EQ(constraint.entered, left) << constraint.name;
      left -= constraint.removed;
    }
    EXPECT_EQ(left, plan.certificate.legal);
    EXPECT_NEAR(plan.certificate.gap, 0, 1e-12);

    // Reasons divide the whole difference, and each names operators with numbers.
    double saved = 0;
    for (const PlanReason &reason : plan.chosen().reasons) {
      saved += reason.shareSaved;
      EXPECT_FALSE(reason.text.empty());
      // The operator that changes most is in the text; a number of layers changes all alike.
      const bool layersOnly = reason.dimensions == std::vector<std::string>{"num_hidden_layers"};
      if (!layersOnly && !reason.operators.empty()) {
        const PlanOperatorDelta &largest = reason.operators.front();
        EXPECT_NE(reason.text.find(largest.workload + " " + largest.block + "/" + largest.name),
                  std::string::npos)
            << reason.text;
      }
    }
    if (!(plan.chosen().dimensions == plan.base.dimensions)) {
      EXPECT_NEAR(saved, plan.base.objective - plan.chosen().objective, 1e-9);
    }

    // Every constraint of the space holds for the chosen shape.
    for (const Constraint &constraint : constraintsOf(planned->space))
      EXPECT_TRUE(satisfies(planned->space, constraint, planned->chosen)) << constraint.name;

    // The family's configuration can hold the chosen shape.
    std::string config;
    llvm::raw_string_ostream stream(config);
    writeHuggingFaceConfig(modelOf(planned->space, planned->chosen), request->model.source, stream);
    auto again = readHuggingFaceConfig(std::make_shared<const SourceFile>(SourceFile{"config.json", config}));
    ASSERT_TRUE(bool(again)) << llvm::toString(again.takeError());
    EXPECT_EQ(countParameters(again->model).total, plan.chosen().totalParameters);

    // A range of few rows is not served by a slower kernel than a range of more.
    for (const PlanKernel &kernel : plan.kernels)
      for (size_t i = 1; i < kernel.ranges.size(); ++i) {
        EXPECT_EQ(kernel.ranges[i].minM, kernel.ranges[i - 1].maxM + 1) << kernel.name;
        EXPECT_LT(kernel.ranges[i - 1].expectedSeconds, kernel.ranges[i].expectedSeconds) << kernel.name;
      }
    // Nothing is faster than what was chosen, and what comes second is something else. A router may be left
    // one tile.
    for (const PlanKernel &kernel : plan.kernels)
      for (const PlanKernelRange &range : kernel.ranges) {
        ASSERT_TRUE(range.runnerUp || kernel.name == "router") << kernel.name;
        if (!range.runnerUp)
          continue;
        EXPECT_GE(range.runnerUpExcess(), 0) << kernel.name;
        EXPECT_NE(range.runnerUp->scheduleText, range.scheduleText) << kernel.name;
        EXPECT_EQ(range.isUnsure(), range.runnerUpExcess() < range.runnerUp->ratioBand) << kernel.name;
        EXPECT_GE(range.runnerUp->ratioBand, range.expectedBand) << kernel.name;
      }
    // A device without a kernel family says so and emits nothing.
    EXPECT_EQ(plan.kernels.empty(), profile->kernelFamilies.empty());
    if (plan.kernels.empty()) {
      EXPECT_TRUE(llvm::any_of(plan.warnings, [](const std::string &warning) {
        return llvm::StringRef(warning).contains("no kernels of its own");
      }));
    }
  }
}

/// Matrix work per token of the base under one split of its only workload.
double flopPerToken(const Profile &profile, const std::string &split) {
  const std::string text =
      "base: qwen3-30b-a3b/config.json\nworkloads: [{phase: train, seq_len: 4096, micro_batch: 1" + split +
      "}]\n";
  auto request = readPlanRequest(std::make_shared<const SourceFile>(
      SourceFile{std::string(CODESIGN_SOURCE_DIR) + "/examples/split.yaml", text}));
  EXPECT_TRUE(bool(request)) << llvm::toString(request.takeError());
  auto priced = priceModel(*request, profile, {});
  EXPECT_TRUE(bool(priced)) << llvm::toString(priced.takeError());
  const PlanWorkloadResult &result = priced->plan.base.workloads.front();
  const int64_t gpus = std::max(result.tensorParallel, result.expertParallel) * result.pipelineParallel;
  return result.flopPerStep * double(gpus) / double(result.tokensPerStep);
}

TEST(Splits, DoNotChangeTheWorkOfAToken) {
  llvm::Expected<Profile> profile =
      loadProfile("h100-sxm", {std::string(CODESIGN_SOURCE_DIR) + "/hwprofiles"});
  ASSERT_TRUE(bool(profile)) << llvm::toString(profile.takeError());
  const double alone = flopPerToken(*profile, "");
  EXPECT_GT(alone, 1e9);
  for (const char *split : {", ep: 8", ", pp: 4", ", pp: 7", ", ep: 4, pp: 3"})
    EXPECT_NEAR(flopPerToken(*profile, split), alone, 1e-9 * alone) << split;
  // Every tensor rank runs the router, which is no more than a hundredth.
  for (const char *split : {", tp: 4", ", tp: 2, ep: 8", ", tp: 4, ep: 2, pp: 3"}) {
    EXPECT_GT(flopPerToken(*profile, split), alone) << split;
    EXPECT_LT(flopPerToken(*profile, split), 1.01 * alone) << split;
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, PlanInvariants, testing::ValuesIn(deviceNames()), [](const auto &info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

} // namespace
