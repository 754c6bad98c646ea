// Everything that a search needs to know about one hidden size: which values each axis has, what they weigh
// and what they cost, block by block.
#pragma once

#include "Axes.h"
#include "codesign/Search/Pricing.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace codesign {

/// A workload under one of the ways to split it over GPUs.
struct Split {
  size_t workloadIndex = 0;
  Workload workload; // with the parallelism of this split
  /// What one unit of an operator's price counts per token of this workload.
  double perToken = 0;
  /// Split constraints that apply (bit = position among the split constraints).
  uint32_t applicable = 0;
};

/// Accelerators of one replica: tensor and expert ranks share the same ones.
int64_t numAccelerators(const Parallelism &parallelism);

/// What the objective counts of an operator or block: seconds or joules. Prices each distinct shape once.
class ObjectivePrice {
public:
  ObjectivePrice(const OperatorPricer &pricer, Objective objective) : memo(pricer), objective(objective) {}

  double of(const OperatorShape &shape) const {
    return objective == Objective::Energy ? memo.energy(shape).value : memo.time(shape).value;
  }
  /// All operators of the block for one step.
  double of(const Block &block, const Workload &workload);
  size_t shapesPriced() const { return memo.size(); }

private:
  MemoPricer memo;
  Objective objective;
  std::vector<Operator> scratch;
};

using Column = std::vector<double>; // one number per element

/// The values of one axis that pass the constraints on shapes.
struct AxisTable {
  std::vector<DimensionValues> elements;
  /// passed[k]: how many of all values of the axis pass the first k constraints.
  std::vector<int64_t> passed;
  /// Per layer group; one entry for vocabularies.
  std::vector<Column> total, active;
  /// [split][group]: price of one occurrence, bytes of one rank.
  std::vector<std::vector<Column>> price, bytes;
  /// [split][element]: split constraints that the element fails, as a mask.
  std::vector<std::vector<uint32_t>> failed;
  /// [element]: part of a legal variant; the others have no price.
  std::vector<bool> legal;
};

struct HiddenTable {
  int64_t hiddenSize = 0;
  AxisTable attention, feedForward, vocabulary, layers;
  AxisTable fixed; // one element: what depends on the hidden size alone
  /// [layer element][group]: layers of each group.
  std::vector<llvm::SmallVector<int64_t, 2>> groupCounts;
  /// Per vocabulary: what FlopsPerToken adds to the active parameters.
  Column outsideLookup;
  /// The feed-forward blocks of all groups weigh and cost the same.
  bool groupsAlike = true;
};

/// What is the same for all hidden sizes.
struct TableContext {
  const Space &space;
  llvm::ArrayRef<Constraint> constraints;
  llvm::ArrayRef<Split> splits;
  size_t firstSplitConstraint = 0, firstSumConstraint = 0;
};

/// Everything but the prices.
HiddenTable buildHiddenTable(const TableContext &context, int64_t hiddenSize);

/// Prices the elements that are marked legal.
void priceTable(const TableContext &context, HiddenTable &table, ObjectivePrice &price);

/// The values that a dimension may take at a hidden size: its domain, or the base's value.
std::vector<int64_t> candidatesOf(const Space &space, Dimension dimension, int64_t hiddenSize);

/// Calls visit for every combination of the dimensions' candidates, other sizes as in the base.
void forEachCombination(const Space &space, llvm::ArrayRef<Dimension> dimensions, int64_t hiddenSize,
                        llvm::function_ref<void(const DimensionValues &)> visit);

/// Combinations of the axis' candidates; saturates at the largest int64_t.
int64_t countCombinations(const Space &space, llvm::ArrayRef<Dimension> dimensions, int64_t hiddenSize);

} // namespace codesign
