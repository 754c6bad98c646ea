#include "BruteForce.h"

#include "codesign/Model/Blocks.h"
#include "llvm/ADT/STLExtras.h"
#include <limits>

namespace codesign::testing {

/// splitmix64: a bijection that scatters neighbouring inputs.
static uint64_t scatter(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

uint64_t RandomPricer::hash(const OperatorShape &shape) const {
  uint64_t hash = scatter(seed);
  for (unsigned char c : describe(shape) + kindName(shape).str())
    hash = scatter(hash ^ c);
  return hash;
}

Seconds RandomPricer::time(const OperatorShape &shape) const {
  return Seconds(double(1 + hash(shape) % range));
}

Joules RandomPricer::energy(const OperatorShape &shape) const {
  return Joules(double(1 + scatter(hash(shape)) % range));
}

static std::vector<int64_t> candidates(const Space &space, Dimension dimension, int64_t hidden) {
  if (const auto &domain = space.domain(dimension))
    return valuesOf(*domain, hidden);
  return {dimension == Dimension::HiddenSize ? hidden : dimensionsOf(space.base)[dimension]};
}

namespace {

class Enumeration {
public:
  Enumeration(const Space &space, const OperatorPricer &pricer)
      : space(space), pricer(pricer), constraints(constraintsOf(space)) {
    result.removed.assign(constraints.size(), 0);
  }

  BruteForceResult run() {
    Variant variant = baseVariant(space);
    for (int64_t hidden :
         candidates(space, Dimension::HiddenSize, variant.dimensions[Dimension::HiddenSize])) {
      variant.dimensions[Dimension::HiddenSize] = hidden;
      chooseDimension(variant, allDimensions().drop_front());
    }
    rank();
    return std::move(result);
  }

private:
  void chooseDimension(Variant variant, llvm::ArrayRef<Dimension> rest) {
    if (rest.empty())
      return chooseSplit(variant, 0);
    for (int64_t value : candidates(space, rest.front(), variant.dimensions[Dimension::HiddenSize])) {
      variant.dimensions[rest.front()] = value;
      chooseDimension(variant, rest.drop_front());
    }
  }

  void chooseSplit(Variant variant, size_t workload) {
    if (workload == space.workloads.size())
      return visit(variant);
    const WorkloadChoice &choice = space.workloads[workload];
    if (choice.parallelisms.empty())
      return chooseSplit(variant, workload + 1);
    for (const Parallelism &parallelism : choice.parallelisms) {
      variant.parallelisms[workload] = parallelism;
      chooseSplit(variant, workload + 1);
    }
  }

  void visit(const Variant &variant) {
    ++result.variants;
    for (auto [k, constraint] : llvm::enumerate(constraints))
      if (!satisfies(space, constraint, variant)) {
        ++result.removed[k];
        return;
      }
    result.legal.push_back({variant, countParameters(modelOf(space, variant)), 0});
    std::vector<double> &costs = perWorkload.emplace_back();
    ModelSpec model = modelOf(space, variant);
    for (const Workload &workload : workloadsOf(space, variant))
      costs.push_back(costPerToken(stepCost(model, workload, pricer), workload, space.objective));
  }

  void rank() {
    double sum = 0;
    for (size_t w = 0; w < space.workloads.size(); ++w) {
      const Workload &workload = space.workloads[w].workload;
      sum += workload.weight;
      double reference = std::numeric_limits<double>::infinity();
      if (space.hasBase)
        reference = costPerToken(stepCost(space.base, workload, pricer), workload, space.objective);
      else
        for (const std::vector<double> &costs : perWorkload)
          reference = std::min(reference, costs[w]);
      result.reference.push_back(reference);
    }
    for (auto [variant, costs] : llvm::zip_equal(result.legal, perWorkload))
      for (size_t w = 0; w < costs.size(); ++w)
        variant.objective += space.workloads[w].workload.weight / sum * costs[w] / result.reference[w];
    llvm::stable_sort(result.legal, [](const RankedVariant &a, const RankedVariant &b) {
      return a.objective < b.objective;
    });
  }

  const Space &space;
  const OperatorPricer &pricer;
  std::vector<Constraint> constraints;
  std::vector<std::vector<double>> perWorkload;
  BruteForceResult result;
};

using BlockPointer = std::shared_ptr<const Block>;

BlockPointer norm(int64_t hidden) {
  NormBlock block;
  block.hiddenSize = hidden;
  return std::make_shared<NormBlock>(block);
}

BlockPointer attention(int64_t hidden, int64_t headDim, int64_t heads, int64_t keyValueHeads) {
  AttentionBlock block;
  block.hiddenSize = hidden;
  block.headDim = headDim;
  block.numAttentionHeads = heads;
  block.numKeyValueHeads = keyValueHeads;
  return std::make_shared<AttentionBlock>(block);
}

ModelSpec shell(int64_t hidden, int64_t vocabulary, bool tied) {
  ModelSpec model;
  model.name = model.family = "test";
  EmbeddingBlock embedding;
  embedding.vocabSize = vocabulary;
  embedding.hiddenSize = hidden;
  HeadBlock head;
  head.vocabSize = vocabulary;
  head.hiddenSize = hidden;
  head.tied = tied;
  model.prologue.push_back(std::make_shared<EmbeddingBlock>(embedding));
  model.epilogue = {norm(hidden), std::make_shared<HeadBlock>(head)};
  return model;
}

} // namespace

int64_t countVariants(const Space &space) {
  int64_t count = 0, base = dimensionsOf(space.base)[Dimension::HiddenSize];
  for (int64_t hidden : candidates(space, Dimension::HiddenSize, base)) {
    int64_t product = 1;
    for (Dimension dimension : allDimensions().drop_front())
      product *= int64_t(candidates(space, dimension, hidden).size());
    for (const WorkloadChoice &choice : space.workloads)
      product *= int64_t(std::max<size_t>(choice.parallelisms.size(), 1));
    count += product;
  }
  return count;
}

BruteForceResult bruteForce(const Space &space, const OperatorPricer &pricer) {
  return Enumeration(space, pricer).run();
}

ModelSpec denseModel(int64_t hidden, int64_t layers, int64_t headDim, int64_t heads, int64_t keyValueHeads,
                     int64_t intermediate, int64_t vocabulary, bool tied) {
  ModelSpec model = shell(hidden, vocabulary, tied);
  MlpBlock mlp;
  mlp.hiddenSize = hidden;
  mlp.intermediateSize = intermediate;
  model.layers.push_back({layers,
                          {norm(hidden), attention(hidden, headDim, heads, keyValueHeads), norm(hidden),
                           std::make_shared<MlpBlock>(mlp)}});
  return model;
}

ModelSpec moeModel(int64_t hidden, int64_t layers, int64_t headDim, int64_t heads, int64_t keyValueHeads,
                   int64_t experts, int64_t topK, int64_t expertWidth, int64_t sharedWidth,
                   int64_t vocabulary) {
  ModelSpec model = shell(hidden, vocabulary, /*tied=*/false);
  MoeBlock moe;
  moe.hiddenSize = hidden;
  moe.numExperts = experts;
  moe.numExpertsPerToken = topK;
  moe.moeIntermediateSize = expertWidth;
  moe.sharedExpertIntermediateSize = sharedWidth;
  model.layers.push_back({layers,
                          {norm(hidden), attention(hidden, headDim, heads, keyValueHeads), norm(hidden),
                           std::make_shared<MoeBlock>(moe)}});
  return model;
}

static Workload workload(const char *name, Phase phase, int64_t batch, double weight) {
  Workload workload;
  workload.name = name;
  workload.phase = phase;
  workload.batch = batch;
  workload.weight = weight;
  return workload;
}

Workload trainWorkload(int64_t batch, int64_t sequenceLength, double weight) {
  Workload result = workload("train", Phase::Train, batch, weight);
  result.sequenceLength = sequenceLength;
  return result;
}

Workload prefillWorkload(int64_t batch, int64_t sequenceLength, double weight) {
  Workload result = workload("prefill", Phase::Prefill, batch, weight);
  result.sequenceLength = sequenceLength;
  return result;
}

Workload decodeWorkload(int64_t batch, int64_t context, double weight) {
  Workload result = workload("decode", Phase::Decode, batch, weight);
  result.context = context;
  return result;
}

} // namespace codesign::testing
