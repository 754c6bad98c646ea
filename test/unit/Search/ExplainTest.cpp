#include "codesign/Search/Explain.h"

#include "BruteForce.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>

using namespace codesign;
using namespace codesign::testing;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

namespace {

struct Explained {
  Space space;
  Variant to;
  std::vector<PlanReason> reasons;
  double saved = 0;

  explicit Explained(std::initializer_list<std::pair<Dimension, int64_t>> changes) {
    space.base = denseModel(512, 8, 64, 8, 4, 1024, 1000);
    space.workloads = {{trainWorkload(2, 256, 0.5), {}}, {decodeWorkload(16, 512, 1.5), {}}};
    RandomPricer pricer(7, 1000);
    std::vector<double> reference;
    for (const WorkloadChoice &choice : space.workloads)
      reference.push_back(
          costPerToken(stepCost(space.base, choice.workload, pricer), choice.workload, space.objective));
    to = baseVariant(space);
    for (auto [dimension, value] : changes)
      to.dimensions[dimension] = value;
    reasons = explainDifference(space, baseVariant(space), to, reference, pricer);
    saved = 1;
    for (size_t w = 0; w < 2; ++w)
      saved -= space.workloads[w].workload.weight / 2 *
               costPerToken(stepCost(modelOf(space, to), space.workloads[w].workload, pricer),
                            space.workloads[w].workload, space.objective) /
               reference[w];
  }

  double sum() const {
    return std::accumulate(reasons.begin(), reasons.end(), 0.0,
                           [](double total, const PlanReason &reason) { return total + reason.shareSaved; });
  }
  std::vector<std::vector<std::string>> dimensions() const {
    std::vector<std::vector<std::string>> result;
    for (const PlanReason &reason : reasons)
      result.push_back(reason.dimensions);
    return result;
  }
};

TEST(Explain, SharesSumToTheWholeDifference) {
  Explained e(
      {{Dimension::HiddenSize, 640}, {Dimension::NumHiddenLayers, 6}, {Dimension::IntermediateSize, 1280}});
  EXPECT_EQ(e.reasons.size(), 3u);
  EXPECT_NEAR(e.sum(), e.saved, 1e-12);
  for (size_t i = 1; i < e.reasons.size(); ++i)
    EXPECT_GE(std::abs(e.reasons[i - 1].shareSaved), std::abs(e.reasons[i].shareSaved));
}

TEST(Explain, ImpossibleMixturesAreOneReason) {
  // 12 heads need 3 or 4 or 6 key-value heads; 8 heads with 3 do not exist.
  Explained e({{Dimension::NumAttentionHeads, 12},
               {Dimension::NumKeyValueHeads, 3},
               {Dimension::NumHiddenLayers, 6}});
  EXPECT_THAT(e.dimensions(), UnorderedElementsAre(ElementsAre("num_attention_heads", "num_key_value_heads"),
                                                   ElementsAre("num_hidden_layers")));
  EXPECT_NEAR(e.sum(), e.saved, 1e-12);
}

TEST(Explain, ListsTheOperatorsThatAChangeTouches) {
  Explained e({{Dimension::IntermediateSize, 1280}});
  ASSERT_EQ(e.reasons.size(), 1u);
  const PlanReason &reason = e.reasons.front();
  EXPECT_THAT(reason.from, ElementsAre(1024));
  EXPECT_THAT(reason.to, ElementsAre(1280));
  EXPECT_FALSE(reason.text.empty());
  ASSERT_FALSE(reason.operators.empty());
  for (const PlanOperatorDelta &delta : reason.operators) {
    EXPECT_EQ(delta.block, "mlp");
    EXPECT_NE(delta.fromShape, delta.toShape);
  }
}

TEST(Explain, NoChangeNoReason) {
  EXPECT_TRUE(Explained({}).reasons.empty());
}

} // namespace
