// 8-bit products on sm_90a: summed by the instruction for one step of k, then in fp32.
#include "GemmFixture.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmKernel kernelOf(int64_t tileM, int64_t tileN, int64_t columns, int64_t groups = 2) {
  GemmKernel kernel;
  kernel.architecture = Architecture::Sm90a;
  kernel.limits = {.sharedBytes = 232448, .registersPerLane = 255, .chiplets = 1};
  kernel.instruction = "wgmma.mma_async.sync.aligned.m64n" + std::to_string(columns) + "k32.f32.e4m3.e4m3.ss";
  kernel.tileM = tileM;
  kernel.tileN = tileN;
  kernel.tileK = 128;
  kernel.wavesM = groups;
  kernel.stages = 3;
  kernel.band = 2;
  if (groups == 2) {
    kernel.producerRegisters = 40;
    kernel.consumerRegisters = 232;
  }
  return kernel;
}

GemmProblem problem(int64_t n, int64_t k, Scaling scaling) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::F8E4M3, .n = n, .k = k};
  problem.scaling = scaling;
  return problem;
}

TEST(WgmmaFloat8, raggedRowsColumnsAndDepth) {
  const GemmKernel kernel = kernelOf(128, 64, 64);
  for (Scaling scaling : {Scaling::None, Scaling::PerTensor, Scaling::PerToken, Scaling::Block128}) {
    SCOPED_TRACE(toString(scaling).str());
    for (int64_t m : {1, 127, 128, 129, 300})
      EXPECT_EQ(runGemm(problem(136, 400, scaling), kernel, m), "") << "m = " << m;
    for (int64_t n : {8, 63, 65}) // 63 and 65: rows that the copy engine cannot write
      for (int64_t k : {16, 128, 528})
        EXPECT_EQ(runGemm(problem(n, k, scaling), kernel, 33), "") << "n = " << n << " k = " << k;
  }
}

TEST(WgmmaFloat8, tilesClustersAndWhatFollows) {
  EXPECT_EQ(runGemm(problem(264, 400, Scaling::Block128), kernelOf(256, 128, 128), 300), "");
  EXPECT_EQ(runGemm(problem(200, 400, Scaling::PerToken), kernelOf(64, 96, 96, 1), 70), "");
  GemmKernel shared = kernelOf(128, 128, 128);
  shared.clusterM = 2;
  EXPECT_EQ(runGemm(problem(200, 400, Scaling::Block128), shared, 300), "");
  GemmProblem fused = problem(136, 256, Scaling::PerToken);
  fused.bias = true;
  fused.activation = kernel::Activation::GeluTanh;
  EXPECT_EQ(runGemm(fused, kernelOf(128, 64, 64), 70), "");
}

/// Without the wait, the arrival, the addition or the scales, a race, a deadlock or a wrong result is
/// reported.
TEST(WgmmaFloat8, whatIsLeftOutIsSeen) {
  const GemmProblem whole = problem(128, 640, Scaling::Block128);
  auto dropWait = [](kernel::FuncOp function) {
    function.walk([](kernel::WaitProductsOp wait) {
      wait.getResult().replaceAllUsesWith(wait.getAccumulator());
      wait.erase();
    });
  };
  auto dropArrival = [](kernel::FuncOp function) {
    function.walk([](kernel::ArriveOp arrive) { arrive.erase(); });
  };
  auto dropStep = [](kernel::FuncOp function) {
    function.walk([](kernel::AddProductsOp add) { add.getResult().replaceAllUsesWith(add.getSums()); });
  };
  auto dropScales = [](kernel::FuncOp function) {
    function.walk([](kernel::AddProductsOp add) { add.getScalesMutable().clear(); });
  };
  auto keepProducts = [](kernel::FuncOp function) {
    function.walk([](kernel::WgmmaOp product) { product.setFresh(false); });
  };
  for (auto tamper : {+dropWait, +dropArrival, +dropStep, +dropScales, +keepProducts})
    EXPECT_NE(runGemm(whole, kernelOf(128, 64, 64), 130, tamper), "");
}

} // namespace
