#include "codesign/Emit/Emit.h"
#include "codesign/Lowering/Gemm.h"
#include "mlir/IR/MLIRContext.h"
#include "gmock/gmock.h"

using namespace codesign;
using testing::HasSubstr;
using testing::Not;

namespace {

GemmKernel smallKernel() {
  GemmKernel kernel;
  kernel.limits = {.sharedBytes = 65536, .registersPerLane = 512, .chiplets = 1};
  kernel.instruction = "v_mfma_f32_16x16x16_bf16";
  kernel.tileM = kernel.tileN = 64;
  kernel.tileK = 32;
  kernel.wavesM = kernel.wavesN = 2;
  kernel.pack = 2;
  return kernel;
}

GemmProblem smallProblem() {
  GemmProblem problem;
  problem.symbol = "linear";
  problem.n = 128;
  problem.k = 128;
  return problem;
}

TEST(Emit, theHeaderSaysWhatAndWhyAndNothingEscapesIt) {
  mlir::MLIRContext context;
  auto module = llvm::cantFail(lowerGemm(context, smallProblem(), smallKernel()));
  EmitOptions options;
  options.title = "qkv_proj of evil\n#include \"/etc/passwd\"\r\\";
  options.notes = {"Expected: 812 us at m = 4096", "Why: x\\\n}"};
  const std::string source = llvm::cantFail(emitKernel(*module->getOps<kernel::FuncOp>().begin(), options));
  EXPECT_THAT(source, HasSubstr("// linear: qkv_proj of evil #include"));
  EXPECT_THAT(source, HasSubstr("// Expected: 812 us at m = 4096\n"));
  EXPECT_THAT(source, HasSubstr("// Why:      x  }\n"));
  EXPECT_THAT(source, Not(HasSubstr("\n#include \"/etc")));
}

TEST(Emit, unalignedDepthAndUnknownInstructionsAreRefusedWithTheReason) {
  mlir::MLIRContext context;
  GemmProblem problem = smallProblem();
  problem.k = 100;
  auto unaligned = lowerGemm(context, problem, smallKernel());
  ASSERT_FALSE(static_cast<bool>(unaligned));
  EXPECT_THAT(llvm::toString(unaligned.takeError()), HasSubstr("pad k to 104"));
  problem = smallProblem();
  problem.symbol = "a(); system(\"x\"); //";
  auto named = lowerGemm(context, problem, smallKernel());
  ASSERT_FALSE(static_cast<bool>(named));
  EXPECT_THAT(llvm::toString(named.takeError()), HasSubstr("no identifier"));
  GemmKernel big = smallKernel();
  big.tileM = big.tileN = 256;
  big.tileK = 64;
  auto large = lowerGemm(context, smallProblem(), big);
  ASSERT_FALSE(static_cast<bool>(large));
  EXPECT_THAT(llvm::toString(large.takeError()), HasSubstr("has 65536"));
}

/// A value that is overwritten while somebody still needs it cannot be written in place.
TEST(Emit, overwritingALiveValueIsAnError) {
  mlir::MLIRContext context;
  auto module = llvm::cantFail(lowerGemm(context, smallProblem(), smallKernel()));
  auto function = *module->getOps<kernel::FuncOp>().begin();
  kernel::StoreOp store;
  kernel::ZeroOp zero;
  function.walk([&](mlir::Operation *op) {
    if (auto found = llvm::dyn_cast<kernel::StoreOp>(op))
      store = found;
    if (auto found = llvm::dyn_cast<kernel::ZeroOp>(op))
      zero = found;
  });
  store.getFragmentMutable().assign(zero.getResult());
  auto source = emitKernel(function);
  ASSERT_FALSE(static_cast<bool>(source));
  EXPECT_THAT(llvm::toString(source.takeError()), HasSubstr("overwrites 'sums'"));
}

} // namespace
