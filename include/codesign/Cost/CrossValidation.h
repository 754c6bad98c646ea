// Fitting a model's constants to measured times, and the error it has on rows it never saw.
#pragma once

#include "codesign/Cost/Constants.h"
#include "codesign/Cost/Minimise.h"
#include "llvm/Support/ThreadPool.h"
#include <cstdint>
#include <string>
#include <vector>

namespace codesign {

struct FitOptions {
  int folds = 5;           // calibrate() takes twice as many for tables of fewer than 200 rows
  int evaluations = 12000; // of the objective, per fold
  int maxRows = 2500;      // a fit sees at most so many rows, drawn evenly
  uint64_t seed = 1;
  /// A row counts with at most this relative error, so that an outlier moves nothing.
  double errorCap = 0.6;
  /// What a constant costs that moves from the start of the search across its whole range (placeOf), times
  /// the number of groups: few groups tell little, and constants that trade against one another would follow
  /// their noise.
  double restraint = 1;
};

/// A measured row as fits and bands see it.
struct FitRow {
  double measuredSeconds = 0;
  uint64_t group = 0; // rows of a group stay on one side of every split: equal heads, equal expert sizes, …
  std::string regime;
  bool excluded = false; // predicted, but neither fitted to nor counted in bands
};

/// Two rows that differ in one dimension only, and in which.
struct NeighbourPair {
  int first = 0, second = 0;
  std::string change; // the dimension's name
  std::string kind;   // kindOfChange() of their sizes
};

struct Errors {
  int rows = 0;
  double mean = 0; // of the absolute relative error, as a fraction; so are the others
  double median = 0, percentile90 = 0, bias = 0;
};
/// Errors of predicted over measured times.
Errors errorsOf(llvm::ArrayRef<double> predicted, llvm::ArrayRef<double> measured);

/// How many groups the given rows are of.
int groupsAmong(llvm::ArrayRef<FitRow> rows, llvm::ArrayRef<int> indices);

/// Fold of a group, 0 … folds − 1.
int foldOf(uint64_t group, int folds);

/// Quantiles 10 % and 90 % of measured / predicted, by regime and over all rows ("all").
std::vector<ErrorBand> absoluteBands(llvm::ArrayRef<FitRow> rows, llvm::ArrayRef<double> predicted);
/// The same of the ratio (measured₂/measured₁) / (predicted₂/predicted₁), by dimension, by
/// kind of change (KindOfChange.h) and over all pairs.
std::vector<ErrorBand> ratioBands(llvm::ArrayRef<FitRow> rows, llvm::ArrayRef<NeighbourPair> pairs,
                                  llvm::ArrayRef<double> predicted);

/// Indices of at most `count` of `indices`, evenly spread and deterministic.
std::vector<int> thinned(llvm::ArrayRef<int> indices, int count);

template <class Constants>
struct FitResult {
  Constants constants;
  std::vector<double> fitted;              // prediction of every row by the constants, in seconds
  std::vector<double> heldOut;             // the same by the fit that did not see the row's group
  std::vector<std::vector<double>> byFold; // the same by the fit of each fold
};

/// Fits `constants` (starting from the given ones) to rows, once per fold and once to all, in parallel. With
/// `alternatives`, other places to start from, which may differ in constants that `fields` does not name,
/// each fit keeps the one that its own rows fit best. `model(constants)` must return a callable that maps a
/// row's index to seconds; each fit works on a copy of `model` of its own. The result does not depend on the
/// number of threads.
template <class Constants, class MakeModel>
FitResult<Constants> crossValidate(llvm::ArrayRef<FitRow> rows, const Constants &start,
                                   llvm::ArrayRef<ConstantField<Constants>> fields, const MakeModel &model,
                                   const FitOptions &options, llvm::ArrayRef<Constants> alternatives = {}) {
  struct Fit {
    Constants constants;
    double error;
  };
  auto fitFrom = [&](const Constants &start, llvm::ArrayRef<int> sample, uint64_t seed,
                     MakeModel &makeModel) {
    std::vector<FitVariable> variables;
    for (const auto &field : fields)
      variables.push_back({start.*field.member, field.low, field.high});
    auto withValues = [&](llvm::ArrayRef<double> values) {
      Constants constants = start;
      for (auto [field, value] : llvm::zip_equal(fields, values))
        constants.*field.member = value;
      return constants;
    };
    const std::vector<FitVariable> starts = variables;
    const double perSquare = options.restraint / std::max(1, groupsAmong(rows, sample));
    RowRace race(static_cast<int>(sample.size()));
    auto objective = [&](llvm::ArrayRef<double> values) {
      auto predict = makeModel(withValues(values));
      double away = 0;
      for (auto [variable, value] : llvm::zip_equal(starts, values)) {
        const double moved = placeOf(variable, value) - placeOf(variable, variable.value);
        away += perSquare * moved * moved;
      }
      return race.run([&](int at) {
        const int i = sample[at];
        return away + std::min(options.errorCap, std::abs(predict(i) / rows[i].measuredSeconds - 1));
      });
    };
    const double error = minimise(variables, objective, options.evaluations, seed);
    std::vector<double> values;
    for (const FitVariable &variable : variables)
      values.push_back(variable.value);
    return Fit{withValues(values), error};
  };
  auto fit = [&](const std::vector<int> &train, uint64_t seed, MakeModel &makeModel) {
    std::vector<int> usable;
    for (int i : train)
      if (!rows[i].excluded)
        usable.push_back(i);
    const std::vector<int> sample = thinned(usable, options.maxRows);
    Fit best = fitFrom(start, sample, seed, makeModel);
    for (const Constants &alternative : alternatives)
      if (Fit other = fitFrom(alternative, sample, seed, makeModel); other.error < best.error)
        best = other;
    return best.constants;
  };

  FitResult<Constants> result;
  result.fitted.resize(rows.size());
  result.heldOut.resize(rows.size());
  result.byFold.assign(options.folds, std::vector<double>(rows.size()));
  std::vector<int> all;
  for (size_t i = 0; i < rows.size(); ++i)
    all.push_back(static_cast<int>(i));
  llvm::DefaultThreadPool pool;
  for (int fold = 0; fold < options.folds; ++fold)
    pool.async([&, fold] {
      auto isTest = [&](int i) { return foldOf(rows[i].group, options.folds) == fold; };
      std::vector<int> train;
      for (int i : all)
        if (!isTest(i))
          train.push_back(i);
      if (train.empty() || train.size() == all.size())
        return;
      MakeModel fitted = model, fresh = model;
      auto predict = fresh(fit(train, options.seed + fold, fitted));
      for (int i : all) {
        result.byFold[fold][i] = predict(i);
        if (isTest(i))
          result.heldOut[i] = result.byFold[fold][i];
      }
    });
  pool.async([&] {
    MakeModel fitted = model, fresh = model;
    result.constants = fit(all, options.seed + options.folds, fitted);
    auto predict = fresh(result.constants);
    for (int i : all)
      result.fitted[i] = predict(i);
  });
  pool.wait();
  return result;
}

} // namespace codesign
