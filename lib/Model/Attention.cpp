#include "OperatorList.h"
#include "codesign/Model/Blocks.h"
#include <algorithm>

namespace codesign {

/// Key-value heads that one rank holds; replicated when there are fewer heads than ranks.
static int64_t keyValueHeadsPerRank(const AttentionBlock &block, int64_t ranks) {
  return std::max<int64_t>(1, block.numKeyValueHeads / ranks);
}

ParameterCount AttentionBlock::parameters() const {
  int64_t query = numAttentionHeads * headDim, keyValue = numKeyValueHeads * headDim;
  int64_t count = hiddenSize * (query + 2 * keyValue) + query * hiddenSize;
  if (queryKeyValueBias)
    count += query + 2 * keyValue;
  if (outputBias)
    count += hiddenSize;
  if (queryKeyNorm)
    count += 2 * headDim;
  return {count, count};
}

int64_t AttentionBlock::parametersPerRank(const Parallelism &parallelism) const {
  AttentionBlock slice = *this;
  slice.numAttentionHeads = numAttentionHeads / parallelism.tensor;
  slice.numKeyValueHeads = keyValueHeadsPerRank(*this, parallelism.tensor);
  return slice.parameters().total;
}

void AttentionBlock::appendOperators(const Workload &workload, std::vector<Operator> &operators) const {
  OperatorList list(workload, operators);
  int64_t tokens = list.tokens();
  int64_t heads = numAttentionHeads / list.tensorRanks();
  int64_t keyValueHeads = keyValueHeadsPerRank(*this, list.tensorRanks());
  list.addLinear("qkv_proj", tokens, (heads + 2 * keyValueHeads) * headDim, hiddenSize);
  if (queryKeyNorm)
    list.addNorm("qk_norm", tokens * (heads + keyValueHeads), headDim, /*residual=*/false);
  if (rotary)
    list.addElementwise("rope", tokens * (heads + keyValueHeads) * headDim, 1, 1);
  if (workload.phase == Phase::Decode) {
    list.add("attention", DecodeAttentionShape{.batch = workload.batch,
                                               .context = workload.context,
                                               .heads = heads,
                                               .keyValueHeads = keyValueHeads,
                                               .headDim = headDim,
                                               .window = slidingWindow,
                                               .type = list.activationType(),
                                               .keyValueType = workload.keyValueType});
  } else {
    AttentionShape shape{.batch = workload.batch,
                         .queryLength = workload.sequenceLength,
                         .keyLength = workload.sequenceLength,
                         .heads = heads,
                         .keyValueHeads = keyValueHeads,
                         .headDim = headDim,
                         .window = slidingWindow,
                         .type = list.activationType(),
                         .keyValueType = list.activationType()};
    list.add("attention", shape);
    // Queries, keys, values, and the logarithm of each row's sum in fp32.
    list.keep(double(tokens) * (double((heads + 2 * keyValueHeads) * headDim) * bytesPerElement(shape.type) +
                                4.0 * double(heads)));
    if (list.training()) {
      shape.backward = true;
      list.add("attention.backward", shape);
    }
  }
  list.addLinear("o_proj", tokens, hiddenSize, heads * headDim);
  list.addAllReduce("o_proj.all_reduce", tokens, hiddenSize);
}

Bytes AttentionBlock::cacheBytesPerToken(const Workload &workload) const {
  int64_t heads = keyValueHeadsPerRank(*this, workload.parallelism.tensor);
  return Bytes(2.0 * heads * headDim * bytesPerElement(workload.keyValueType));
}

std::string AttentionBlock::whyNotDivisible(const Parallelism &parallelism) const {
  int64_t ranks = parallelism.tensor;
  if (numAttentionHeads % ranks != 0)
    return "num_attention_heads " + std::to_string(numAttentionHeads) + " is not a multiple of tp " +
           std::to_string(ranks);
  if (numKeyValueHeads % ranks != 0 && ranks % numKeyValueHeads != 0)
    return "num_key_value_heads " + std::to_string(numKeyValueHeads) + " neither divides tp " +
           std::to_string(ranks) + " nor is a multiple of it";
  return {};
}

llvm::ArrayRef<Dimension> AttentionBlock::dimensions() const {
  static constexpr Dimension used[] = {Dimension::HiddenSize, Dimension::HeadDim,
                                       Dimension::NumAttentionHeads, Dimension::NumKeyValueHeads};
  return used;
}

void AttentionBlock::readDimensions(DimensionValues &values) const {
  values[Dimension::HiddenSize] = hiddenSize;
  values[Dimension::HeadDim] = headDim;
  values[Dimension::NumAttentionHeads] = numAttentionHeads;
  values[Dimension::NumKeyValueHeads] = numKeyValueHeads;
}

std::shared_ptr<const Block> AttentionBlock::withDimensions(const DimensionValues &values) const {
  auto block = std::make_shared<AttentionBlock>(*this);
  block->hiddenSize = values[Dimension::HiddenSize];
  block->headDim = values[Dimension::HeadDim];
  block->numAttentionHeads = values[Dimension::NumAttentionHeads];
  block->numKeyValueHeads = values[Dimension::NumKeyValueHeads];
  return block;
}

} // namespace codesign
