#include "codesign/Price/Price.h"
#include "codesign/Cost/OwnKernels.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Lowering/TokenSum.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace codesign;

namespace {

class PriceTest : public testing::Test {
protected:
  KernelPrice price(const GemmKernel &kernel, int64_t n = 4096, int64_t k = 4096,
                    DataType type = DataType::BF16, bool blockScaled = false, bool shuffledWeights = false) {
    GemmProblem problem;
    problem.shuffledWeights = shuffledWeights;
    problem.type = type;
    problem.scaling = blockScaled ? Scaling::Block128 : Scaling::None;
    problem.symbol = "gemm";
    problem.n = n;
    problem.k = k;
    module = llvm::cantFail(lowerGemm(context, problem, kernel));
    return llvm::cantFail(priceKernel(*module->getOps<kernel::FuncOp>().begin()));
  }

  /// 256 x 256 x 32 by 2 x 4 waves.
  GemmKernel large() {
    GemmKernel kernel;
    kernel.limits = {.sharedBytes = 65536, .registersPerLane = 512, .chiplets = 8};
    kernel.instruction = "v_mfma_f32_16x16x16_bf16";
    kernel.tileM = kernel.tileN = 256;
    kernel.tileK = 32;
    kernel.wavesM = 2;
    kernel.wavesN = 4;
    kernel.pack = 2;
    return kernel;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// All by hand: a wave holds 128 x 64 of the output, so 8 x 4 instructions for each 16 of k, of 16 clocks.
TEST_F(PriceTest, countsOfALargeTile) {
  const KernelPrice counted = price(large());
  EXPECT_EQ(counted.threads, 512);
  EXPECT_EQ(counted.sharedBytes, 65536);
  EXPECT_EQ(counted.step.iterations, 4096 / 32 - 2);
  EXPECT_EQ(counted.step.matrixInstructions, 8 * 4 * 2);
  EXPECT_EQ(counted.step.matrixCycles.value, 64 * 16 * 8 / 4);
  EXPECT_EQ(counted.step.reads.instructions, 8 + 4);
  EXPECT_EQ(counted.step.reads.bytes, 12 * 1024 * 8);
  EXPECT_EQ(counted.step.reads.idealPasses, 12 * 8 * 8);
  EXPECT_EQ(counted.step.writes.instructions, 4);
  EXPECT_EQ(counted.step.writes.bytes, 512 * 64);
  EXPECT_EQ(counted.step.globalBytes, 512 * 64);
  EXPECT_EQ(counted.step.globalInstructions, 4);
  EXPECT_EQ(counted.step.barriers, 1);
  EXPECT_EQ(counted.registers.accumulators, 128);
  EXPECT_EQ(counted.registers.fragments, (8 + 4) * 4);
  EXPECT_EQ(counted.registers.staging, 16);
}

/// By hand: the same tile with 64 of k in a step and W past LDS. Of it every wave loads 64 rows of 128 bytes,
/// which the waves of the other half load again.
TEST_F(PriceTest, countsOfShuffledWeights) {
  GemmKernel kernel = large();
  kernel.tileK = 64;
  const KernelPrice counted = price(kernel, 4096, 4096, DataType::BF16, false, true);
  EXPECT_EQ(counted.sharedBytes, 2 * 256 * 128);
  EXPECT_EQ(counted.step.matrixInstructions, 8 * 4 * 4);
  EXPECT_EQ(counted.step.matrixCycles.value, 128 * 16 * 8 / 4);
  EXPECT_EQ(counted.step.reads.instructions, 2 * 8);
  EXPECT_EQ(counted.step.reads.bytes, 16 * 1024 * 8);
  EXPECT_EQ(counted.step.reads.conflictPasses(), 0);
  EXPECT_EQ(counted.step.writes.instructions, 4);
  EXPECT_EQ(counted.step.globalBytes, 256 * 128 + 8 * 64 * 128);
  EXPECT_EQ(counted.step.globalInstructions, 4 + 8);
  EXPECT_EQ(counted.step.barriers, 1);
  EXPECT_EQ(counted.registers.accumulators, 128);
  EXPECT_EQ(counted.registers.fragments, 8 * 4);
  EXPECT_EQ(counted.registers.staging, 16 + 32);
}

/// By hand: two warpgroups with 64 x 256 each, four instructions of 128 clocks for each 64 of k, every one of
/// which reads 64 + 256 rows of 32 bytes; 128 rows of a and half of the shared 256 rows of w are copied, all
/// of w arrives.
TEST_F(PriceTest, countsOfAPersistentTile) {
  GemmKernel kernel;
  kernel.architecture = Architecture::Sm90a;
  kernel.limits = {.sharedBytes = 232448, .registersPerLane = 255, .chiplets = 1};
  kernel.instruction = "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16.ss";
  kernel.tileM = 128;
  kernel.tileN = 256;
  kernel.tileK = 64;
  kernel.wavesM = 2;
  kernel.stages = 3;
  kernel.pack = 1;
  kernel.clusterM = 2;
  const KernelPrice counted = price(kernel);
  EXPECT_EQ(counted.threads, 384);
  EXPECT_EQ(counted.sharedBytes, 3 * (128 + 256) * 128 + 128 * 256 * 2 + 2 * 3 * 8);
  EXPECT_EQ(counted.step.iterations, 64);
  EXPECT_EQ(counted.step.matrixInstructions, 4);
  EXPECT_EQ(counted.step.matrixCycles.value, 2 * 4 * 128);
  EXPECT_EQ(counted.step.reads.bytes, 2 * 4 * (64 + 256) * 32);
  EXPECT_EQ(counted.step.globalBytes, (128 + 128) * 128);
  EXPECT_EQ(counted.step.writes.bytes, (128 + 256) * 128);
  EXPECT_EQ(counted.step.writes.conflictPasses(), 0);
  EXPECT_EQ(counted.registers.minimum(), 128);
}

/// The same where 128 threads copy the 128 rows of a: 1024 pieces of 16 bytes, 8 for each, beside one box of
/// w; the loop that fills the ring before is not what is counted.
TEST_F(PriceTest, countsOfRowsThatAProducersWarpgroupCopies) {
  GemmKernel kernel;
  kernel.architecture = Architecture::Sm90a;
  kernel.limits = {.sharedBytes = 232448, .registersPerLane = 255, .chiplets = 1};
  kernel.instruction = "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16.ss";
  kernel.tileM = kernel.tileN = 128;
  kernel.tileK = 64;
  kernel.wavesM = 2;
  kernel.stages = 4;
  kernel.pack = 1;
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = 4096, .k = 4096};
  problem.experts = 8;
  problem.gathered = true;
  module = llvm::cantFail(lowerGemm(context, problem, kernel));
  const KernelPrice counted = llvm::cantFail(priceKernel(*module->getOps<kernel::FuncOp>().begin()));
  EXPECT_EQ(counted.threads, 384);
  EXPECT_EQ(counted.step.iterations, 63); // of 64, the consumers' first stands before their loop
  EXPECT_EQ(counted.step.matrixInstructions, 4);
  EXPECT_EQ(counted.step.globalInstructions, 8 + 1);
  EXPECT_EQ(counted.step.globalBytes, (128 + 128) * 128);
  EXPECT_EQ(counted.step.writes.bytes, (128 + 128) * 128);
  EXPECT_EQ(counted.step.writes.conflictPasses(), 0);
}

/// By hand: one token of 2048 columns, which 8 waves of 64 lanes have four each of; 8 rows of 8192 bytes, and
/// 8 numbers of the list.
TEST_F(PriceTest, countsOfASumOfTokens) {
  const TokenSumProblem problem = {.symbol = "sum", .n = 2048, .entries = 8};
  const TokenSumKernel kernel = tokenSumKernel(problem, Architecture::Gfx942, large().limits);
  module = llvm::cantFail(lowerTokenSum(context, problem, kernel));
  const KernelPrice counted = llvm::cantFail(priceKernel(*module->getOps<kernel::FuncOp>().begin()));
  EXPECT_EQ(counted.threads, 512);
  EXPECT_EQ(counted.sharedBytes, 0);
  EXPECT_EQ(counted.step.globalBytes, 8 * 8192 + 32);
  EXPECT_EQ(counted.step.globalInstructions, 8);
}

TEST_F(PriceTest, theSwizzleIsFreeOfConflictsAndPlainRowsAreNot) {
  for (int64_t tileK : {32, 64, 128}) {
    GemmKernel kernel = large();
    kernel.tileM = kernel.tileN = 64;
    kernel.tileK = tileK;
    kernel.wavesM = kernel.wavesN = 2;
    const KernelPrice swizzled = price(kernel);
    EXPECT_EQ(swizzled.step.reads.conflictPasses(), 0) << tileK;
    EXPECT_EQ(swizzled.step.writes.conflictPasses(), 0) << tileK;
    // Swizzle removed: every row starts at the same banks or every other one does.
    for (auto alloc : (*module->getOps<kernel::FuncOp>().begin()).getOps<kernel::AllocOp>())
      alloc.getResult().setType(kernel::TileType::get(&context, alloc.getType().getShape(),
                                                      alloc.getType().getElementType(), kernel::Space::Shared,
                                                      kernel::RowMajorAttr::get(&context, 0)));
    module->walk(
        [&](kernel::SlotOp slot) { slot.getResult().setType(slot.getRing().getType().getSlotType()); });
    const KernelPrice plain = llvm::cantFail(priceKernel(*module->getOps<kernel::FuncOp>().begin()));
    EXPECT_GT(plain.step.reads.conflictPasses(), 0) << tileK;
  }
}

/// Both operands of a weight's gradient, transposed in registers (CDNA3) and by the reads (CDNA4).
TEST_F(PriceTest, transposedOperandsAreFreeOfConflicts) {
  for (Architecture architecture : {Architecture::Gfx942, Architecture::Gfx950})
    for (DataType type : {DataType::BF16, kernel::quantisedType(architecture).value()})
      for (int64_t tile : {64, 96, 128, 160, 192, 224, 256}) {
        const bool bytes = type != DataType::BF16, reads = architecture == Architecture::Gfx950;
        GemmKernel kernel = large();
        kernel.architecture = architecture;
        kernel.limits.sharedBytes = 163840;
        kernel.instruction = !reads  ? bytes ? "v_mfma_f32_16x16x32_fp8_fp8" : "v_mfma_f32_16x16x16_bf16"
                             : bytes ? "v_mfma_f32_16x16x128_f8f6f4.fp8.fp8"
                                     : "v_mfma_f32_16x16x32_bf16";
        kernel.pack = reads ? 1 : 2;
        kernel.tileM = kernel.tileN = tile;
        kernel.tileK = bytes ? 128 : 64;
        kernel.stages = 1;
        kernel.wavesM = kernel.wavesN = 2;
        GemmProblem problem = {.symbol = "gemm", .type = type, .n = 4096, .k = 4096};
        problem.layout = GemmLayout::TN;
        module = llvm::cantFail(lowerGemm(context, problem, kernel));
        auto function = *module->getOps<kernel::FuncOp>().begin();
        const KernelPrice counted = llvm::cantFail(priceKernel(function));
        SCOPED_TRACE(testing::Message()
                     << toString(architecture).str() << " " << toString(type).str() << " " << tile);
        EXPECT_EQ(counted.step.reads.conflictPasses(), 0);
        EXPECT_EQ(counted.step.writes.conflictPasses(), 0);
        EXPECT_EQ(counted.step.writes.bytes, 2 * tile * 128);
        EXPECT_EQ(counted.step.reads.bytes, 2 * 2 * tile * 128);
        EXPECT_EQ(counted.step.permutes, reads ? 0 : 2 * ((tile + 127) / 128) * 64 / 4 * (bytes ? 2 : 1));
        if (!reads)
          continue;
        // As rows that are not permuted, or by the row alone.
        llvm::SmallVector<mlir::Attribute> others = {kernel::RowMajorAttr::get(&context, 0)};
        if (llvm::isPowerOf2_64(tile))
          others.push_back(kernel::SwizzledAttr::get(&context));
        for (mlir::Attribute other : others) {
          module->walk([&](kernel::LoadFragmentOp load) {
            const kernel::TileType from = load.getTile().getType();
            load.getTile().setType(kernel::TileType::get(&context, from.getShape(), from.getElementType(),
                                                         kernel::Space::Shared, other));
          });
          EXPECT_GT(llvm::cantFail(priceKernel(function)).step.reads.conflictPasses(), 0);
        }
      }
}

TEST_F(PriceTest, ldmatrixReadsTheSwizzleWithoutConflicts) {
  GemmKernel kernel = large();
  kernel.architecture = Architecture::Sm80;
  kernel.limits = {.sharedBytes = 166912, .registersPerLane = 255, .chiplets = 1};
  kernel.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32";
  kernel.tileM = kernel.tileN = 128;
  kernel.tileK = 64;
  kernel.wavesM = kernel.wavesN = 2;
  kernel.stages = 3;
  kernel.pack = 1;
  const KernelPrice counted = price(kernel);
  EXPECT_EQ(counted.step.matrixInstructions, 4 * 8 * 4);
  EXPECT_EQ(counted.step.reads.instructions,
            4 * (4 + 4)); // per 16 of k: four a operands, four pairs of b operands
  EXPECT_EQ(counted.step.reads.conflictPasses(), 0);
  EXPECT_EQ(counted.step.writes.conflictPasses(), 0);
  EXPECT_EQ(counted.registers.accumulators, 128);
}

/// Schedule's closed forms and the counts from the IR are the same numbers.
TEST_F(PriceTest, agreesWithTheSchedulesClosedForms) {
  struct Products {
    const char *device;
    DataType type = DataType::BF16;
    bool blockScaled = false;
  };
  for (const Products &products : {Products{"mi300x"},
                                   {"mi300x", DataType::F8E4M3FNUZ},
                                   {"mi355x"},
                                   {"mi355x", DataType::F8E4M3},
                                   {"mi300x", DataType::F8E4M3FNUZ, true},
                                   {"mi355x", DataType::F8E4M3, true},
                                   {"a100-sxm"},
                                   {"h100-sxm"},
                                   {"h100-sxm", DataType::F8E4M3},
                                   {"h100-sxm", DataType::F8E4M3, true}}) {
    const Profile profile = llvm::cantFail(loadProfile(products.device, profileSearchDirs("", "")));
    const std::vector<GemmSchedule> legal =
        legalGemmSchedules(profile, products.type, GemmLayout::NT, products.blockScaled);
    ASSERT_GT(legal.size(), 100u);
    for (size_t i = 0; i < legal.size(); i += legal.size() / 40) {
      const GemmSchedule &schedule = legal[i];
      const KernelPrice counted = price(llvm::cantFail(gemmKernel(schedule, profile)), 4096, 4096,
                                        products.type, products.blockScaled);
      EXPECT_EQ(counted.sharedBytes, sharedMemoryUse(schedule).total()) << schedule.describe();
      // A loop that streams to registers does as many steps at a time as it has under way, others through LDS
      // those that share scales.
      const bool streams = streamsWeights(schedule.family);
      const int steps = streams && !schedule.directToShared ? schedule.stages
                        : !streams && schedule.blockScaled  ? scaledBlockExtent / schedule.macroTileK
                                                            : 1;
      EXPECT_EQ(counted.step.matrixInstructions, steps * schedule.instructionsPerStep())
          << schedule.describe();
      const RegisterUse use = registerUse(schedule);
      // wgmma's products of 8 bits are added to the sums step by step.
      const bool twoLevels = schedule.family == GemmFamily::WgmmaTmaPersistent && isFloat8(products.type);
      EXPECT_EQ(counted.registers.accumulators, use.accumulators * (twoLevels ? 2 : 1))
          << schedule.describe();
      EXPECT_EQ(counted.registers.fragments, use.fragments) << schedule.describe();
      EXPECT_EQ(counted.registers.staging, use.staging) << schedule.describe();
      EXPECT_EQ(counted.step.reads.conflictPasses(), 0) << schedule.describe();
      // What the cost model has of LDS: AMD's writes are in the constants of its loops.
      const GemmTile tile = gemmTile(schedule, profile);
      const bool amd = vendorOf(schedule.architecture) == Vendor::Amd;
      const double elements = tile.m * tile.readsA + tile.n * tile.readsB;
      EXPECT_EQ(elements * schedule.macroTileK * steps * bitWidth(products.type) / 8,
                double(counted.step.reads.bytes + (amd ? 0 : counted.step.writes.bytes)))
          << schedule.describe();
    }
  }
}

} // namespace
