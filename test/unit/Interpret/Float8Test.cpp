// Products of 8-bit operands, their scales, and what becomes of values that are not finite.
#include "GemmFixture.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem problem(int64_t n, int64_t k, Scaling scaling) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::F8E4M3FNUZ, .n = n, .k = k};
  problem.scaling = scaling;
  return problem;
}

/// The same in the encoding of the kernel's device.
GemmProblem problemFor(const GemmKernel &kernel, int64_t n, int64_t k, Scaling scaling) {
  GemmProblem result = problem(n, k, scaling);
  result.type = findMatrixInstruction(kernel.architecture, kernel.instruction)->a.type;
  return result;
}

TEST(Float8, raggedRowsColumnsAndDepth) {
  for (const GemmKernel &kernel : {float8Kernel(), float8Gfx950Kernel()})
    for (Scaling scaling : {Scaling::None, Scaling::PerTensor, Scaling::PerToken}) {
      SCOPED_TRACE((toString(kernel.architecture) + " " + toString(scaling)).str());
      for (int64_t m : {1, 7, 63, 64, 65, 127, 128, 129})
        EXPECT_EQ(runGemm(problemFor(kernel, 128, 256, scaling), kernel, m), "") << "m = " << m;
      for (int64_t n : {8, 63, 66})
        for (int64_t k : {16, 80, 208})
          EXPECT_EQ(runGemm(problemFor(kernel, n, k, scaling), kernel, 33), "")
              << "n = " << n << " k = " << k;
    }
}

TEST(Float8, theLargerInstructionOneSlotAndBothEncodings) {
  GemmKernel kernel = float8Kernel();
  kernel.instruction = "v_mfma_f32_32x32x16_fp8_fp8";
  kernel.stages = 1;
  EXPECT_EQ(runGemm(problem(72, 160, Scaling::PerToken), kernel, 70), "");
  GemmProblem wide = problem(72, 160, Scaling::PerTensor);
  wide.type = DataType::F8E5M2FNUZ;
  kernel.instruction = "v_mfma_f32_16x16x32_bf8_bf8";
  EXPECT_EQ(runGemm(wide, kernel, 70), "");
}

TEST(Float8, wavesThatShareK) {
  for (const GemmKernel &kernel :
       {float8StreamingKernel(), float8StreamingGfx950Kernel(), float8StreamingSm90aKernel()})
    for (Scaling scaling : {Scaling::PerTensor, Scaling::PerToken})
      for (int64_t m : {1, 15, 16, 17})
        EXPECT_EQ(runGemm(problemFor(kernel, 40, 2064, scaling), kernel, m), "") << "m = " << m;
}

/// 200, 1040: the last block is not whole; 264, 72: neither are the columns'.
TEST(Float8, scalesOfBlocks) {
  for (const GemmKernel &kernel : {blockScaledKernel(), float8Gfx950Kernel()})
    for (int64_t k : {16, 128, 208, 640})
      for (int64_t n : {72, 264})
        EXPECT_EQ(runGemm(problemFor(kernel, n, k, Scaling::Block128), kernel, 70), "")
            << "n = " << n << " k = " << k;
  GemmKernel single = blockScaledKernel();
  single.stages = 1;
  EXPECT_EQ(runGemm(problem(136, 528, Scaling::Block128), single, 33), "");
  for (const GemmKernel &kernel :
       {blockScaledStreamingKernel(), float8StreamingGfx950Kernel(), blockScaledStreamingSm90aKernel()})
    for (int64_t m : {1, 15, 17})
      EXPECT_EQ(runGemm(problemFor(kernel, 168, 2064, Scaling::Block128), kernel, m), "") << "m = " << m;
}

/// Columns of gate and up take turns, and 256 of them have the scales of two blocks of W. 584: neither the
/// last block of gates nor that of up is whole.
TEST(Float8, scalesOfBlocksOfGatesAndUp) {
  GemmProblem gated = problem(584, 208, Scaling::Block128);
  gated.gated = true;
  gated.activation = kernel::Activation::Silu;
  auto expectRight = [&](const GemmKernel &kernel, int64_t m) {
    gated.type = findMatrixInstruction(kernel.architecture, kernel.instruction)->a.type;
    EXPECT_EQ(runGemm(gated, kernel, m), "") << toString(kernel.architecture).str();
  };
  for (const GemmKernel &kernel : {blockScaledKernel(), float8Gfx950Kernel(), float8WgmmaKernel()})
    expectRight(kernel, 70);
  gated.k = 2064;
  for (const GemmKernel &kernel :
       {blockScaledStreamingKernel(), float8StreamingGfx950Kernel(), blockScaledStreamingSm90aKernel()})
    expectRight(kernel, 9);
}

TEST(Float8, scalesOfOtherColumnsAreSeen) {
  GemmProblem gated = problem(520, 128, Scaling::Block128);
  gated.gated = true;
  gated.activation = kernel::Activation::Silu;
  const std::string result = runGemm(gated, blockScaledKernel(), 33, [](kernel::FuncOp function) {
    function.walk([](kernel::FetchScalesOp op) { op->setOperand(2, op->getOperand(3)); });
  });
  EXPECT_NE(result.find("instead of"), std::string::npos) << result;
}

