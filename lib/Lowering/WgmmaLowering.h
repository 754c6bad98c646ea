// Persistent, warp-specialised GEMM for sm_90a: one producer lane, consumer warpgroups, TMA and wgmma.
#pragma once

#include "codesign/Lowering/Gemm.h"

namespace codesign {

/// Success, or what about the schedule the family does not take.
llvm::Error checkWgmmaGemm(const GemmProblem &problem, const GemmKernel &schedule);

/// The kernel, not yet verified. The schedule has passed checkGemm and checkWgmmaGemm.
mlir::OwningOpRef<mlir::ModuleOp> buildWgmmaGemm(mlir::MLIRContext &context, const GemmProblem &problem,
                                                 const GemmKernel &schedule);

} // namespace codesign
