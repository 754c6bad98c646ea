// Tiles that go from global memory to LDS past the registers on AMD devices.
#include "OperandForms.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmKernel direct(GemmKernel kernel, int64_t stages) {
  kernel.directCopies = true;
  kernel.stages = stages;
  return kernel;
}

GemmProblem problem(int64_t n, int64_t k) {
  return {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
}

TEST(DirectInterpret, raggedRowsColumnsDepthAndRings) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel()})
    for (int64_t stages : {2, 3, 4})
      for (int64_t k : {32, 40, 200})
        EXPECT_EQ(runGemm(problem(72, k), direct(kernel, stages), 65), "") << stages << " stages, k = " << k;
}

TEST(DirectInterpret, float8ExpertsAndPartsOfK) {
  GemmProblem narrow = {.symbol = "gemm", .type = DataType::F8E4M3FNUZ, .n = 72, .k = 208};
  narrow.scaling = Scaling::PerToken;
  EXPECT_EQ(runGemm(narrow, direct(float8Kernel(), 2), 65), "");
  narrow.type = DataType::F8E4M3;
  EXPECT_EQ(runGemm(narrow, direct(float8Gfx950Kernel(), 3), 65), "");
  GemmProblem experts = problem(72, 96);
  experts.experts = 5;
  experts.gathered = experts.weighted = true;
  EXPECT_EQ(runGemm(experts, direct(gfx950Kernel(), 2), 150), "");
  GemmKernel split = direct(gfx942Kernel(), 3);
  split.splitK = 2;
  EXPECT_EQ(runGemm(problem(72, 256), split, 33), "");
}

/// Each barrier and each wait is needed.
TEST(DirectInterpret, aMissingBarrierOrWaitIsSeen) {
  for (int occurrence = 0; occurrence < 2; ++occurrence) {
    const std::string barrier =
        runGemm(problem(64, 256), direct(gfx950Kernel(), 3), 64, [&](kernel::FuncOp function) {
          llvm::SmallVector<kernel::BarrierOp> found;
          function.walk([&](kernel::BarrierOp op) { found.push_back(op); });
          found[occurrence].erase();
        });
    EXPECT_NE(barrier.find("barrier"), std::string::npos) << barrier;
    const std::string wait =
        runGemm(problem(64, 256), direct(gfx950Kernel(), 3), 64, [&](kernel::FuncOp function) {
          llvm::SmallVector<kernel::WaitCopiesOp> found;
          function.walk([&](kernel::WaitCopiesOp op) { found.push_back(op); });
          found[occurrence].erase();
        });
    EXPECT_NE(wait.find("under way"), std::string::npos) << wait;
  }
}

TEST(DirectInterpret, whatDoesNotLandSideBySideIsRefused) {
  GemmKernel padded = direct(gfx942Kernel(), 2);
  padded.padding = 8;
  EXPECT_NE(refusalOf(problem(64, 64), padded).find("not to padded rows"), std::string::npos);
  GemmKernel small = direct(gfx950Kernel(), 2);
  small.tileM = 32; // 2 KB for 256 threads
  EXPECT_NE(refusalOf(problem(64, 64), small).find("does not split into copies"), std::string::npos);
  EXPECT_NE(refusalOf(problem(64, 64), direct(gfx942Kernel(), 1)).find("stages = 1"), std::string::npos);
  GemmProblem shuffled = problem(64, 64);
  shuffled.shuffledWeights = true;
  EXPECT_NE(refusalOf(shuffled, direct(gfx942Kernel(), 2)).find("without shuffled weights"),
            std::string::npos);
}

} // namespace
