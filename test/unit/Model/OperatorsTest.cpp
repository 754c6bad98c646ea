#include "codesign/Model/Operators.h"

#include <gtest/gtest.h>

using namespace codesign;

namespace {

TEST(Operators, GemmCountsByHand) {
  OperatorShape shape = GemmShape{.m = 2, .n = 3, .k = 5};
  EXPECT_EQ(flops(shape).value, 60);
  EXPECT_EQ(compulsoryBytes(shape).value, 2 * (2 * 5 + 3 * 5 + 2 * 3));
}

TEST(Operators, CausalAttentionCountsTheVisibleHalf) {
  AttentionShape shape{
      .batch = 2, .queryLength = 64, .keyLength = 64, .heads = 4, .keyValueHeads = 1, .headDim = 8};
  EXPECT_EQ(flops(shape).value, 2.0 * 2 * 64 * 64 * 4 * 8);
  shape.causal = false;
  EXPECT_EQ(flops(shape).value, 4.0 * 2 * 64 * 64 * 4 * 8);
}

TEST(Operators, WindowLimitsTheVisiblePairs) {
  // 100 queries see at most 10 keys; the first ones fewer (the triangle of half a window squared).
  AttentionShape shape{.batch = 1,
                       .queryLength = 100,
                       .keyLength = 100,
                       .heads = 1,
                       .keyValueHeads = 1,
                       .headDim = 1,
                       .window = 10};
  EXPECT_EQ(flops(shape).value, 4.0 * (100 * 10 - 50));
}

TEST(Operators, DecodeReadsTheCacheOncePerKeyValueHead) {
  DecodeAttentionShape shape{.batch = 1, .context = 1000, .heads = 32, .keyValueHeads = 8, .headDim = 128};
  EXPECT_EQ(compulsoryBytes(shape).value, 2.0 * 1000 * 8 * 128 * 2 + 2.0 * 32 * 128 * 2);
}

TEST(Operators, FewTokensTouchFewExperts) {
  EXPECT_DOUBLE_EQ(expectedTouchedExperts(1, 128, 8), 8);
  EXPECT_NEAR(expectedTouchedExperts(10000, 128, 8), 128, 1e-9);
  GroupedGemmShape shape{
      .tokens = 1, .rows = 8, .experts = 128, .topK = 8, .localExperts = 128, .n = 10, .k = 20};
  EXPECT_DOUBLE_EQ(compulsoryBytes(shape).value, 2 * (8 * 200 + 8 * 30));
}

TEST(Operators, EqualShapesHashEqual) {
  OperatorShapeHash hash;
  OperatorShape a = GemmShape{.m = 1, .n = 2, .k = 3}, b = GemmShape{.m = 1, .n = 2, .k = 3};
  EXPECT_EQ(hash(a), hash(b));
  std::get<GemmShape>(b).pass = Pass::WeightGradient;
  EXPECT_NE(a, b);
  EXPECT_NE(hash(a), hash(b));
}

TEST(Operators, CollectivesMoveNothingThroughMemory) {
  EXPECT_EQ(compulsoryBytes(CollectiveShape{CollectiveKind::AllReduce, 1024, 8}).value, 0);
}

} // namespace
