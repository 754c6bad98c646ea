// Operator shapes: what a block of a model asks the GPU to run, per rank, with nothing about how it is run.
#pragma once

#include "codesign/Support/DataType.h"
#include "codesign/Support/Units.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <variant>

namespace codesign {

/// Which product of a linear layer: y = x·Wᵀ, dx = dy·W, dW = dyᵀ·x.
enum class Pass : uint8_t { Forward, DataGradient, WeightGradient };

/// output[batch][m][n] = a[batch][m][k] · b[batch][k][n]; a linear layer's weight is b, stored n-major (NT)
/// in Forward.
struct GemmShape {
  int64_t m = 0, n = 0, k = 0;
  int64_t batch = 1;
  DataType input = DataType::BF16;
  DataType output = DataType::BF16;
  Scaling scaling = Scaling::None;
  Pass pass = Pass::Forward;
  bool operator==(const GemmShape &) const = default;
};

/// One product per local expert. `rows` is the sum over local experts (tokens × top-k ÷ expert ranks), spread
/// evenly when skew is 0; `tokens` is the number of tokens routed on all ranks and `topK`, `experts` decide
/// how many are touched.
struct GroupedGemmShape {
  int64_t tokens = 0, rows = 0, experts = 0, topK = 0, localExperts = 0, n = 0, k = 0;
  DataType input = DataType::BF16;
  DataType output = DataType::BF16;
  Scaling scaling = Scaling::None;
  Pass pass = Pass::Forward;
  double skew = 0; // exponent of the power law of expert popularity
  bool operator==(const GroupedGemmShape &) const = default;
};

/// Routing around the experts: top-k of the router's logits, sort, gather, weighted scatter-add.
struct MoeRoutingShape {
  int64_t tokens = 0, hiddenSize = 0, experts = 0, topK = 0, localExperts = 0;
  DataType type = DataType::BF16;
  bool operator==(const MoeRoutingShape &) const = default;
};

/// softmax(q·kᵀ)·v over full sequences. `window` 0 means unlimited; `backward` computes dq, dk and dv.
struct AttentionShape {
  int64_t batch = 0, queryLength = 0, keyLength = 0, heads = 0, keyValueHeads = 0, headDim = 0, window = 0;
  bool causal = true;
  bool backward = false;
  DataType type = DataType::BF16;
  DataType keyValueType = DataType::BF16;
  bool operator==(const AttentionShape &) const = default;
};

/// One new query token per sequence against a key-value cache of `context` tokens.
struct DecodeAttentionShape {
  int64_t batch = 0, context = 0, heads = 0, keyValueHeads = 0, headDim = 0, window = 0;
  DataType type = DataType::BF16;
  DataType keyValueType = DataType::BF16;
  bool operator==(const DecodeAttentionShape &) const = default;
};

/// A row reduction followed by a scale: RMSNorm, LayerNorm, softmax cross-entropy rows.
struct NormShape {
  int64_t rows = 0, columns = 0;
  /// How often each element is read from and written to memory (a fused residual addition: 2 reads, 2
  /// writes).
  double readsPerElement = 1, writesPerElement = 1;
  DataType type = DataType::BF16;
  bool operator==(const NormShape &) const = default;
};

/// A pointwise or gather kernel, described by its traffic.
struct ElementwiseShape {
  int64_t elements = 0;
  double readBytesPerElement = 2, writeBytesPerElement = 2;
  bool operator==(const ElementwiseShape &) const = default;
};

enum class CollectiveKind : uint8_t { AllReduce, AllGather, ReduceScatter, AllToAll, SendReceive };

/// One collective over `ranks` GPUs of a node. `bytes` is the full buffer: the reduced tensor, the gathered
/// result, the tensor before scattering, everything one rank exchanges in an all-to-all.
struct CollectiveShape {
  CollectiveKind kind = CollectiveKind::AllReduce;
  int64_t bytes = 0;
  int64_t ranks = 1;
  bool operator==(const CollectiveShape &) const = default;
};

using OperatorShape = std::variant<GemmShape, GroupedGemmShape, MoeRoutingShape, AttentionShape,
                                   DecodeAttentionShape, NormShape, ElementwiseShape, CollectiveShape>;

/// One operator as a block lists it; `count` per occurrence of the block.
struct Operator {
  std::string name; // "qkv_proj", "attention", "down_proj.wgrad", …
  OperatorShape shape;
  int64_t count = 1;
  Bytes kept = Bytes(0); // inputs of one occurrence that training keeps for the backward pass; else 0
};

/// Arithmetic of one occurrence; a multiply-accumulate is two. Causal attention counts the visible half only
/// (2·b·s²·h·d forward instead of 4·b·s²·h·d), so that rates compare with published ones; backward is 2.5 ×
/// forward.
Flops flops(const OperatorShape &shape);

/// Bytes that must cross HBM once: each operand read once, each result written once. For grouped GEMMs the
/// weights of the expected number of distinct experts. 0 for collectives: their traffic is on the links.
Bytes compulsoryBytes(const OperatorShape &shape);

/// The number of distinct experts that `tokens` tokens touch when each picks `topK` of `experts` uniformly at
/// random: experts · (1 − (1 − topK/experts)^tokens).
double expectedTouchedExperts(int64_t tokens, int64_t experts, int64_t topK);

/// "gemm", "grouped_gemm", "moe_routing", "attention", "decode_attention", "norm", "elementwise",
/// "collective".
llvm::StringRef kindName(const OperatorShape &shape);

/// Sizes in the order a reader expects: "m=8192 n=6144 k=4096 bf16".
std::string describe(const OperatorShape &shape);

/// Equal shapes have equal hashes; used to price each distinct shape once.
struct OperatorShapeHash {
  size_t operator()(const OperatorShape &shape) const;
};

llvm::StringRef toString(Pass pass);
llvm::StringRef toString(CollectiveKind kind);

} // namespace codesign
