// What stands at the head of an emitted GEMM kernel: what it computes, how, why so, and what it should reach.
#pragma once

#include "codesign/Emit/Emit.h"
#include "codesign/Plan/Plan.h"
#include "codesign/Schedule/GemmSchedule.h"

namespace codesign {

struct DescribedKernel {
  const PlanKernel &kernel;
  const PlanKernelRange &range;
  DataType type; // of the operands, as the device has it
  const GemmSchedule &schedule;
  const std::string &hardware;
  const std::string &sumSymbol; // of the kernel that adds up rows of tokens, where there is one
};

/// Title and notes.
EmitOptions kernelHeader(const DescribedKernel &described, kernel::FuncOp function);

} // namespace codesign
