#include "OperatorList.h"
#include "codesign/Model/Blocks.h"
#include <algorithm>

namespace codesign {

/// Tensor ranks that share one expert: tp ÷ ep while the expert ranks fit into one tensor group.
static int64_t ranksPerExpert(const Parallelism &parallelism) {
  return std::max<int64_t>(1, parallelism.tensor / parallelism.expert);
}

static int64_t weightMatrices(bool gated) {
  return gated ? 3 : 2;
}

ParameterCount MoeBlock::parameters() const {
  int64_t expert = weightMatrices(gated) * hiddenSize * moeIntermediateSize;
  int64_t always =
      hiddenSize * numExperts + weightMatrices(gated) * hiddenSize * sharedExpertIntermediateSize;
  if (sharedExpertGate)
    always += hiddenSize;
  return {always + numExperts * expert, always + numExpertsPerToken * expert};
}

int64_t MoeBlock::parametersPerRank(const Parallelism &parallelism) const {
  int64_t experts = numExperts / parallelism.expert;
  int64_t width = moeIntermediateSize / ranksPerExpert(parallelism);
  int64_t shared = sharedExpertIntermediateSize / parallelism.tensor;
  return hiddenSize * numExperts + (sharedExpertGate ? hiddenSize : 0) +
         weightMatrices(gated) * hiddenSize * (experts * width + shared);
}

void MoeBlock::appendOperators(const Workload &workload, std::vector<Operator> &operators) const {
  OperatorList list(workload, operators);
  const Parallelism &ranks = workload.parallelism;
  int64_t tokens = list.tokens();
  bool exchange = ranks.expert > ranks.tensor;
  int64_t routedTokens = exchange ? tokens * (ranks.expert / ranks.tensor) : tokens;
  int64_t localExperts = numExperts / ranks.expert;
  int64_t rows = std::max<int64_t>(1, routedTokens * numExpertsPerToken / ranks.expert);
  int64_t width = moeIntermediateSize / ranksPerExpert(ranks);
  int64_t exchangedBytes = tokens * numExpertsPerToken * hiddenSize * bitWidth(list.activationType()) / 8;

  auto routing = [&](llvm::StringRef name) {
    list.add(name, MoeRoutingShape{.tokens = routedTokens,
                                   .hiddenSize = hiddenSize,
                                   .experts = numExperts,
                                   .topK = numExpertsPerToken,
                                   .localExperts = localExperts,
                                   .type = list.activationType()});
  };
  auto grouped = [&](llvm::StringRef name, int64_t out, int64_t in) {
    list.addGroupedLinear(name, GroupedGemmShape{.tokens = routedTokens,
                                                 .rows = rows,
                                                 .experts = numExperts,
                                                 .topK = numExpertsPerToken,
                                                 .localExperts = localExperts,
                                                 .n = out,
                                                 .k = in,
                                                 .input = workload.type,
                                                 .output = list.activationType(),
                                                 .scaling = workload.scaling});
  };
  auto allToAll = [&](llvm::StringRef name) {
    if (exchange)
      list.addCollective(name, CollectiveKind::AllToAll, exchangedBytes, ranks.expert);
  };

  list.addUnquantizedLinear("router", tokens, numExperts, hiddenSize);
  routing("routing");
  if (list.training())
    routing("routing.backward");
  allToAll("dispatch.all_to_all");
  grouped(gated ? "experts_gate_up" : "experts_up", gated ? 2 * width : width, hiddenSize);
  list.addActivation(gated ? "experts_swiglu" : ("experts_" + toString(activation)).str(), rows, width,
                     gated);
  grouped("experts_down", hiddenSize, width);
  allToAll("combine.all_to_all");
  if (list.training()) {
    allToAll("dispatch.all_to_all.backward");
    allToAll("combine.all_to_all.backward");
  }
  if (sharedExpertIntermediateSize > 0) {
    int64_t shared = sharedExpertIntermediateSize / ranks.tensor;
    list.addLinear("shared_gate_up", tokens, gated ? 2 * shared : shared, hiddenSize);
    list.addActivation("shared_activation", tokens, shared, gated);
    list.addLinear("shared_down", tokens, hiddenSize, shared);
  }
  if (!exchange || sharedExpertIntermediateSize > 0)
    list.addAllReduce("experts.all_reduce", tokens, hiddenSize);
}

std::string MoeBlock::whyNotDivisible(const Parallelism &parallelism) const {
  auto reason = [](const char *what, int64_t value, const char *ranksName, int64_t ranks) {
    return std::string(what) + " " + std::to_string(value) + " is not a multiple of " + ranksName + " " +
           std::to_string(ranks);
  };
  if (numExperts % parallelism.expert != 0)
    return reason("num_experts", numExperts, "ep", parallelism.expert);
  if (parallelism.tensor % parallelism.expert != 0 && parallelism.expert % parallelism.tensor != 0)
    return "tp " + std::to_string(parallelism.tensor) + " and ep " + std::to_string(parallelism.expert) +
           " must divide one another";
  if (moeIntermediateSize % ranksPerExpert(parallelism) != 0)
    return reason("moe_intermediate_size", moeIntermediateSize, "tp/ep", ranksPerExpert(parallelism));
  if (sharedExpertIntermediateSize % parallelism.tensor != 0)
    return reason("shared_expert_intermediate_size", sharedExpertIntermediateSize, "tp", parallelism.tensor);
  return {};
}

llvm::ArrayRef<Dimension> MoeBlock::dimensions() const {
  static constexpr Dimension used[] = {Dimension::HiddenSize, Dimension::NumExperts,
                                       Dimension::NumExpertsPerToken, Dimension::MoeIntermediateSize,
                                       Dimension::SharedExpertIntermediateSize};
  return used;
}

void MoeBlock::readDimensions(DimensionValues &values) const {
  values[Dimension::HiddenSize] = hiddenSize;
  values[Dimension::NumExperts] = numExperts;
  values[Dimension::NumExpertsPerToken] = numExpertsPerToken;
  values[Dimension::MoeIntermediateSize] = moeIntermediateSize;
  values[Dimension::SharedExpertIntermediateSize] = sharedExpertIntermediateSize;
}

std::shared_ptr<const Block> MoeBlock::withDimensions(const DimensionValues &values) const {
  auto block = std::make_shared<MoeBlock>(*this);
  block->hiddenSize = values[Dimension::HiddenSize];
  block->numExperts = values[Dimension::NumExperts];
  block->numExpertsPerToken = values[Dimension::NumExpertsPerToken];
  block->moeIntermediateSize = values[Dimension::MoeIntermediateSize];
  block->sharedExpertIntermediateSize = values[Dimension::SharedExpertIntermediateSize];
  return block;
}

} // namespace codesign
