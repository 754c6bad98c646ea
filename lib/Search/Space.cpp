#include "codesign/Search/Space.h"

#include "codesign/Search/Constraints.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>

namespace codesign {

/// Above every size that a model could have, and far below what would overflow a product of two.
static constexpr int64_t maxSize = int64_t(1) << 31;
/// Domains are listed in memory.
static constexpr int64_t maxValues = 1'000'000;

Variant baseVariant(const Space &space) {
  Variant variant{dimensionsOf(space.base), {}};
  for (const WorkloadChoice &choice : space.workloads)
    variant.parallelisms.push_back(choice.workload.parallelism);
  return variant;
}

ModelSpec modelOf(const Space &space, const Variant &variant) {
  return withDimensions(space.base, variant.dimensions);
}

std::vector<Workload> workloadsOf(const Space &space, const Variant &variant) {
  std::vector<Workload> workloads;
  for (auto [choice, parallelism] : llvm::zip_equal(space.workloads, variant.parallelisms)) {
    workloads.push_back(choice.workload);
    workloads.back().parallelism = parallelism;
  }
  return workloads;
}

static llvm::Error validateDomain(Dimension dimension, const DimensionDomain &domain) {
  llvm::StringRef name = toString(dimension);
  auto inRange = [](int64_t value) { return value >= 1 && value <= maxSize; };
  if (const auto *list = std::get_if<ListDomain>(&domain)) {
    if (list->values.empty())
      return usageError("the domain of " + name + " is empty");
    bool zeroMeansNone = dimension == Dimension::SharedExpertIntermediateSize;
    for (int64_t value : list->values)
      if (!inRange(value) && !(zeroMeansNone && value == 0))
        return usageError(name + " cannot be " + llvm::Twine(value));
  } else if (const auto *range = std::get_if<StepDomain>(&domain)) {
    if (!inRange(range->min) || !inRange(range->max) || range->step < 1)
      return usageError("the domain of " + name + " must lie between 1 and 2^31 with a positive step");
    if (range->min > range->max)
      return usageError("the domain of " + name + " is empty: " + llvm::Twine(range->min) + " exceeds " +
                        llvm::Twine(range->max));
    if ((range->max - range->min) / range->step >= maxValues)
      return usageError("the domain of " + name + " has more than a million values");
  } else {
    const auto &ratio = std::get<RatioDomain>(domain);
    if (dimension == Dimension::HiddenSize)
      return usageError("hidden_size cannot be a ratio of itself");
    if (!(ratio.minRatio > 0) || !(ratio.maxRatio >= ratio.minRatio) || ratio.maxRatio > 1000 ||
        ratio.step < 1)
      return usageError("the domain of " + name + " needs 0 < min_ratio <= max_ratio and a positive step");
  }
  return llvm::Error::success();
}

static llvm::Error validateRange(llvm::StringRef name, const std::optional<Range> &range) {
  if (range && !(range->min <= range->max))
    return usageError("the " + name + " budget is empty: its minimum exceeds its maximum");
  return llvm::Error::success();
}

static llvm::Error validateGuardRails(const Space &space) {
  for (const GuardRailChange &change : space.guardRails) {
    if (!llvm::is_contained(guardRailNames(), change.name))
      return usageError("there is no guard-rail '" + change.name + "'" +
                        didYouMean(change.name, guardRailNames()));
    if (change.min && change.max && *change.min > *change.max)
      return usageError("the limits of '" + change.name + "' exclude everything");
  }
  return llvm::Error::success();
}

llvm::Error validate(const Space &space) {
  DimensionValues base = dimensionsOf(space.base);
  if (space.workloads.empty())
    return usageError("a search needs at least one workload");
  double weights = 0;
  for (const WorkloadChoice &choice : space.workloads) {
    if (!(choice.workload.weight >= 0) || !std::isfinite(choice.workload.weight))
      return usageError("the weight of workload '" + choice.workload.name + "' must not be negative");
    if (choice.workload.tokens() < 1)
      return usageError("workload '" + choice.workload.name + "' processes no tokens");
    weights += choice.workload.weight;
  }
  if (weights <= 0)
    return usageError("the weights of the workloads sum to zero");
  for (Dimension dimension : allDimensions()) {
    const auto &domain = space.domain(dimension);
    if (!domain)
      continue;
    if (base[dimension] == 0 && dimension != Dimension::SharedExpertIntermediateSize)
      return usageError("the model has no " + toString(dimension) + " to search over");
    if (llvm::Error error = validateDomain(dimension, *domain))
      return error;
  }
  if (llvm::Error error = validateRange("params", space.budget.parameters))
    return error;
  if (llvm::Error error = validateRange("active_params", space.budget.activeParameters))
    return error;
  if (llvm::Error error = validateRange("flops_per_token", space.budget.flopsPerToken))
    return error;
  if (llvm::Error error = validateRange("memory_bytes", space.budget.memoryBytes))
    return error;
  return validateGuardRails(space);
}

} // namespace codesign
