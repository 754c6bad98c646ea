#include "Epilogues.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>

namespace codesign {

namespace {

/// Columns of a head that a lane turns at once.
constexpr int64_t columnsTurned = 4;

/// Whether what a block gives is added to the residual stream: so says the norm that follows it, which for
/// the last block of a layer is, after all layers, the model's own.
bool isAdded(const ModelSpec &model, const LayerGroup &group, const Block &block) {
  const auto place = llvm::find_if(group.blocks, [&](const auto &other) { return other.get() == &block; });
  const Block *next = nullptr;
  if (std::next(place) != group.blocks.end())
    next = std::next(place)->get();
  else if (!model.epilogue.empty())
    next = model.epilogue.front().get();
  const auto *norm = dynamic_cast<const NormBlock *>(next);
  return norm && norm->residual;
}

/// What the layers have in common, whose blocks of one kind differ in their flags alone: `endOf(block,
/// group)` of all. Nothing where there is no such block.
template <class Kind, class EndOf>
Epilogue ofAllLayers(const ModelSpec &model, EndOf endOf) {
  std::optional<Epilogue> all;
  for (const LayerGroup &group : model.layers)
    for (const auto &block : group.blocks)
      if (const auto *found = dynamic_cast<const Kind *>(block.get())) {
        const Epilogue end = endOf(*found, group);
        all = all ? commonTo(*all, end) : end;
      }
  return all.value_or(Epilogue());
}

} // namespace

Epilogue commonTo(const Epilogue &one, const Epilogue &other) {
  Epilogue common;
  common.residual = one.residual && other.residual;
  // A bias comes before gates and rotations: where the caller adds it, those are the caller's as well.
  if (one.bias != other.bias)
    return common;
  common.bias = one.bias;
  if (one.rotary == other.rotary)
    common.rotary = one.rotary;
  const auto isWeighted = [](const Epilogue &end) {
    return end.name == "row_weights" || end.name == "token_sum";
  };
  if (one.name == other.name && one.topK == other.topK) {
    common.name = one.name;
    common.topK = one.topK;
    common.quantised = one.quantised && other.quantised;
  } else if (isWeighted(one) && isWeighted(other)) {
    common.name = "row_weights";
  }
  return common;
}

Epilogues::Epilogues(const ModelSpec &model, const std::vector<Workload> &workloads)
    : model(model), positions(model.maxPositionEmbeddings) {
  for (const Workload &workload : workloads) {
    training |= workload.phase == Phase::Train;
    if (positions > 0)
      positions = std::max({positions, workload.sequenceLength, workload.context});
  }
}

/// What follows a first projection, whose gradient needs what came before: the gate or the activation, and
/// what the next product reads of it, 8 bits where that has a scale for its whole operand.
template <class Network>
Epilogue Epilogues::activationOf(const PlacedOperator &placed, const Network &network) const {
  const auto endOf = [&](const auto &shape) -> Epilogue {
    if (training)
      return {};
    return {.name = network.gated ? "swiglu" : toString(network.activation).str(),
            .quantised = isFloat8(shape.input) && shape.scaling == Scaling::PerTensor};
  };
  const auto *grouped = std::get_if<GroupedGemmShape>(&placed.op.shape);
  return grouped ? endOf(*grouped) : endOf(std::get<GemmShape>(placed.op.shape));
}

Epilogue Epilogues::sumOf(const GroupedGemmShape &shape, const Workload &workload) const {
  if (training)
    return {};
  // Where experts are dealt to more ranks than share a token, its rows go back to the rank that it came from.
  if (workload.parallelism.expert > workload.parallelism.tensor || shape.topK > mostRowsOfToken)
    return {.name = "row_weights"};
  return {.name = "token_sum", .topK = shape.topK};
}

Epilogue Epilogues::projectionOf(const AttentionBlock &attention, const Workload &workload,
                                 int64_t columns) const {
  Epilogue end = {.bias = attention.queryKeyValueBias};
  // Norms of heads stand between projection and rotation.
  if (!attention.rotary || attention.queryKeyNorm || positions == 0 ||
      attention.headDim % columnsTurned != 0 || positions > mostPositions(attention.headDim))
    return end;
  const int64_t values = std::max<int64_t>(1, attention.numKeyValueHeads / workload.parallelism.tensor);
  end.rotary = {.headColumns = attention.headDim,
                .columns = columns - values * attention.headDim,
                .positions = positions};
  return end;
}

Epilogue Epilogues::of(const PlacedOperator &placed, const Workload &workload) const {
  const llvm::StringRef name = placed.op.name;
  if (name == "experts_down")
    return sumOf(std::get<GroupedGemmShape>(placed.op.shape), workload);
  // What is added once, after a sum over ranks, is no part of the product of each.
  const bool whole = workload.parallelism.tensor == 1;
  if (name == "qkv_proj" || name == "o_proj")
    return ofAllLayers<AttentionBlock>(model, [&](const AttentionBlock &block, const LayerGroup &group) {
      if (name == "qkv_proj")
        return projectionOf(block, workload, std::get<GemmShape>(placed.op.shape).n);
      return Epilogue{.bias = whole && block.outputBias, .residual = whole && isAdded(model, group, block)};
    });
  if (name == "gate_up_proj" || name == "up_proj")
    return ofAllLayers<MlpBlock>(model, [&](const MlpBlock &block, const LayerGroup &) {
      Epilogue end = activationOf(placed, block);
      end.bias = block.bias;
      return end;
    });
  if (name == "down_proj")
    return ofAllLayers<MlpBlock>(model, [&](const MlpBlock &block, const LayerGroup &group) {
      return Epilogue{.bias = whole && block.bias, .residual = whole && isAdded(model, group, block)};
    });
  if (name == "experts_gate_up" || name == "experts_up" || name == "shared_gate_up")
    return ofAllLayers<MoeBlock>(
        model, [&](const MoeBlock &block, const LayerGroup &) { return activationOf(placed, block); });
  return {};
}

} // namespace codesign
