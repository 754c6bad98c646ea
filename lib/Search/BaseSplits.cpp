#include "codesign/Search/Search.h"

#include <limits>
#include <optional>

namespace codesign {

Space withBestBaseSplits(Space space, const OperatorPricer &pricer) {
  if (!space.hasBase)
    return space;
  for (WorkloadChoice &choice : space.workloads) {
    double least = std::numeric_limits<double>::infinity();
    bool leastFits = false;
    std::optional<Parallelism> best;
    for (const Parallelism &split : choice.parallelisms) {
      Workload workload = choice.workload;
      workload.parallelism = split;
      if (!whyNotDivisible(space.base, split).empty())
        continue;
      const bool fits = !space.budget.memoryBytes || space.budget.memoryBytes->contains(
                                                         memoryFootprint(space.base, workload).total().value);
      const double cost = costPerToken(stepCost(space.base, workload, pricer), workload, space.objective);
      if (best && (leastFits > fits || (leastFits == fits && least <= cost)))
        continue;
      best = split;
      least = cost;
      leastFits = fits;
    }
    if (best)
      choice.workload.parallelism = *best;
  }
  return space;
}

llvm::Error checkBaseSplits(const Space &space) {
  for (const WorkloadChoice &choice : space.workloads)
    if (std::string reason = whyNotDivisible(space.base, choice.workload.parallelism); !reason.empty())
      return usageError("the model cannot run workload '" + choice.workload.name + "': " + reason);
  return llvm::Error::success();
}

} // namespace codesign
