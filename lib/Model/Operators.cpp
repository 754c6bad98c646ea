#include "codesign/Model/Operators.h"

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>

namespace codesign {

double expectedTouchedExperts(int64_t tokens, int64_t experts, int64_t topK) {
  if (experts == 0)
    return 0;
  return experts * (1 - std::pow(1 - double(topK) / experts, double(tokens)));
}

/// Distinct experts of this rank that receive at least one row.
static double touchedLocalExperts(const GroupedGemmShape &s) {
  double touched =
      expectedTouchedExperts(s.tokens, s.experts, s.topK) * s.localExperts / std::max<int64_t>(s.experts, 1);
  return std::min({touched, double(s.localExperts), double(s.rows)});
}

/// Query-key pairs that one head of one sequence computes.
static double visiblePairs(const AttentionShape &s) {
  double queries = s.queryLength, keys = s.keyLength;
  if (s.window > 0 && s.window < s.keyLength)
    return s.causal ? queries * s.window - 0.5 * s.window * std::min<double>(s.window, queries)
                    : queries * s.window;
  return s.causal ? queries * keys - 0.5 * queries * queries : queries * keys;
}

namespace {

struct FlopsOf {
  double operator()(const GemmShape &s) const { return 2.0 * s.batch * s.m * s.n * s.k; }
  double operator()(const GroupedGemmShape &s) const { return 2.0 * s.rows * s.n * s.k; }
  double operator()(const MoeRoutingShape &s) const { return 2.0 * s.tokens * s.topK * s.hiddenSize; }
  double operator()(const AttentionShape &s) const {
    return (s.backward ? 2.5 : 1.0) * 4.0 * s.batch * s.heads * s.headDim * visiblePairs(s);
  }
  double operator()(const DecodeAttentionShape &s) const {
    int64_t length = s.window > 0 ? std::min(s.window, s.context) : s.context;
    return 4.0 * s.batch * s.heads * s.headDim * length;
  }
  double operator()(const NormShape &s) const { return 4.0 * s.rows * s.columns; }
  double operator()(const ElementwiseShape &s) const { return double(s.elements); }
  double operator()(const CollectiveShape &) const { return 0; }
};

struct BytesOf {
  double operator()(const GemmShape &s) const {
    double in = bytesPerElement(s.input), out = bytesPerElement(s.output);
    return s.batch * ((double(s.m) * s.k + double(s.n) * s.k) * in + double(s.m) * s.n * out);
  }
  double operator()(const GroupedGemmShape &s) const {
    double in = bytesPerElement(s.input), out = bytesPerElement(s.output);
    if (s.pass == Pass::WeightGradient)
      return double(s.rows) * (s.k + s.n) * in + touchedLocalExperts(s) * s.n * s.k * out;
    return touchedLocalExperts(s) * s.n * s.k * in + double(s.rows) * (s.k * in + s.n * out);
  }
  double operator()(const MoeRoutingShape &s) const {
    double rows = double(s.tokens) * s.topK * s.localExperts / std::max<int64_t>(s.experts, 1);
    return 2.0 * (s.tokens + rows) * s.hiddenSize * bytesPerElement(s.type);
  }
  double operator()(const AttentionShape &s) const {
    double query = double(s.batch) * s.queryLength * s.heads * s.headDim * bytesPerElement(s.type);
    double key =
        double(s.batch) * s.keyLength * s.keyValueHeads * s.headDim * bytesPerElement(s.keyValueType);
    return s.backward ? 4 * query + 4 * key : 2 * query + 2 * key;
  }
  double operator()(const DecodeAttentionShape &s) const {
    int64_t length = s.window > 0 ? std::min(s.window, s.context) : s.context;
    return 2.0 * s.batch * length * s.keyValueHeads * s.headDim * bytesPerElement(s.keyValueType) +
           2.0 * s.batch * s.heads * s.headDim * bytesPerElement(s.type);
  }
  double operator()(const NormShape &s) const {
    return double(s.rows) * s.columns * (s.readsPerElement + s.writesPerElement) * bytesPerElement(s.type);
  }
  double operator()(const ElementwiseShape &s) const {
    return s.elements * (s.readBytesPerElement + s.writeBytesPerElement);
  }
  double operator()(const CollectiveShape &) const { return 0; }
};

struct KindOf {
  const char *operator()(const GemmShape &) const { return "gemm"; }
  const char *operator()(const GroupedGemmShape &) const { return "grouped_gemm"; }
  const char *operator()(const MoeRoutingShape &) const { return "moe_routing"; }
  const char *operator()(const AttentionShape &) const { return "attention"; }
  const char *operator()(const DecodeAttentionShape &) const { return "decode_attention"; }
  const char *operator()(const NormShape &) const { return "norm"; }
  const char *operator()(const ElementwiseShape &) const { return "elementwise"; }
  const char *operator()(const CollectiveShape &) const { return "collective"; }
};

struct HashOf {
  size_t operator()(const GemmShape &s) const {
    return llvm::hash_combine(s.m, s.n, s.k, s.batch, s.input, s.output, s.scaling, s.pass);
  }
  size_t operator()(const GroupedGemmShape &s) const {
    return llvm::hash_combine(s.tokens, s.rows, s.experts, s.topK, s.localExperts, s.n, s.k, s.input,
                              s.output, s.scaling, s.pass, llvm::bit_cast<uint64_t>(s.skew));
  }
  size_t operator()(const MoeRoutingShape &s) const {
    return llvm::hash_combine(s.tokens, s.hiddenSize, s.experts, s.topK, s.localExperts, s.type);
  }
  size_t operator()(const AttentionShape &s) const {
    return llvm::hash_combine(s.batch, s.queryLength, s.keyLength, s.heads, s.keyValueHeads, s.headDim,
                              s.window, s.causal, s.backward, s.type, s.keyValueType);
  }
  size_t operator()(const DecodeAttentionShape &s) const {
    return llvm::hash_combine(s.batch, s.context, s.heads, s.keyValueHeads, s.headDim, s.window, s.type,
                              s.keyValueType);
  }
  size_t operator()(const NormShape &s) const {
    return llvm::hash_combine(s.rows, s.columns, llvm::bit_cast<uint64_t>(s.readsPerElement),
                              llvm::bit_cast<uint64_t>(s.writesPerElement), s.type);
  }
  size_t operator()(const ElementwiseShape &s) const {
    return llvm::hash_combine(s.elements, llvm::bit_cast<uint64_t>(s.readBytesPerElement),
                              llvm::bit_cast<uint64_t>(s.writeBytesPerElement));
  }
  size_t operator()(const CollectiveShape &s) const { return llvm::hash_combine(s.kind, s.bytes, s.ranks); }
};

struct Describe {
  llvm::raw_ostream &stream;

