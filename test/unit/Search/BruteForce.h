// The reference for the search: every variant of a small space, one by one, with whole-model formulas.
#pragma once

#include "codesign/Search/Constraints.h"
#include "codesign/Search/Search.h"

namespace codesign::testing {

/// Prices that depend on nothing but the shape and the seed. Small whole numbers: sums are exact and ties are
/// frequent.
class RandomPricer : public OperatorPricer {
public:
  explicit RandomPricer(uint64_t seed, uint64_t range = 7) : seed(seed), range(range) {}
  Seconds time(const OperatorShape &shape) const override;
  Joules energy(const OperatorShape &shape) const override;

private:
  uint64_t hash(const OperatorShape &shape) const;

  uint64_t seed, range;
};

struct BruteForceResult {
  int64_t variants = 0;
  std::vector<int64_t> removed;     // per constraint
  std::vector<RankedVariant> legal; // ascending objective
  std::vector<double> reference;
};

int64_t countVariants(const Space &space);
BruteForceResult bruteForce(const Space &space, const OperatorPricer &pricer);

/// A Llama-like model: one layer group of attention, norms and a gated MLP.
ModelSpec denseModel(int64_t hidden, int64_t layers, int64_t headDim, int64_t heads, int64_t keyValueHeads,
                     int64_t intermediate, int64_t vocabulary, bool tied = false);
/// The same with experts.
ModelSpec moeModel(int64_t hidden, int64_t layers, int64_t headDim, int64_t heads, int64_t keyValueHeads,
                   int64_t experts, int64_t topK, int64_t expertWidth, int64_t sharedWidth,
                   int64_t vocabulary);

Workload trainWorkload(int64_t batch, int64_t sequenceLength, double weight = 1);
Workload prefillWorkload(int64_t batch, int64_t sequenceLength, double weight = 1);
Workload decodeWorkload(int64_t batch, int64_t context, double weight = 1);

} // namespace codesign::testing
