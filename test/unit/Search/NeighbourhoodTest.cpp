#include "BruteForce.h"

#include "llvm/ADT/STLExtras.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace codesign;
using namespace codesign::testing;

namespace {

class Neighbourhood : public ::testing::TestWithParam<ModelSpec> {};

TEST_P(Neighbourhood, ContainsTheBaseAndMore) {
  Space space;
  space.base = GetParam();
  space.workloads = {{trainWorkload(4, 4096, 0.7), {}}, {decodeWorkload(64, 8192, 0.3), {}}};
  space = defaultNeighbourhood(space);
  Variant base = baseVariant(space);
  for (Dimension dimension : allDimensions())
    if (const auto &domain = space.domain(dimension)) {
      EXPECT_TRUE(llvm::is_contained(valuesOf(*domain, base.dimensions[Dimension::HiddenSize]),
                                     base.dimensions[dimension]))
          << toString(dimension).str();
    }
  for (const Constraint &constraint : constraintsOf(space))
    EXPECT_TRUE(satisfies(space, constraint, base)) << constraint.name;

  llvm::Expected<SearchResult> result = search(space, RandomPricer(3, 100));
  ASSERT_TRUE(bool(result)) << llvm::toString(result.takeError());
  EXPECT_GE(result->certificate.legal, 10);
  EXPECT_LE(result->best.front().objective, 1 + 1e-12) << "slower than the base";
  for (const RankedVariant &variant : result->best)
    for (const Constraint &constraint : constraintsOf(space))
      EXPECT_TRUE(satisfies(space, constraint, variant.variant)) << constraint.name;
}

INSTANTIATE_TEST_SUITE_P(Models, Neighbourhood,
                         ::testing::Values(denseModel(4096, 32, 128, 32, 8, 14336, 128256),
                                           denseModel(4096, 32, 128, 32, 32, 11008, 32000),
                                           denseModel(768, 12, 64, 12, 12, 3072, 50257, true),
                                           denseModel(3584, 28, 128, 28, 4, 18944, 152064),
                                           denseModel(1024, 28, 128, 16, 8, 3072, 151936, true),
                                           moeModel(4096, 32, 128, 32, 8, 8, 2, 14336, 0, 32000),
                                           moeModel(2048, 48, 128, 32, 4, 128, 8, 768, 0, 151936)));

TEST(NeighbourhoodBudget, KeepsWhatTheUserLimits) {
  Space space;
  space.base = denseModel(4096, 32, 128, 32, 8, 14336, 128256);
  space.workloads = {{trainWorkload(4, 4096), {}}};
  space.budget.flopsPerToken = Range{1e10, 2e10};
  space.domain(Dimension::HeadDim) = ListDomain{{64, 128}};
  Space filled = defaultNeighbourhood(space);
  EXPECT_FALSE(filled.budget.parameters);
  EXPECT_FALSE(filled.domain(Dimension::HiddenSize));
  space.budget = {};
  EXPECT_TRUE(defaultNeighbourhood(space).budget.parameters);
}

/// More GPUs are no gain of the shape: the base is compared at its own best split.
TEST(BaseSplits, TakeTheCheapestThatDividesAndFits) {
  Space space;
  space.base = denseModel(512, 4, 64, 8, 4, 1536, 1000);
  WorkloadChoice choice{trainWorkload(1, 256), {{1, 1, 1}, {2, 1, 1}, {4, 1, 1}, {3, 1, 1}}};
  space.workloads = {choice};
  const RandomPricer pricer(5, 100);
  const auto costOf = [&](const Parallelism &split) {
    Workload workload = choice.workload;
    workload.parallelism = split;
    return costPerToken(stepCost(space.base, workload, pricer), workload, space.objective);
  };
  const Space best = withBestBaseSplits(space, pricer);
  const Parallelism found = best.workloads[0].workload.parallelism;
  EXPECT_NE(found.tensor, 3);
  for (int64_t tensor : {1, 2, 4})
    EXPECT_LE(costOf(found), costOf({tensor, 1, 1}));
  // A memory budget that only four ranks meet.
  Workload four = choice.workload;
  four.parallelism = {4, 1, 1};
  space.budget.memoryBytes = budgetRange(memoryFootprint(space.base, four).total().value, std::nullopt);
  EXPECT_EQ(withBestBaseSplits(space, pricer).workloads[0].workload.parallelism.tensor, 4);
  // One that none meets falls back to the cheapest.
  space.budget.memoryBytes = budgetRange(1, std::nullopt);
  EXPECT_EQ(withBestBaseSplits(space, pricer).workloads[0].workload.parallelism, found);
}

} // namespace
