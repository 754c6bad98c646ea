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

TEST_F(LayoutGemm, gradientsOf8Bits) {
  GemmKernel kernel = float8Kernel();
  kernel.tileK = 128;
  for (const auto &[type, bytes] :
       {std::pair(DataType::F8E4M3FNUZ, kernel), std::pair(DataType::F8E4M3, float8Gfx950Kernel())}) {
    SCOPED_TRACE(toString(bytes.architecture).str());
    GemmProblem problem = problemOf(GemmLayout::NN, 136, 400);
    problem.type = type;
    problem.scaling = Scaling::PerToken;
    expectRight(problem, bytes, {65});
    problem = problemOf(GemmLayout::TN, 140, 68);
    problem.type = type;
    problem.scaling = Scaling::PerTensor;
    expectRight(problem, bytes, {1, 129, 400});
  }
}

/// Rows that start at multiples of 16 bytes are transposed by the reads of CDNA4; tiles of 64 to 256 columns.
TEST_F(LayoutGemm, readsThatTranspose) {
  GemmKernel halves = deep(gfx950Kernel()), bytes = float8Gfx950Kernel();
  for (GemmKernel *kernel : {&halves, &bytes}) {
    GemmProblem problem = problemOf(GemmLayout::TN, 208, 336);
    if (kernel == &bytes)
      problem.type = DataType::F8E4M3;
    SCOPED_TRACE(toString(problem.type).str());
    expectRight(problem, *kernel, {1, 200});
    kernel->tileN = 256;
    kernel->tileM = 128;
    expectRight(problem, *kernel, {200});
    problem.layout = GemmLayout::NN;
    expectRight(problem, *kernel, {70});
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
  kernel.instruction = "v_mfma_f32_16x16x32_fp8_fp8";
  kernel.tileK = 128;
  GemmProblem bytes = problemOf(GemmLayout::TN, 260, 300);
  bytes.type = DataType::F8E4M3FNUZ;
  expectRight(bytes, kernel, {260});
}

} // namespace
