// Products of experts in compiled gfx942 and gfx950 code, executed instruction by instruction.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using ExpertGemm = SimulatedGemm;
using kernel::ExpertLayout;

GemmProblem expertProblem(int64_t experts, int64_t n, int64_t k, ExpertLayout layout) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
  problem.experts = experts;
  problem.expertLayout = layout;
  return problem;
}

/// 130 experts: three rounds of the lanes that count tiles, the last of them in part.
TEST_F(ExpertGemm, raggedAndEmptyExperts) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), streamingKernel()})
    for (ExpertLayout layout : {ExpertLayout::Contiguous, ExpertLayout::Masked})
      for (int64_t experts : {6, 130}) {
        SCOPED_TRACE(toString(kernel.architecture).str() + ", " + std::to_string(experts) + " experts");
        expectRight(expertProblem(experts, 72, 136, layout), kernel, {5, 150, 261});
      }
}

TEST_F(ExpertGemm, gatesAndBiases) {
  for (const GemmKernel &kernel : {gfx942Kernel(), streamingKernel()}) {
    GemmProblem problem = expertProblem(4, 72, 72, ExpertLayout::Contiguous);
    problem.activation = kernel::Activation::Silu;
    problem.gated = problem.bias = true;
    expectRight(problem, kernel, {130});
  }
}

TEST_F(ExpertGemm, gatheredAndWeightedRows) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), streamingKernel()}) {
    GemmProblem problem = expertProblem(6, 72, 136, ExpertLayout::Contiguous);
    problem.gathered = problem.weighted = true;
    expectRight(problem, kernel, {5, 150});
  }
}

TEST_F(ExpertGemm, rowsThatAreNotRounded) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), streamingKernel()})
    for (int64_t n : {72, 63}) {
      GemmProblem problem = expertProblem(4, n, 72, ExpertLayout::Contiguous);
      problem.weighted = problem.unrounded = true;
      expectRight(problem, kernel, {130});
    }
}

TEST_F(ExpertGemm, scalesOfTokensAndBlocks) {
  GemmProblem problem = expertProblem(3, 140, 272, ExpertLayout::Contiguous);
  problem.type = DataType::F8E4M3FNUZ;
  problem.scaling = Scaling::PerToken;
  expectRight(problem, float8Kernel(), {150});
  // 2 · 70 is a multiple of four scales, 70 is none.
  GemmProblem odd = expertProblem(2, 70, 272, ExpertLayout::Masked);
  odd.type = problem.type;
  odd.scaling = problem.scaling;
  expectRight(odd, float8Kernel(), {7, 64, 128});
  problem.scaling = Scaling::Block128;
  expectRight(problem, blockScaledKernel(), {150});
  expectRight(problem, blockScaledStreamingKernel(), {40});
}

/// By the list of rows, beside gates and up that take turns.
TEST_F(ExpertGemm, scalesOfRowsAreGathered) {
  GemmProblem problem = expertProblem(3, 584, 272, ExpertLayout::Contiguous);
  problem.type = DataType::F8E4M3FNUZ;
  problem.scaling = Scaling::PerToken;
  problem.gathered = problem.gated = true;
  problem.activation = kernel::Activation::Silu;
  expectRight(problem, float8Kernel(), {90});
  problem.scaling = Scaling::Block128;
  expectRight(problem, blockScaledKernel(), {90});
  expectRight(problem, blockScaledStreamingKernel(), {40});
  problem.weighted = true;
  expectRight(problem, pingPong(float8Kernel()), {150});
}

} // namespace
