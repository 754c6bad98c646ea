// A whole model as a list of distinct blocks.
#pragma once

#include "codesign/Model/Block.h"
#include "codesign/Support/DataType.h"
#include <memory>
#include <string>
#include <vector>

namespace codesign {

/// Equal layers, stored once. A layer is the list of its blocks in execution order.
struct LayerGroup {
  int64_t count = 0;
  std::vector<std::shared_ptr<const Block>> blocks;
};

/// What a model is, independent of any file format: prologue (embedding), layers, epilogue (final norm,
/// head).
struct ModelSpec {
  std::string name;   // for reports; sanitised before it reaches code or a path
  std::string family; // Hugging Face model_type: "llama", "mixtral", …
  DataType type = DataType::BF16;
  int64_t maxPositionEmbeddings = 0;
  std::vector<std::shared_ptr<const Block>> prologue;
  std::vector<LayerGroup> layers;
  std::vector<std::shared_ptr<const Block>> epilogue;

  int64_t numLayers() const;
};

/// Exact to the unit: the sum over all blocks. A tied head is counted once, with the embedding.
ParameterCount countParameters(const ModelSpec &model);

/// Values of all dimensions, from the first block that has each; 0 where none has.
DimensionValues dimensionsOf(const ModelSpec &model);

/// The same architecture at other sizes. NumHiddenLayers is spread over the layer groups in proportion to
/// their counts (largest remainder), so that a pattern such as "3 sliding, 1 full" keeps its ratio.
ModelSpec withDimensions(const ModelSpec &model, const DimensionValues &values);

/// An operator with how often one rank runs it in a step and which block asked for it.
struct PlacedOperator {
  Operator op;
  std::string block;
  int64_t count = 1; // occurrences per step on the busiest rank, op.count included
};

/// Everything the busiest rank runs for one step: ceil(layers ÷ stages) layers plus embedding and head. Equal
/// operators of one block are listed once with their count. Requires whyNotDivisible() to be empty.
std::vector<PlacedOperator> operatorsOf(const ModelSpec &model, const Workload &workload);

/// By how much idle stages stretch a training step: (micro-batches + stages − 1) ÷ micro-batches (GPipe and
/// 1F1B); 1 otherwise.
double pipelineBubbleFactor(const Workload &workload);

/// Empty if every block can be split as the workload asks, else the first reason.
std::string whyNotDivisible(const ModelSpec &model, const Parallelism &parallelism);

/// Memory of one rank. Weights in the workload's type. Training in mixed precision: 2 bytes weight, 2
/// gradient and 12 optimiser (fp32 master, Adam's two moments) per parameter; activations without
/// recomputation, as the step's time is priced: what each operator keeps for its gradients (Korthikanti et
/// al. 2022, without the attention matrix that flash attention never stores), for each micro-batch that a
/// 1F1B pipeline has in flight. Prefill and decode: the key-value cache at the full context.
struct MemoryFootprint {
  Bytes weights, gradients, optimizer, activations, keyValueCache;
  Bytes total() const { return weights + gradients + optimizer + activations + keyValueCache; }
};
MemoryFootprint memoryFootprint(const ModelSpec &model, const Workload &workload);

/// The parts of the footprint that a sum over blocks needs: bytes that a rank keeps for each of its
/// parameters (weight, gradient, optimiser), tokens whose keys and values it caches (0 in training), what a
/// block keeps for its gradients (0 but in training), and a working set of eight tensors as wide as the
/// residual stream.
double bytesPerParameter(const Workload &workload);
int64_t cachedTokens(const Workload &workload);
Bytes activationBytes(const Block &block, const Workload &workload);
Bytes workingSetBytes(int64_t hiddenSize, const Workload &workload);

} // namespace codesign
