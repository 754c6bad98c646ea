// From a search's result to a Plan: every number that a report needs, and the reasons in words.
#pragma once

#include "codesign/Plan/Plan.h"
#include "codesign/Search/Alternatives.h"
#include "codesign/Search/Providers.h"
#include "codesign/Search/Search.h"

namespace codesign {

/// What one variant costs in each workload, operator by operator. Objective, speed-up and reasons are left at
/// their defaults; setComparison fills them.
PlanVariant describeVariant(const Space &space, const Variant &variant, const Providers &providers);

/// The objective of a variant against reference costs per token, workload by workload: Σ wᵢ·cᵢ/rᵢ, Σw = 1.
double objectiveOf(const Space &space, const Variant &variant, const Providers &providers,
                   const std::vector<double> &reference);

/// Costs per token of the base in each workload, in the objective's unit.
std::vector<double> referenceOf(const Space &space, const Variant &variant, const Providers &providers);

/// Error band of the ratio of two variants' objectives. Operators are paired by workload, block and name;
/// each pair has the ratio band of what changed between its shapes (CostModel::ratioBand), an operator that
/// only one variant has the band of its time, weighted by its share of the objective. Operators of one kind
/// (GEMMs, decode attention, …) are assumed to err in the same direction, kinds independently of each other.
/// Pairs of equal shapes contribute nothing: what their shares shift is of second order.
double ratioBandOf(const Space &space, const Variant &from, const Variant &to, const Providers &providers);

/// The band within which plans are counted as tied: every operator's ratio band over all kinds of change,
/// weighted by its share of the base.
double tieBandOf(const Space &space, const Providers &providers);

/// Rewords reasons (Explain.h) with what the cost model knows of their largest operators: tiles, waves,
/// traffic, limits.
void wordReasons(const Space &space, const Variant &from, const Variant &to, const Providers &providers,
                 std::vector<PlanReason> &reasons);

/// The whole plan but its kernels.
Plan buildPlan(const Space &space, const SearchResult &result, const Providers &providers,
               llvm::ArrayRef<Alternative> alternatives = {},
               llvm::ArrayRef<Alternative> withoutGuardRail = {});

/// The kernels of codesign's own that serve the forward linear layers of a variant: for each distinct (n, k,
/// type) a table of row ranges (RowRanges.h), each with the schedule that is cheapest at its upper rows; the
/// expected times rise from range to range. Empty where the device has no kernel family.
std::vector<PlanKernel> selectKernels(const Space &space, const Variant &variant, const Providers &providers);

/// The forward linear layers of a variant that have none, "attention/qkv_proj (k 4097 bf16)": the library
/// serves them.
std::vector<std::string> layersWithoutKernel(const Space &space, const Variant &variant,
                                             const Providers &providers);

} // namespace codesign
