// Mistakes that are put into the sources of NVIDIA kernels are found by executing their PTX.
#include "../Interpret/TestKernels.h"
#include "ExecutedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

class PtxMistakes : public ExecutedGemm {
protected:
  /// What is said of a kernel in whose source `from` is `to`; copies arrive at once or as late as they may.
  std::string saidOf(const GemmProblem &problem, const GemmKernel &schedule, int64_t m, llvm::StringRef from,
                     llvm::StringRef to, bool late) {
    mlir::MLIRContext context;
    auto module = llvm::cantFail(lowerGemm(context, problem, schedule));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    std::string source = sourceOf(function);
    size_t replaced = 0;
    for (size_t at = 0; (at = source.find(from.str(), at)) != std::string::npos; at += to.size(), ++replaced)
      source.replace(at, from.size(), to.str());
    EXPECT_GT(replaced, 0u) << from.str();
    auto program = ptx::parse(ptxOf(source, schedule.architecture));
    if (!program)
      return "not parsed: " + llvm::toString(program.takeError());
    std::mt19937 engine(std::random_device{}());
    return run(**program, function, problem, m, 2 * (engine() % 1000) + late, engine);
  }

  const GemmProblem plain = {.symbol = "gemm", .type = DataType::BF16, .n = 256, .k = 512};
};

constexpr bool atOnce = false, late = true;

TEST_F(PtxMistakes, copiesThatNobodyWaitsFor) {
  const char wait[] = R"(asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");)";
  for (const GemmKernel &kernel : {sm80Kernel(), copiedStream(streamingSm80Kernel(), 32)})
    EXPECT_NE(saidOf(plain, kernel, 32, wait, "", late), "") << kernel.tileM;
}

TEST_F(PtxMistakes, aShareOfTheSumsThatTwoWarpsAddUp) {
  const std::string said =
      saidOf(plain, copiedStream(streamingSm80Kernel(), 32), 32,
             "const int share = waveId() < shares ? waveId() : 0;", "const int share = 0;", atOnce);
  EXPECT_NE(said, "");
}

TEST_F(PtxMistakes, headsThatAreTurnedTheOtherWay) {
  GemmProblem turned = plain;
  turned.rotary = {.headColumns = 128, .columns = 128, .positions = 50};
  const GemmKernel kernel = copiedStream(streamingSm80Kernel(), 32);
  EXPECT_EQ(saidOf(turned, kernel, 31, "(first ? -other : other)", "(first ? -other : other)", atOnce), "");
  EXPECT_NE(saidOf(turned, kernel, 31, "(first ? -other : other)", "(first ? other : -other)", atOnce), "");
}

TEST_F(PtxMistakes, operandsOfWgmmaThatChangeUnderIt) {
  const std::string said = saidOf(plain, wgmmaKernel(), 200, "wgmma.wait_group.sync.aligned %0;",
                                  "wgmma.wait_group.sync.aligned 7; // %0", atOnce);
  EXPECT_NE(said.find("changed"), std::string::npos) << said;
}

TEST_F(PtxMistakes, barriersThatNobodyCompletes) {
  const auto waits = [](const std::string &said) { return said.find("waits for ever") != std::string::npos; };
  std::string said =
      saidOf(plain, wgmmaKernel(), 200, "mbarrier.arrive.shared::cta.b64 _, [%0];", "// %0", atOnce);
  EXPECT_TRUE(waits(said)) << said;
  said = saidOf(plain, wideWgmmaKernel(), 200, "(1 << ClusterSize) - 1", "1", atOnce);
  EXPECT_TRUE(waits(said)) << said;
  said = saidOf(plain, wgmmaKernel(), 200, R"("r"(at(use)), "r"(bytes))", R"("r"(at(use)), "r"(bytes + 16))",
                late);
  EXPECT_TRUE(waits(said)) << said;
}

/// The next tile is written over one that a tensor store has not read yet.
TEST_F(PtxMistakes, storesThatNobodyWaitsFor) {
  EXPECT_NE(saidOf(plain, wgmmaKernel(), 600, "cp.async.bulk.wait_group.read 0;",
                   "cp.async.bulk.wait_group.read 7;", late),
            "");
}

/// Scales of blocks that are divided by know less than the block.
TEST_F(PtxMistakes, maximaOfTooFewLanesOrGroups) {
  GemmKernel kernel = wideWgmmaKernel();
  kernel.tileN = 256;
  kernel.clusterM = 1;
  GemmProblem problem = plain;
  problem.gated = problem.quantisedBlocks = true;
  problem.activation = kernel::Activation::Silu;
  problem.quantised = DataType::F8E4M3;
  const std::pair<const char *, const char *> mistakes[] = {
      {"largest = larger(largest, fromLane<1>(largest));", ""},
      {"group < sharing; ++group", "group < 1; ++group"}};
  for (const auto &[from, to] : mistakes) {
    const std::string said = saidOf(problem, kernel, 70, from, to, atOnce);
    EXPECT_NE(said.find("scale ("), std::string::npos) << said;
  }
}

/// Steps along k are 32 bytes of a swizzled row.
TEST_F(PtxMistakes, descriptorsOfOtherSteps) {
  EXPECT_NE(saidOf(plain, wgmmaKernel(), 100, "stepBytes = 32, steps = RowBytes / stepBytes",
                   "stepBytes = 16, steps = RowBytes / 32", atOnce),
            "");
}

} // namespace
