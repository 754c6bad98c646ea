// Gates and residuals behind the sums, on every family.
#include "GemmFixture.h"
#include "codesign/Interpret/GemmReference.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem gatedProblem(int64_t n, int64_t k) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
  problem.activation = kernel::Activation::Silu;
  problem.gated = true;
  return problem;
}

GemmProblem residualProblem(int64_t n, int64_t k) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
  problem.residual = true;
  return problem;
}

std::vector<GemmKernel> allKernels() {
  return {gfx942Kernel(), gfx950Kernel(), streamingKernel(), sm80Kernel(), streamingSm80Kernel()};
}

TEST(Epilogue, gatesOfRaggedRowsAndColumns) {
  for (const GemmKernel &kernel : allKernels())
    for (int64_t n : {2, 62, 72, 130})
      for (int64_t m : {1, 7, 64, 65})
        EXPECT_EQ(runGemm(gatedProblem(n, 72), kernel, m), "") << "n = " << n << ", m = " << m;
}

TEST(Epilogue, everyActivationGates) {
  for (auto activation : {kernel::Activation::Relu, kernel::Activation::Silu, kernel::Activation::Gelu,
                          kernel::Activation::GeluTanh}) {
    GemmProblem problem = gatedProblem(72, 64);
    problem.activation = activation;
    problem.bias = true;
    EXPECT_EQ(runGemm(problem, gfx942Kernel(), 40), "") << kernel::stringifyActivation(activation).str();
  }
}

TEST(Epilogue, residualsOfRaggedRowsAndColumns) {
  for (const GemmKernel &kernel : allKernels())
    for (int64_t n : {1, 63, 72, 130})
      for (int64_t m : {1, 7, 64, 65})
        EXPECT_EQ(runGemm(residualProblem(n, 72), kernel, m), "") << "n = " << n << ", m = " << m;
}

TEST(Epilogue, allStepsCompose) {
  GemmKernel larger = gfx942Kernel();
  larger.instruction = "v_mfma_f32_32x32x8_bf16";
  for (const GemmKernel &kernel :
       {gfx942Kernel(), gfx950Kernel(), streamingKernel(), larger, sm80Kernel(), streamingSm80Kernel()}) {
    GemmProblem problem = gatedProblem(140, 96);
    problem.bias = problem.residual = true;
    EXPECT_EQ(runGemm(problem, kernel, 33), "");
  }
}

/// The residual stream is updated in place: what a workgroup reads, no other has written.
TEST(Epilogue, theResidualMayBeTheOutput) {
  std::mt19937 engine(std::random_device{}());
  for (const GemmKernel &kernel : allKernels()) {
    mlir::MLIRContext context;
    auto module = llvm::cantFail(lowerGemm(context, residualProblem(72, 96), kernel));
    Matrix a = randomMatrix(DataType::BF16, 70, 96, engine), w = randomMatrix(DataType::BF16, 72, 96, engine);
    Matrix stream = randomMatrix(DataType::BF16, 70, 72, engine);
    const Matrix before = stream;
    llvm::cantFail(
        interpret(*module->getOps<kernel::FuncOp>().begin(), {&a, &w, &stream, &stream, int64_t(70)}));
    EXPECT_EQ(firstMismatch(stream, gemmReference(a, w, 70, {.residual = &before})).value_or(""), "");
  }
}

TEST(Epilogue, infinityAndNanPropagate) {
  mlir::MLIRContext context;
  GemmProblem problem = gatedProblem(64, 64);
  problem.residual = true;
  for (const GemmKernel &kernel : {gfx942Kernel(), sm80Kernel()}) {
    auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
    std::mt19937 engine(std::random_device{}());
    Matrix a = randomMatrix(DataType::BF16, 3, 64, engine), w = randomMatrix(DataType::BF16, 64, 64, engine);
    Matrix residual = randomMatrix(DataType::BF16, 3, 32, engine), d(DataType::BF16, 3, 32, 0xff);
    a.set(1, 5, std::numeric_limits<float>::infinity());
    w.set(7, 9, std::numeric_limits<float>::quiet_NaN()); // the up of column 3
    residual.set(2, 8, -std::numeric_limits<float>::infinity());
    llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), {&a, &w, &residual, &d, int64_t(3)}));
    const GemmEpilogue epilogue = {.activation = problem.activation, .gated = true, .residual = &residual};
    EXPECT_EQ(firstMismatch(d, gemmReference(a, w, 3, epilogue)).value_or(""), "");
    EXPECT_FALSE(std::isfinite(d.at(1, 0)));
    EXPECT_TRUE(std::isnan(d.at(2, 3)));
    EXPECT_TRUE(std::isinf(d.at(2, 8)));
    EXPECT_TRUE(std::isfinite(d.at(2, 9)));
  }
}

/// Checks that cannot fail show nothing.
TEST(Epilogue, aStepLeftOutIsSeen) {
  GemmProblem problem = gatedProblem(64, 256);
  problem.residual = true;
  auto drop = [](auto op) {
    op.getResult().replaceAllUsesWith(op.getFragment());
    op.erase();
  };
  GemmKernel kernel;
  auto without = [&](auto step) {
    return runGemm(problem, kernel, 64, [&](kernel::FuncOp function) {
      decltype(step) found;
      function.walk([&](decltype(step) op) { found = op; });
      drop(found);
    });
  };
  for (const GemmKernel &family : allKernels()) {
    kernel = family;
    EXPECT_NE(without(kernel::GateOp()).find("instead of"), std::string::npos);
    EXPECT_NE(without(kernel::AddMatrixOp()).find("instead of"), std::string::npos);
  }
  const std::string product = runGemm(problem, gfx942Kernel(), 64, [&](kernel::FuncOp function) {
    kernel::MmaOp found;
    function.walk([&](kernel::MmaOp op) { found = op; });
    found.getResult().replaceAllUsesWith(found.getAccumulator());
    found.erase();
  });
  EXPECT_NE(product.find("instead of"), std::string::npos) << product;
}

TEST(Epilogue, refusals) {
  EXPECT_NE(runGemm(gatedProblem(63, 64), gfx942Kernel(), 1).find("even"), std::string::npos);
  GemmProblem silent = gatedProblem(64, 64);
  silent.activation.reset();
  EXPECT_NE(runGemm(silent, gfx942Kernel(), 1).find("activation"), std::string::npos);
}

} // namespace
