// The search for constants: random steps along few coordinates find the region, steps of a learnt shape its
// lowest place, where constants trade against one another.
#include "codesign/Cost/Minimise.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace codesign {

namespace {

using Objective = llvm::function_ref<double(llvm::ArrayRef<double>)>;

/// mt19937's sequence is fixed by the standard; its distributions are not, so they are written out.
class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}
  double uniform() { return static_cast<double>(engine() >> 11) * 0x1p-53; }
  double normal() {
    const double length = std::sqrt(-2 * std::log(1 - uniform()));
    return length * std::cos(6.283185307179586 * uniform());
  }
  size_t below(size_t count) { return engine() % count; }

private:
  std::mt19937_64 engine;
};

/// Steps along one or two coordinates whose lengths adapt to success; one that succeeded is taken again,
/// twice as long.
double stepAlongCoordinates(std::vector<FitVariable> &variables, Objective objective, int evaluations,
                            Random &random) {
  const size_t count = variables.size();
  std::vector<double> best(count), trial, step(count, 0.3);
  for (size_t i = 0; i < count; ++i)
    best[i] = std::clamp(variables[i].value, variables[i].low, variables[i].high);
  double bestValue = objective(best);
  auto move = [&](size_t i) {
    const double range = variables[i].high - variables[i].low;
    // Mostly relative steps; some absolute ones, which can leave zero.
    if (random.uniform() < 0.1)
      trial[i] += 0.3 * range * step[i] * random.normal();
    else
      trial[i] *= std::exp(step[i] * random.normal());
    if (random.uniform() < 0.2)
      trial[i] += 0.02 * range * step[i] * random.normal();
    trial[i] = std::clamp(trial[i], variables[i].low, variables[i].high);
  };
  std::vector<double> stride; // the last successful step, to be taken again
  constexpr int maxRepeats = 5;
  int repeated = 0;
  for (int e = 0; e < evaluations; ++e) {
    trial = best;
    const bool repeats = !stride.empty();
    size_t i = 0;
    if (repeats) {
      for (size_t j = 0; j < count; ++j)
        trial[j] = std::clamp(trial[j] + stride[j], variables[j].low, variables[j].high);
    } else {
      i = random.below(count);
      move(i);
      if (random.uniform() < 0.3)
        move(random.below(count));
    }
    const double value = trial == best ? bestValue : objective(trial);
    if (value < bestValue) {
      bestValue = value;
      repeated = repeats ? repeated + 1 : 0;
      stride.resize(count);
      for (size_t j = 0; j < count; ++j)
        stride[j] = 2 * (trial[j] - best[j]);
      if (repeated == maxRepeats)
        stride.clear();
      best = trial;
      if (!repeats)
        step[i] = std::min(0.6, step[i] * 1.3);
    } else if (repeats) {
      stride.clear();
    } else {
      step[i] = std::max(0.003, step[i] * 0.97);
    }
  }
  for (size_t i = 0; i < count; ++i)
    variables[i].value = best[i];
  return bestValue;
}

/// A square matrix, row by row.
class Shape {
public:
  explicit Shape(size_t size) : size(size), values(size * size) {
    for (size_t i = 0; i < size; ++i)
      values[i * size + i] = 1;
  }
  std::vector<double> times(llvm::ArrayRef<double> vector) const {
    std::vector<double> result(size);
    for (size_t i = 0; i < size; ++i)
      result[i] = std::inner_product(vector.begin(), vector.end(), values.begin() + i * size, 0.0);
    return result;
  }
  /// This += weight · (this · vector) · vectorᵀ.
  void stretch(llvm::ArrayRef<double> along, llvm::ArrayRef<double> vector, double weight) {
    for (size_t i = 0; i < size; ++i)
      for (size_t j = 0; j < size; ++j)
        values[i * size + j] += weight * along[i] * vector[j];
  }
  void scale(double factor) {
    for (double &value : values)
      value *= factor;
  }

private:
  size_t size;
  std::vector<double> values;
};

