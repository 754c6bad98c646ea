// Streamed weights of 8 bits on Hopper: what their conversions cost, in the kernel's price and in the plan's.
#include "codesign/Cost/OwnKernels.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Lowering/Gemm.h"
#include "codesign/Price/Price.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"
#include <set>

using namespace codesign;

namespace {

class StreamPriceTest : public testing::Test {
protected:
  /// Four waves, each with `rowBytes` of k in a step.
  static GemmSchedule stream(int m, int n, int rowBytes, bool blockScaled = false) {
    GemmSchedule schedule;
    schedule.family = GemmFamily::MmaWeightStream;
    schedule.architecture = Architecture::Sm90a;
    schedule.instruction = "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32";
    schedule.macroTileM = m;
    schedule.macroTileN = n;
    schedule.macroTileK = 4 * rowBytes;
    schedule.wavesM = schedule.wavesN = 1;
    schedule.wavesK = 4;
    schedule.stages = 2;
    schedule.directToShared = true;
    schedule.blockScaled = blockScaled;
    schedule.outputType = DataType::BF16;
    return schedule;
  }

  KernelPrice price(const GemmSchedule &schedule) {
    GemmProblem problem = {.symbol = "gemm", .type = DataType::F8E4M3, .n = 4096, .k = 4096};
    problem.scaling = schedule.blockScaled ? Scaling::Block128 : Scaling::PerToken;
    module = llvm::cantFail(lowerGemm(context, problem, llvm::cantFail(gemmKernel(schedule, profile))));
    return llvm::cantFail(priceKernel(*module->getOps<kernel::FuncOp>().begin()));
  }

  double work(const GemmSchedule &schedule) { return gemmTile(schedule, profile).productWork; }

  Profile profile = llvm::cantFail(loadProfile("h100-sxm", profileSearchDirs("", "")));
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// By hand: 4 by 8 instructions for each of two depths of 32, of 12 clocks; of their operands 4 and 2
/// registers, two conversions each, of two clocks.
TEST_F(StreamPriceTest, operandsAreConvertedOnce) {
  const StepPrice step = price(stream(64, 64, 64)).step;
  EXPECT_EQ(step.matrixInstructions, 4 * 8 * 2);
  EXPECT_EQ(step.matrixCycles.value, 64 * 12);
  EXPECT_EQ(step.conversionCycles.value, (4 * 4 + 8 * 2) * 2 * 2 * 2);
}

/// With scales of blocks up to eight products are summed at once; of 2 by 6 those of one row, for which the
/// activations are converted again.
TEST_F(StreamPriceTest, blocksOfManyProductsConvertTheirActivationsAgain) {
  EXPECT_EQ(price(stream(64, 16, 128, true)).step.conversionCycles.value, (1 * 4 + 8 * 2) * 2 * 4 * 2);
  EXPECT_EQ(price(stream(48, 32, 128, true)).step.conversionCycles.value, (2 * 4 + 2 * 6 * 2) * 2 * 4 * 2);
}

/// wgmma would take 4 clocks of a matrix core for each product of 16 x 8 x 32.
TEST_F(StreamPriceTest, plansCountTheSlowerOfProductsAndConversions) {
  EXPECT_DOUBLE_EQ(work(stream(64, 64, 64)), 12. / 4);
  EXPECT_DOUBLE_EQ(work(stream(16, 16, 64)), (4 + 2 * 2) * 2 * 2 / (2 * 4.));
}

/// mma.sync reaches two thirds of wgmma's rate with 16-bit operands, and all there is on an A100.
TEST_F(StreamPriceTest, onlyMmaSyncOnHopperIsBelowTheDevicesRate) {
  std::set<double> ofWarps, ofOthers;
  for (const char *device : {"h100-sxm", "a100-sxm", "mi300x", "mi355x"}) {
    const Profile other = llvm::cantFail(loadProfile(device, profileSearchDirs("", "")));
    for (const GemmSchedule &schedule : legalGemmSchedules(other, DataType::BF16, GemmLayout::NT)) {
      const bool slow =
          schedule.architecture == Architecture::Sm90a && schedule.family != GemmFamily::WgmmaTmaPersistent;
      (slow ? ofWarps : ofOthers).insert(gemmTile(schedule, other).productWork);
    }
  }
  EXPECT_EQ(ofWarps, std::set<double>{1.5});
  EXPECT_EQ(ofOthers, std::set<double>{1});
}

} // namespace
