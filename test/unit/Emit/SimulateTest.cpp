// Emitted gfx942 kernels, compiled by clang and executed instruction by instruction on the CPU.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

TEST_F(SimulatedGemm, raggedRowsColumnsAndDepth) {
  GemmProblem problem;
  problem.symbol = "gemm";
  problem.n = 72;
  problem.k = 104;
  expectRight(problem, gfx942Kernel(), {1, 7, 64, 65});
}

TEST_F(SimulatedGemm, eightWavesOnALargeTile) {
  GemmProblem problem;
  problem.symbol = "gemm";
  problem.n = 264;
  problem.k = 160;
  GemmKernel kernel = gfx942Kernel();
  kernel.tileM = kernel.tileN = 256;
  kernel.wavesN = 4;
  expectRight(problem, kernel, {129});
}

TEST_F(SimulatedGemm, fewRowsOneSlotAndTheLargerInstruction) {
  GemmProblem problem;
  problem.symbol = "gemm";
  problem.n = 128;
  problem.k = 256;
  GemmKernel skinny = gfx942Kernel();
  skinny.tileM = 16;
  skinny.tileN = 128;
  skinny.tileK = 64;
  skinny.wavesM = 1;
  skinny.wavesN = 4;
  expectRight(problem, skinny, {1, 16, 17});
  GemmKernel single = gfx942Kernel();
  single.stages = 1;
  single.tileK = 64;
  single.instruction = "v_mfma_f32_32x32x8_bf16";
  expectRight(problem, single, {65});
}

TEST_F(SimulatedGemm, halfPrecisionAndEpilogues) {
  for (int64_t n : {70, 72}) // 70: stores of single elements
    for (int activation = -1; activation < 4; ++activation) {
      GemmProblem problem;
      problem.symbol = "gemm";
      problem.type = DataType::F16;
      problem.n = n;
      problem.k = 64;
      problem.bias = n == 70;
      if (activation >= 0)
        problem.activation = static_cast<kernel::Activation>(activation);
      SCOPED_TRACE(std::to_string(n) + " columns, activation " + std::to_string(activation));
      GemmKernel kernel = gfx942Kernel();
      kernel.instruction = "v_mfma_f32_16x16x16_f16";
      expectRight(problem, kernel, {33});
    }
}

} // namespace
