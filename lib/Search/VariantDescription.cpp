#include "EstimateText.h"

#include "codesign/Search/PlanBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace codesign {

namespace {

struct SizesOf {
  std::vector<PlanField> operator()(const GemmShape &s) const {
    return {{"m", s.m}, {"n", s.n}, {"k", s.k}, {"batch", s.batch}, {"pass", toString(s.pass).str()}};
  }
  std::vector<PlanField> operator()(const GroupedGemmShape &s) const {
    return {{"rows", s.rows},
            {"experts", s.localExperts},
            {"n", s.n},
            {"k", s.k},
            {"pass", toString(s.pass).str()}};
  }
  std::vector<PlanField> operator()(const MoeRoutingShape &s) const {
    return {{"tokens", s.tokens}, {"experts", s.experts}, {"top_k", s.topK}, {"hidden_size", s.hiddenSize}};
  }
  std::vector<PlanField> operator()(const AttentionShape &s) const {
    return {{"batch", s.batch},
            {"seq_len", s.queryLength},
            {"heads", s.heads},
            {"kv_heads", s.keyValueHeads},
            {"head_dim", s.headDim},
            {"window", s.window},
            {"backward", int64_t(s.backward)}};
  }
  std::vector<PlanField> operator()(const DecodeAttentionShape &s) const {
    return {{"batch", s.batch},      {"context", s.context},
            {"heads", s.heads},      {"kv_heads", s.keyValueHeads},
            {"head_dim", s.headDim}, {"window", s.window}};
  }
  std::vector<PlanField> operator()(const NormShape &s) const {
    return {{"rows", s.rows}, {"columns", s.columns}};
  }
  std::vector<PlanField> operator()(const ElementwiseShape &s) const {
    return {{"elements", s.elements}, {"bytes_per_element", s.readBytesPerElement + s.writeBytesPerElement}};
  }
  std::vector<PlanField> operator()(const CollectiveShape &s) const {
    return {{"kind", toString(s.kind).str()}, {"bytes", s.bytes}, {"ranks", s.ranks}};
  }
};

/// Only products and attention count as model arithmetic, as in published TFLOP/s.
bool isMatrixWork(const OperatorShape &shape) {
  return std::holds_alternative<GemmShape>(shape) || std::holds_alternative<GroupedGemmShape>(shape) ||
         std::holds_alternative<AttentionShape>(shape) || std::holds_alternative<DecodeAttentionShape>(shape);
}

PlanOperator describeOperator(const PlacedOperator &placed, const Providers &providers) {
  const Providers::Choice choice = providers.choose(placed.op.shape);
  const Estimate &estimate = choice.estimate;
  PlanOperator op;
  op.block = placed.block;
  op.name = placed.op.name;
  op.kind = kindName(placed.op.shape).str();
  op.shape = describe(placed.op.shape);
  op.sizes = std::visit(SizesOf{}, placed.op.shape);
  op.count = placed.count;
  op.secondsEach = estimate.time().value;
  op.seconds = op.secondsEach * double(placed.count);
  for (const NamedSeconds &term : estimate.breakdown.terms())
    op.terms.push_back({term.name.str(), term.time.value});
  op.limiter = estimate.breakdown.limiter().str();
  op.source = toString(estimate.source).str();
  if (!estimate.basis.empty())
    op.source += " (" + estimate.basis + ")";
  op.band = estimate.band;
  op.flop = isMatrixWork(placed.op.shape) ? estimate.flops.value : 0;
  op.joulesEach = estimate.energy.value;
  op.provider = choice.provider;
  op.schedule = scheduleText(estimate, providers.profile());
  if (choice.alternative) {
    op.alternativeProvider = choice.alternativeProvider;
    op.alternativeSecondsEach = choice.alternative->time().value;
  }
  return op;
}

/// Idle stages of a pipeline as an operator of their own, so that the operators sum to the step.
PlanOperator bubble(double seconds) {
  PlanOperator op;
  op.block = "pipeline";
  op.name = "bubble";
  op.kind = "idle";
  op.secondsEach = op.seconds = seconds;
  op.terms = {{"idle stages", seconds}};
  op.limiter = "idle stages";
  op.source = "formula";
  return op;
}

/// Matrix work of one step: of all ranks, over their number. The times are those of the heaviest stage.
double meanFlopPerRank(const ModelSpec &model, Workload workload) {
  const double stages = double(workload.parallelism.pipeline);
  workload.parallelism.pipeline = 1;
  double flop = 0;
  for (const PlacedOperator &placed : operatorsOf(model, workload))
    if (isMatrixWork(placed.op.shape))
      flop += flops(placed.op.shape).value * double(placed.count);
  return flop / stages;
}

PlanWorkloadResult describeWorkload(const ModelSpec &model, const Workload &workload,
                                    const Providers &providers) {
  const Profile &profile = providers.profile();
  PlanWorkloadResult result;
  result.workload = workload.name;
  result.tensorParallel = workload.parallelism.tensor;
  result.expertParallel = workload.parallelism.expert;
  result.pipelineParallel = workload.parallelism.pipeline;
  result.tokensPerStep = workload.replicaTokens();
  double uncertain = 0;
  for (const PlacedOperator &placed : operatorsOf(model, workload)) {
    PlanOperator op = describeOperator(placed, providers);
    result.secondsPerStep += op.seconds;
    result.hbmBytesPerStep += compulsoryBytes(placed.op.shape).value * double(op.count);
    uncertain += op.seconds * op.band;
    result.operators.push_back(std::move(op));
  }
  if (const double factor = pipelineBubbleFactor(workload); factor > 1) {
    result.operators.push_back(bubble(result.secondsPerStep * (factor - 1)));
    uncertain *= factor;
    result.secondsPerStep *= factor;
  }
  result.band = uncertain / result.secondsPerStep;
  result.flopPerStep = meanFlopPerRank(model, workload);
  const StepCost cost = stepCost(model, workload, providers);
  result.joulesPerStep = cost.joules;
  result.tokensPerSecond = double(result.tokensPerStep) / result.secondsPerStep;
  result.teraflopsPerSecond = result.flopPerStep / result.secondsPerStep * 1e-12;
  const double ceiling = profile.achievableMatrixFor(workload.type).value;
  result.achievableCeilingShare = ceiling > 0 ? result.teraflopsPerSecond * 1e12 / ceiling : 0;
  result.hbmBandwidthShare =
      result.hbmBytesPerStep / result.secondsPerStep / profile.memory.achievedReadBandwidth.value;
  result.tokensPerJoule = double(result.tokensPerStep) / result.joulesPerStep;
  if (profile.priceDollarsPerHour)
    result.dollarsPerMillionTokens = *profile.priceDollarsPerHour / 3600 * double(cost.numAccelerators) *
                                     result.secondsPerStep / double(result.tokensPerStep) * 1e6;
  result.memoryBytesPerRank = memoryFootprint(model, workload).total().value;
  result.memoryLimitBytes = profile.memory.capacity.value;
  return result;
}

/// What pairs operators of two variants: the workload's index, the block, the operator's name, and its number
/// among those of this name (layers with and without a window).
using OperatorRole = std::tuple<size_t, std::string, std::string, int>;

/// Seconds or joules of an operator's occurrences, weighted into the objective.
struct WeightedOperator {
  OperatorRole role;
  OperatorShape shape;
  double share = 0; // of the objective
};

std::vector<WeightedOperator> weightedOperators(const Space &space, const Variant &variant,
                                                const Providers &providers) {
  const ModelSpec model = modelOf(space, variant);
  std::vector<WeightedOperator> result;
  double weightSum = 0;
  for (const Workload &workload : workloadsOf(space, variant))
    weightSum += workload.weight;
  for (const auto &[index, workload] : llvm::enumerate(workloadsOf(space, variant))) {
    const size_t first = result.size();
    double total = 0;
    std::map<std::pair<std::string, std::string>, int> named;
    for (const PlacedOperator &placed : operatorsOf(model, workload)) {
      const double seconds = providers.library().time(placed.op.shape).value * double(placed.count);
      const int number = named[{placed.block, placed.op.name}]++;
      result.push_back({{index, placed.block, placed.op.name, number}, placed.op.shape, seconds});
      total += seconds;
    }
    for (size_t i = first; i < result.size(); ++i)
      result[i].share *= workload.weight / weightSum / total;
  }
  return result;
}

/// Bands of operators as a band of the objective. Operators of one kind share their model and so its errors:
/// their bands add up. Kinds are fitted to different measurements and err independently: their bands add in
/// quadrature.
class BandSum {
public:
  void add(const WeightedOperator &op, double band) { byKind[kindName(op.shape)] += op.share * band; }
  double total() const {
    double squares = 0;
    for (const auto &entry : byKind)
      squares += entry.second * entry.second;
    return std::sqrt(squares);
  }

private:
  std::map<llvm::StringRef, double> byKind;
};

} // namespace

