// A search problem: an architecture, what may change, what must hold and what is to be minimised.
#pragma once

#include "codesign/Model/ModelSpec.h"
#include "codesign/Model/Workload.h"
#include "llvm/Support/Error.h"
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace codesign {

/// A closed interval; unbounded on either side by default.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool contains(double value) const { return min <= value && value <= max; }
  bool operator==(const Range &) const = default;
};

/// target·(1 ± tolerance); without a tolerance, everything up to the target.
Range budgetRange(double target, std::optional<double> tolerance);

/// [64, 128]
struct ListDomain {
  std::vector<int64_t> values;
  bool operator==(const ListDomain &) const = default;
};

/// min, min + step, … up to max.
struct StepDomain {
  int64_t min = 0, max = 0, step = 1;
  bool operator==(const StepDomain &) const = default;
};

/// The multiples of `step` between minRatio and maxRatio times the hidden size.
struct RatioDomain {
  double minRatio = 0, maxRatio = 0;
  int64_t step = 1;
  bool operator==(const RatioDomain &) const = default;
};

/// What a dimension may be. Without a domain it keeps the base's value.
using DimensionDomain = std::variant<ListDomain, StepDomain, RatioDomain>;

/// The values of a domain at one hidden size, ascending and distinct.
std::vector<int64_t> valuesOf(const DimensionDomain &domain, int64_t hiddenSize);

/// A workload and the ways to spread it over GPUs; without choices, as the workload says.
struct WorkloadChoice {
  Workload workload;
  std::vector<Parallelism> parallelisms;
};

/// Limits given by the user. They hold as written; nothing widens them.
struct Budget {
  std::optional<Range> parameters, activeParameters;
  /// Forward arithmetic per token in the weights: 2 · (active parameters − embedding tables + tied head).
  std::optional<Range> flopsPerToken;
  /// Per rank, in every workload.
  std::optional<Range> memoryBytes;
};

/// Time counts a workload's seconds per token; Cost those of all GPUs of a replica (price per hour cancels in
/// the ratio to the base); Energy the joules per token of all GPUs.
enum class Objective : uint8_t { Time, Cost, Energy };
llvm::StringRef toString(Objective objective);
std::optional<Objective> parseObjective(llvm::StringRef name);

/// A change to a named guard-rail (GuardRails.h): other limits, or none at all.
struct GuardRailChange {
  std::string name;
  std::optional<double> min, max;
  bool off = false;
};

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

/// Domains for a base whose dimensions were left open: values around it that the guard-rails admit, in steps
/// that suit matrix units. Also limits the parameters to ± 2 % of the base where the budget names no other
/// limit.
Space defaultNeighbourhood(Space space);

/// Errors in the question itself: an empty domain, a value out of range, no workload, an unknown guard-rail
/// name (with the nearest one), parameter budgets that contradict each other. Exit code 2.
llvm::Error validate(const Space &space);

} // namespace codesign
