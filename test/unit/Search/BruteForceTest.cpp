#include "BruteForce.h"
#include "LongRun.h"

#include "codesign/Model/Blocks.h"
#include "llvm/ADT/STLExtras.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

using namespace codesign;
using namespace codesign::testing;

namespace {

using Random = std::mt19937_64;

int64_t pick(Random &random, int64_t min, int64_t max) {
  return min + int64_t(random() % uint64_t(max - min + 1));
}

template <class T>
T oneOf(Random &random, std::initializer_list<T> values) {
  return values.begin()[random() % values.size()];
}

ListDomain someOf(Random &random, std::vector<int64_t> values, size_t atMost) {
  std::shuffle(values.begin(), values.end(), random);
  values.resize(std::min(values.size(), size_t(1 + atMost / 2 + random() % ((atMost + 1) / 2))));
  return {values};
}

void chooseWorkloads(Random &random, Space &space) {
  std::vector<Workload> all = {trainWorkload(pick(random, 1, 4), 256, double(pick(random, 1, 5))),
                               prefillWorkload(pick(random, 1, 4), 512, double(pick(random, 1, 5))),
                               decodeWorkload(pick(random, 1, 64), 1024, double(pick(random, 0, 5)))};
  std::shuffle(all.begin(), all.end(), random);
  all.resize(size_t(pick(random, 1, 3)));
  if (all.size() == 1)
    all.front().weight = 1;
  for (Workload &workload : all) {
    WorkloadChoice choice{workload, {}};
    if (random() % 2)
      choice.parallelisms = {{1, 1, 1}, {oneOf<int64_t>(random, {2, 4}), oneOf<int64_t>(random, {1, 2}), 1}};
    if (random() % 4 == 0)
      choice.parallelisms.push_back({1, 1, oneOf<int64_t>(random, {2, 3})});
    space.workloads.push_back(choice);
  }
}

/// A window around a value between those of the base and of the variants, open on a side now and then.
Range around(Random &random, double value) {
  Range range;
  double center = value * (0.7 + 0.05 * double(pick(random, 0, 12)));
  if (random() % 4)
    range.min = center * (1 - 0.05 * double(pick(random, 0, 10)));
  if (random() % 4)
    range.max = center * (1 + 0.05 * double(pick(random, 0, 10)));
  return range;
}

void chooseBudgets(Random &random, Space &space) {
  Variant base = baseVariant(space);
  auto own = [&](Measure quantity) { return measure(space, quantity, base); };
  if (random() % 3)
    space.budget.parameters = around(random, own(Measure::Parameters));
  if (random() % 2)
    space.budget.activeParameters = around(random, own(Measure::ActiveParameters));
  if (random() % 4 == 0)
    space.budget.flopsPerToken = around(random, own(Measure::FlopsPerToken));
  if (random() % 2)
    space.budget.memoryBytes = Range{-std::numeric_limits<double>::infinity(),
                                     own(Measure::MemoryBytes) * (0.8 + 0.05 * double(pick(random, 0, 8)))};
}

/// Most guard-rails off: small models are far outside most of them, and together they would leave nothing.
void chooseGuardRails(Random &random, Space &space) {
  uint64_t kept = 1 + random() % 6;
  for (llvm::StringRef name : guardRailNames())
    if (random() % 6 >= kept - 1)
      space.guardRails.push_back({name.str(), {}, {}, /*off=*/true});
  if (random() % 3 == 0)
    space.guardRails.push_back({"depth_width_band", 20.0, 90.0, false});
}

void chooseCommonDomains(Random &random, Space &space) {
  space.domain(Dimension::HiddenSize) = someOf(random, {192, 256, 320, 384}, 3);
  space.domain(Dimension::NumHiddenLayers) = StepDomain{2, pick(random, 2, 6), pick(random, 1, 2)};
  space.domain(Dimension::HeadDim) = someOf(random, {32, 64, 96, 128}, 3);
  space.domain(Dimension::NumAttentionHeads) = someOf(random, {1, 2, 4, 6, 8}, 4);
  space.domain(Dimension::NumKeyValueHeads) = someOf(random, {1, 2, 3, 4}, 3);
  space.domain(Dimension::VocabSize) = someOf(random, {1000, 1024, 1152, 990}, 2);
}

Space denseSpace(Random &random) {
  Space space;
  space.base = denseModel(256, 4, 64, 4, pick(random, 1, 2) * 2, 704, 1000, random() % 2);
  chooseCommonDomains(random, space);
  if (random() % 2)
    space.domain(Dimension::IntermediateSize) = RatioDomain{1.5, 4.5, oneOf<int64_t>(random, {32, 64, 96})};
  else
    space.domain(Dimension::IntermediateSize) = StepDomain{320, 1024, oneOf<int64_t>(random, {32, 64})};
  return space;
}

Space moeSpace(Random &random) {
  Space space;
  space.base = moeModel(256, 4, 64, 4, 2, 8, 2, 384, 256 * pick(random, 0, 1), 1000);
  chooseCommonDomains(random, space);
  space.domain(Dimension::NumExperts) = someOf(random, {1, 2, 4, 6, 8, 16}, 3);
  space.domain(Dimension::NumExpertsPerToken) = someOf(random, {1, 2, 3, 4}, 2);
  space.domain(Dimension::MoeIntermediateSize) = someOf(random, {96, 128, 192, 256, 384, 512, 768}, 4);
  space.domain(Dimension::SharedExpertIntermediateSize) = someOf(random, {0, 128, 256}, 2);
  return space;
}

/// Two groups of layers that differ in both attention and feed-forward blocks: the first is dense, the second
/// has experts.
Space mixedSpace(Random &random) {
  Space space = moeSpace(random);
  ModelSpec dense = denseModel(256, 1, 64, 4, 2, 704, 1000);
  LayerGroup group = dense.layers.front();
  AttentionBlock window;
  window.hiddenSize = 256;
  window.headDim = 64;
  window.numAttentionHeads = 4;
  window.numKeyValueHeads = 2;
  window.slidingWindow = 128;
  group.blocks[1] = std::make_shared<AttentionBlock>(window);
  space.base.layers.insert(space.base.layers.begin(), group);
  space.domain(Dimension::IntermediateSize) = someOf(random, {512, 640, 704, 768}, 2);
  return space;
}

Space smallSpace(Random &random, int kind) {
  Space space;
  do {
    space = kind == 0 ? denseSpace(random) : kind == 1 ? moeSpace(random) : mixedSpace(random);
    chooseWorkloads(random, space);
  } while (countVariants(space) > 4000);
  space.hasBase = random() % 4 != 0;
  space.objective = oneOf(random, {Objective::Time, Objective::Cost, Objective::Energy});
  chooseGuardRails(random, space);
  chooseBudgets(random, space);
  return space;
}

const int numSpaces = repetitions(240);

class BruteForce : public ::testing::TestWithParam<int> {
protected:
  /// Random spaces must not be trivial: a quarter has more legal variants than fit on the list of the best.
  static void TearDownTestSuite() { EXPECT_GE(worthTrying, numSpaces / 4); }
  static inline int worthTrying = 0;
};

TEST_P(BruteForce, SearchEqualsTryingAll) {
  Random random{uint64_t(GetParam())};
  Space space = smallSpace(random, GetParam() % 3);
  RandomPricer pricer(random(), random() % 2 ? 3 : 1000);

  BruteForceResult expected = bruteForce(space, pricer);
  worthTrying += expected.legal.size() > 12;
  SearchOptions options;
  options.numBest = 12;
  options.tieBand = oneOf(random, {0.0, 0.031, 0.1});
  llvm::Expected<SearchResult> found = search(space, pricer, options);
  if (expected.legal.empty()) {
    ASSERT_FALSE(bool(found)) << "the search found a plan where there is none";
    llvm::handleAllErrors(found.takeError(),
                          [](const CodedError &e) { EXPECT_EQ(e.exitCode(), ExitCode::Infeasible); });
    return;
  }
  ASSERT_TRUE(bool(found)) << llvm::toString(found.takeError());

  const PlanCertificate &certificate = found->certificate;
  EXPECT_EQ(certificate.variants, expected.variants);
  EXPECT_EQ(certificate.legal, int64_t(expected.legal.size()));
  ASSERT_EQ(certificate.constraints.size(), expected.removed.size());
  int64_t entered = expected.variants;
  for (auto [k, constraint] : llvm::enumerate(certificate.constraints)) {
    EXPECT_EQ(constraint.removed, expected.removed[k]) << constraint.name;
    EXPECT_EQ(constraint.entered, entered) << constraint.name;
    entered -= expected.removed[k];
  }
  for (size_t w = 0; w < space.workloads.size(); ++w)
    EXPECT_NEAR(found->reference[w] / expected.reference[w], 1, 1e-12);

  ASSERT_EQ(found->best.size(), std::min<size_t>(12, expected.legal.size()));
  auto trueObjective = [&](const RankedVariant &ranked) {
    auto same = llvm::find_if(expected.legal, [&](const auto &v) { return v.variant == ranked.variant; });
    return same == expected.legal.end() ? -1 : same->objective;
  };
  for (auto [i, ranked] : llvm::enumerate(found->best)) {
    EXPECT_NEAR(ranked.objective / expected.legal[i].objective, 1, 1e-12) << "rank " << i;
    EXPECT_NEAR(trueObjective(ranked), ranked.objective, 1e-9) << "not a legal variant, or priced wrongly";
    EXPECT_EQ(ranked.parameters, countParameters(modelOf(space, ranked.variant)));
    for (const RankedVariant &other : llvm::ArrayRef(found->best).take_front(i))
      EXPECT_FALSE(other.variant == ranked.variant);
  }
  double limit = expected.legal.front().objective * (1 + options.tieBand) * (1 + 1e-12);
  EXPECT_EQ(certificate.tied,
            llvm::count_if(expected.legal, [&](const auto &v) { return v.objective <= limit; }));
  EXPECT_EQ(certificate.gap, 0);
  EXPECT_FALSE(found->tied.empty());
  EXPECT_LE(found->tied.size(), 10u);
  for (const RankedVariant &tied : found->tied)
    EXPECT_THAT(trueObjective(tied), ::testing::AllOf(::testing::Gt(0), ::testing::Le(limit)));
}

INSTANTIATE_TEST_SUITE_P(RandomSpaces, BruteForce, ::testing::Range(0, numSpaces));

} // namespace
