#include "Models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace codesign;
using namespace codesign::test;

namespace {

std::vector<std::string> names(const Block &block, const Workload &workload) {
  std::vector<Operator> operators;
  block.appendOperators(workload, operators);
  std::vector<std::string> result;
  for (const Operator &op : operators)
    result.push_back(op.name);
  return result;
}

const Operator find(const Block &block, const Workload &workload, llvm::StringRef name) {
  std::vector<Operator> operators;
  block.appendOperators(workload, operators);
  for (const Operator &op : operators)
    if (op.name == name)
      return op;
  ADD_FAILURE() << "no operator " << name.str();
  return {};
}

const Workload training{.name = "train", .phase = Phase::Train, .batch = 2, .sequenceLength = 1024};

TEST(AttentionBlock, ParametersWithBiasAndNorm) {
  AttentionBlock block;
  block.hiddenSize = 896;
  block.numAttentionHeads = 14;
  block.numKeyValueHeads = 2;
  block.headDim = 64;
  block.queryKeyValueBias = true;
  // 896·(14 + 4)·64 + 896·896 weights, (14 + 4)·64 biases.
  EXPECT_EQ(block.parameters().total, 1032192 + 802816 + 1152);
}

TEST(AttentionBlock, TrainingListsBothGradientsOfEachProjection) {
  EXPECT_THAT(names(*attention(4096, 32, 8, 128), training),
              testing::ElementsAre("qkv_proj", "qkv_proj.dgrad", "qkv_proj.wgrad", "rope", "rope.backward",
                                   "attention", "attention.backward", "o_proj", "o_proj.dgrad",
                                   "o_proj.wgrad"));
}

TEST(AttentionBlock, GradientsAreTheTransposedProducts) {
  auto block = attention(4096, 32, 8, 128);
  auto forward = std::get<GemmShape>(find(*block, training, "qkv_proj").shape);
  auto dgrad = std::get<GemmShape>(find(*block, training, "qkv_proj.dgrad").shape);
  auto wgrad = std::get<GemmShape>(find(*block, training, "qkv_proj.wgrad").shape);
  EXPECT_EQ(describe(forward), "m=2048 n=6144 k=4096 bf16");
  EXPECT_EQ(describe(dgrad), "m=2048 n=4096 k=6144 bf16");
  EXPECT_EQ(describe(wgrad), "m=6144 n=4096 k=2048 bf16");
}

TEST(AttentionBlock, KeyValueHeadsAreReplicatedBeyondTheirNumber) {
  Workload decode{
      .name = "d", .phase = Phase::Decode, .batch = 4, .context = 100, .parallelism = {.tensor = 16}};
  auto shape = std::get<DecodeAttentionShape>(find(*attention(4096, 32, 8, 128), decode, "attention").shape);
  EXPECT_EQ(shape.heads, 2);
  EXPECT_EQ(shape.keyValueHeads, 1);
}

TEST(MlpBlock, EightBitWorkloadsQuantiseTheirInputs) {
  Workload decode{.name = "d", .phase = Phase::Decode, .batch = 4, .context = 100, .type = DataType::F8E4M3};
  EXPECT_THAT(names(*mlp(4096, 14336), decode),
              testing::ElementsAre("gate_up_proj.quantize", "gate_up_proj", "swiglu", "down_proj.quantize",
                                   "down_proj"));
}

TEST(MlpBlock, PlainFeedForwardHasTwoMatrices) {
  MlpBlock block;
  block.hiddenSize = 768;
  block.intermediateSize = 3072;
  block.gated = false;
  block.bias = true;
  EXPECT_EQ(block.parameters().total, 2 * 768 * 3072 + 3072 + 768);
}

TEST(MoeBlock, ExpertRanksInsideATensorGroupNeedNoExchange) {
  Workload decode{.name = "d",
                  .phase = Phase::Decode,
                  .batch = 64,
                  .context = 100,
                  .parallelism = {.tensor = 8, .expert = 4}};
  auto block = moe(4096, 8, 2, 14336);
  EXPECT_THAT(names(*block, decode), testing::Not(testing::Contains("dispatch.all_to_all")));
  auto shape = std::get<GroupedGemmShape>(find(*block, decode, "experts_down").shape);
  EXPECT_EQ(shape.k, 7168); // two tensor ranks share an expert
  EXPECT_EQ(shape.rows, 32);
}

TEST(MoeBlock, MoreExpertThanTensorRanksExchangeTokens) {
  Workload decode{.name = "d",
                  .phase = Phase::Decode,
                  .batch = 64,
                  .context = 100,
                  .parallelism = {.tensor = 1, .expert = 8}};
  auto shape = std::get<CollectiveShape>(find(*moe(4096, 8, 2, 14336), decode, "dispatch.all_to_all").shape);
  EXPECT_EQ(shape.bytes, 64 * 2 * 4096 * 2);
  EXPECT_EQ(shape.ranks, 8);
}

TEST(HeadBlock, InferenceComputesOneRowPerSequence) {
  HeadBlock head;
  head.vocabSize = 128256;
  head.hiddenSize = 4096;
  Workload prefill{.name = "p", .phase = Phase::Prefill, .batch = 3, .sequenceLength = 512};
  EXPECT_EQ(std::get<GemmShape>(find(head, prefill, "lm_head").shape).m, 3);
  EXPECT_EQ(std::get<GemmShape>(find(head, training, "lm_head").shape).m, 2048);
}

} // namespace
