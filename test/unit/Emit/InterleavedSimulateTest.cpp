// Kernels whose products are mixed with reads and loads, compiled and executed.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using InterleavedGemm = SimulatedGemm;

TEST_F(InterleavedGemm, raggedRowsColumnsAndDepth) {
  expectRight(problem(72, 32), interleaved(gfx942Kernel()), {1, 129});
  expectRight(problem(72, 232), interleaved(gfx942Kernel()), {129});
  GemmKernel deep = interleaved(gfx950Kernel());
  deep.tileK = 64;
  expectRight(problem(72, 328), deep, {129});
}

TEST_F(InterleavedGemm, largeTiles) {
  expectRight(problem(264, 168), large(interleaved(gfx942Kernel())), {257});
  GemmProblem narrow = {.symbol = "gemm", .type = DataType::F8E4M3FNUZ, .n = 264, .k = 336};
  narrow.scaling = Scaling::PerToken;
  expectRight(narrow, large(interleaved(float8Kernel())), {129});
  GemmKernel deep = interleaved(gfx950Kernel());
  deep.tileM = 256;
  deep.tileN = 192;
  deep.tileK = 64;
  expectRight(problem(200, 320), deep, {129});
}

TEST_F(InterleavedGemm, gatheredExperts) {
  GemmProblem experts = problem(72, 136);
  experts.experts = 3;
  experts.gathered = experts.weighted = true;
  expectRight(experts, interleaved(gfx942Kernel()), {150});
}

} // namespace
