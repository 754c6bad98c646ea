// The half of checkGemm that is about schedules.
#pragma once

#include "codesign/Isa/MatrixInstruction.h"
#include "codesign/Lowering/Gemm.h"

namespace codesign {

/// Success, or why the schedule cannot be written for a problem that its device has kernels for: tiles,
/// waves, slots and pieces that do not divide or do not go together.
llvm::Error checkSchedule(const GemmProblem &problem, const GemmKernel &schedule,
                          const MatrixInstruction &record);

} // namespace codesign
