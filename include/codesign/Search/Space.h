// A search problem: an architecture, what may change, what must hold and what is to be minimised.
#pragma once

#include "codesign/Model/ModelSpec.h"
#include "codesign/Model/Question.h"
#include "llvm/Support/Error.h"
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace codesign {

struct Space {
  ModelSpec base;
  /// False when the model's sizes are only a template: guard-rails are then not widened to its values, and
  /// each workload's time is measured against the best shape for that workload alone.
  bool hasBase = true;
  std::array<std::optional<DimensionDomain>, numDimensions> domains;
  std::vector<WorkloadChoice> workloads; // weights may have any positive sum
  Budget budget;
  std::vector<GuardRailChange> guardRails;
  Objective objective = Objective::Time;

  std::optional<DimensionDomain> &domain(Dimension d) { return domains[static_cast<size_t>(d)]; }
  const std::optional<DimensionDomain> &domain(Dimension d) const { return domains[static_cast<size_t>(d)]; }
};

/// One point of a space: its sizes and, for each workload, how it is spread.
struct Variant {
  DimensionValues dimensions;
  std::vector<Parallelism> parallelisms;
  bool operator==(const Variant &) const = default;
};

/// The base itself as a point of its space.
Variant baseVariant(const Space &space);

/// The model and the workloads of a variant.
ModelSpec modelOf(const Space &space, const Variant &variant);
std::vector<Workload> workloadsOf(const Space &space, const Variant &variant);

/// What a search takes where the question is silent. Without any domain: values around the base that the
/// guard-rails admit, in steps that suit matrix units. Without a budget of parameters or arithmetic: total
/// and active parameters within ± 2 % of the base.
Space defaultNeighbourhood(Space space);

/// Errors in the question itself: an empty domain, a value out of range, no workload, an unknown guard-rail
/// name (with the nearest one), parameter budgets that contradict each other. Exit code 2.
llvm::Error validate(const Space &space);

} // namespace codesign