PlanVariant describeVariant(const Space &space, const Variant &variant, const Providers &providers) {
  const ModelSpec model = modelOf(space, variant);
  PlanVariant result;
  for (Dimension dimension : allDimensions())
    if (variant.dimensions[dimension] != 0)
      result.dimensions.push_back({toString(dimension).str(), variant.dimensions[dimension]});
  const ParameterCount parameters = countParameters(model);
  result.totalParameters = parameters.total;
  result.activeParameters = parameters.active;
  result.quality = "not modelled";
  for (const Workload &workload : workloadsOf(space, variant))
    result.workloads.push_back(describeWorkload(model, workload, providers));
  return result;
}

std::vector<double> referenceOf(const Space &space, const Variant &variant, const Providers &providers) {
  const ModelSpec model = modelOf(space, variant);
  std::vector<double> reference;
  for (const Workload &workload : workloadsOf(space, variant))
    reference.push_back(costPerToken(stepCost(model, workload, providers), workload, space.objective));
  return reference;
}

double objectiveOf(const Space &space, const Variant &variant, const Providers &providers,
                   const std::vector<double> &reference) {
  double sum = 0, weights = 0;
  std::vector<double> costs = referenceOf(space, variant, providers);
  for (auto [index, workload] : llvm::enumerate(workloadsOf(space, variant))) {
    sum += workload.weight * costs[index] / reference[index];
    weights += workload.weight;
  }
  return sum / weights;
}

double ratioBandOf(const Space &space, const Variant &from, const Variant &to, const Providers &providers) {
  const CostModel &library = providers.library();
  const std::vector<WeightedOperator> before = weightedOperators(space, from, providers);
  const std::vector<WeightedOperator> after = weightedOperators(space, to, providers);
  BandSum band;
  std::map<OperatorRole, const WeightedOperator *> old;
  for (const WeightedOperator &op : before)
    old.try_emplace(op.role, &op);
  std::set<OperatorRole> kept;
  for (const WeightedOperator &op : after) {
    const auto found = old.find(op.role);
    kept.insert(op.role);
    if (found == old.end())
      band.add(op, library.estimate(op.shape).band);
    else if (found->second->shape != op.shape)
      band.add(op, library.ratioBand(found->second->shape, op.shape));
  }
  for (const WeightedOperator &op : before)
    if (!kept.count(op.role))
      band.add(op, library.estimate(op.shape).band);
  return band.total();
}

double tieBandOf(const Space &space, const Providers &providers) {
  BandSum band;
  for (const WeightedOperator &op : weightedOperators(space, baseVariant(space), providers))
    band.add(op, providers.library().ratioBand(op.shape, op.shape));
  return band.total();
}

} // namespace codesign
