#include "codesign/Cost/ExpertLoads.h"
#include <algorithm>
#include <cassert>
#include <cmath>

namespace codesign {

void ExpertLoads::add(double count, double rows) {
  if (count <= 0)
    return;
  assert(size < loads.size());
  loads[size++] = {count, rows};
  totalRows += count * rows;
}

double ExpertLoads::touched() const {
  double sum = 0;
  for (const ExpertLoad &load : groups())
    sum += load.count * (random ? 1 - std::exp(-load.rows) : std::min(1.0, load.rows));
  return sum;
}

double ExpertLoads::rowTiles(double tile) const {
  double sum = 0;
  for (const ExpertLoad &load : groups()) {
    double occupied = random ? 1 - std::exp(-load.rows) : std::min(1.0, load.rows);
    // A random load ends anywhere in its last tile, half a tile on average.
    double tiles =
        random ? std::max(1.0, load.rows / tile + 0.5) : std::max(1.0, std::ceil(load.rows / tile));
    sum += load.count * occupied * tiles;
  }
  return sum;
}

/// Popularity of the expert at quantile `share` (0: the most popular) under a Pareto law with the given
/// exponent on [1, upper]: the inverse of its distribution function.
static double popularity(double share, double exponent, double upper) {
  if (std::abs(exponent - 1) < 1e-9)
    return std::pow(upper, 1 - share);
  double power = 1 - exponent;
  return std::pow(1 + (std::pow(upper, power) - 1) * (1 - share), 1 / power);
}

ExpertLoads ExpertLoads::of(const GroupedGemmShape &shape, ExpertSpread spread, double busiestFactor) {
  assert(shape.localExperts > 0 && shape.experts >= shape.localExperts && shape.rows > 0);
  ExpertLoads result;
  const double experts = shape.experts, local = shape.localExperts, rows = shape.rows;
  if (shape.skew <= 0) {
    if (spread == ExpertSpread::Even) {
      double touched = std::min(local, std::max(1.0, rows));
      result.add(touched, rows / touched);
      return result;
    }
    double touched = expectedTouchedExperts(shape.tokens, shape.experts, shape.topK) * local / experts;
    touched = std::clamp(touched, std::min(1.0, rows), std::min(local, rows));
    // Loads of touched experts vary, but none of them is empty: only the half tile of a random load remains.
    result.add(touched, rows / touched);
    result.random = rows / touched > 8;
    return result;
  }

  result.random = true;
  const double tokens = shape.tokens, upper = std::max(1.0 + 1e-7, 0.8 * tokens);
  auto at = [&](double position) {
    return popularity(std::clamp(position / experts, 0.5 / experts, 1 - 0.5 / experts), shape.skew, upper);
  };
  // Groups of ranks that double in width; the law is steep only at its start.
  double total = 0;
  for (double first = 0, width = 1; first < experts; first += width, width = first < 4 ? 1 : first) {
    width = std::min(width, experts - first);
    const double samples = std::min(4.0, width);
    for (double s = 0; s < samples; ++s)
      total += width / samples * at(first + (s + 0.5) * width / samples);
  }
  const double scale = busiestFactor * tokens * shape.topK / total;
  const double stride = experts / local;
  result.add(1, std::min(tokens, scale * at(0.5)));
  for (double first = 1, width = 1; first < local; first += width, width = first < 4 ? 1 : first) {
    width = std::min(width, local - first);
    const double samples = std::min(2.0, width);
    for (double s = 0; s < samples; ++s)
      result.add(width / samples,
                 std::min(tokens, scale * at((first + (s + 0.5) * width / samples - 0.5) * stride)));
  }
  return result;
}

} // namespace codesign
