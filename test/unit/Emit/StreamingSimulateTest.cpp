// Kernels whose waves share k, compiled and executed.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using StreamingGemm = SimulatedGemm;

TEST_F(StreamingGemm, fewRowsRaggedColumnsAndDepth) {
  expectRight(problem(72, 520), streamingKernel(), {1, 7, 16, 17});
  expectRight(problem(64, 512), streamingKernel(), {1, 16});
}

TEST_F(StreamingGemm, upTo64RowsOnEightWaves) {
  GemmKernel kernel = streamingKernel();
  kernel.tileM = 64;
  kernel.tileN = 16;
  kernel.wavesK = 8;
  kernel.tileK = 8 * 64;
  kernel.stages = 3;
  GemmProblem fused = problem(40, 2056);
  fused.bias = true;
  fused.activation = kernel::Activation::Silu;
  expectRight(fused, kernel, {33, 64, 65});
}

} // namespace
