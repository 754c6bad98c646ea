// Streamed weights of 8 bits on Hopper: what their conversions cost, in the kernel's price and in the plan's.
#include "codesign/Cost/OwnKernels.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Lowering/Gemm.h"
#include "codesign/Price/Price.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"
#include <map>
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

  GemmTile tile(const GemmSchedule &schedule) { return gemmTile(schedule, profile); }

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

/// Over the 4 clocks of a matrix core that wgmma takes for each product of 16 x 8 x 32.
TEST_F(StreamPriceTest, plansCountProductsAndConversions) {
  const GemmTile large = tile(stream(64, 64, 64)), small = tile(stream(16, 16, 64)),
                 blocks = tile(stream(48, 32, 128, true));
  EXPECT_DOUBLE_EQ(large.productWork, 12. / 4);
  EXPECT_DOUBLE_EQ(large.conversionWork, (4 * 4 + 8 * 2) * 2 * 2 / (4 * 8 * 4.));
  EXPECT_DOUBLE_EQ(small.productWork, 12. / 4);
  EXPECT_DOUBLE_EQ(small.conversionWork, (1 * 4 + 2 * 2) * 2 * 2 / (1 * 2 * 4.));
  EXPECT_DOUBLE_EQ(blocks.conversionWork, (2 * 4 + 2 * 6 * 2) * 2 * 2 / (2 * 6 * 4.));
}

/// Where few products share an operand, that is what the loop waits for.
TEST_F(StreamPriceTest, conversionsMayBeTheLimit) {
  GemmConstants bare = GemmConstants::prior(profile);
  bare.bandwidth = bare.unitBytesPerClock = bare.unitMemoryBytesPerClock = 1e9; // nothing else is
  bare.launch = bare.prologueCycles = bare.stepLatencyCycles = 0;
  const auto breakdownOf = [&](const GemmSchedule &schedule) {
    const GemmModel model(profile, bare, {.tiles = {tile(schedule)}, .swapsOperands = false}, false);
    GemmShape shape = {.m = schedule.macroTileM, .n = 132 * schedule.macroTileN, .k = 2048}; // stays in L2
    shape.input = DataType::F8E4M3;
    return model.breakdown(shape);
  };
  GemmSchedule small = stream(16, 16, 64);
  small.directToShared = false; // nor shared memory
  EXPECT_EQ(breakdownOf(small).limiter(), "conversions");
  EXPECT_EQ(breakdownOf(stream(64, 64, 64)).limiter(), "mma");
}

/// mma.sync reaches two thirds of wgmma's rate with 16-bit operands, and all there is on an A100.
TEST_F(StreamPriceTest, onlyMmaSyncOnHopperIsBelowTheDevicesRate) {
  struct Products {
    const char *device;
    DataType type = DataType::BF16;
    bool blockScaled = false;
  };
  std::map<DataType, std::set<double>> ofWarps, ofOthers;
  for (const Products &products : {Products{"h100-sxm"},
                                   {"h100-sxm", DataType::F8E4M3},
                                   {"h100-sxm", DataType::F8E4M3, true},
                                   {"a100-sxm"},
                                   {"mi300x"},
                                   {"mi300x", DataType::F8E4M3FNUZ},
                                   {"mi355x"},
                                   {"mi355x", DataType::F8E4M3},
                                   {"mi355x", DataType::F8E4M3, true}}) {
    const Profile other = llvm::cantFail(loadProfile(products.device, profileSearchDirs("", "")));
    for (const GemmSchedule &schedule :
         legalGemmSchedules(other, products.type, GemmLayout::NT, products.blockScaled)) {
      const bool slow =
          schedule.architecture == Architecture::Sm90a && schedule.family != GemmFamily::WgmmaTmaPersistent;
      const GemmTile counted = gemmTile(schedule, other);
      (slow ? ofWarps : ofOthers)[products.type].insert(counted.productWork);
      EXPECT_EQ(counted.conversionWork > 0, slow && isFloat8(products.type)) << schedule.describe();
    }
  }
  EXPECT_EQ(ofWarps[DataType::BF16], std::set<double>{1.5});
  EXPECT_EQ(ofWarps[DataType::F8E4M3], std::set<double>{3});
  for (const auto &entry : ofOthers)
    EXPECT_EQ(entry.second, std::set<double>{1}) << toString(entry.first).str();
}

} // namespace
