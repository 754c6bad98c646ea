// Rotated heads and sums of squares in compiled gfx942 and gfx950 code, executed instruction by instruction.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using RowStepsGemm = SimulatedGemm;

std::vector<GemmKernel> kernels() {
  GemmKernel larger = gfx942Kernel();
  larger.instruction = "v_mfma_f32_32x32x8_bf16";
  return {gfx942Kernel(), gfx950Kernel(), streamingKernel(), larger};
}

/// Heads of 24 columns end inside a wave's columns, those of 32 with them.
TEST_F(RowStepsGemm, rotatedHeads) {
  for (const GemmKernel &kernel : kernels())
    for (int64_t head : {24, 32}) {
      GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = 130, .k = 72};
      problem.bias = true;
      problem.rotary = {.headColumns = head, .columns = 96, .positions = 37};
      expectRight(problem, kernel, {17, 65});
    }
}

TEST_F(RowStepsGemm, sumsOfSquares) {
  for (const GemmKernel &kernel : kernels())
    for (int64_t n : {70, 128}) {
      GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = 72};
      problem.residual = problem.rowSquares = true;
      expectRight(problem, kernel, {17, 65});
    }
}

} // namespace
