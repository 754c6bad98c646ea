// Stream-K kernels, compiled and executed: in any order, on all host threads.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using StreamKGemm = SimulatedGemm;

GemmKernel among(int64_t workgroups, GemmKernel kernel) {
  kernel.streamWorkgroups = workgroups;
  return kernel;
}

/// No tile, fewer tiles than workgroups, one round, one tile more, two rounds and a rest.
TEST_F(StreamKGemm, raggedRowsColumnsAndDepth) {
  expectRight(problem(136, 32 * 8 - 8), among(6, gfx942Kernel()), {0, 1, 65, 128, 130, 300});
  expectRight(problem(136, 32 * 8 - 8), among(5, gfx950Kernel()), {1, 65, 130, 300});
}

TEST_F(StreamKGemm, moreWorkgroupsThanUnits) {
  expectRight(problem(64, 32 * 9), among(16, gfx942Kernel()), {64});
}

TEST_F(StreamKGemm, theEpilogueComesAfterTheSum) {
  GemmProblem all = problem(140, 32 * 8);
  all.activation = kernel::Activation::Silu;
  all.gated = all.bias = all.residual = true;
  expectRight(all, among(4, gfx942Kernel()), {70});
}

TEST_F(StreamKGemm, scalesOfTokensAndOfBlocks) {
  GemmProblem scaled = problem(140, 128 * 6 - 48);
  scaled.type = DataType::F8E4M3FNUZ;
  scaled.scaling = Scaling::Block128;
  expectRight(scaled, among(5, blockScaledKernel()), {65});
  scaled.scaling = Scaling::PerToken;
  expectRight(scaled, among(5, float8Kernel()), {65});
}

TEST_F(StreamKGemm, copiesPastTheRegisters) {
  expectRight(problem(136, 32 * 7), among(4, direct(gfx942Kernel(), 3)), {130});
  GemmKernel deep = direct(gfx950Kernel(), 4);
  deep.tileK = 64;
  expectRight(problem(136, 64 * 7), among(4, deep), {130});
}

TEST_F(StreamKGemm, shuffledWeights) {
  GemmKernel kernel = gfx942Kernel();
  kernel.tileK = 64;
  GemmProblem shuffled = problem(80, 64 * 5);
  shuffled.shuffledWeights = true;
  expectRight(shuffled, among(4, kernel), {150});
}

} // namespace
