// Small GEMMs on fresh random data, run through the interpreter and held to float64.
#pragma once

#include "GemmOperands.h"
#include "TestKernels.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringRef.h"
#include "gtest/gtest.h"

namespace codesign::test {

/// Lowers, lets `tamper` change the kernel, runs it on m rows and says what is wrong, or nothing. Experts
/// have `expertRows` of them, or random numbers.
inline std::string runGemm(const GemmProblem &problem, const GemmKernel &kernel, int64_t m,
                           llvm::function_ref<void(kernel::FuncOp)> tamper = {},
                           const std::vector<int64_t> &expertRows = {}) {
  std::mt19937 engine(std::random_device{}());
  mlir::MLIRContext context;
  auto module = lowerGemm(context, problem, kernel);
  if (!module)
    return llvm::toString(module.takeError());
  auto function = *(*module)->getOps<kernel::FuncOp>().begin();
  if (tamper)
    tamper(function);
  GemmOperands operands(problem, m, /*spare=*/3, engine);
  operands.makeWorkspace(function, m);
  if (!expertRows.empty())
    operands.placeRows(problem, m, expertRows);
  if (llvm::Error error = interpret(function, operands.allArguments(problem, m), unsigned(engine())))
    return llvm::toString(std::move(error));
  return operands.mismatch(problem);
}

} // namespace codesign::test
