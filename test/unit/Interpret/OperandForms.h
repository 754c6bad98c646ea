// What tests of operands that are stored or copied in a way of their own have in common.
#pragma once

#include "GemmFixture.h"

namespace codesign::test {

/// Why a product is not lowered; nothing where it is.
inline std::string refusalOf(const GemmProblem &problem, const GemmKernel &kernel) {
  mlir::MLIRContext context;
  auto module = lowerGemm(context, problem, kernel);
  return module ? std::string() : llvm::toString(module.takeError());
}

/// Runs 8-bit operands with scales of tokens and of blocks, of few rows and of more, in both encodings.
inline void expectRightWithScales(GemmProblem problem) {
  problem.type = DataType::F8E4M3FNUZ;
  problem.scaling = Scaling::PerToken;
  EXPECT_EQ(runGemm(problem, float8Kernel(), 65), "");
  EXPECT_EQ(runGemm(problem, float8StreamingKernel(), 17), "");
  problem.scaling = Scaling::Block128;
  EXPECT_EQ(runGemm(problem, blockScaledKernel(), 65), "");
  EXPECT_EQ(runGemm(problem, blockScaledStreamingKernel(), 17), "");
  problem.type = DataType::F8E4M3;
  problem.scaling = Scaling::PerToken;
  EXPECT_EQ(runGemm(problem, float8Gfx950Kernel(), 65), "");
}

} // namespace codesign::test
