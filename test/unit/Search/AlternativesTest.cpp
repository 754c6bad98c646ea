#include "BruteForce.h"

#include "codesign/Search/Alternatives.h"
#include "codesign/Search/Check.h"
#include "llvm/ADT/STLExtras.h"
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace codesign;
using namespace codesign::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

Space spaceAround(ModelSpec base) {
  Space space;
  space.base = std::move(base);
  space.workloads = {{trainWorkload(1, 256, 0.5), {}}, {decodeWorkload(8, 1024, 0.5), {}}};
  space.domain(Dimension::NumHiddenLayers) = ListDomain{{3, 4, 5}};
  space.domain(Dimension::NumKeyValueHeads) = ListDomain{{2, 4, 8}};
  space.domain(Dimension::IntermediateSize) = StepDomain{1024, 2048, 128};
  for (llvm::StringRef name : guardRailNames())
    space.guardRails.push_back({name.str(), std::nullopt, std::nullopt, /*off=*/true});
  return space;
}

/// The least objective among all legal variants that pass a test.
double leastOf(const BruteForceResult &all, const std::function<bool(const RankedVariant &)> &admits) {
  double least = std::numeric_limits<double>::infinity();
  for (const RankedVariant &variant : all.legal)
    if (admits(variant))
      least = std::min(least, variant.objective);
  return least;
}

class Alternatives : public ::testing::TestWithParam<int> {};

TEST_P(Alternatives, EqualTryingAllThatMeetTheCondition) {
  const RandomPricer pricer(uint64_t(GetParam()), 50);
  const Space space = spaceAround(denseModel(512, 4, 64, 8, 8, 1536, 1000));
  llvm::Expected<SearchResult> found = search(space, pricer);
  ASSERT_TRUE(bool(found)) << llvm::toString(found.takeError());
  auto alternatives = searchAlternatives(space, *found, pricer);
  ASSERT_TRUE(bool(alternatives)) << llvm::toString(alternatives.takeError());
  const BruteForceResult all = bruteForce(space, pricer);
  const int64_t size = countParameters(space.base).total;
  for (const Alternative &alternative : *alternatives) {
    const bool sized = llvm::StringRef(alternative.condition).contains("no fewer parameters");
    const bool cached = llvm::StringRef(alternative.condition).contains("num_key_value_heads");
    EXPECT_TRUE(sized || cached);
    const auto admits = [&](const RankedVariant &ranked) {
      return (!sized || ranked.parameters.total >= size) &&
             (!cached || ranked.variant.dimensions[Dimension::NumKeyValueHeads] == 8);
    };
    EXPECT_TRUE(admits(alternative.ranked)) << alternative.condition;
    EXPECT_NEAR(alternative.ranked.objective, leastOf(all, admits), 1e-12) << alternative.condition;
    EXPECT_GE(alternative.ranked.objective, found->best.front().objective * (1 - 1e-12));
  }
  const RankedVariant &best = found->best.front();
  EXPECT_EQ(alternatives->empty(),
            best.parameters.total >= size && best.variant.dimensions[Dimension::NumKeyValueHeads] >= 8);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Alternatives, ::testing::Range(0, 40));

TEST_P(Alternatives, WithoutAGuardRailEqualTryingAll) {
  const RandomPricer pricer(uint64_t(GetParam()), 50);
  Space space = spaceAround(denseModel(512, 4, 64, 8, 8, 1536, 1000));
  space.guardRails.clear();
  const auto bestWithout = [&](llvm::StringRef name) {
    Space relaxed = space;
    relaxed.guardRails.push_back({name.str(), std::nullopt, std::nullopt, /*off=*/true});
    return leastOf(bruteForce(relaxed, pricer), [](const RankedVariant &) { return true; });
  };
  llvm::Expected<SearchResult> found = search(space, pricer);
  ASSERT_TRUE(bool(found)) << llvm::toString(found.takeError());
  const double best = found->best.front().objective;
  auto relaxed = searchWithoutGuardRails(space, *found, pricer);
  ASSERT_TRUE(bool(relaxed)) << llvm::toString(relaxed.takeError());
  for (llvm::StringRef name : guardRailNames()) {
    const auto said = llvm::find_if(*relaxed, [&](const Alternative &a) { return a.condition == name; });
    const double least = bestWithout(name);
    if (said != relaxed->end()) {
      EXPECT_NEAR(said->ranked.objective, least, 1e-12) << name.str();
    } else if (least < 0.99 * best) { // hidden by another that is applied before it
      EXPECT_TRUE(llvm::none_of(found->certificate.constraints, [&](const PlanConstraint &constraint) {
        return constraint.name == name && constraint.removed > 0;
      })) << name.str();
    }
  }
}

TEST(Alternatives, ABudgetBelowTheBaseLeavesNone) {
  Space space = spaceAround(denseModel(512, 4, 64, 8, 8, 1536, 1000));
  space.budget.parameters = Range{0, double(countParameters(space.base).total - 1)};
  const RandomPricer pricer(1, 50);
  llvm::Expected<SearchResult> found = search(space, pricer);
  ASSERT_TRUE(bool(found)) << llvm::toString(found.takeError());
  auto alternatives = searchAlternatives(space, *found, pricer);
  ASSERT_TRUE(bool(alternatives));
  EXPECT_TRUE(alternatives->empty());
}

TEST(Alternatives, ATemplateHasNone) {
  Space space = spaceAround(denseModel(512, 4, 64, 8, 8, 1536, 1000));
  space.hasBase = false;
  const RandomPricer pricer(2, 50);
  llvm::Expected<SearchResult> found = search(space, pricer);
  ASSERT_TRUE(bool(found)) << llvm::toString(found.takeError());
  auto alternatives = searchAlternatives(space, *found, pricer);
  ASSERT_TRUE(bool(alternatives));
  EXPECT_TRUE(alternatives->empty());
}

TEST(GuardRailWarnings, NameTheBasesOwnValue) {
  Space space;
  space.base = denseModel(4096, 32, 128, 32, 32, 11008, 32000);
  space.workloads = {{trainWorkload(4, 4096), {}}};
  EXPECT_THAT(guardRailWarnings(space),
              ElementsAre("guard-rail heads_per_kv_head: the model has 1, usual is num_attention_heads / "
                          "num_key_value_heads from 4 to 8"));
  space.guardRails = {{"heads_per_kv_head", std::nullopt, std::nullopt, /*off=*/true}};
  EXPECT_THAT(guardRailWarnings(space), ElementsAre());
}

} // namespace
