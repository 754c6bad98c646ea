// What products make of an infinity of A and a NaN of W.
#pragma once

#include "GemmFixture.h"
#include "codesign/Interpret/GemmReference.h"

namespace codesign::test {

/// The last row but one of A has an infinity, row 7 of W a NaN: each spoils its row or column of D alone, as
/// the reference says. bf16, eight columns or more, without steps behind the sums.
inline void expectInfinityAndNanToPropagate(const GemmProblem &problem, const GemmKernel &kernel, int64_t m) {
  mlir::MLIRContext context;
  auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
  std::mt19937 engine(std::random_device{}());
  Matrix a = randomMatrix(DataType::BF16, m, problem.k, engine),
         w = randomMatrix(DataType::BF16, problem.n, problem.k, engine);
  Matrix d(DataType::BF16, m, problem.n, 0xff);
  a.set(m - 2, 5, std::numeric_limits<float>::infinity());
  w.set(7, problem.k - 1, std::numeric_limits<float>::quiet_NaN());
  llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), {&a, &w, &d, m}));
  EXPECT_FALSE(firstMismatch(d, gemmReference(a, w, m)).has_value());
  EXPECT_FALSE(std::isfinite(d.at(m - 2, 0)));
  EXPECT_TRUE(std::isnan(d.at(m - 1, 7)));
  EXPECT_TRUE(std::isfinite(d.at(m - 1, 8)));
}

} // namespace codesign::test
