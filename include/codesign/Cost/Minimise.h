// The search for constants that fit measured rows best.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <vector>

namespace codesign {

/// One search coordinate of minimise().
struct FitVariable {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// Where a value lies in a variable's range, 0 to 1: the cube root of its share, since most constants are
/// near the lower bound.
double placeOf(const FitVariable &variable, double value);

/// Minimises a function of several bounded variables: half of the evaluations go to random steps along one or
/// two coordinates, the rest to an evolution strategy that learns how variables trade against one another.
/// Deterministic for a seed. Returns the least value found and leaves its place in `variables`.
double minimise(std::vector<FitVariable> &variables,
                llvm::function_ref<double(llvm::ArrayRef<double>)> objective, int evaluations, uint64_t seed);

/// The mean of a loss over rows, to be minimised. A trial that is worse than the best so far beyond chance
/// after a part of the rows is abandoned: most trials are. Their mean is estimated from that part.
class RowRace {
public:
  explicit RowRace(int rows);
  /// The mean, above the least so far where it is an estimate. `loss(i)` of row i.
  double run(llvm::function_ref<double(int)> loss);

private:
  std::vector<int> order; // each prefix is spread evenly over the rows
  std::vector<double> best, trial;
  double bestSum;
};

} // namespace codesign
