// Warp-specialised kernels: results, and every wait, arrival, fence and barrier that they cannot do without.
#include "GemmFixture.h"
#include "codesign/Interpret/GemmReference.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem problem(int64_t n, int64_t k) {
  return {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
}

TEST(WgmmaInterpret, raggedRowsColumnsAndDepth) {
  for (int64_t m : {1, 127, 128, 129, 300})
    EXPECT_EQ(runGemm(problem(136, 200), wgmmaKernel(), m), "") << "m = " << m;
  for (int64_t n : {8, 63, 65}) // 63 and 65: rows that the copy engine cannot write
    for (int64_t k : {8, 64, 264})
      EXPECT_EQ(runGemm(problem(n, k), wgmmaKernel(), 33), "") << "n = " << n << " k = " << k;
}

TEST(WgmmaInterpret, clustersShareEitherOperand) {
  for (bool down : {true, false})
    for (int64_t m : {1, 130, 257}) {
      GemmKernel kernel = wgmmaKernel();
      (down ? kernel.clusterM : kernel.clusterN) = 2;
      EXPECT_EQ(runGemm(problem(200, 264), kernel, m), "") << "m = " << m << (down ? " down" : " across");
    }
}

TEST(WgmmaInterpret, groupsStagesAndInstructions) {
  struct Shape {
    int64_t tileM, tileN, wavesM, wavesN, stages, columns;
  };
  for (const Shape &shape :
       {Shape{64, 128, 1, 1, 2, 128}, Shape{128, 128, 1, 2, 4, 64}, Shape{256, 64, 2, 1, 2, 64},
        Shape{128, 96, 2, 1, 3, 48}, Shape{128, 192, 2, 1, 2, 96}, Shape{64, 80, 1, 1, 2, 80},
        Shape{64, 56, 1, 1, 2, 56}}) {
    GemmKernel kernel = wgmmaKernel();
    kernel.tileM = shape.tileM;
    kernel.tileN = shape.tileN;
    kernel.wavesM = shape.wavesM;
    kernel.wavesN = shape.wavesN;
    kernel.stages = shape.stages;
    if (shape.wavesM * shape.wavesN == 1)
      kernel.producerRegisters = kernel.consumerRegisters = 0;
    kernel.instruction =
        "wgmma.mma_async.sync.aligned.m64n" + std::to_string(shape.columns) + "k16.f32.bf16.bf16.ss";
    EXPECT_EQ(runGemm(problem(200, 200), kernel, 130), "") << shape.tileM << "x" << shape.tileN;
  }
}

TEST(WgmmaInterpret, halfPrecisionBiasAndActivation) {
  GemmProblem half = problem(72, 200);
  half.type = DataType::F16;
  half.bias = true;
  half.activation = kernel::Activation::Silu;
  GemmKernel kernel = wgmmaKernel();
  kernel.instruction = "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16.ss";
  EXPECT_EQ(runGemm(half, kernel, 130), "");
}

/// Gate and up are neighbours in a lane; what is left is stored from registers.
TEST(WgmmaInterpret, gatesOfRaggedRowsAndColumns) {
  for (int64_t n : {72, 138, 200}) {
    GemmProblem gated = problem(n, 200);
    gated.activation = kernel::Activation::Silu;
    gated.gated = gated.bias = true;
    for (int64_t m : {1, 130})
      EXPECT_EQ(runGemm(gated, wgmmaKernel(), m), "") << n << ", " << m;
  }
}

/// Added from registers, before what is left goes to the panels or to memory.
TEST(WgmmaInterpret, residualsOfRaggedRowsAndColumns) {
  for (int64_t n : {72, 63, 200})
    for (bool gated : {false, true}) {
      GemmProblem added = problem(gated ? 2 * n : n, 200);
      added.residual = added.bias = true;
      added.gated = gated;
      if (gated)
        added.activation = kernel::Activation::Silu;
      for (int64_t m : {1, 130})
        EXPECT_EQ(runGemm(added, wgmmaKernel(), m), "") << n << ", " << m;
    }
}

TEST(WgmmaInterpret, theResidualMayBeTheOutput) {
  std::mt19937 engine(std::random_device{}());
  mlir::MLIRContext context;
  GemmProblem added = problem(72, 96);
  added.residual = true;
  auto module = llvm::cantFail(lowerGemm(context, added, wgmmaKernel()));
  Matrix a = randomMatrix(DataType::BF16, 140, 96, engine), w = randomMatrix(DataType::BF16, 72, 96, engine);
  Matrix stream = randomMatrix(DataType::BF16, 140, 72, engine);
  const Matrix before = stream;
  llvm::cantFail(
      interpret(*module->getOps<kernel::FuncOp>().begin(), {&a, &w, &stream, &stream, int64_t(140)}));
  EXPECT_EQ(firstMismatch(stream, gemmReference(a, w, 140, {.residual = &before})).value_or(""), "");
}

