#include "codesign/Model/ModelSpec.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <map>
#include <numeric>

namespace codesign {

namespace {

/// Calls visit(block, occurrences) for every block of the model.
template <class Visit>
void forEachBlock(const ModelSpec &model, Visit visit) {
  for (const auto &block : model.prologue)
    visit(*block, int64_t(1));
  for (const LayerGroup &group : model.layers)
    for (const auto &block : group.blocks)
      visit(*block, group.count);
  for (const auto &block : model.epilogue)
    visit(*block, int64_t(1));
}

using BlockList = std::vector<std::shared_ptr<const Block>>;

BlockList rebind(const BlockList &blocks, const DimensionValues &values) {
  BlockList result;
  for (const auto &block : blocks)
    result.push_back(block->withDimensions(values));
  return result;
}

/// Splits `total` layers over groups in proportion to `counts`; the largest remainders take what rounding
/// left.
std::vector<int64_t> apportion(int64_t total, llvm::ArrayRef<int64_t> counts) {
  int64_t sum = std::accumulate(counts.begin(), counts.end(), int64_t(0));
  std::vector<int64_t> shares;
  for (int64_t count : counts)
    shares.push_back(sum == 0 ? 0 : total * count / sum);
  int64_t left = sum == 0 ? 0 : total - std::accumulate(shares.begin(), shares.end(), int64_t(0));
  std::vector<size_t> order(counts.size());
  std::iota(order.begin(), order.end(), size_t(0));
  llvm::stable_sort(order,
                    [&](size_t a, size_t b) { return total * counts[a] % sum > total * counts[b] % sum; });
  for (int64_t i = 0; i < left; ++i)
    ++shares[order[i]];
  return shares;
}

} // namespace

int64_t ModelSpec::numLayers() const {
  int64_t count = 0;
  for (const LayerGroup &group : layers)
    count += group.count;
  return count;
}

ParameterCount countParameters(const ModelSpec &model) {
  ParameterCount sum;
  forEachBlock(model, [&](const Block &block, int64_t count) { sum += count * block.parameters(); });
  return sum;
}

DimensionValues dimensionsOf(const ModelSpec &model) {
  DimensionValues values;
  forEachBlock(model, [&](const Block &block, int64_t) {
    DimensionValues own;
    block.readDimensions(own);
    for (Dimension dimension : block.dimensions())
      if (values[dimension] == 0)
        values[dimension] = own[dimension];
  });
  values[Dimension::NumHiddenLayers] = model.numLayers();
  return values;
}

ModelSpec withDimensions(const ModelSpec &model, const DimensionValues &values) {
  ModelSpec result = model;
  result.prologue = rebind(model.prologue, values);
  result.epilogue = rebind(model.epilogue, values);
  std::vector<int64_t> counts;
  for (const LayerGroup &group : model.layers)
    counts.push_back(group.count);
  std::vector<int64_t> shares = apportion(values[Dimension::NumHiddenLayers], counts);
  for (auto [group, share] : llvm::zip_equal(result.layers, shares)) {
    group.count = share;
    group.blocks = rebind(group.blocks, values);
  }
  return result;
}

std::vector<PlacedOperator> operatorsOf(const ModelSpec &model, const Workload &workload) {
  std::vector<PlacedOperator> result;
  std::map<std::pair<std::string, std::string>, std::vector<size_t>> seen;
  int64_t stages = workload.parallelism.pipeline;
  auto place = [&](const Block &block, int64_t occurrences) {
    std::vector<Operator> operators;
    block.appendOperators(workload, operators);
    for (Operator &op : operators) {
      auto &candidates = seen[{block.kind().str(), op.name}];
      auto same = llvm::find_if(candidates, [&](size_t i) { return result[i].op.shape == op.shape; });
      if (same != candidates.end()) {
        result[*same].count += occurrences * op.count;
        continue;
      }
      candidates.push_back(result.size());
      int64_t count = occurrences * op.count;
      result.push_back({std::move(op), block.kind().str(), count});
    }
  };
  for (const auto &block : model.prologue)
    place(*block, 1);
  for (const LayerGroup &group : model.layers)
    for (const auto &block : group.blocks)
      place(*block, llvm::divideCeil(group.count, stages));
  for (const auto &block : model.epilogue)
    place(*block, 1);
  if (stages > 1) {
    int64_t hidden = dimensionsOf(model)[Dimension::HiddenSize];
    int64_t bytes = workload.tokens() * hidden * std::max(16, bitWidth(workload.type)) / 8;
    int64_t directions = workload.phase == Phase::Train ? 2 : 1;
    result.push_back(
        {{"stage.send_receive", CollectiveShape{CollectiveKind::SendReceive, bytes, 2}, directions},
         "pipeline",
         directions});
  }
  return result;
}

double pipelineBubbleFactor(const Workload &workload) {
  if (workload.phase != Phase::Train)
    return 1;
  return double(workload.microBatches + workload.parallelism.pipeline - 1) / workload.microBatches;
}

std::string whyNotDivisible(const ModelSpec &model, const Parallelism &parallelism) {
  std::string reason;
  forEachBlock(model, [&](const Block &block, int64_t) {
    if (reason.empty())
      reason = block.whyNotDivisible(parallelism);
  });
  return reason;
}

/// Mixed-precision training with Adam: bf16 weights and gradients, fp32 master weights and two moments.
static constexpr double gradientBytes = 2, optimizerBytes = 12;

static double weightBytes(const Workload &workload) {
  return workload.phase == Phase::Train ? 2 : bytesPerElement(workload.type);
}

double bytesPerParameter(const Workload &workload) {
  bool training = workload.phase == Phase::Train;
  return weightBytes(workload) + (training ? gradientBytes + optimizerBytes : 0);
}

int64_t cachedTokens(const Workload &workload) {
  switch (workload.phase) {
  case Phase::Train:
    return 0;
  case Phase::Prefill:
    return workload.batch * workload.sequenceLength;
  case Phase::Decode:
    return workload.batch * workload.context;
  }
  llvm_unreachable("unknown phase");
}

Bytes activationBytes(const Block &block, const Workload &workload) {
  if (workload.phase != Phase::Train)
    return Bytes(0);
  std::vector<Operator> operators;
  block.appendOperators(workload, operators);
  Bytes kept(0);
  for (const Operator &op : operators)
    kept += op.kept * double(op.count);
  return kept * double(std::min(workload.parallelism.pipeline, workload.microBatches));
}

Bytes workingSetBytes(int64_t hiddenSize, const Workload &workload) {
  return Bytes(2.0 * 8 * double(workload.tokens()) * double(hiddenSize));
}

MemoryFootprint memoryFootprint(const ModelSpec &model, const Workload &workload) {
  int64_t stages = workload.parallelism.pipeline;
  double parameters = 0;
  Bytes cachePerToken(0);
  MemoryFootprint memory;
  for (const auto *blocks : {&model.prologue, &model.epilogue})
    for (const auto &block : *blocks) {
      parameters += block->parametersPerRank(workload.parallelism);
      memory.activations += activationBytes(*block, workload);
    }
  for (const LayerGroup &group : model.layers)
    for (const auto &block : group.blocks) {
      int64_t count = llvm::divideCeil(group.count, stages);
      parameters += double(count) * block->parametersPerRank(workload.parallelism);
      cachePerToken += block->cacheBytesPerToken(workload) * double(count);
      memory.activations += activationBytes(*block, workload) * double(count);
    }
  memory.activations += workingSetBytes(dimensionsOf(model)[Dimension::HiddenSize], workload);
  memory.weights = Bytes(weightBytes(workload) * parameters);
  if (workload.phase == Phase::Train) {
    memory.gradients = Bytes(gradientBytes * parameters);
    memory.optimizer = Bytes(optimizerBytes * parameters);
  }
  memory.keyValueCache = cachePerToken * double(cachedTokens(workload));
  return memory;
}

} // namespace codesign
