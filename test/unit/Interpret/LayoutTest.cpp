// Operands whose k runs along the rows of their matrix: the gradients of a layer.
#include "GemmFixture.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem problemOf(GemmLayout layout, int64_t n, int64_t k) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
  problem.layout = layout;
  return problem;
}

GemmKernel deep(GemmKernel kernel) {
  kernel.tileK = 64;
  return kernel;
}

/// By ldmatrix.trans, and by descriptors of wgmma: alone, in clusters that share either operand.
std::vector<GemmKernel> nvidiaKernels() {
  GemmKernel shared = wgmmaKernel(), large = wgmmaKernel();
  shared.clusterN = 2;
  large.tileM = 256;
  large.tileN = 128;
  large.stages = 2;
  large.instruction = "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16.ss";
  return {deep(sm80Kernel()), sm80Kernel(), sm90aKernel(), wgmmaKernel(), wideWgmmaKernel(), shared, large};
}

TEST(Layout, inputGradientsOnNvidia) {
  for (const GemmKernel &kernel : nvidiaKernels())
    for (int64_t n : {8, 64, 136})
      for (int64_t k : {8, 72, 200})
        for (int64_t m : {1, 130})
          EXPECT_EQ(runGemm(problemOf(GemmLayout::NN, n, k), kernel, m), "")
              << kernel.instruction << ", n = " << n << ", k = " << k << ", m = " << m;
}

TEST(Layout, weightGradientsOnNvidia) {
  for (const GemmKernel &kernel : nvidiaKernels())
    for (int64_t n : {8, 136})
      for (int64_t k : {8, 72})
        for (int64_t m : {1, 64, 129, 300})
          EXPECT_EQ(runGemm(problemOf(GemmLayout::TN, n, k), kernel, m), "")
              << kernel.instruction << ", n = " << n << ", k = " << k << ", m = " << m;
}

TEST(Layout, inputGradientsOfRaggedShapes) {
  for (const GemmKernel &kernel : {deep(gfx942Kernel()), deep(gfx950Kernel())})
    for (int64_t n : {4, 60, 136})
      for (int64_t k : {8, 72, 200})
        for (int64_t m : {1, 65})
          EXPECT_EQ(runGemm(problemOf(GemmLayout::NN, n, k), kernel, m), "")
              << "n = " << n << ", k = " << k << ", m = " << m;
}

/// Rows of both operands are summed over: fewer than a tile of them, none in the second, several tiles.
TEST(Layout, weightGradientsOfRaggedShapes) {
  for (const GemmKernel &kernel : {deep(gfx942Kernel()), deep(gfx950Kernel())})
    for (int64_t n : {4, 136})
      for (int64_t k : {4, 68})
        for (int64_t m : {1, 64, 65, 129, 300})
          EXPECT_EQ(runGemm(problemOf(GemmLayout::TN, n, k), kernel, m), "")
              << "n = " << n << ", k = " << k << ", m = " << m;
}

/// Bytes: a chunk holds sixteen of k, and tensors have scales. Both encodings of each device.
std::vector<std::pair<DataType, GemmKernel>> float8Kernels() {
  GemmKernel kernel = float8Kernel(), wide = kernel;
  kernel.tileK = wide.tileK = 128;
  wide.instruction = "v_mfma_f32_16x16x32_bf8_bf8";
  GemmKernel other = float8Gfx950Kernel();
  other.instruction = "v_mfma_f32_16x16x128_f8f6f4.bf8.bf8";
  return {{DataType::F8E4M3FNUZ, kernel},
          {DataType::F8E5M2FNUZ, wide},
          {DataType::F8E4M3, float8Gfx950Kernel()},
          {DataType::F8E5M2, other}};
}

