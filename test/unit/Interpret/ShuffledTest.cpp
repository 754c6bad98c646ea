// Kernels whose weights are stored as matrix instructions take them and go straight to registers.
#include "OperandForms.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem shuffled(int64_t n, int64_t k, DataType type = DataType::BF16) {
  GemmProblem problem = {.symbol = "gemm", .type = type, .n = n, .k = k};
  problem.shuffledWeights = true;
  return problem;
}

TEST(ShuffledInterpret, raggedRowsColumnsAndDepth) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), streamingKernel()})
    for (int64_t m : {1, 7, 64, 65})
      for (int64_t n : {16, 80, 128})
        for (int64_t k : {32, 96, 224})
          EXPECT_EQ(runGemm(shuffled(n, k), kernel, m), "") << "m = " << m << " n = " << n << " k = " << k;
}

TEST(ShuffledInterpret, tilesWavesAndSteps) {
  struct Shape {
    int64_t m, n, k, wavesM, wavesN, stages;
  };
  for (const Shape &shape : {Shape{256, 256, 64, 2, 4, 2}, Shape{128, 128, 64, 1, 4, 1},
                             Shape{32, 128, 128, 1, 8, 2}, Shape{64, 32, 32, 2, 1, 2}}) {
    GemmKernel kernel = gfx942Kernel();
    kernel.tileM = shape.m;
    kernel.tileN = shape.n;
    kernel.tileK = shape.k;
    kernel.wavesM = shape.wavesM;
    kernel.wavesN = shape.wavesN;
    kernel.stages = shape.stages;
    EXPECT_EQ(runGemm(shuffled(144, 320), kernel, 130), "") << shape.m << "x" << shape.n << "x" << shape.k;
  }
}

TEST(ShuffledInterpret, typesAndScales) {
  GemmKernel half = gfx942Kernel();
  half.instruction = "v_mfma_f32_16x16x16_f16";
  EXPECT_EQ(runGemm(shuffled(80, 160, DataType::F16), half, 65), "");
  expectRightWithScales(shuffled(80, 448));
  GemmProblem tokens = shuffled(80, 448, DataType::F8E4M3);
  tokens.scaling = Scaling::PerToken;
  EXPECT_EQ(runGemm(tokens, float8StreamingGfx950Kernel(), 17), "");
}

TEST(ShuffledInterpret, expertsGatesAndPartsOfK) {
  GemmProblem experts = shuffled(96, 160);
  experts.experts = 5;
  experts.gathered = experts.weighted = true;
  GemmProblem gated = shuffled(96, 256);
  gated.gated = gated.bias = gated.residual = true;
  gated.activation = kernel::Activation::Silu;
  for (const GemmKernel &kernel : {gfx942Kernel(), streamingKernel()}) {
    for (int64_t m : {3, 150})
      EXPECT_EQ(runGemm(experts, kernel, m), "") << m;
    GemmKernel split = kernel;
    split.splitK = kernel.wavesK > 1 ? 1 : 4;
    EXPECT_EQ(runGemm(gated, split, 33), "");
  }
}

/// Row-major weights, a step left out, weights asked for once for two tiles of k: each is seen.
TEST(ShuffledInterpret, mistakesAreSeen) {
  std::mt19937 engine(std::random_device{}());
  mlir::MLIRContext context;
  const GemmProblem problem = shuffled(64, 256);
  auto module = llvm::cantFail(lowerGemm(context, problem, gfx942Kernel()));
  GemmOperands operands(problem, 64, 0, engine);
  operands.storedW = operands.w;
  llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), operands.allArguments(problem, 64), 1));
  EXPECT_NE(operands.mismatch(problem), "");

  EXPECT_NE(runGemm(problem, gfx942Kernel(), 64,
                    [](kernel::FuncOp function) {
                      kernel::MmaOp product;
                      function.walk([&](kernel::MmaOp op) { product = op; });
                      product.getResult().replaceAllUsesWith(product.getAccumulator());
                      product.erase();
                    })
                .find("instead of"),
            std::string::npos);
  EXPECT_NE(runGemm(problem, gfx942Kernel(), 64,
                    [](kernel::FuncOp function) {
                      kernel::FetchFragmentOp first, last;
                      function.walk([&](kernel::FetchFragmentOp op) {
                        first = first ? first : op;
                        last = op;
                      });
                      last.getResult().replaceAllUsesWith(first.getResult());
                    })
                .find("instead of"),
            std::string::npos);
  for (int barrier = 0; barrier < 3; ++barrier)
    EXPECT_NE(runGemm(problem, gfx942Kernel(), 64,
                      [&](kernel::FuncOp function) {
                        llvm::SmallVector<kernel::BarrierOp> found;
                        function.walk([&](kernel::BarrierOp op) { found.push_back(op); });
                        found[barrier].erase();
                      })
                  .find("barrier"),
              std::string::npos);
}

TEST(ShuffledInterpret, whatHasNoWholeBlocksIsRefused) {
  EXPECT_NE(refusalOf(shuffled(72, 96), gfx942Kernel()).find("no blocks of 16 by 64"), std::string::npos);
  EXPECT_NE(refusalOf(shuffled(64, 40), gfx942Kernel()).find("no blocks of 16 by 64"), std::string::npos);
  GemmKernel wide = gfx942Kernel();
  wide.instruction = "v_mfma_f32_32x32x8_bf16";
  EXPECT_NE(refusalOf(shuffled(64, 64), wide).find("instructions of 16 rows"), std::string::npos);
  EXPECT_NE(refusalOf(shuffled(64, 64), sm80Kernel()).find("MFMA"), std::string::npos);
}

} // namespace