TEST(Float8, scalesComeBeforeBiasGateAndResidual) {
  GemmProblem fused = problem(72, 128, Scaling::PerToken);
  fused.bias = fused.gated = fused.residual = true;
  fused.activation = kernel::Activation::Silu;
  EXPECT_EQ(runGemm(fused, float8Kernel(), 40), "");
  EXPECT_EQ(runGemm(fused, float8StreamingKernel(), 9), "");
  fused.type = DataType::F8E4M3;
  EXPECT_EQ(runGemm(fused, float8StreamingSm90aKernel(), 9), "");
}

/// Neither a step of k nor a scale can be left out unseen.
TEST(Float8, whatIsLeftOutIsSeen) {
  const GemmProblem whole = problem(64, 256, Scaling::PerToken);
  auto dropStep = [](kernel::FuncOp function) {
    kernel::MmaOp product;
    function.walk([&](kernel::MmaOp op) { product = op; });
    product.getResult().replaceAllUsesWith(product.getAccumulator());
  };
  auto dropRows = [](kernel::FuncOp function) {
    function.walk(
        [](kernel::ScaleRowsOp scale) { scale.getResult().replaceAllUsesWith(scale.getFragment()); });
  };
  auto dropColumns = [](kernel::FuncOp function) {
    function.walk(
        [](kernel::ScaleColumnsOp scale) { scale.getResult().replaceAllUsesWith(scale.getFragment()); });
  };
  for (auto tamper : {+dropStep, +dropRows, +dropColumns})
    for (const GemmKernel &kernel : {float8Kernel(), float8StreamingSm90aKernel()}) {
      const std::string result =
          runGemm(problemFor(kernel, whole.n, whole.k, whole.scaling), kernel, 33, tamper);
      EXPECT_NE(result.find("instead of"), std::string::npos) << result;
    }
}

/// A block's products that take the scales of its neighbour are seen.
TEST(Float8, theScalesOfAnotherBlockAreSeen) {
  auto mixUp = [](kernel::FuncOp function) {
    kernel::FetchScalesOp last, first;
    function.walk([&](kernel::FetchScalesOp fetch) {
      last = fetch;
      if (!first)
        first = fetch;
    });
    last.getStepMutable().assign(first.getStep());
  };
  std::string result = runGemm(problem(64, 512, Scaling::Block128), blockScaledKernel(), 33, mixUp);
  EXPECT_NE(result.find("instead of"), std::string::npos) << result;
  // Waves that share k: two steps of four blocks.
  const GemmKernel streaming = blockScaledStreamingSm90aKernel();
  result = runGemm(problemFor(streaming, 64, 1024, Scaling::Block128), streaming, 9, mixUp);
  EXPECT_NE(result.find("instead of"), std::string::npos) << result;
}

/// NaN is the only value of these types that is not finite: its row of A spoils its row of D, an infinite
/// scale of W its column.
TEST(Float8, notANumberStaysInItsRowAndColumn) {
  std::mt19937 engine(std::random_device{}());
  const GemmProblem whole = problem(24, 64, Scaling::PerToken);
  GemmOperands operands(whole, 5, 0, engine);
  operands.a.bytes[2 * 64 + 7] = 0x80;
  operands.wScale.set(0, 3, std::numeric_limits<float>::infinity());
  mlir::MLIRContext context;
  auto module = llvm::cantFail(lowerGemm(context, whole, float8Kernel()));
  std::vector<KernelArgument> arguments;
  for (Matrix *matrix : operands.arguments(whole))
    arguments.push_back(matrix);
  arguments.push_back(int64_t(5));
  llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), arguments));
  EXPECT_EQ(operands.mismatch(whole), "");
  for (int64_t i = 0; i < 5; ++i)
    for (int64_t j = 0; j < 24; ++j) {
      const bool finite = i != 2 && j != 3;
      EXPECT_EQ(std::isfinite(operands.d.at(i, j)), finite) << i << ", " << j;
    }
}

TEST(Float8, whatIsNotEmittedSaysSo) {
  EXPECT_EQ(runGemm(problem(64, 72, Scaling::PerToken), float8Kernel(), 1),
            "error: k = 72 is no multiple of 16: rows of A and W would not start at multiples of 16 bytes; "
            "pad k to 80");
  GemmProblem scaled = {.symbol = "gemm", .type = DataType::BF16, .n = 64, .k = 64};
  scaled.scaling = Scaling::PerTensor;
  EXPECT_EQ(runGemm(problem(64, 128, Scaling::Block128), float8Kernel(), 1),
            "error: a step of 64 of k is not the block of 128 that has a scale");
  EXPECT_EQ(runGemm(scaled, gfx942Kernel(), 1), "error: scales belong to 8-bit operands");
}

} // namespace