TEST(Layout, gradientsOf8Bits) {
  for (const auto &[type, kernel] : float8Kernels())
    for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN})
      for (int64_t n : {60, 144})
        for (int64_t k : {16, 208})
          for (int64_t m : {1, 300}) {
            if (llvm::StringRef(kernel.instruction).contains("bf8") && m + n != 444)
              continue; // bytes are bytes to all but the products
            GemmProblem problem = problemOf(layout, n, layout == GemmLayout::TN && k == 16 ? 12 : k);
            problem.type = type;
            problem.scaling = m == 1 ? Scaling::None : Scaling::PerTensor;
            EXPECT_EQ(runGemm(problem, kernel, m), "")
                << kernel.instruction << ", n = " << n << ", k = " << k << ", m = " << m;
          }
}

/// Of an input's gradient the rows are tokens, of W's the columns, which have scales as well.
TEST(Layout, tokensOfInputGradientsHaveScales) {
  for (const auto &[type, kernel] : float8Kernels()) {
    GemmProblem problem = problemOf(GemmLayout::NN, 136, 208);
    problem.type = type;
    problem.scaling = Scaling::PerToken;
    problem.residual = true;
    EXPECT_EQ(runGemm(problem, kernel, 70), "");
  }
}

TEST(Layout, stepsBehindTheSums) {
  for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN}) {
    GemmProblem problem = problemOf(layout, 140, 96);
    problem.type = DataType::F16;
    problem.bias = problem.residual = true;
    problem.activation = kernel::Activation::Relu;
    GemmKernel kernel = deep(gfx942Kernel());
    kernel.instruction = "v_mfma_f32_32x32x8_f16";
    kernel.stages = 1;
    EXPECT_EQ(runGemm(problem, kernel, 70), "");
    for (GemmKernel other : {sm80Kernel(), wgmmaKernel()}) {
      other.instruction = other.tileM == 64 ? "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"
                                            : "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16.ss";
      problem.n = 136;
      EXPECT_EQ(runGemm(problem, other, 70), "") << other.instruction;
    }
  }
}

/// What belongs to rows of tokens goes with a gradient of the input.
TEST(Layout, rotatedAndQuantisedOnNvidia) {
  for (const GemmKernel &kernel : {sm90aKernel(), wgmmaKernel()}) {
    GemmProblem problem = problemOf(GemmLayout::NN, 144, 72);
    problem.rotary = {.headColumns = 24, .columns = 96, .positions = 37};
    problem.quantised = DataType::F8E4M3;
    EXPECT_EQ(runGemm(problem, kernel, 70), "");
  }
}

TEST(Layout, nanStaysInItsRowsAndColumns) {
  mlir::MLIRContext context;
  auto module = llvm::cantFail(lowerGemm(context, problemOf(GemmLayout::TN, 8, 8), deep(gfx942Kernel())));
  std::mt19937 engine(std::random_device{}());
  Matrix a = randomMatrix(DataType::BF16, 70, 8, engine), w = randomMatrix(DataType::BF16, 70, 8, engine);
  Matrix d(DataType::BF16, 8, 8, 0xff);
  a.set(69, 3, NAN);
  w.set(1, 5, std::numeric_limits<float>::infinity());
  llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), {&a, &w, &d, int64_t(70)}));
  for (int64_t i = 0; i < 8; ++i)
    for (int64_t j = 0; j < 8; ++j)
      EXPECT_EQ(std::isfinite(d.at(i, j)), i != 3 && j != 5) << i << ", " << j;
}

/// Checks that cannot fail show nothing.
TEST(Layout, aStepLeftOutIsSeen) {
  for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN}) {
    const std::string wrong =
        runGemm(problemOf(layout, 64, 256), deep(gfx942Kernel()), 256, [](kernel::FuncOp function) {
          kernel::MmaOp last;
          function.walk([&](kernel::MmaOp op) { last = op; });
          last.getResult().replaceAllUsesWith(last.getAccumulator());
          last.erase();
        });
    EXPECT_NE(wrong.find("instead of"), std::string::npos) << wrong;
    const std::string race =
        runGemm(problemOf(layout, 64, 256), deep(gfx942Kernel()), 256, [](kernel::FuncOp function) {
          kernel::BarrierOp first;
          function.walk([&](kernel::BarrierOp op) { first = first ? first : op; });
          first.erase();
        });
    EXPECT_NE(race.find("without a barrier"), std::string::npos) << race;
  }
}

