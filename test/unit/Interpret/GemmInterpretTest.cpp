#include "NotFinite.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem problem(int64_t n, int64_t k) {
  return {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
}

TEST(GemmInterpret, raggedRowsOnBothVendors) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), sm80Kernel()})
    for (int64_t m : {1, 7, 63, 64, 65, 127, 128, 129})
      EXPECT_EQ(runGemm(problem(128, 96), kernel, m), "")
          << toString(kernel.architecture).str() << " m = " << m;
}

TEST(GemmInterpret, columnsAndDepthOffTheTile) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), sm80Kernel()})
    for (int64_t n : {8, 63, 65, 100})
      for (int64_t k : {8, 32, 40, 72, 200})
        EXPECT_EQ(runGemm(problem(n, k), kernel, 33), "")
            << toString(kernel.architecture).str() << " n = " << n << " k = " << k;
}

TEST(GemmInterpret, tilesWavesAndStages) {
  GemmKernel kernel = gfx942Kernel();
  struct Shape {
    int64_t m, n, k, wavesM, wavesN, stages, padding;
    const char *instruction;
  };
  for (const Shape &shape : {Shape{256, 256, 32, 2, 4, 2, 0, "v_mfma_f32_16x16x16_bf16"},
                             Shape{128, 128, 64, 2, 2, 1, 0, "v_mfma_f32_16x16x16_bf16"},
                             Shape{16, 128, 64, 1, 4, 2, 0, "v_mfma_f32_16x16x16_bf16"},
                             Shape{64, 64, 32, 1, 2, 2, 8, "v_mfma_f32_16x16x16_bf16"},
                             Shape{64, 64, 64, 2, 2, 2, 0, "v_mfma_f32_32x32x8_bf16"},
                             Shape{48, 80, 96, 1, 1, 1, 8, "v_mfma_f32_16x16x16_bf16"}}) {
    kernel.tileM = shape.m;
    kernel.tileN = shape.n;
    kernel.tileK = shape.k;
    kernel.wavesM = shape.wavesM;
    kernel.wavesN = shape.wavesN;
    kernel.stages = shape.stages;
    kernel.padding = shape.padding;
    kernel.instruction = shape.instruction;
    EXPECT_EQ(runGemm(problem(136, 160), kernel, 130), "") << shape.m << "x" << shape.n << "x" << shape.k;
  }
}

TEST(GemmInterpret, halfPrecision) {
  GemmProblem half = problem(64, 64);
  half.type = DataType::F16;
  GemmKernel amd = gfx942Kernel(), nvidia = sm80Kernel();
  amd.instruction = "v_mfma_f32_16x16x16_f16";
  nvidia.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32";
  EXPECT_EQ(runGemm(half, amd, 50), "");
  EXPECT_EQ(runGemm(half, nvidia, 50), "");
}

TEST(GemmInterpret, biasAndActivation) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), sm80Kernel()})
    for (auto activation : {kernel::Activation::Relu, kernel::Activation::Silu, kernel::Activation::Gelu,
                            kernel::Activation::GeluTanh}) {
      GemmProblem fused = problem(72, 64);
      fused.bias = true;
      fused.activation = activation;
      EXPECT_EQ(runGemm(fused, kernel, 40), "") << kernel::stringifyActivation(activation).str();
    }
}

/// A check that cannot fail shows nothing: leaving out one K tile must be seen.
TEST(GemmInterpret, aDroppedStepIsSeen) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), sm80Kernel()}) {
    const std::string result = runGemm(problem(64, 512), kernel, 64, [](kernel::FuncOp function) {
      // The first product of the main loop hands its sums through unchanged.
      kernel::MmaOp product;
      function.walk([&](kernel::MmaOp op) { product = op; });
      product.getResult().replaceAllUsesWith(product.getAccumulator());
      product.erase();
    });
    EXPECT_NE(result.find("instead of"), std::string::npos) << result;
  }
}

TEST(GemmInterpret, infinityAndNanPropagate) {
  expectInfinityAndNanToPropagate(problem(64, 64), gfx942Kernel(), 3);
}

} // namespace
