// Workgroups that leave sums to each other: whatever their order, one result, and a workspace as before.
#pragma once

#include "GemmFixture.h"

namespace codesign::test {

/// Runs one launch after another in the same workspace, workgroups in other orders, and expects the same
/// bits.
inline void expectSameBitsInAnyOrder(const GemmProblem &problem, const GemmKernel &kernel, int64_t m) {
  mlir::MLIRContext context;
  auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
  auto function = *module->getOps<kernel::FuncOp>().begin();
  std::mt19937 engine(std::random_device{}());
  GemmOperands operands(problem, m, 1, engine);
  operands.makeWorkspace(function, m);
  std::vector<uint8_t> first;
  for (unsigned seed = 0; seed < 5; ++seed) {
    std::fill(operands.d.bytes.begin(), operands.d.bytes.end(), uint8_t(0xff));
    llvm::cantFail(interpret(function, operands.allArguments(problem, m), seed));
    EXPECT_EQ(operands.mismatch(problem), "") << seed;
    if (seed == 0)
      first = operands.d.bytes;
    EXPECT_EQ(operands.d.bytes, first) << seed;
  }
}

} // namespace codesign::test
