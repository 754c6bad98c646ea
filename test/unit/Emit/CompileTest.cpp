// The compilers' own reports on emitted kernels, against Price and against the rule of no scratch.
#include "Compile.h"
#include "../LongRun.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Lowering/Gemm.h"
#include "codesign/Price/Price.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace codesign;
using namespace codesign::test;

namespace {

/// Compiles `count` legal schedules, evenly spread over the device's list, of all its families or of one;
/// with every step that can follow the sums if `fused`.
void compileLegalSchedules(const char *device, size_t count, llvm::StringRef family = "", int64_t k = 4096,
                           bool fused = false, DataType type = DataType::BF16, bool blockScaled = false) {
  Profile profile = llvm::cantFail(loadProfile(device, profileSearchDirs("", "")));
  if (!family.empty())
    profile.kernelFamilies = {family.str()};
  const std::vector<GemmSchedule> legal = legalGemmSchedules(profile, type, GemmLayout::NT, blockScaled);
  ASSERT_GT(legal.size(), 2u);
  count = std::min(count, legal.size());
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-compile", folder));
  for (size_t i = 0; i < count; ++i) {
    const GemmSchedule &schedule = legal[i * (legal.size() - 1) / (count - 1)];
    SCOPED_TRACE(schedule.describe());
    mlir::MLIRContext context;
    GemmProblem problem;
    problem.symbol = "linear";
    problem.type = type;
    problem.scaling = blockScaled ? Scaling::Block128 : isFloat8(type) ? Scaling::PerToken : Scaling::None;
    problem.n = 6144;
    problem.k = k;
    problem.gated = problem.residual = problem.bias = fused;
    if (fused)
      problem.activation = kernel::Activation::Silu;
    const GemmKernel kernel = llvm::cantFail(gemmKernel(schedule, profile));
    auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    EmitOptions options;
    options.inlinePrelude = true;
    const CompilerReport report = compile(llvm::cantFail(emitKernel(function, options)),
                                          schedule.architecture, (folder + "/linear").str());
    const KernelPrice price = llvm::cantFail(priceKernel(function));
    ASSERT_TRUE(report.compiled) << report.log;
    if (!report.measured)
      continue;
    EXPECT_EQ(report.scratchBytes, 0);
    // A loop that runs once is written out, and the compiler orders its loads anew.
    if (price.step.iterations > 1) {
      // What setmaxnreg gives the roles is not in the report.
      const int64_t registers = std::max<int64_t>(report.registers, kernel.consumerRegisters);
      EXPECT_GE(registers, price.registers.minimum());
    }
    EXPECT_EQ(report.ldsBytes, price.sharedBytes - launchFacts(function).dynamicLdsBytes);
    // What the kernel was told to fit, it fits.
    EXPECT_GE(workgroupsPerComputeUnit(price, report.registers, profile), kernel.residency)
        << report.registers << " registers";
  }
  (void)llvm::sys::fs::remove_directories(folder);
}

TEST(Compile, gfx942) {
  compileLegalSchedules("mi300x", 8);
}

TEST(Compile, gfx942WeightStream) {
  compileLegalSchedules("mi300x", isLongRun() ? 60 : 6, "mfma_weight_stream");
  // No multiple of any step: the last loads are clipped, which takes registers.
  compileLegalSchedules("mi300x", isLongRun() ? 60 : 6, "mfma_weight_stream", 2312);
}

TEST(Compile, gfx950) {
  compileLegalSchedules("mi355x", 6);
  compileLegalSchedules("mi355x", isLongRun() ? 60 : 3, "mfma_weight_stream", 2312);
}

TEST(Compile, gatesAndResiduals) {
  const size_t count = isLongRun() ? 60 : 4;
  compileLegalSchedules("mi300x", count, "", 4096, /*fused=*/true);
  compileLegalSchedules("mi300x", count, "mfma_weight_stream", 2312, /*fused=*/true);
  compileLegalSchedules("mi355x", count, "", 4096, /*fused=*/true);
}

TEST(Compile, float8) {
  compileLegalSchedules("mi300x", isLongRun() ? 60 : 5, "", 4096, false, DataType::F8E4M3FNUZ);
  compileLegalSchedules("mi300x", isLongRun() ? 60 : 4, "mfma_weight_stream", 2320, true,
                        DataType::F8E4M3FNUZ);
  compileLegalSchedules("mi355x", isLongRun() ? 60 : 5, "", 4096, false, DataType::F8E4M3);
  compileLegalSchedules("mi355x", isLongRun() ? 60 : 3, "mfma_weight_stream", 2320, true, DataType::F8E4M3);
}

TEST(Compile, blockScales) {
  const size_t count = isLongRun() ? 60 : 4;
  compileLegalSchedules("mi300x", count, "", 4096, false, DataType::F8E4M3FNUZ, true);
  compileLegalSchedules("mi300x", count, "mfma_weight_stream", 2320, false, DataType::F8E4M3FNUZ, true);
  compileLegalSchedules("mi355x", count, "", 4096, false, DataType::F8E4M3, true);
  compileLegalSchedules("mi355x", count, "mfma_weight_stream", 2320, false, DataType::F8E4M3, true);
}

TEST(Compile, sm90aFloat8) {
  const size_t count = isLongRun() ? 60 : 3;
  compileLegalSchedules("h100-sxm", count, "wgmma_tma_persistent", 4096, false, DataType::F8E4M3);
  compileLegalSchedules("h100-sxm", count, "wgmma_tma_persistent", 4096, false, DataType::F8E4M3, true);
  if (!llvm::sys::findProgramByName("nvcc"))
    GTEST_SKIP()
        << "SKIPPED ptxas' report on sm_90a fp8 schedules: nvcc is not on the PATH; clang++-22 compiled "
           "them to PTX";
}

TEST(Compile, sm80AndSm90a) {
  compileLegalSchedules("a100-sxm", 3);
  compileLegalSchedules("h100-sxm", 3);
  if (isLongRun()) {
    compileLegalSchedules("a100-sxm", 150, "mma_cp_async_multistage");
    compileLegalSchedules("h100-sxm", 150, "mma_cp_async_multistage");
  }
  compileLegalSchedules("a100-sxm", isLongRun() ? 100 : 3, "mma_weight_stream", 14336);
  compileLegalSchedules("h100-sxm", isLongRun() ? 100 : 3, "mma_weight_stream", 2312);
  if (!llvm::sys::findProgramByName("nvcc"))
    GTEST_SKIP() << "SKIPPED ptxas' report on sm_80 and sm_90a schedules: nvcc is not on the PATH; "
                    "clang++-22 compiled them to PTX";
}

} // namespace
