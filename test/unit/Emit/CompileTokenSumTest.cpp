// Sums of tokens, compiled for every device.
#include "Compile.h"
#include "CompileSweep.h"
#include "codesign/Lowering/TokenSum.h"
#include "codesign/Price/Price.h"
#include "mlir/IR/MLIRContext.h"

using namespace codesign;
using namespace codesign::test;

namespace {

/// All that wait for loads together hold them in registers.
TEST(Compile, sumsOfTokens) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-compile", folder));
  for (const char *device : {"mi300x", "mi355x", "a100-sxm", "h100-sxm"}) {
    const Profile profile = llvm::cantFail(loadProfile(device, profileSearchDirs("", "")));
    for (int64_t entries : {8, 32}) {
      if (entries > 8 && !isLongRun() && profile.architecture != Architecture::Gfx942)
        continue;
      const TokenSumProblem problem = {.symbol = "sum", .n = 2048, .entries = entries};
      mlir::MLIRContext context;
      const TokenSumKernel kernel = tokenSumKernel(problem, profile.architecture, targetLimits(profile));
      auto module = llvm::cantFail(lowerTokenSum(context, problem, kernel));
      auto function = *module->getOps<kernel::FuncOp>().begin();
      const CompilerReport report =
          compile(sourceOf(function), profile.architecture, (folder + "/sum").str());
      ASSERT_TRUE(report.compiled) << report.log;
      if (!report.measured)
        continue;
      EXPECT_EQ(report.scratchBytes, 0) << device << ", " << entries;
      const KernelPrice price = llvm::cantFail(priceKernel(function));
      EXPECT_GE(workgroupsPerComputeUnit(price, report.registers, profile), kernel.residency)
          << device << ", " << entries << ": " << report.registers << " registers";
    }
  }
  (void)llvm::sys::fs::remove_directories(folder);
  CODESIGN_NEEDS_PTXAS("sm_80 and sm_90a sums of tokens, and their");
}

} // namespace
