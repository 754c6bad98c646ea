#include "codesign/Cost/KindOfChange.h"

#include "llvm/ADT/STLExtras.h"
#include <cassert>
#include <cmath>
#include <initializer_list>

namespace codesign {

namespace {

constexpr double macroTileEdge = 128;

struct NamedSize {
  llvm::SmallVector<llvm::StringRef, 2> names;
  double size = 0;

  NamedSize(llvm::StringRef name, double size) : names{name}, size(size) {}
  NamedSize(std::initializer_list<llvm::StringRef> names, double size) : names(names), size(size) {}
};
using Sizes = llvm::SmallVector<NamedSize>;

/// In the names of measured tables, always the same dimensions in the same order for one kind.
struct SizesOf {
  Sizes operator()(const GemmShape &s) const {
    return {{"m", double(s.m)},
            {"n", double(s.n)},
            {"k", double(s.k)},
            {"batch", double(s.batch)},
            {"type", double(bitWidth(s.output))}};
  }
  Sizes operator()(const GroupedGemmShape &s) const {
    return {{"tokens", double(s.tokens)},
            {"experts", double(s.experts)},
            {"top_k", double(s.topK)},
            {"ep", double(s.experts) / double(s.localExperts)},
            {{"hidden", "expert_ffn"}, double(s.n)},
            {{"hidden", "expert_ffn"}, double(s.k)},
            {"skew", s.skew}};
  }
  Sizes operator()(const MoeRoutingShape &s) const {
    return {{"tokens", double(s.tokens)},
            {"hidden", double(s.hiddenSize)},
            {"experts", double(s.experts)},
            {"top_k", double(s.topK)},
            {"ep", double(s.experts) / double(s.localExperts)}};
  }
  Sizes operator()(const AttentionShape &s) const {
    return {{"batch", double(s.batch)},
            {"seq", double(s.queryLength)},
            {"seq", double(s.keyLength)},
            {"heads", double(s.heads)},
            {"kv_heads", double(s.keyValueHeads)},
            {"head_dim", double(s.headDim)},
            {"window", double(s.window)},
            {"causal", double(s.causal)},
            {"dtype", double(bitWidth(s.type))}};
  }
  Sizes operator()(const DecodeAttentionShape &s) const {
    return {{"batch", double(s.batch)},      {"context", double(s.context)},
            {"heads", double(s.heads)},      {"kv_heads", double(s.keyValueHeads)},
            {"head_dim", double(s.headDim)}, {"window", double(s.window)}};
  }
  Sizes operator()(const NormShape &s) const {
    return {{"rows", double(s.rows)}, {"columns", double(s.columns)}, {"bits", double(bitWidth(s.type))}};
  }
  Sizes operator()(const ElementwiseShape &s) const { return {{{"rows", "columns"}, double(s.elements)}}; }
  Sizes operator()(const CollectiveShape &s) const {
    return {{"gpus", double(s.ranks)}, {"bytes", double(s.bytes)}};
  }
};

} // namespace

std::string kindOfChange(llvm::StringRef dimension, double from, double to) {
  if (dimension != "m" && dimension != "n" && dimension != "k")
    return dimension.str();
  const bool aligned = std::fmod(from, macroTileEdge) == 0 && std::fmod(to, macroTileEdge) == 0;
  return dimension.str() + (aligned ? ", aligned" : ", unaligned");
}

llvm::SmallVector<DimensionChange> changesBetween(const OperatorShape &from, const OperatorShape &to) {
  assert(from.index() == to.index() && "operators of different kinds");
  const Sizes before = std::visit(SizesOf{}, from), after = std::visit(SizesOf{}, to);
  llvm::SmallVector<DimensionChange> changes;
  for (const auto &[a, b] : llvm::zip_equal(before, after)) {
    // Both lengths of self-attention move as one.
    const bool again = !changes.empty() && changes.back().names == a.names && changes.back().from == a.size &&
                       changes.back().to == b.size;
    if (a.size != b.size && !again)
      changes.push_back({a.names, a.size, b.size});
  }
  return changes;
}

} // namespace codesign
