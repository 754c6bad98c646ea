#include "BruteForce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace codesign;
using namespace codesign::testing;
using ::testing::HasSubstr;

namespace {

Space llama3Space() {
  Space space;
  space.base = denseModel(4096, 32, 128, 32, 8, 14336, 128256);
  space.workloads = {{trainWorkload(4, 4096), {}}};
  space.domain(Dimension::NumHiddenLayers) = StepDomain{28, 36, 1};
  return space;
}

std::string infeasibleText(const Space &space) {
  llvm::Expected<SearchResult> result = search(space, RandomPricer(1));
  if (result)
    return "feasible";
  std::string text;
  llvm::handleAllErrors(result.takeError(), [&](const CodedError &error) {
    EXPECT_EQ(error.exitCode(), ExitCode::Infeasible);
    text = error.message();
  });
  return text;
}

TEST(Infeasible, NamesTheBudgetAndTheNearestParameterCount) {
  Space space = llama3Space();
  space.budget.parameters = budgetRange(5e9, 0.02);
  std::string text = infeasibleText(space);
  EXPECT_THAT(text, HasSubstr("'params_budget'"));
  EXPECT_THAT(text, HasSubstr("from 4,900,000,000 to 5,100,000,000"));
  // 28 layers are the fewest: 8,030,261,248 − 4 · 218,112,000.
  EXPECT_THAT(text, HasSubstr("7,157,813,248"));
  EXPECT_THAT(text, HasSubstr("the last 9 of 9 variants"));
}

TEST(Infeasible, GivesValuesOnBothSides) {
  Space space = llama3Space();
  space.budget.parameters = Range{8.1e9, 8.2e9};
  EXPECT_THAT(infeasibleText(space), HasSubstr("8,030,261,248 and 8,248,373,248"));
}

TEST(Infeasible, NamesAGuardRail) {
  Space space = llama3Space();
  space.hasBase = false;
  space.domain(Dimension::NumHiddenLayers) = StepDomain{8, 16, 4};
  std::string text = infeasibleText(space);
  EXPECT_THAT(text, HasSubstr("'depth_width_band'"));
  EXPECT_THAT(text, HasSubstr("from 64 to 160"));
  EXPECT_THAT(text, HasSubstr("256"));
}

TEST(Infeasible, NamesMemory) {
  Space space = llama3Space();
  space.budget.memoryBytes = budgetRange(80e9, std::nullopt);
  std::string text = infeasibleText(space);
  EXPECT_THAT(text, HasSubstr("'memory_budget'"));
  EXPECT_THAT(text, HasSubstr("at most 80,000,000,000"));
}

TEST(Infeasible, SaysWhyASplitIsImpossible) {
  Space space = llama3Space();
  space.workloads[0].parallelisms = {{3, 1, 1}};
  std::string text = infeasibleText(space);
  EXPECT_THAT(text, HasSubstr("'divisible'"));
  EXPECT_THAT(text, HasSubstr("num_attention_heads 32 is not a multiple of tp 3"));
}

TEST(Infeasible, NamesWhatRemovedMostBesides) {
  Space space = llama3Space();
  space.domain(Dimension::HeadDim) = StepDomain{16, 112, 16}; // all but 64 and 128 are refused
  space.domain(Dimension::NumKeyValueHeads) = ListDomain{{8}};
  space.budget.parameters = budgetRange(5e9, 0.02);
  EXPECT_THAT(infeasibleText(space), HasSubstr("note: 'head_dim_menu'"));
}

} // namespace
