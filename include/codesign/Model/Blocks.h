// The blocks of transformer language models.
#pragma once

#include "codesign/Model/Block.h"

namespace codesign {

/// The overrides that every block declares.
#define CODESIGN_BLOCK(kindText)                                                                             \
  llvm::StringRef kind() const override {                                                                    \
    return kindText;                                                                                         \
  }                                                                                                          \
  ParameterCount parameters() const override;                                                                \
  int64_t parametersPerRank(const Parallelism &parallelism) const override;                                  \
  void appendOperators(const Workload &workload, std::vector<Operator> &operators) const override;           \
  llvm::ArrayRef<Dimension> dimensions() const override;                                                     \
  void readDimensions(DimensionValues &values) const override;                                               \
  std::shared_ptr<const Block> withDimensions(const DimensionValues &values) const override;

/// Multi-head or grouped-query attention with its four projections.
/// Parameters: hidden·(heads + 2·kvHeads)·headDim + heads·headDim·hidden, plus biases and QK-norm weights as
/// flagged. Key-value heads are replicated when there are fewer of them than tensor ranks.
struct AttentionBlock final : Block {
  int64_t hiddenSize = 0, numAttentionHeads = 0, numKeyValueHeads = 0, headDim = 0;
  int64_t slidingWindow = 0; // 0: full attention
  bool queryKeyValueBias = false, outputBias = false, queryKeyNorm = false, rotary = true;
  bool multiHead =
      false; // a family that knows no other: as many key-value heads as heads, which fill the hidden size

  CODESIGN_BLOCK("attention")
  Bytes cacheBytesPerToken(const Workload &workload) const override;
  std::string whyNotDivisible(const Parallelism &parallelism) const override;
};

/// What stands between the projections of a plain feed-forward network.
enum class PlainActivation { Gelu, GeluTanh, Relu };

/// "gelu" (by the error function), "gelu_tanh" or "relu".
llvm::StringRef toString(PlainActivation activation);

/// Feed-forward network: gated (SwiGLU: gate, up, down; 3·hidden·intermediate) or plain (up, activation,
/// down; 2·…).
struct MlpBlock final : Block {
  int64_t hiddenSize = 0, intermediateSize = 0;
  bool gated = true, bias = false;
  PlainActivation activation = PlainActivation::Gelu; // where it is not gated

  CODESIGN_BLOCK("mlp")
  std::string whyNotDivisible(const Parallelism &parallelism) const override;
};

/// Router, top-k of `numExperts` experts, and an optional shared expert that every token uses.
/// Experts are spread over the expert ranks. With ep ≤ tp each expert is split over tp ÷ ep ranks and its
/// output summed by one all-reduce; with ep > tp the ep ÷ tp attention groups exchange tokens by two
/// all-to-alls.
struct MoeBlock final : Block {
  int64_t hiddenSize = 0, numExperts = 0, numExpertsPerToken = 0, moeIntermediateSize = 0;
  int64_t sharedExpertIntermediateSize = 0; // 0: none
  bool gated = true, sharedExpertGate = false;
  PlainActivation activation = PlainActivation::Gelu; // where experts are not gated

  CODESIGN_BLOCK("moe")
  std::string whyNotDivisible(const Parallelism &parallelism) const override;
};

/// RMSNorm (weight) or LayerNorm (weight and bias), fused with the residual addition before it where there is
/// one.
struct NormBlock final : Block {
  int64_t hiddenSize = 0;
  bool layerNorm = false;
  bool residual = true;

  CODESIGN_BLOCK("norm")
};

/// Token embedding and, for GPT-2, learned positions. Tensor ranks hold ceil(vocab ÷ ranks) rows each.
struct EmbeddingBlock final : Block {
  int64_t vocabSize = 0, hiddenSize = 0;
  int64_t learnedPositions = 0; // rows of the position table, 0 for rotary models

  CODESIGN_BLOCK("embedding")
};

/// The projection to the vocabulary and, in training, the cross-entropy. No parameters of its own when tied.
struct HeadBlock final : Block {
  int64_t vocabSize = 0, hiddenSize = 0;
  bool tied = false;

  CODESIGN_BLOCK("head")
};

#undef CODESIGN_BLOCK

} // namespace codesign