TEST(WgmmaInterpret, aDroppedStepIsSeen) {
  const std::string result = runGemm(problem(64, 512), wgmmaKernel(), 64, [](kernel::FuncOp function) {
    kernel::WgmmaOp product;
    function.walk([&](kernel::WgmmaOp op) { product = product ? product : op; });
    product.getResult().replaceAllUsesWith(product.getAccumulator());
    product.erase();
  });
  EXPECT_NE(result.find("instead of"), std::string::npos) << result;
}

/// Each of these, left out, is a race or a deadlock, whatever numbers come out.
template <class Op>
void expectNeeded(const char *finding, int64_t clusterM = 1) {
  int count = 1;
  for (int occurrence = 0; occurrence < count; ++occurrence) {
    GemmKernel kernel = wgmmaKernel();
    kernel.clusterM = clusterM;
    std::string text;
    const std::string result = runGemm(problem(200, 512), kernel, 600, [&](kernel::FuncOp function) {
      llvm::SmallVector<Op> found;
      function.walk([&](Op op) { found.push_back(op); });
      count = found.size();
      llvm::raw_string_ostream(text) << *found[occurrence];
      if (found[occurrence]->getNumResults() == 1)
        found[occurrence]->getResult(0).replaceAllUsesWith(found[occurrence]->getOperand(0));
      found[occurrence]->erase();
    });
    EXPECT_NE(result.find(finding), std::string::npos) << text << "\ngave: " << result;
  }
}

TEST(WgmmaHazards, waitsAndArrivals) {
  const char *race = "(LDS byte "; // read too early or overwritten too early
  expectNeeded<kernel::AwaitOp>(race);
  expectNeeded<kernel::AwaitOp>(race, 2);
  expectNeeded<kernel::ArriveOp>("deadlock");
  expectNeeded<kernel::ExpectBytesOp>("deadlock");
  expectNeeded<kernel::CopyTensorOp>("deadlock");
  expectNeeded<kernel::CopyTensorOp>("deadlock", 2);
}

TEST(WgmmaHazards, productsAreWaitedFor) {
  int count = 1;
  for (int occurrence = 0; occurrence < count; ++occurrence) {
    const std::string result = runGemm(problem(200, 512), wgmmaKernel(), 600, [&](kernel::FuncOp function) {
      llvm::SmallVector<kernel::WaitProductsOp> found;
      function.walk([&](kernel::WaitProductsOp op) { found.push_back(op); });
      count = found.size();
      found[occurrence].getResult().replaceAllUsesWith(found[occurrence].getAccumulator());
      found[occurrence].erase();
    });
    EXPECT_NE(result.find(occurrence == 0 ? "nothing waited for the reader" : "products under way"),
              std::string::npos)
        << occurrence << ": " << result;
  }
}

TEST(WgmmaHazards, slotsAreGivenBackOnlyAfterTheirProducts) {
  const std::string result = runGemm(problem(200, 512), wgmmaKernel(), 600, [&](kernel::FuncOp function) {
    function.walk([&](kernel::WaitProductsOp op) { op.setPending(op.getPending() + 1); });
  });
  EXPECT_NE(result.find("nothing waited for the reader"), std::string::npos) << result;
}

TEST(WgmmaHazards, fencesAndBarriersOfTheEpilogue) {
  expectNeeded<kernel::FenceAsyncOp>("without a fence");
  expectNeeded<kernel::GroupBarrierOp>("nothing waited");
}

TEST(WgmmaHazards, storesAreWaitedForAndClustersEndTogether) {
  for (int occurrence : {0, 1}) {
    const std::string result = runGemm(problem(200, 512), wgmmaKernel(), 600, [&](kernel::FuncOp function) {
      llvm::SmallVector<kernel::WaitStoresOp> found;
      function.walk([&](kernel::WaitStoresOp op) { found.push_back(op); });
      ASSERT_EQ(found.size(), 2u);
      found[occurrence].erase();
    });
    EXPECT_NE(result.find(occurrence == 0 ? "nothing waited for the reader" : "copy engine reads its LDS"),
              std::string::npos)
        << result;
  }
  for (int occurrence : {0, 1}) {
    GemmKernel kernel = wgmmaKernel();
    kernel.clusterM = 2;
    const std::string result = runGemm(problem(200, 512), kernel, 600, [&](kernel::FuncOp function) {
      llvm::SmallVector<kernel::ClusterBarrierOp> found;
      function.walk([&](kernel::ClusterBarrierOp op) { found.push_back(op); });
      ASSERT_EQ(found.size(), 2u);
      found[occurrence].erase();
    });
    EXPECT_NE(result.find(occurrence == 0 ? "set up" : "has ended"), std::string::npos) << result;
  }
}

TEST(WgmmaHazards, wrongByteCountsDeadlock) {
  for (int difference : {-16, 16}) {
    const std::string result = runGemm(problem(64, 256), wgmmaKernel(), 64, [&](kernel::FuncOp function) {
      function.walk([&](kernel::ExpectBytesOp op) { op.setBytes(op.getBytes() + difference); });
    });
    EXPECT_NE(result.find("deadlock"), std::string::npos) << result;
  }
}

} // namespace
