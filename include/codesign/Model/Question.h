// The parts of a question about a model: what may change, what must hold, what is to be minimised.
#pragma once

#include "codesign/Model/Dimensions.h"
#include "codesign/Model/Workload.h"
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

} // namespace codesign
