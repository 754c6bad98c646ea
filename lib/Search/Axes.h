// How blocks fall into parts that the search may choose independently of each other.
#pragma once

#include "codesign/Search/Constraints.h"

namespace codesign {

/// Attention sizes and feed-forward sizes are chosen independently once hidden size, layers and split are
/// fixed.
enum class Axis : uint8_t { Fixed, Attention, FeedForward };

llvm::ArrayRef<Dimension> dimensionsOf(Axis axis);

/// The dimensions that a part of a variant chooses; none for splits and sums.
llvm::ArrayRef<Dimension> dimensionsOf(Part part);

/// The axis whose dimensions the block uses; Fixed if it uses none of either.
Axis axisOf(const Block &block);

/// True for a block that uses dimensions of both axes: its cost is no sum over the axes.
bool mixesAxes(const Block &block);

/// Parameters that multiply a token although they are not counted (a tied head), less those that are only
/// looked up.
int64_t activeOutsideLookup(const ModelSpec &model);

/// False for a guard-rail about parallelism that the base fails under the same split.
bool appliesTo(const Space &space, const Constraint &constraint, const Variant &base, size_t workload,
               const Parallelism &parallelism);

} // namespace codesign
