#include "BruteForce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace codesign;
using namespace codesign::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

Space smallSpace() {
  Space space;
  space.base = denseModel(256, 4, 64, 4, 2, 704, 1000);
  space.workloads = {{trainWorkload(1, 128), {}}};
  return space;
}

std::string errorOf(const Space &space) {
  llvm::Expected<SearchResult> result = search(space, RandomPricer(1));
  if (result)
    return "no error";
  std::string text;
  llvm::handleAllErrors(result.takeError(), [&](const CodedError &error) {
    EXPECT_EQ(error.exitCode(), ExitCode::BadInput);
    text = error.message();
  });
  return text;
}

TEST(Space, DomainsListTheirValues) {
  EXPECT_THAT(valuesOf(ListDomain{{128, 64, 128}}, 0), ElementsAre(64, 128));
  EXPECT_THAT(valuesOf(StepDomain{10, 20, 4}, 0), ElementsAre(10, 14, 18));
  EXPECT_THAT(valuesOf(RatioDomain{2.5, 3.0, 64}, 512), ElementsAre(1280, 1344, 1408, 1472, 1536));
  EXPECT_THAT(valuesOf(RatioDomain{2.6, 2.7, 64}, 256), ElementsAre());
}

TEST(Space, BudgetsAreTwoSidedWithATolerance) {
  EXPECT_EQ(budgetRange(100, 0.25), (Range{75, 125}));
  EXPECT_FALSE(budgetRange(100, std::nullopt).contains(101));
  EXPECT_TRUE(budgetRange(100, std::nullopt).contains(1));
}

TEST(Space, RejectsBadQuestions) {
  Space space = smallSpace();
  space.guardRails = {{"depth_with_band", {}, {}, true}};
  EXPECT_THAT(errorOf(space), HasSubstr("did you mean 'depth_width_band'?"));

  space = smallSpace();
  space.domain(Dimension::NumExperts) = ListDomain{{8}};
  EXPECT_THAT(errorOf(space), HasSubstr("the model has no num_experts"));

  space = smallSpace();
  space.domain(Dimension::HiddenSize) = StepDomain{512, 256, 64};
  EXPECT_THAT(errorOf(space), HasSubstr("is empty"));

  space = smallSpace();
  space.workloads.clear();
  EXPECT_THAT(errorOf(space), HasSubstr("at least one workload"));

  space = smallSpace();
  space.domain(Dimension::NumAttentionHeads) = StepDomain{1, 4000, 1};
  space.domain(Dimension::NumKeyValueHeads) = StepDomain{1, 4000, 1};
  EXPECT_THAT(errorOf(space), HasSubstr("use larger steps"));

  space = smallSpace();
  space.workloads[0].workload.parallelism.tensor = 3;
  EXPECT_NE(errorOf(space), "no error");
}

TEST(Space, ResultsAreTheSameEveryTime) {
  Space space = smallSpace();
  space.domain(Dimension::NumHiddenLayers) = StepDomain{2, 8, 1};
  space.domain(Dimension::IntermediateSize) = StepDomain{512, 1024, 32};
  space.guardRails = {{"depth_width_band", {}, {}, true}};
  llvm::Expected<SearchResult> first = search(space, RandomPricer(5, 2)),
                               second = search(space, RandomPricer(5, 2));
  ASSERT_TRUE(bool(first) && bool(second));
  for (size_t i = 0; i < first->best.size(); ++i)
    EXPECT_TRUE(first->best[i].variant == second->best[i].variant);
}

} // namespace
