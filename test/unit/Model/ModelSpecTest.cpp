#include "Models.h"

#include <gtest/gtest.h>

using namespace codesign;
using namespace codesign::test;

namespace {

Workload train(int64_t sequence, int64_t batch, Parallelism ranks = {}) {
  return {.name = "train",
          .phase = Phase::Train,
          .batch = batch,
          .sequenceLength = sequence,
          .parallelism = ranks};
}

TEST(ModelSpec, PublishedParameterCountsAreExact) {
  EXPECT_EQ(countParameters(llama3_8b()), (ParameterCount{8030261248, 8030261248}));
  EXPECT_EQ(countParameters(mixtral8x7b()).total, 46702792704);
  EXPECT_EQ(countParameters(mixtral8x7b()).active, 12879925248);
  EXPECT_EQ(countParameters(qwen3_30b_a3b()).total, 30532122624);
  EXPECT_NEAR(countParameters(qwen3_30b_a3b()).active, 3.3e9, 0.06e9);
}

TEST(ModelSpec, DimensionsRoundTrip) {
  ModelSpec model = qwen3_30b_a3b();
  DimensionValues values = dimensionsOf(model);
  EXPECT_EQ(values[Dimension::NumHiddenLayers], 48);
  EXPECT_EQ(values[Dimension::IntermediateSize], 0);
  EXPECT_EQ(dimensionsOf(withDimensions(model, values)), values);
  EXPECT_EQ(countParameters(withDimensions(model, values)), countParameters(model));
}

TEST(ModelSpec, LayerPatternsKeepTheirRatio) {
  ModelSpec model = llama3_8b();
  model.layers = {{24, model.layers[0].blocks}, {8, model.layers[0].blocks}};
  DimensionValues values = dimensionsOf(model);
  values[Dimension::NumHiddenLayers] = 30;
  ModelSpec scaled = withDimensions(model, values);
  EXPECT_EQ(scaled.layers[0].count, 23); // 22.5 and 7.5: equal remainders go to the earlier group
  EXPECT_EQ(scaled.layers[1].count, 7);
}

TEST(ModelSpec, TrainingArithmeticIsSixPerParameterAndToken) {
  // 6·N·T counts the matrix products (embedding look-up excluded); attention comes on top.
  ModelSpec model = llama3_8b();
  double products = 0;
  for (const PlacedOperator &placed : operatorsOf(model, train(4096, 1)))
    if (std::holds_alternative<GemmShape>(placed.op.shape))
      products += placed.count * flops(placed.op.shape).value;
  double matrixParameters = 8030261248.0 - 128256.0 * 4096 - 65 * 4096;
  EXPECT_DOUBLE_EQ(products, 6 * matrixParameters * 4096);
}

TEST(ModelSpec, TensorRanksShareTheArithmetic) {
  auto total = [](Parallelism ranks) {
    double sum = 0;
    for (const PlacedOperator &placed : operatorsOf(llama3_8b(), train(2048, 1, ranks)))
      if (std::holds_alternative<GemmShape>(placed.op.shape) ||
          std::holds_alternative<AttentionShape>(placed.op.shape))
        sum += placed.count * flops(placed.op.shape).value;
    return sum;
  };
  EXPECT_DOUBLE_EQ(total({.tensor = 8}) * 8, total({}));
}

TEST(ModelSpec, MixtralRowsPerExpertRank) {
  std::vector<PlacedOperator> operators =
      operatorsOf(mixtral8x7b(), train(4096, 1, {.tensor = 1, .expert = 8}));
  for (const PlacedOperator &placed : operators)
    if (placed.op.name == "experts_gate_up") {
      const auto &shape = std::get<GroupedGemmShape>(placed.op.shape);
      EXPECT_EQ(shape.localExperts, 1);
      EXPECT_EQ(shape.tokens, 8 * 4096);
      EXPECT_EQ(shape.rows, 4096 * 2);
      EXPECT_EQ(shape.n, 2 * 14336);
      EXPECT_EQ(placed.count, 32);
      return;
    }
  FAIL() << "no expert product";
}

TEST(ModelSpec, PipelineStagesSplitTheLayers) {
  for (const PlacedOperator &placed : operatorsOf(llama3_8b(), train(4096, 1, {.pipeline = 5})))
    if (placed.op.name == "qkv_proj") {
      EXPECT_EQ(placed.count, 7);
    }
  Workload workload = train(4096, 1, {.pipeline = 4});
  workload.microBatches = 8;
  EXPECT_DOUBLE_EQ(pipelineBubbleFactor(workload), 11.0 / 8);
}

TEST(ModelSpec, ReasonsNameTheDimension) {
  EXPECT_EQ(whyNotDivisible(llama3_8b(), {.tensor = 8}), "");
  EXPECT_EQ(whyNotDivisible(llama3_8b(), {.tensor = 3}), "num_attention_heads 32 is not a multiple of tp 3");
  EXPECT_EQ(whyNotDivisible(mixtral8x7b(), {.expert = 16}), "num_experts 8 is not a multiple of ep 16");
}

TEST(ModelSpec, TrainingMemoryIsSixteenBytesPerParameter) {
  MemoryFootprint memory = memoryFootprint(llama3_8b(), train(4096, 1));
  Bytes states = memory.weights + memory.gradients + memory.optimizer;
  EXPECT_DOUBLE_EQ(states.value, 16.0 * 8030261248);
}

TEST(ModelSpec, TrainingKeepsTheInputsOfEachLayer) {
  // One token of one layer in bf16: five tensors of 4096 (the inputs of both norms, of qkv, o and gate-up),
  // queries, keys and values with 32 + 2 · 8 heads of 128, a sum in fp32 for each of 32 heads, gate and up,
  // and their product.
  const double layer = 2.0 * (5 * 4096 + 48 * 128 + 2 * 14336 + 14336) + 4 * 32;
  // The last norm, the head's input and its logits; eight tensors of the residual stream as working set.
  const double outside = 2.0 * (4096 + 4096 + 128256) + 2.0 * 8 * 4096;
  EXPECT_DOUBLE_EQ(memoryFootprint(llama3_8b(), train(4096, 2)).activations.value,
                   2 * 4096 * (32 * layer + outside));
  // A rank of the first of four stages holds eight layers for four micro-batches.
  Workload staged = train(4096, 1);
  staged.parallelism.pipeline = 4;
  EXPECT_DOUBLE_EQ(memoryFootprint(llama3_8b(), staged).activations.value,
                   4096 * (4 * (8 * layer + outside - 2.0 * 8 * 4096) + 2.0 * 8 * 4096));
}

TEST(ModelSpec, DecodeMemoryHoldsTheCache) {
  Workload decode{.name = "decode", .phase = Phase::Decode, .batch = 64, .context = 8192};
  // 2 (k, v) · 8 heads · 128 · 2 bytes · 32 layers = 131072 bytes per token.
  EXPECT_DOUBLE_EQ(memoryFootprint(llama3_8b(), decode).keyValueCache.value, 131072.0 * 64 * 8192);
}

} // namespace
