// Results of 8 bits in compiled gfx942 and gfx950 code, executed instruction by instruction.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using QuantisedGemm = SimulatedGemm;

GemmProblem quantised(const GemmKernel &kernel, int64_t n, int64_t k) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
  problem.type = findMatrixInstruction(kernel.architecture, kernel.instruction)->a.type;
  problem.quantised = kernel::quantisedType(kernel.architecture);
  return problem;
}

/// 72: four columns of a lane are one store; 70: four. Of the halves of 72: two columns, of 70 one.
TEST_F(QuantisedGemm, storesOfFourOrOne) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel()})
    for (int64_t n : {70, 72}) {
      SCOPED_TRACE(toString(kernel.architecture).str() + ", n = " + std::to_string(n));
      expectRight(quantised(kernel, n, 136), kernel, {33, 65});
      GemmProblem gated = quantised(kernel, n, 136);
      gated.gated = gated.bias = gated.residual = true;
      gated.activation = kernel::Activation::Silu;
      expectRight(gated, kernel, {65});
    }
}

TEST_F(QuantisedGemm, fewRowsAndOtherTypes) {
  expectRight(quantised(streamingKernel(), 72, 520), streamingKernel(), {7, 17});
  GemmProblem narrow = quantised(float8Kernel(), 72, 208);
  narrow.scaling = Scaling::PerToken;
  expectRight(narrow, float8Kernel(), {65});
  narrow = quantised(float8Gfx950Kernel(), 200, 464);
  narrow.scaling = Scaling::Block128;
  expectRight(narrow, float8Gfx950Kernel(), {65});
}

} // namespace
