// Operands whose k runs along rows in compiled gfx942 and gfx950 code: right, and without bank conflicts.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using LayoutGemm = SimulatedGemm;

GemmProblem problemOf(GemmLayout layout, int64_t n, int64_t k) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
  problem.layout = layout;
  return problem;
}

GemmKernel deep(GemmKernel kernel) {
  kernel.tileK = 64;
  return kernel;
}

TEST_F(LayoutGemm, inputGradients) {
  for (const GemmKernel &kernel : {deep(gfx942Kernel()), deep(gfx950Kernel())}) {
    SCOPED_TRACE(toString(kernel.architecture).str());
    expectRight(problemOf(GemmLayout::NN, 136, 200), kernel, {65});
    expectRight(problemOf(GemmLayout::NN, 60, 72), kernel, {7});
  }
}

TEST_F(LayoutGemm, weightGradients) {
  for (const GemmKernel &kernel : {deep(gfx942Kernel()), deep(gfx950Kernel())}) {
    SCOPED_TRACE(toString(kernel.architecture).str());
    expectRight(problemOf(GemmLayout::TN, 136, 68), kernel, {1, 65, 300});
  }
}

/// One slot, eight waves, and the instruction whose operands have 32 rows.
TEST_F(LayoutGemm, theLargestTile) {
  GemmKernel kernel = deep(gfx942Kernel());
  kernel.tileM = kernel.tileN = 256;
  kernel.wavesN = 4;
  kernel.stages = 1;
  expectRight(problemOf(GemmLayout::TN, 260, 300), kernel, {130});
  kernel.instruction = "v_mfma_f32_32x32x8_bf16";
  expectRight(problemOf(GemmLayout::NN, 260, 136), kernel, {100});
}

} // namespace
