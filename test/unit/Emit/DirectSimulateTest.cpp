// Kernels that copy from global memory to LDS past the registers, compiled and executed.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using DirectGemm = SimulatedGemm;

TEST_F(DirectGemm, raggedRowsColumnsAndDepth) {
  expectRight(problem(72, 104), direct(gfx942Kernel(), 2), {1, 65});
  expectRight(problem(72, 136), direct(gfx942Kernel(), 3), {65});
  expectRight(problem(72, 104), direct(gfx950Kernel(), 2), {65});
  expectRight(problem(72, 200), direct(gfx950Kernel(), 4), {1, 65});
}

TEST_F(DirectGemm, eightWavesOnALargeTile) {
  GemmKernel kernel = direct(gfx942Kernel(), 2);
  kernel.tileM = kernel.tileN = 256;
  kernel.wavesN = 4;
  expectRight(problem(264, 160), kernel, {129});
  GemmKernel deep = direct(gfx950Kernel(), 2);
  deep.tileM = deep.tileN = 256;
  deep.tileK = 64;
  deep.wavesN = 4;
  expectRight(problem(264, 320), deep, {129});
}

TEST_F(DirectGemm, float8ExpertsAndPartsOfK) {
  GemmProblem narrow = {.symbol = "gemm", .type = DataType::F8E4M3, .n = 72, .k = 400};
  narrow.scaling = Scaling::PerToken;
  expectRight(narrow, direct(float8Gfx950Kernel(), 3), {65});
  GemmProblem experts = problem(72, 96);
  experts.experts = 5;
  experts.gathered = experts.weighted = true;
  expectRight(experts, direct(gfx942Kernel(), 2), {150});
  GemmKernel split = direct(gfx950Kernel(), 3);
  split.splitK = 2;
  expectRight(problem(72, 256), split, {33});
}

} // namespace
