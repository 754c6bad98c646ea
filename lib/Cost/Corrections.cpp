#include "codesign/Cost/Corrections.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace codesign {

namespace {

using Axis = CalibrationCorrections::Axis;

/// A difference between neighbouring corners counts as this many rows, a correction by itself as that many.
constexpr double smoothness = 0.3, shrinkage = 0.1;
/// Misses below this are noise of the measurement: squared there, absolute beyond.
constexpr double noise = 0.02;
constexpr double largest = 3; // what a file holds
constexpr int reweightings = 4, solverSteps = 150;

/// The corners around a point and their weights, which sum to 1.
struct Surroundings {
  llvm::SmallVector<size_t, 16> corners;
  llvm::SmallVector<double, 16> weights;
};

Surroundings surroundingsOf(llvm::ArrayRef<Axis> axes, llvm::ArrayRef<double> sizes) {
  assert(axes.size() == sizes.size());
  Surroundings result{{0}, {1}};
  for (auto [axis, size] : llvm::zip_equal(axes, sizes)) {
    const double place = std::clamp(std::log2(size) - axis.first, 0.0, static_cast<double>(axis.corners - 1));
    const size_t below = std::min(static_cast<size_t>(place), axis.corners - 2);
    const double above = place - static_cast<double>(below);
    const size_t count = result.corners.size();
    for (size_t i = 0; i < count; ++i) {
      const size_t corner = result.corners[i] * axis.corners + below;
      const double weight = result.weights[i];
      result.corners[i] = corner;
      result.weights[i] = weight * (1 - above);
      result.corners.push_back(corner + 1);
      result.weights.push_back(weight * above);
    }
  }
  return result;
}

/// The normal equations of the grid, never written out.
class Smoother {
public:
  Smoother(std::vector<Axis> axes, llvm::ArrayRef<MissedRow> rows)
      : axes(std::move(axes)), rows(rows), rowWeights(rows.size(), 1) {
    for (const Axis &axis : this->axes)
      size *= axis.corners;
    for (const MissedRow &row : rows)
      around.push_back(surroundingsOf(this->axes, row.sizes));
  }

  std::vector<double> solve() {
    std::vector<double> values(size, 0);
    for (int i = 0; i < reweightings; ++i) {
      improve(values);
      for (size_t row = 0; row < rows.size(); ++row)
        rowWeights[row] = noise / std::max(noise, std::abs(rows[row].logRatio - at(row, values)));
    }
    return values;
  }

private:
  double at(size_t row, llvm::ArrayRef<double> values) const {
    double sum = 0;
    for (auto [corner, weight] : llvm::zip_equal(around[row].corners, around[row].weights))
      sum += weight * values[corner];
    return sum;
  }
  void spread(size_t row, double amount, std::vector<double> &to) const {
    for (auto [corner, weight] : llvm::zip_equal(around[row].corners, around[row].weights))
      to[corner] += weight * amount;
  }

  std::vector<double> apply(llvm::ArrayRef<double> values) const {
    std::vector<double> result(size);
    for (size_t i = 0; i < size; ++i)
      result[i] = shrinkage * values[i];
    for (size_t row = 0; row < rows.size(); ++row)
      spread(row, rowWeights[row] * at(row, values), result);
    size_t stride = size;
    for (const Axis &axis : axes) {
      stride /= axis.corners;
      for (size_t i = 0; i < size; ++i)
        if (i / stride % axis.corners + 1 < axis.corners) {
          const double difference = smoothness * (values[i + stride] - values[i]);
          result[i + stride] += difference;
          result[i] -= difference;
        }
    }
    return result;
  }

  /// Conjugate gradients from the values so far.
  void improve(std::vector<double> &values) const {
    auto product = [](llvm::ArrayRef<double> a, llvm::ArrayRef<double> b) {
      return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
    };
    std::vector<double> rest(size, 0);
    for (size_t row = 0; row < rows.size(); ++row)
      spread(row, rowWeights[row] * rows[row].logRatio, rest);
    const std::vector<double> first = apply(values);
    for (size_t i = 0; i < size; ++i)
      rest[i] -= first[i];
    std::vector<double> direction = rest;
    double square = product(rest, rest);
    const double enough = 1e-12 * square;
    for (int step = 0; step < solverSteps && square > enough; ++step) {
      const std::vector<double> applied = apply(direction);
      const double length = square / product(direction, applied);
      for (size_t i = 0; i < size; ++i) {
        values[i] += length * direction[i];
        rest[i] -= length * applied[i];
      }
      const double next = product(rest, rest), share = next / square;
      square = next;
      for (size_t i = 0; i < size; ++i)
        direction[i] = rest[i] + share * direction[i];
    }
  }

  std::vector<Axis> axes;
  llvm::ArrayRef<MissedRow> rows;
  std::vector<Surroundings> around;
  std::vector<double> rowWeights;
  size_t size = 1;
};

} // namespace

Corrections::Corrections(CalibrationCorrections stored) : grid(std::move(stored)) {}

double Corrections::factor(llvm::ArrayRef<double> sizes) const {
  const Surroundings around = surroundingsOf(grid.axes, sizes);
  double sum = 0;
  for (auto [corner, weight] : llvm::zip_equal(around.corners, around.weights))
    sum += weight * grid.logRatios[corner];
  return std::exp(sum);
}

CalibrationCorrections fitCorrections(llvm::ArrayRef<MissedRow> rows, llvm::ArrayRef<llvm::StringRef> names) {
  assert(!rows.empty());
  CalibrationCorrections result;
  for (size_t i = 0; i < names.size(); ++i) {
    double least = rows.front().sizes[i], most = least;
    for (const MissedRow &row : rows) {
      least = std::min(least, row.sizes[i]);
      most = std::max(most, row.sizes[i]);
    }
    const int first = static_cast<int>(std::floor(std::log2(least)));
    const int last = std::max(first + 1, static_cast<int>(std::ceil(std::log2(most))));
    result.axes.push_back({names[i].str(), first, static_cast<size_t>(last - first + 1)});
  }
  result.logRatios = Smoother(result.axes, rows).solve();
  for (double &value : result.logRatios)
    value = std::round(1000 * std::clamp(value, -largest, largest)) / 1000;
  return result;
}

} // namespace codesign