  void scaled(DataType type, Scaling scaling) const {
    stream << ' ' << toString(type);
    if (scaling != Scaling::None)
      stream << ' ' << toString(scaling);
  }
  void operator()(const GemmShape &s) const {
    stream << "m=" << s.m << " n=" << s.n << " k=" << s.k;
    if (s.batch > 1)
      stream << " batch=" << s.batch;
    scaled(s.input, s.scaling);
  }
  void operator()(const GroupedGemmShape &s) const {
    stream << "rows=" << s.rows << " experts=" << s.localExperts << " n=" << s.n << " k=" << s.k;
    scaled(s.input, s.scaling);
  }
  void operator()(const MoeRoutingShape &s) const {
    stream << "tokens=" << s.tokens << " experts=" << s.experts << " top_k=" << s.topK
           << " hidden=" << s.hiddenSize;
  }
  void operator()(const AttentionShape &s) const {
    stream << "batch=" << s.batch << " seq=" << s.queryLength << " heads=" << s.heads << '/'
           << s.keyValueHeads << " head_dim=" << s.headDim;
    if (s.window > 0)
      stream << " window=" << s.window;
    stream << ' ' << toString(s.type) << (s.backward ? " backward" : "");
  }
  void operator()(const DecodeAttentionShape &s) const {
    stream << "batch=" << s.batch << " context=" << s.context << " heads=" << s.heads << '/'
           << s.keyValueHeads << " head_dim=" << s.headDim;
    if (s.window > 0)
      stream << " window=" << s.window;
    stream << " kv " << toString(s.keyValueType);
  }
  void operator()(const NormShape &s) const {
    stream << "rows=" << s.rows << " columns=" << s.columns << ' ' << toString(s.type);
  }
  void operator()(const ElementwiseShape &s) const {
    stream << "elements=" << s.elements
           << " bytes/element=" << s.readBytesPerElement + s.writeBytesPerElement;
  }
  void operator()(const CollectiveShape &s) const {
    stream << toString(s.kind) << " bytes=" << s.bytes << " ranks=" << s.ranks;
  }
};

} // namespace

Flops flops(const OperatorShape &shape) {
  return Flops(std::visit(FlopsOf{}, shape));
}
Bytes compulsoryBytes(const OperatorShape &shape) {
  return Bytes(std::visit(BytesOf{}, shape));
}
llvm::StringRef kindName(const OperatorShape &shape) {
  return std::visit(KindOf{}, shape);
}

std::string describe(const OperatorShape &shape) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  std::visit(Describe{stream}, shape);
  return text;
}

size_t OperatorShapeHash::operator()(const OperatorShape &shape) const {
  return llvm::hash_combine(shape.index(), std::visit(HashOf{}, shape));
}

llvm::StringRef toString(Pass pass) {
  switch (pass) {
  case Pass::Forward:
    return "forward";
  case Pass::DataGradient:
    return "dgrad";
  case Pass::WeightGradient:
    return "wgrad";
  }
  llvm_unreachable("unknown pass");
}

llvm::StringRef toString(CollectiveKind kind) {
  switch (kind) {
  case CollectiveKind::AllReduce:
    return "all_reduce";
  case CollectiveKind::AllGather:
    return "all_gather";
  case CollectiveKind::ReduceScatter:
    return "reduce_scatter";
  case CollectiveKind::AllToAll:
    return "all_to_all";
  case CollectiveKind::SendReceive:
    return "send_receive";
  }
  llvm_unreachable("unknown collective");
}

} // namespace codesign
