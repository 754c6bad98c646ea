// The search space as rows: everything is fixed but the feed-forward sizes, which lie in a tree.
#pragma once

#include "Tables.h"
#include "WindowTree.h"
#include "llvm/ADT/SmallVector.h"

namespace codesign {

/// One way to split every workload: indices into the list of splits.
using SplitCombination = llvm::SmallVector<size_t, 4>;

/// Names one variant by its place in the tables; orders equal costs.
struct VariantIndex {
  uint32_t hidden = 0, combination = 0, layers = 0, vocabulary = 0, attention = 0, feedForward = 0;
  auto operator<=>(const VariantIndex &) const = default;
};

/// All variants that share a VariantIndex up to the feed-forward sizes. Those inside all windows are legal
/// and cost cost + costScale · (cost in the tree).
struct Row {
  VariantIndex index; // feedForward unset
  const WindowTree *tree = nullptr;
  llvm::ArrayRef<Window> windows;
  llvm::ArrayRef<double> offsets, scales; // quantity = offset + scale · coordinate, per window
  double cost = 0, costScale = 1;
  int64_t multiplicity = 1; // equal rows under other splits that are not visited

  double treeCost(double total) const { return (total - cost) / costScale; }
};

/// A search problem with its tables, ready to be walked row by row.
struct Problem {
  explicit Problem(const Space &space) : space(space) {}

  const Space &space;
  std::vector<Constraint> constraints;
  size_t firstSplitConstraint = 0, firstSumConstraint = 0;
  std::vector<Split> splits;
  std::vector<SplitCombination> combinations;
  std::vector<HiddenTable> tables;

  TableContext context() const {
    return {space, constraints, splits, firstSplitConstraint, firstSumConstraint};
  }
};

/// What a walk is for. Counting covers all elements and visits rows that are alike under several splits once;
/// ranking covers the elements that are part of a legal variant.
enum class Walk : uint8_t { Count, Rank };

/// Calls visit for every row that has variants left after the constraints on shapes and splits, but for those
/// whose lower bound exceeds `costLimit`, which visit may lower. `weights[split]` is what one unit of an
/// operator's price adds to the objective. Adds to passed[k] the number of variants that pass the first k
/// constraints, k up to firstSumConstraint (meaningful for Walk::Count).
void forEachRow(const Problem &problem, Walk walk, llvm::ArrayRef<double> weights, const double &costLimit,
                llvm::MutableArrayRef<int64_t> passed, llvm::function_ref<void(const Row &)> visit);

/// The variant that an index names.
Variant variantAt(const Problem &problem, const VariantIndex &index);

} // namespace codesign
