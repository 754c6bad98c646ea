// Kernels of shuffled weights, compiled and executed.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using ShuffledGemm = SimulatedGemm;

GemmProblem shuffled(int64_t n, int64_t k, DataType type = DataType::BF16) {
  GemmProblem problem = {.symbol = "gemm", .type = type, .n = n, .k = k};
  problem.shuffledWeights = true;
  return problem;
}

TEST_F(ShuffledGemm, raggedRowsColumnsAndDepth) {
  expectRight(shuffled(80, 224), gfx942Kernel(), {1, 64, 65});
  GemmKernel deep = gfx942Kernel();
  deep.tileK = 128;
  deep.wavesM = 1;
  deep.wavesN = 4;
  expectRight(shuffled(80, 480), deep, {65});
  expectRight(shuffled(80, 224), gfx950Kernel(), {65});
}

TEST_F(ShuffledGemm, eightWavesOnALargeTile) {
  GemmKernel kernel = gfx942Kernel();
  kernel.tileM = kernel.tileN = 256;
  kernel.tileK = 64;
  kernel.wavesN = 4;
  expectRight(shuffled(272, 320), kernel, {129});
}

TEST_F(ShuffledGemm, streamed) {
  expectRight(shuffled(80, 544), streamingKernel(), {1, 17});
  GemmProblem narrow = shuffled(80, 576, DataType::F8E4M3FNUZ);
  narrow.scaling = Scaling::PerToken;
  expectRight(narrow, float8StreamingKernel(), {17});
}

TEST_F(ShuffledGemm, float8AndBlockScales) {
  GemmProblem tokens = shuffled(80, 448, DataType::F8E4M3FNUZ), blocks = tokens;
  tokens.scaling = Scaling::PerToken;
  blocks.scaling = Scaling::Block128;
  expectRight(tokens, float8Kernel(), {65});
  expectRight(blocks, blockScaledKernel(), {65});
  tokens.type = DataType::F8E4M3;
  expectRight(tokens, float8Gfx950Kernel(), {65});
}

TEST_F(ShuffledGemm, expertsAndPartsOfK) {
  GemmProblem experts = shuffled(96, 160);
  experts.experts = 5;
  experts.gathered = experts.weighted = true;
  expectRight(experts, gfx942Kernel(), {150});
  GemmKernel split = gfx942Kernel();
  split.splitK = 2;
  expectRight(shuffled(96, 256), split, {33});
}

} // namespace
