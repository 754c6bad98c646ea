#include "codesign/Cost/Regime.h"

namespace codesign {

namespace {

struct RegimeOf {
  static llvm::StringRef length(int64_t tokens) {
    return tokens <= 128 ? "short" : tokens <= 1024 ? "medium" : "long";
  }
  llvm::StringRef operator()(const GemmShape &shape) const {
    return shape.m <= 64 ? "small_m" : shape.m <= 1024 ? "medium_m" : "large_m";
  }
  llvm::StringRef operator()(const GroupedGemmShape &shape) const {
    return shape.skew > 0 ? "skewed" : shape.rows <= 32 * shape.localExperts ? "few_rows" : "many_rows";
  }
  llvm::StringRef operator()(const MoeRoutingShape &) const { return "all"; }
  llvm::StringRef operator()(const AttentionShape &shape) const { return length(shape.queryLength); }
  llvm::StringRef operator()(const DecodeAttentionShape &shape) const { return length(shape.context); }
  llvm::StringRef operator()(const NormShape &) const { return "all"; }
  llvm::StringRef operator()(const ElementwiseShape &) const { return "all"; }
  llvm::StringRef operator()(const CollectiveShape &shape) const {
    return shape.bytes <= (64 << 10) ? "small" : shape.bytes <= (8 << 20) ? "medium" : "large";
  }
};

} // namespace

llvm::StringRef regimeOf(const OperatorShape &shape) {
  return std::visit(RegimeOf{}, shape);
}

} // namespace codesign
