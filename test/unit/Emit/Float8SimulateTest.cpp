// Products of 8-bit operands in compiled gfx942 and gfx950 code, executed instruction by instruction.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using Float8Gemm = SimulatedGemm;

GemmProblem problem(int64_t n, int64_t k, Scaling scaling) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::F8E4M3FNUZ, .n = n, .k = k};
  problem.scaling = scaling;
  return problem;
}

/// 72: scales of columns come four at once; 70: one by one.
TEST_F(Float8Gemm, scalesOfTensorsTokensAndChannels) {
  for (Scaling scaling : {Scaling::None, Scaling::PerTensor, Scaling::PerToken})
    for (int64_t n : {70, 72}) {
      SCOPED_TRACE(toString(scaling).str() + ", n = " + std::to_string(n));
      expectRight(problem(n, 208, scaling), float8Kernel(), {1, 65});
    }
}

TEST_F(Float8Gemm, theLargestTile) {
  GemmKernel kernel = float8Kernel();
  kernel.tileM = kernel.tileN = 256;
  kernel.wavesN = 4;
  GemmProblem gated = problem(264, 192, Scaling::PerToken);
  gated.gated = gated.bias = gated.residual = true;
  gated.activation = kernel::Activation::Silu;
  expectRight(gated, kernel, {300});
}

TEST_F(Float8Gemm, theLargerInstructionAndTheWiderType) {
  GemmKernel kernel = float8Kernel();
  kernel.instruction = "v_mfma_f32_32x32x16_fp8_fp8";
  kernel.stages = 1;
  expectRight(problem(136, 160, Scaling::PerToken), kernel, {70});
  GemmProblem wide = problem(72, 160, Scaling::PerTensor);
  wide.type = DataType::F8E5M2FNUZ;
  kernel.instruction = "v_mfma_f32_16x16x32_bf8_bf8";
  expectRight(wide, kernel, {70});
}

/// Both operands of an instruction are two reads of 16 bytes.
TEST_F(Float8Gemm, gfx950) {
  GemmProblem ocp = problem(70, 272, Scaling::PerToken);
  ocp.type = DataType::F8E4M3;
  expectRight(ocp, float8Gfx950Kernel(), {1, 65});
  ocp.n = 72;
  ocp.gated = true;
  ocp.activation = kernel::Activation::Silu;
  expectRight(ocp, float8Gfx950Kernel(), {129});
  GemmProblem decode = problem(40, 2064, Scaling::PerTensor);
  decode.type = DataType::F8E4M3;
  expectRight(decode, float8StreamingGfx950Kernel(), {1, 17});
}

TEST_F(Float8Gemm, scalesOfBlocks) {
  expectRight(problem(200, 464, Scaling::Block128), blockScaledKernel(), {1, 65});
  expectRight(problem(168, 2064, Scaling::Block128), blockScaledStreamingKernel(), {1, 17});
  GemmProblem ocp = problem(200, 464, Scaling::Block128);
  ocp.type = DataType::F8E4M3;
  ocp.bias = ocp.residual = true;
  expectRight(ocp, float8Gfx950Kernel(), {65});
  ocp.k = 2064;
  expectRight(ocp, float8StreamingGfx950Kernel(), {17});
}

/// 584: neither the last block of gates nor that of up is whole.
TEST_F(Float8Gemm, scalesOfBlocksOfGatesAndUp) {
  GemmProblem gated = problem(584, 208, Scaling::Block128);
  gated.gated = true;
  gated.activation = kernel::Activation::Silu;
  expectRight(gated, blockScaledKernel(), {65});
  gated.type = DataType::F8E4M3;
  expectRight(gated, float8Gfx950Kernel(), {65});
  gated.k = 2064;
  expectRight(gated, float8StreamingGfx950Kernel(), {17});
}

TEST_F(Float8Gemm, wavesThatShareK) {
  for (Scaling scaling : {Scaling::PerTensor, Scaling::PerToken}) {
    SCOPED_TRACE(toString(scaling).str());
    expectRight(problem(72, 1040, scaling), float8StreamingKernel(), {1, 16, 17});
  }
}

} // namespace