/// Evolution with matrix adaptation: Beyer and Sendhoff, "Simplify Your Covariance Matrix Adaptation
/// Evolution Strategy", IEEE Transactions on Evolutionary Computation 21 (2017), with that paper's default
/// rates.
class Evolution {
public:
  Evolution(llvm::ArrayRef<FitVariable> variables, Objective objective, Random &random)
      : variables(variables), objective(objective), random(random), count(variables.size()), shape(count) {
    population = 4 + 2 * static_cast<size_t>(3 * std::log(double(count)) / 2);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < population / 2; ++i) {
      weights.push_back(std::log((population + 1) / 2.0) - std::log(i + 1.0));
      sum += weights.back();
    }
    for (double &weight : weights) {
      weight /= sum;
      squares += weight * weight;
    }
    effective = 1 / squares;
  }

  double run(std::vector<double> &best, double bestValue, int evaluations) {
    const double n = static_cast<double>(count);
    const double pathRate = (effective + 2) / (n + effective + 5);
    const double lone = 2 / ((n + 1.3) * (n + 1.3) + effective);
    const double joint =
        std::min(1 - lone, 2 * (effective - 2 + 1 / effective) / ((n + 2) * (n + 2) + effective));
    const double damping = 1 + pathRate + 2 * std::max(0.0, std::sqrt((effective - 1) / (n + 1)) - 1);
    const double expected = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
    std::vector<double> mean = fromValues(best), path(count, 0);
    double step = firstStep;
    for (int e = 0; e + static_cast<int>(population) <= evaluations;) {
      std::vector<Child> children(population);
      for (Child &child : children) {
        ++e;
        for (size_t i = 0; i < count; ++i)
          child.draw.push_back(random.normal());
        child.direction = shape.times(child.draw);
        std::vector<double> place = mean;
        for (size_t i = 0; i < count; ++i)
          place[i] += step * child.direction[i];
        double outside = 0;
        const std::vector<double> values = toValues(place, outside);
        const double value = objective(values);
        if (value < bestValue) {
          bestValue = value;
          best = values;
        }
        child.value = value + outside;
      }
      std::stable_sort(children.begin(), children.end(),
                       [](const Child &a, const Child &b) { return a.value < b.value; });
      std::vector<double> draw(count, 0);
      for (size_t c = 0; c < weights.size(); ++c)
        for (size_t i = 0; i < count; ++i) {
          draw[i] += weights[c] * children[c].draw[i];
          mean[i] += step * weights[c] * children[c].direction[i];
        }
      double square = 0;
      for (size_t i = 0; i < count; ++i) {
        path[i] = (1 - pathRate) * path[i] + std::sqrt(effective * pathRate * (2 - pathRate)) * draw[i];
        square += path[i] * path[i];
      }
      const std::vector<double> along = shape.times(path);
      shape.scale(1 - lone / 2 - joint / 2);
      shape.stretch(along, path, lone / 2);
      for (size_t c = 0; c < weights.size(); ++c)
        shape.stretch(children[c].direction, children[c].draw, joint / 2 * weights[c]);
      step = std::min(largestStep, step * std::exp(pathRate / damping * (std::sqrt(square) / expected - 1)));
    }
    return bestValue;
  }

private:
  static constexpr double firstStep = 0.05, largestStep = 0.3;

  struct Child {
    std::vector<double> draw, direction;
    double value = 0;
  };

  std::vector<double> fromValues(llvm::ArrayRef<double> values) const {
    std::vector<double> place;
    for (auto [variable, value] : llvm::zip_equal(variables, values))
      place.push_back(placeOf(variable, value));
    return place;
  }
  /// Adds to `outside` what places beyond the bounds cost.
  std::vector<double> toValues(llvm::ArrayRef<double> place, double &outside) const {
    std::vector<double> values;
    for (auto [variable, at] : llvm::zip_equal(variables, place)) {
      const double inside = std::clamp(at, 0.0, 1.0);
      outside += (at - inside) * (at - inside);
      values.push_back(variable.low + (variable.high - variable.low) * inside * inside * inside);
    }
    return values;
  }

  llvm::ArrayRef<FitVariable> variables;
  Objective objective;
  Random &random;
  size_t count, population;
  std::vector<double> weights;
  double effective;
  Shape shape;
};

} // namespace

double placeOf(const FitVariable &variable, double value) {
  const double inside = std::clamp(value, variable.low, variable.high);
  return std::cbrt((inside - variable.low) / (variable.high - variable.low));
}

double minimise(std::vector<FitVariable> &variables,
                llvm::function_ref<double(llvm::ArrayRef<double>)> objective, int evaluations,
                uint64_t seed) {
  Random random(seed);
  const int first = evaluations / 2;
  const double found = stepAlongCoordinates(variables, objective, first, random);
  std::vector<double> best;
  for (const FitVariable &variable : variables)
    best.push_back(variable.value);
  const double least = Evolution(variables, objective, random).run(best, found, evaluations - first);
  for (auto [variable, value] : llvm::zip_equal(variables, best))
    variable.value = value;
  return least;
}

RowRace::RowRace(int rows) : trial(rows), bestSum(std::numeric_limits<double>::infinity()) {
  // Steps of the golden ratio, made coprime with the number of rows.
  int step = std::max(1, static_cast<int>(0.6180339887498949 * rows));
  while (std::gcd(step, rows) > 1)
    ++step;
  for (int i = 0, at = 0; i < rows; ++i, at = (at + step) % rows)
    order.push_back(at);
}

double RowRace::run(llvm::function_ref<double(int)> loss) {
  constexpr int block = 64;
  constexpr double certain = 3; // standard errors of the mean difference
  double sum = 0, difference = 0, squares = 0;
  const int rows = static_cast<int>(order.size());
  for (int i = 0; i < rows; ++i) {
    trial[i] = loss(order[i]);
    sum += trial[i];
    if (best.empty())
      continue;
    const double worse = trial[i] - best[i];
    difference += worse;
    squares += worse * worse;
    if ((i + 1) % block == 0 && i + 1 < rows && difference > certain * std::sqrt(squares))
      return (bestSum + difference * rows / (i + 1)) / rows;
  }
  if (sum < bestSum) {
    bestSum = sum;
    best = trial;
  }
  return sum / rows;
}

} // namespace codesign
