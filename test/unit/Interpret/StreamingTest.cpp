// Kernels whose waves share k and stream both operands from global memory.
#include "NotFinite.h"
#include "codesign/Interpret/GemmReference.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem problem(int64_t n, int64_t k) {
  return {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
}

const GemmKernel bothKernels[] = {streamingKernel(), streamingSm80Kernel()};

TEST(StreamingInterpret, raggedRowsColumnsAndDepth) {
  for (const GemmKernel &kernel : bothKernels)
    for (int64_t m : {1, 7, 8, 15, 16, 17, 33})
      for (int64_t n : {8, 32, 63, 72})
        for (int64_t k : {8, 128, 520, 1024})
          EXPECT_EQ(runGemm(problem(n, k), kernel, m), "") << "m = " << m << " n = " << n << " k = " << k;
}

TEST(StreamingInterpret, mmaSyncTilesWavesAndStepsUnderWay) {
  struct Shape {
    int64_t m, n, waves, waveDepth, stages;
  };
  for (const Shape &shape : {Shape{64, 16, 4, 64, 2}, Shape{24, 32, 8, 32, 3}, Shape{16, 64, 4, 64, 4},
                             Shape{32, 48, 2, 32, 1}, Shape{8, 16, 16, 64, 8}}) {
    GemmKernel kernel = streamingSm80Kernel();
    kernel.tileM = shape.m;
    kernel.tileN = shape.n;
    kernel.wavesK = shape.waves;
    kernel.tileK = shape.waves * shape.waveDepth;
    kernel.stages = shape.stages;
    EXPECT_EQ(runGemm(problem(136, 1160), kernel, 50), "") << shape.m << "x" << shape.n;
  }
}

TEST(StreamingInterpret, tilesWavesStepsUnderWayAndInstructions) {
  struct Shape {
    int64_t m, n, waves, waveDepth, stages;
    const char *instruction;
  };
  for (const Shape &shape : {Shape{64, 16, 4, 64, 2, "v_mfma_f32_16x16x16_bf16"},
                             Shape{48, 32, 8, 32, 3, "v_mfma_f32_16x16x16_bf16"},
                             Shape{16, 64, 4, 64, 4, "v_mfma_f32_16x16x16_bf16"},
                             Shape{32, 48, 2, 32, 1, "v_mfma_f32_16x16x16_bf16"},
                             Shape{32, 32, 4, 16, 2, "v_mfma_f32_32x32x8_bf16"}}) {
    GemmKernel kernel = streamingKernel();
    kernel.tileM = shape.m;
    kernel.tileN = shape.n;
    kernel.wavesK = shape.waves;
    kernel.tileK = shape.waves * shape.waveDepth;
    kernel.stages = shape.stages;
    kernel.instruction = shape.instruction;
    EXPECT_EQ(runGemm(problem(136, 1160), kernel, 50), "") << shape.m << "x" << shape.n;
  }
}

TEST(StreamingInterpret, halfPrecisionBiasAndActivation) {
  GemmProblem fused = problem(72, 520);
  fused.type = DataType::F16;
  fused.bias = true;
  fused.activation = kernel::Activation::Silu;
  GemmKernel kernel = streamingKernel();
  kernel.instruction = "v_mfma_f32_16x16x16_f16";
  EXPECT_EQ(runGemm(fused, kernel, 9), "");
  kernel = streamingSm80Kernel();
  kernel.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32";
  EXPECT_EQ(runGemm(fused, kernel, 9), "");
}

TEST(StreamingInterpret, infinityAndNanPropagate) {
  for (const GemmKernel &kernel : bothKernels)
    expectInfinityAndNanToPropagate(problem(40, 520), kernel, 3);
}

/// The largest and the smallest normal magnitudes whose sums stay finite.
TEST(StreamingInterpret, largeAndTinyMagnitudes) {
  for (const GemmKernel &kernel : bothKernels)
    for (int exponent : {-60, 55}) {
      mlir::MLIRContext context;
      auto module = llvm::cantFail(lowerGemm(context, problem(40, 520), kernel));
      std::mt19937 engine(std::random_device{}());
      Matrix a = randomMatrix(DataType::BF16, 5, 520, engine),
             w = randomMatrix(DataType::BF16, 40, 520, engine);
      for (Matrix *matrix : {&a, &w})
        for (int64_t i = 0; i < matrix->rows; ++i)
          for (int64_t j = 0; j < matrix->columns; ++j)
            matrix->set(i, j, std::ldexp(matrix->at(i, j), exponent));
      Matrix d(DataType::BF16, 5, 40, 0xff);
      llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), {&a, &w, &d, int64_t(5)}));
      EXPECT_EQ(firstMismatch(d, gemmReference(a, w, 5)).value_or(""), "");
    }
}

template <class Op>
void dropFirst(kernel::FuncOp function) {
  Op found;
  function.walk([&](Op op) {
    found = op;
    return mlir::WalkResult::interrupt();
  });
  found.erase();
}

TEST(StreamingInterpret, theBarrierIsNeeded) {
  for (const GemmKernel &kernel : bothKernels) {
    const std::string result = runGemm(problem(32, 512), kernel, 16, dropFirst<kernel::BarrierOp>);
    EXPECT_NE(result, "");
    EXPECT_EQ(result.find("instead of"), std::string::npos) << result;
  }
}

/// One product less, in the loop and behind it, and one wave's sums less.
TEST(StreamingInterpret, aDroppedStepIsSeen) {
  for (const GemmKernel &kernel : bothKernels)
    for (bool last : {false, true}) {
      const std::string result = runGemm(problem(32, 1024), kernel, 16, [&](kernel::FuncOp function) {
        kernel::MmaOp product;
        function.walk([&](kernel::MmaOp op) {
          if (last || !product)
            product = op;
        });
        product.getResult().replaceAllUsesWith(product.getAccumulator());
        product.erase();
      });
      EXPECT_NE(result.find("instead of"), std::string::npos) << result;
    }
}

TEST(StreamingInterpret, sharesThatCannotBeDividedAreRefused) {
  mlir::MLIRContext context;
  GemmKernel kernel = streamingKernel();
  kernel.tileK = 4 * 32 + 32;
  auto uneven = lowerGemm(context, problem(32, 512), kernel);
  ASSERT_FALSE(static_cast<bool>(uneven));
  EXPECT_NE(llvm::toString(uneven.takeError()).find("for each of 4 waves"), std::string::npos);
  kernel = streamingKernel();
  kernel.tileM = kernel.tileN = 128;
  auto large = lowerGemm(context, problem(32, 512), kernel);
  ASSERT_FALSE(static_cast<bool>(large));
  EXPECT_NE(llvm::toString(large.takeError()).find("has 65536"), std::string::npos);
}

} // namespace
