// Kernels whose workgroups share k, compiled and executed: in any order, on all host threads.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using SplitGemm = SimulatedGemm;

GemmKernel split(GemmKernel kernel, int64_t parts) {
  kernel.splitK = parts;
  return kernel;
}

TEST_F(SplitGemm, raggedRowsColumnsAndDepth) {
  expectRight(problem(136, 32 * 8 - 8), split(gfx942Kernel(), 4), {1, 65, 130});
  expectRight(problem(64, 32 * 6), split(gfx950Kernel(), 3), {64, 70});
}

TEST_F(SplitGemm, gradients) {
  for (GemmKernel kernel : {gfx942Kernel(), gfx950Kernel()}) {
    kernel.tileK = 64;
    GemmProblem gradient = problem(136, 68);
    gradient.layout = GemmLayout::TN;
    expectRight(gradient, split(kernel, 3), {1, 300, 1000});
  }
  GemmKernel bytes = float8Kernel();
  bytes.tileK = 128;
  GemmProblem gradient = problem(136, 128 * 4 - 16, DataType::F8E4M3FNUZ);
  gradient.layout = GemmLayout::NN;
  expectRight(gradient, split(bytes, 2), {65});
}

TEST_F(SplitGemm, wavesThatShareKAsWell) {
  expectRight(problem(72, 128 * 4 - 8), split(streamingKernel(), 2), {1, 16, 17});
}

TEST_F(SplitGemm, theEpilogueComesAfterTheSum) {
  GemmProblem all = problem(140, 32 * 8);
  all.activation = kernel::Activation::Silu;
  all.gated = all.bias = all.residual = true;
  expectRight(all, split(gfx942Kernel(), 2), {70});
}

TEST_F(SplitGemm, scalesOfTokensAndOfBlocks) {
  GemmProblem scaled = problem(140, 128 * 6 - 48);
  scaled.type = DataType::F8E4M3FNUZ;
  scaled.scaling = Scaling::Block128;
  expectRight(scaled, split(blockScaledKernel(), 3), {65});
  scaled.scaling = Scaling::PerToken;
  expectRight(scaled, split(float8Kernel(), 3), {65});
}

} // namespace
