#include "codesign/Search/PlanBuilder.h"

#include "codesign/Search/Explain.h"

namespace codesign {

namespace {

PlanWorkload describeWorkload(const Workload &workload, double weightSum) {
  PlanWorkload result;
  result.name = workload.name;
  result.description = describe(workload);
  result.phase = toString(workload.phase).str();
  result.batch = workload.batch;
  result.sequenceLength = workload.sequenceLength;
  result.context = workload.context;
  result.microBatches = workload.microBatches;
  result.type = toString(workload.type).str();
  result.keyValueType = toString(workload.keyValueType).str();
  result.scaling = toString(workload.scaling).str();
  result.weight = workload.weight / weightSum;
  return result;
}

} // namespace

Plan buildPlan(const Space &space, const SearchResult &result, const Providers &providers,
               llvm::ArrayRef<Alternative> alternatives, llvm::ArrayRef<Alternative> withoutGuardRail) {
  const Profile &profile = providers.profile();
  Plan plan;
  plan.generator = "codesign " CODESIGN_VERSION;
  plan.model = space.base.name;
  plan.family = space.base.family;
  plan.type = toString(space.base.type).str();
  plan.hardware = profile.name;
  plan.architecture = toString(profile.architecture).str();
  plan.objective = toString(space.objective).str();
  double weightSum = 0;
  for (const WorkloadChoice &choice : space.workloads)
    weightSum += choice.workload.weight;
  for (const WorkloadChoice &choice : space.workloads)
    plan.workloads.push_back(describeWorkload(choice.workload, weightSum));

  const Variant base = baseVariant(space);
  plan.base = describeVariant(space, base, providers);
  plan.base.objective = objectiveOf(space, base, providers, result.reference);
  plan.base.verdict = "base";

  const auto describe = [&](const RankedVariant &ranked) {
    PlanVariant variant = describeVariant(space, ranked.variant, providers);
    variant.objective = ranked.objective;
    variant.speedup = plan.base.objective / ranked.objective;
    variant.speedupBand = ratioBandOf(space, base, ranked.variant, providers);
    variant.verdict = ranked.variant == base                            ? "base"
                      : variant.speedup > 1 + variant.speedupBand       ? "faster"
                      : variant.speedup < 1 / (1 + variant.speedupBand) ? "slower"
                                                                        : "within band";
    return variant;
  };
  for (const RankedVariant &ranked : result.best)
    plan.best.push_back(describe(ranked));
  for (const Alternative &alternative : alternatives) {
    plan.alternatives.push_back(describe(alternative.ranked));
    plan.alternatives.back().condition = alternative.condition;
  }
  if (!result.best.empty()) {
    const Variant &chosen = result.best.front().variant;
    plan.best.front().reasons = explainDifference(space, base, chosen, result.reference, providers);
    wordReasons(space, base, chosen, providers, plan.best.front().reasons);
  }

  plan.certificate = result.certificate;
  const auto describeBriefly = [&](const RankedVariant &ranked) {
    PlanVariant variant = describe(ranked);
    for (PlanWorkloadResult &workload : variant.workloads)
      workload.operators.clear();
    return variant;
  };
  for (const RankedVariant &ranked : result.tied)
    plan.certificate.tiedExamples.push_back(describeBriefly(ranked));
  for (const Alternative &relaxed : withoutGuardRail) {
    plan.certificate.withoutGuardRail.push_back(describeBriefly(relaxed.ranked));
    plan.certificate.withoutGuardRail.back().condition = relaxed.condition;
  }
  if (profile.calibration.sets.empty())
    plan.warnings.push_back(
        "profile '" + profile.name +
        "' has no calibration: times are scaled from data-sheet numbers with constants of related "
        "devices");
  for (const WorkloadChoice &choice : space.workloads) {
    const int64_t length = std::max(choice.workload.sequenceLength, choice.workload.context);
    if (space.base.maxPositionEmbeddings > 0 && length > space.base.maxPositionEmbeddings)
      plan.warnings.push_back("workload '" + choice.workload.name + "' has sequences of " +
                              std::to_string(length) + " tokens, the model " +
                              std::to_string(space.base.maxPositionEmbeddings) + " positions");
  }
  for (const PlanWorkloadResult &workload : plan.chosen().workloads)
    if (workload.exceedsMemory())
      plan.warnings.push_back("workload '" + workload.workload + "' needs " +
                              std::to_string(int64_t(workload.memoryBytesPerRank / 1e9)) +
                              " GB on each GPU, more than its " +
                              std::to_string(int64_t(workload.memoryLimitBytes / 1e9)) +
                              " GB: use more ranks, a smaller batch, or "
                              "sharding and recomputation, which are not priced");
  return plan;
}

} // namespace codesign
