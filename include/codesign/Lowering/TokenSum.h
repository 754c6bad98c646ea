// The last step of a mixture of experts: what each token gets from the experts that it was routed to.
#pragma once

#include "codesign/Lowering/Gemm.h"

namespace codesign {

/// D[tokens, n]: row t is the sum of rows[lists[t, s]] over its entries s, in fp32 and in their order,
/// rounded once. Entries that are negative, or not below the number of rows, add nothing, so a token may have
/// fewer rows than entries, or none: then its row is zero. The arguments of the kernel are `rows` (fp32, n
/// columns), `lists` (i32), `d`, `count` (of rows) and `m` (tokens).
struct TokenSumProblem {
  /// The kernel's symbol; a C identifier.
  std::string symbol;
  /// Of D: bf16 or fp16.
  DataType type = DataType::BF16;
  int64_t n = 0;
  /// Rows of a token at most, its top-k: 1 to 32, one for each lane of a warp.
  int64_t entries = 0;
};

/// Waves of a workgroup: each has a token and four columns in each lane.
struct TokenSumKernel {
  Architecture architecture = Architecture::Gfx942;
  TargetLimits limits;
  int64_t tokens = 1, wavesPerToken = 1;
  int64_t residency = 1; // workgroups of a compute unit that its registers are to hold

  int64_t columns() const;
};

/// As few workgroups side by side as rows of n need, of up to 2048 columns each; several tokens where one
/// fills fewer than four waves; and as many loads under way as registers hold.
TokenSumKernel tokenSumKernel(const TokenSumProblem &problem, Architecture architecture,
                              const TargetLimits &limits);

/// A module with one kernel.func. The error is what the problem asks for that no kernel does.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
lowerTokenSum(mlir::MLIRContext &context, const TokenSumProblem &problem, const TokenSumKernel &kernel);

} // namespace codesign