TEST(Layout, aStepLeftOutIsSeenOnNvidia) {
  for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN}) {
    const std::string wrong =
        runGemm(problemOf(layout, 64, 256), sm80Kernel(), 256, [](kernel::FuncOp function) {
          kernel::MmaOp last;
          function.walk([&](kernel::MmaOp op) { last = op; });
          last.getResult().replaceAllUsesWith(last.getAccumulator());
          last.erase();
        });
    EXPECT_NE(wrong.find("instead of"), std::string::npos) << wrong;
    const std::string product =
        runGemm(problemOf(layout, 64, 256), wgmmaKernel(), 256, [](kernel::FuncOp function) {
          kernel::WgmmaOp first;
          function.walk([&](kernel::WgmmaOp op) { first = first ? first : op; });
          first.getResult().replaceAllUsesWith(first.getAccumulator());
          first.erase();
        });
    EXPECT_NE(product.find("instead of"), std::string::npos) << product;
    const std::string race =
        runGemm(problemOf(layout, 64, 256), wgmmaKernel(), 256, [](kernel::FuncOp function) {
          kernel::AwaitOp last;
          function.walk([&](kernel::AwaitOp op) { last = op; });
          last.erase();
        });
    EXPECT_NE(race.find("may be under way"), std::string::npos) << race;
  }
}

TEST(Layout, refusals) {
  auto reason = [](GemmLayout layout, const GemmKernel &kernel, int64_t n = 64, int64_t k = 64,
                   DataType type = DataType::BF16) {
    GemmProblem problem = problemOf(layout, n, k);
    problem.type = type;
    return runGemm(problem, kernel, 1);
  };
  EXPECT_NE(reason(GemmLayout::NN, gfx942Kernel()).find("rows of 128 bytes"), std::string::npos);
  GemmKernel odd = sm80Kernel();
  odd.tileN = 96;
  EXPECT_NE(reason(GemmLayout::NN, odd).find("not swizzled"), std::string::npos);
  EXPECT_NE(reason(GemmLayout::NN, sm80Kernel(), 60).find("no multiple of 8"), std::string::npos);
  EXPECT_NE(reason(GemmLayout::TN, wgmmaKernel(), 64, 60).find("no multiple of 8"), std::string::npos);
  odd = wgmmaKernel();
  odd.tileN = 96;
  odd.instruction = "wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16.ss";
  EXPECT_NE(reason(GemmLayout::NN, odd).find("no whole panels"), std::string::npos);
  EXPECT_NE(reason(GemmLayout::NN, streamingKernel()).find("streamed"), std::string::npos);
  EXPECT_NE(reason(GemmLayout::NN, deep(gfx942Kernel()), 62).find("no multiple of 4"), std::string::npos);
  EXPECT_NE(reason(GemmLayout::TN, deep(gfx942Kernel()), 64, 62).find("no multiple of 4"), std::string::npos);
  EXPECT_NE(reason(GemmLayout::NN, float8Kernel(), 64, 64, DataType::F8E4M3FNUZ).find("rows of 128 bytes"),
            std::string::npos);
  EXPECT_NE(reason(GemmLayout::NN, float8WgmmaKernel(), 64, 64, DataType::F8E4M3).find("transposes bytes"),
            std::string::npos);
  GemmProblem scaled = problemOf(GemmLayout::TN, 64, 64);
  scaled.type = DataType::F8E4M3FNUZ;
  scaled.scaling = Scaling::PerToken;
  EXPECT_NE(runGemm(scaled, float8Kernels()[0].second, 1).find("lie along the sum"), std::string::npos);
  scaled.layout = GemmLayout::NN;
  scaled.scaling = Scaling::Block128;
  EXPECT_NE(runGemm(scaled, float8Kernels()[0].second, 1).find("lie along the sum"), std::string::npos);
}

} // namespace
