// Workgroups whose second half of waves is a phase behind the first: each half runs on its own between
// barriers.
#pragma once

#include "Interpreter.h"
#include "Scheduler.h"

namespace codesign {

/// Executes one workgroup of a kernel with kernel.fall_behind. The halves take turns at barriers; what either
/// does with LDS in the interval between two of them is compared with what the other does.
llvm::Error runHalves(kernel::FuncOp function, llvm::ArrayRef<KernelArgument> arguments, int64_t workgroup,
                      int64_t part);

} // namespace codesign
