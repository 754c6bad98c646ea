// Gates and residuals in compiled gfx942 and gfx950 code, executed instruction by instruction.
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using EpilogueGemm = SimulatedGemm;

/// 72: one store for each run of columns; 70 and 66: one for each element, of the residual or of the halves.
TEST_F(EpilogueGemm, gatesAndResiduals) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel()})
    for (int64_t n : {66, 70, 72}) {
      SCOPED_TRACE(toString(kernel.architecture).str() + ", n = " + std::to_string(n));
      GemmProblem gated = problem(n, 72);
      gated.activation = kernel::Activation::Silu;
      gated.gated = gated.bias = true;
      gated.residual = n == 66;
      expectRight(gated, kernel, {33, 65});
      GemmProblem residual = problem(n, 72);
      residual.residual = true;
      expectRight(residual, kernel, {33, 65});
    }
}

TEST_F(EpilogueGemm, wavesThatShareK) {
  GemmProblem gated = problem(72, 520);
  gated.activation = kernel::Activation::Silu;
  gated.gated = gated.residual = true;
  expectRight(gated, streamingKernel(), {1, 16, 17});
  GemmProblem residual = problem(40, 520);
  residual.residual = true;
  expectRight(residual, streamingKernel(), {7, 17});
}

TEST_F(EpilogueGemm, halfPrecisionAndTheLargerInstruction) {
  GemmProblem gated = problem(136, 64);
  gated.type = DataType::F16;
  gated.activation = kernel::Activation::GeluTanh;
  gated.gated = gated.residual = true;
  GemmKernel kernel = gfx942Kernel();
  kernel.instruction = "v_mfma_f32_32x32x8_f16";
  expectRight(gated, kernel, {33});
}

} // namespace
