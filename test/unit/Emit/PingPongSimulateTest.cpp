// Kernels whose waves take turns, compiled and executed.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using PingPongGemm = SimulatedGemm;

TEST_F(PingPongGemm, raggedRowsColumnsAndDepth) {
  expectRight(problem(136, 32), pingPong(gfx942Kernel()), {1, 129});
  expectRight(problem(136, 232), pingPong(gfx942Kernel()), {129});
  expectRight(problem(136, 232), direct(pingPong(gfx942Kernel()), 3), {129});
  expectRight(problem(136, 232), direct(pingPong(gfx950Kernel()), 4), {129});
}

TEST_F(PingPongGemm, largeTiles) {
  expectRight(problem(264, 160), large(pingPong(gfx942Kernel())), {257});
  GemmKernel half = large(pingPong(gfx942Kernel()));
  half.instruction = "v_mfma_f32_16x16x16_f16";
  GemmProblem f16 = problem(264, 96);
  f16.type = DataType::F16;
  expectRight(f16, half, {129});
  GemmKernel deep = large(pingPong(gfx950Kernel()));
  deep.tileK = 64;
  expectRight(problem(264, 320), deep, {129});
  expectRight(problem(264, 320), direct(deep, 2), {129});
}

TEST_F(PingPongGemm, float8ExpertsAndTransposedWeights) {
  GemmProblem narrow = {.symbol = "gemm", .type = DataType::F8E4M3FNUZ, .n = 136, .k = 272};
  narrow.scaling = Scaling::PerToken;
  expectRight(narrow, large(pingPong(float8Kernel())), {129});
  narrow.type = DataType::F8E4M3;
  narrow.k = 656;
  expectRight(narrow, large(direct(pingPong(float8Gfx950Kernel()), 2)), {129});
  GemmProblem experts = problem(72, 96);
  experts.experts = 3;
  experts.gathered = experts.weighted = true;
  expectRight(experts, pingPong(gfx942Kernel()), {150});
  GemmProblem gradient = problem(72, 200);
  gradient.layout = GemmLayout::NN;
  GemmKernel turned = pingPong(gfx942Kernel());
  turned.tileK = 64;
  expectRight(gradient, turned, {65});
}

/// Two tiles of 64 of k share the scales of a block, which the last rounds of k may cut.
TEST_F(PingPongGemm, scalesOfBlocks) {
  GemmProblem scaled = problem(264, 304, DataType::F8E4M3FNUZ);
  scaled.scaling = Scaling::Block128;
  GemmKernel kernel = large(pingPong(float8Kernel()));
  kernel.wavesM = 4;
  kernel.wavesN = 2;
  expectRight(scaled, kernel, {257});
  scaled.k = 592;
  scaled.residual = true;
  expectRight(scaled, pingPong(float8Kernel()), {65});
  kernel.tileM = 192; // a wave has three instructions of rows
  expectRight(scaled, kernel, {129});
  scaled.type = DataType::F8E4M3;
  scaled.k = 656;
  expectRight(scaled, pingPong(float8Gfx950Kernel()), {129});
}

} // namespace
