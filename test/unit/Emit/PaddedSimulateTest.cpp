// Kernels of operands with NaN between their rows, compiled and executed.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using PaddedGemm = SimulatedGemm;

GemmProblem padded(int64_t n, int64_t k, int64_t leadingA, int64_t leadingW, DataType type = DataType::BF16) {
  GemmProblem result = problem(n, k, type);
  result.leadingA = leadingA;
  result.leadingW = leadingW;
  return result;
}

TEST_F(PaddedGemm, throughRegisters) {
  expectRight(padded(80, 224, 0, 352), gfx942Kernel(), {1, 65});
  expectRight(padded(80, 232, 240, 360), gfx950Kernel(), {65});
}

TEST_F(PaddedGemm, pastTheRegisters) {
  expectRight(padded(80, 232, 240, 360), direct(gfx942Kernel(), 3), {65});
  expectRight(padded(80, 232, 240, 360), direct(gfx950Kernel(), 3), {65});
}

TEST_F(PaddedGemm, halvesTakeTurns) {
  expectRight(padded(144, 256, 0, 384), pingPong(gfx942Kernel()), {65});
  expectRight(padded(144, 232, 240, 360), direct(pingPong(gfx950Kernel()), 3), {65});
}

TEST_F(PaddedGemm, streamed) {
  expectRight(padded(80, 544, 560, 672), streamingKernel(), {17});
  GemmProblem narrow = padded(80, 592, 608, 848, DataType::F8E4M3FNUZ);
  narrow.scaling = Scaling::Block128;
  expectRight(narrow, blockScaledStreamingKernel(), {17});
}

TEST_F(PaddedGemm, float8AndBlockScales) {
  GemmProblem tokens = padded(80, 464, 480, 720, DataType::F8E4M3), blocks = tokens;
  tokens.scaling = Scaling::PerToken;
  blocks.scaling = Scaling::Block128;
  blocks.type = DataType::F8E4M3FNUZ;
  expectRight(tokens, float8Gfx950Kernel(), {65});
  expectRight(blocks, blockScaledKernel(), {65});
}

TEST_F(PaddedGemm, listsOfRows) {
  GemmProblem experts = padded(96, 160, 200, 288);
  experts.experts = 5;
  experts.gathered = experts.weighted = true;
  expectRight(experts, gfx942Kernel(), {150});
  expectRight(experts, direct(gfx950Kernel(), 3), {150});
}

} // namespace
