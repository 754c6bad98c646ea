// Results of 8 bits, behind every other step.
#include "GemmFixture.h"

using namespace codesign;
using namespace codesign::test;

namespace {

/// A problem that `kernel` has an instruction for, with results in the encoding of its device.
GemmProblem quantised(const GemmKernel &kernel, int64_t n, int64_t k) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
  const MatrixInstruction *record = findMatrixInstruction(kernel.architecture, kernel.instruction);
  problem.type = record->a.type;
  problem.quantised = kernel::quantisedType(kernel.architecture);
  return problem;
}

std::vector<GemmKernel> kernels() {
  return {gfx942Kernel(),       gfx950Kernel(),          streamingKernel(),  float8Kernel(),
          float8Gfx950Kernel(), float8StreamingKernel(), sm90aKernel(),      float8StreamingSm90aKernel(),
          wgmmaKernel(),        wideWgmmaKernel(),       float8WgmmaKernel()};
}

TEST(Quantise, raggedRowsAndColumns) {
  for (const GemmKernel &kernel : kernels())
    for (int64_t n : {1, 63, 70, 130})
      for (int64_t m : {1, 7, 65})
        EXPECT_EQ(runGemm(quantised(kernel, n, 144), kernel, m), "") << "n = " << n << ", m = " << m;
}

TEST(Quantise, everyStepBeforeIt) {
  for (const GemmKernel &kernel : kernels()) {
    GemmProblem problem = quantised(kernel, 140, 144);
    problem.gated = problem.bias = problem.residual = problem.weighted = true;
    problem.activation = kernel::Activation::Silu;
    if (isFloat8(problem.type))
      problem.scaling = Scaling::PerToken;
    EXPECT_EQ(runGemm(problem, kernel, 33), "");
  }
  GemmKernel split = gfx942Kernel();
  split.splitK = 2;
  EXPECT_EQ(runGemm(quantised(split, 70, 128), split, 65), "");
  GemmProblem experts = quantised(gfx942Kernel(), 70, 72);
  experts.experts = 5;
  EXPECT_EQ(runGemm(experts, gfx942Kernel(), 100), "");
  experts = quantised(blockScaledKernel(), 136, 256);
  experts.scaling = Scaling::Block128;
  EXPECT_EQ(runGemm(experts, blockScaledKernel(), 40), "");
  // With wgmma, panels of bytes go to rows that end inside of one.
  for (int64_t n : {64, 72, 144}) {
    experts = quantised(wgmmaKernel(), n, 72);
    experts.experts = 5;
    EXPECT_EQ(runGemm(experts, wgmmaKernel(), 300), "") << "n = " << n;
  }
}

/// Of one column of A and a W of ones, D is A: what saturates, infinity, and what stays a NaN.
TEST(Quantise, saturatesAndKeepsNan) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), sm90aKernel(), wgmmaKernel()}) {
    mlir::MLIRContext context;
    const GemmProblem problem = quantised(kernel, 2, 8);
    const float largest = kernel.architecture == Architecture::Gfx942 ? 240 : 448;
    auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
    Matrix a(DataType::BF16, 7, 8), w(DataType::BF16, 2, 8), scale(DataType::F32, 1, 1);
    Matrix d(*problem.quantised, 7, 2, 0xff);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const float inputs[] = {1e30f, -1e30f, infinity, -infinity, NAN, -0.0f, 22};
    for (int64_t i = 0; i < 7; ++i)
      a.set(i, 0, inputs[i]);
    w.set(0, 0, 1);
    w.set(1, 0, 1);
    scale.set(0, 0, 0.5f);
    llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), {&a, &w, &scale, &d, int64_t(7)}));
    for (int64_t column : {0, 1}) {
      EXPECT_EQ(d.at(0, column), largest);
      EXPECT_EQ(d.at(1, column), -largest);
      EXPECT_EQ(d.at(2, column), largest);
      EXPECT_EQ(d.at(3, column), -largest);
      EXPECT_TRUE(std::isnan(d.at(4, column)));
      EXPECT_EQ(d.at(5, column), 0);
      EXPECT_EQ(d.at(6, column), 44);
    }
  }
}

/// Checks that cannot fail show nothing.
TEST(Quantise, aMissingScaleIsSeen) {
  for (const GemmKernel &kernel : {gfx942Kernel(), wgmmaKernel()}) {
    const std::string wrong = runGemm(quantised(kernel, 64, 128), kernel, 64, [](kernel::FuncOp function) {
      kernel::QuantiseOp found;
      function.walk([&](kernel::QuantiseOp op) { found = op; });
      found.getResult().replaceAllUsesWith(found.getFragment());
      found.erase();
    });
    EXPECT_NE(wrong.find("instead of"), std::string::npos) << wrong;
  }
}

TEST(Quantise, refusals) {
  GemmProblem problem = quantised(gfx942Kernel(), 64, 64);
  problem.quantised = DataType::F8E4M3;
  EXPECT_NE(runGemm(problem, gfx942Kernel(), 1).find("not rounded to on gfx942"), std::string::npos);
  problem.quantised = DataType::F8E4M3;
  EXPECT_NE(runGemm(problem, sm80Kernel(), 1).find("not rounded to on sm_80"), std::string::npos);
}

} // namespace
