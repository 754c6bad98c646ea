// Emitted gfx950 kernels, compiled by clang and executed.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using SimulatedGfx950 = SimulatedGemm;

TEST_F(SimulatedGfx950, raggedRowsColumnsAndDepth) {
  expectRight(problem(72, 104), gfx950Kernel(), {1, 7, 64, 65});
}

/// 128 KB of LDS, which CDNA3 does not have.
TEST_F(SimulatedGfx950, twoSlotsOfALargeTile) {
  GemmKernel kernel = gfx950Kernel();
  kernel.tileM = kernel.tileN = 256;
  kernel.tileK = 64;
  kernel.wavesN = 4;
  expectRight(problem(264, 200), kernel, {129});
}

TEST_F(SimulatedGfx950, halfPrecisionBiasAndActivation) {
  GemmProblem fused = problem(70, 64, DataType::F16);
  fused.bias = true;
  fused.activation = kernel::Activation::Silu;
  GemmKernel kernel = gfx950Kernel();
  kernel.instruction = "v_mfma_f32_16x16x32_f16";
  expectRight(fused, kernel, {33});
}

TEST_F(SimulatedGfx950, weightsPastLds) {
  GemmKernel kernel = streamingKernel();
  kernel.architecture = Architecture::Gfx950;
  kernel.instruction = "v_mfma_f32_16x16x32_bf16";
  kernel.pack = 1;
  expectRight(problem(72, 520), kernel, {1, 16, 17});
}

} // namespace
