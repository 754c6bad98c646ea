#include "codesign/Cost/CrossValidation.h"
#include "codesign/Cost/Validate.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace codesign;

namespace {

TEST(Minimise, FindsTheMinimumInsideItsBounds) {
  std::vector<FitVariable> variables = {{1, 0, 10}, {1, 0, 10}, {5, 4, 6}};
  double least = minimise(
      variables,
      [](llvm::ArrayRef<double> v) {
        return std::abs(v[0] - 3) + std::abs(v[0] + v[1] - 7) + std::abs(v[2] - 9);
      },
      4000, 1);
  EXPECT_NEAR(variables[0].value, 3, 0.05);
  EXPECT_NEAR(variables[1].value, 4, 0.05);
  EXPECT_EQ(variables[2].value, 6); // the bound nearest to 9
  EXPECT_NEAR(least, 3, 0.1);
}

TEST(Minimise, FollowsANarrowValleyBetweenItsVariables) {
  // Rosenbrock's valley: single coordinates move along it in tiny steps only.
  std::vector<FitVariable> variables = {{0.2, 0, 10}, {9, 0, 10}};
  const double least = minimise(
      variables,
      [](llvm::ArrayRef<double> v) {
        const double across = v[1] - v[0] * v[0], along = 2 - v[0];
        return 100 * across * across + along * along;
      },
      6000, 1);
  EXPECT_NEAR(variables[0].value, 2, 0.01);
  EXPECT_NEAR(variables[1].value, 4, 0.04);
  EXPECT_LT(least, 1e-4);
}

TEST(RowRace, AbandonsWhatHasLostAndMeasuresWhatHasNot) {
  RowRace race(1000);
  int calls = 0;
  auto loss = [&](double level) {
    return [&calls, level](int i) {
      ++calls;
      return level + 0.01 * (i % 7);
    };
  };
  const double first = race.run(loss(0.1));
  EXPECT_EQ(calls, 1000);
  EXPECT_NEAR(first, 0.13, 1e-3);
  calls = 0;
  EXPECT_NEAR(race.run(loss(0.2)), 0.23, 1e-3);
  EXPECT_EQ(calls, 64);
  calls = 0;
  EXPECT_LT(race.run(loss(0.09)), first);
  EXPECT_EQ(calls, 1000);
}

TEST(CrossValidation, FewGroupsMoveAConstantLessThanMany) {
  struct Level {
    double value = 1;
  };
  static constexpr ConstantField<Level> fields[] = {{"value", "", "", &Level::value, 0, 8}};
  auto model = [](const Level &level) { return [level](int) { return level.value; }; };
  auto fitted = [&](uint64_t groups, double restraint) {
    std::vector<FitRow> rows;
    for (uint64_t i = 0; i < 100; ++i)
      rows.push_back({2.0, i % groups, "all", false});
    FitOptions options;
    options.evaluations = 400;
    options.restraint = restraint;
    return crossValidate<Level>(rows, {}, fields, model, options).constants.value;
  };
  EXPECT_NEAR(fitted(2, 0), 2, 1e-3);
  EXPECT_LT(fitted(2, 100), 1.9);
  EXPECT_GT(fitted(100, 100), fitted(2, 100) + 0.05);
}

TEST(CrossValidation, EachFitKeepsTheStartThatItsRowsFitBest) {
  struct Curve {
    double scale = 1, power = 1; // the power is not fitted
  };
  static constexpr ConstantField<Curve> fields[] = {{"scale", "", "", &Curve::scale, 0, 100}};
  std::vector<FitRow> rows;
  for (int i = 1; i <= 100; ++i)
    rows.push_back({3.0 * i * i, uint64_t(i % 10), "all", false});
  FitOptions options;
  options.evaluations = 400;
  auto model = [](const Curve &curve) {
    return [curve](int i) { return curve.scale * std::pow(i + 1, curve.power); };
  };
  const Curve square{1, 2}, cube{1, 3};
  const auto line = crossValidate<Curve>(rows, {}, fields, model, options);
  EXPECT_EQ(line.constants.power, 1);
  const auto best = crossValidate<Curve>(rows, {}, fields, model, options, {cube, square});
  EXPECT_EQ(best.constants.power, 2);
  EXPECT_NEAR(best.constants.scale, 3, 0.01);
  for (size_t i = 0; i < rows.size(); ++i) // in every fold too
    EXPECT_NEAR(best.heldOut[i], rows[i].measuredSeconds, 0.01 * rows[i].measuredSeconds);
}

TEST(CrossValidation, IsTheSameOnEveryRun) {
  struct Line {
    double slope = 1, offset = 1;
  };
  static constexpr ConstantField<Line> fields[] = {{"slope", "", "", &Line::slope, 0, 100},
                                                   {"offset", "", "", &Line::offset, 0, 100}};
  std::vector<FitRow> rows;
  for (int i = 0; i < 300; ++i)
    rows.push_back({3.0 + 0.5 * i + 0.1 * (i % 3), uint64_t(i % 20), "all", false});
  FitOptions options;
  options.evaluations = 500;
  auto model = [](const Line &line) { return [line](int i) { return line.offset + line.slope * i; }; };
  auto fit = [&] { return crossValidate<Line>(rows, {}, fields, model, options); };
  const FitResult<Line> first = fit(), second = fit();
  EXPECT_EQ(first.constants.slope, second.constants.slope);
  EXPECT_EQ(first.heldOut, second.heldOut);
  EXPECT_NEAR(first.constants.slope, 0.5, 0.01);
}

TEST(ErrorsOf, CountsInShares) {
  Errors errors = errorsOf({1.1, 0.8, 1.0}, {1, 1, 1});
  EXPECT_NEAR(errors.mean, 0.1, 1e-12);
  EXPECT_NEAR(errors.median, 0.1, 1e-12);
  EXPECT_NEAR(errors.bias, -0.1 / 3, 1e-12);
  EXPECT_NEAR(errors.percentile90, 0.1 + 0.8 * 0.1, 1e-12);
}

TEST(Bands, AreQuantilesOfMeasuredOverPredicted) {
  std::vector<FitRow> rows;
  std::vector<double> predicted;
  for (int i = 0; i <= 10; ++i) {
    rows.push_back({1 + i / 10.0, uint64_t(i), i < 5 ? "small" : "all", false});
    predicted.push_back(1);
  }
  rows.push_back({100, 0, "small", true}); // excluded
  predicted.push_back(1);
  std::vector<ErrorBand> bands = absoluteBands(rows, predicted);
  ASSERT_EQ(bands.size(), 2u);
  EXPECT_EQ(bands[0].regime, "all");
  EXPECT_EQ(bands[0].rows, 11);
  EXPECT_NEAR(bands[0].low, 1.1, 1e-12);
  EXPECT_NEAR(bands[0].high, 1.9, 1e-12);
  EXPECT_EQ(bands[1].rows, 5);
}

TEST(CrossValidation, NeverTestsAGroupItFitted) {
  struct Slope {
    double slope = 1;
  };
  static constexpr ConstantField<Slope> fields[] = {{"slope", "", "", &Slope::slope, 0, 100}};
  // Every group has a slope of its own: a fit that saw a group would predict it better than one that did not.
  std::vector<FitRow> rows;
  std::vector<double> x;
  for (int group = 0; group < 10; ++group)
    for (int i = 1; i <= 5; ++i) {
      x.push_back(i);
      rows.push_back({(group == 3 ? 20.0 : 2.0) * i, uint64_t(group), "all", false});
    }
  FitOptions options;
  options.evaluations = 800;
  auto model = [&](const Slope &slope) { return [&, slope](int i) { return slope.slope * x[i]; }; };
  FitResult<Slope> result = crossValidate<Slope>(rows, {}, fields, model, options);
  EXPECT_NEAR(result.constants.slope, 2, 0.05);
  for (size_t i = 0; i < rows.size(); ++i)
    EXPECT_NEAR(result.heldOut[i], 2 * x[i], 0.1);
}

TEST(Folds, SpreadGroupsEvenly) {
  int counts[5] = {};
  for (uint64_t group = 0; group < 5000; ++group)
    ++counts[foldOf(group, 5)];
  for (int count : counts)
    EXPECT_NEAR(count, 1000, 120);
}

TEST(Thinned, DrawsEvenlyAndOnce) {
  std::vector<int> all(1000);
  for (int i = 0; i < 1000; ++i)
    all[i] = i;
  std::vector<int> some = thinned(all, 100);
  ASSERT_EQ(some.size(), 100u);
  for (size_t i = 1; i < some.size(); ++i) {
    EXPECT_GT(some[i], some[i - 1]);
    EXPECT_LT(some[i] - some[i - 1], 30);
  }
  EXPECT_EQ(thinned(all, 2000).size(), 1000u);
}

TEST(KendallTau, OrdersPairs) {
  EXPECT_EQ(kendallTau({1, 2, 3, 4}, {10, 20, 30, 40}), 1);
  EXPECT_EQ(kendallTau({1, 2, 3, 4}, {40, 30, 20, 10}), -1);
  EXPECT_NEAR(kendallTau({1, 2, 3}, {1, 3, 2}), 1.0 / 3, 1e-12);
}

} // namespace
