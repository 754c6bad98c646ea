// How many rows each expert of a rank receives.
#pragma once

#include "codesign/Model/Operators.h"
#include "llvm/ADT/ArrayRef.h"
#include <array>

namespace codesign {

/// How tokens choose experts when no expert is more popular than another. Random: each token picks topK at
/// random, as a trained router with balanced loads does. Even: token i takes the next topK in turn, as
/// benchmarks do.
enum class ExpertSpread : uint8_t { Random, Even };

/// `count` experts that receive `rows` rows each.
struct ExpertLoad {
  double count = 0;
  double rows = 0;
};

/// Loads of the experts on the busiest rank, as a few groups of equals.
class ExpertLoads {
public:
  llvm::ArrayRef<ExpertLoad> groups() const { return {loads.data(), size}; }
  double rows() const { return totalRows; }
  /// Experts with at least one row; an expectation where loads are random.
  double touched() const;
  /// Row tiles of `tile` rows over all experts.
  double rowTiles(double tile) const;

  /// Without skew the rank's rows are shape.rows. With skew, popularity follows a Pareto law with exponent
  /// shape.skew, cut off at 1 and at 0.8 × tokens (the law behind the skewed rows of the measurements), and
  /// the rank holds the most popular expert and a cross-section of the others; `busiestFactor` scales its
  /// rows.
  static ExpertLoads of(const GroupedGemmShape &shape, ExpertSpread spread, double busiestFactor);

private:
  void add(double count, double rows);

  std::array<ExpertLoad, 24> loads{};
  size_t size = 0;
  double totalRows = 0;
  bool random = false; // loads are expectations of a random number
};

} // namespace codesign
