// A kernel without one of its waits or barriers is caught, whatever numbers come out.
#include "GemmFixture.h"

using namespace codesign;
using namespace codesign::test;

namespace {

/// Removes the given occurrence of an operation.
template <class Op>
void removeNth(kernel::FuncOp function, int occurrence) {
  llvm::SmallVector<Op> found;
  function.walk([&](Op op) { found.push_back(op); });
  ASSERT_LT(occurrence, static_cast<int>(found.size()));
  found[occurrence].erase();
}

const GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = 64, .k = 256};

TEST(Hazards, everyBarrierOfADoubleBufferedKernelIsNeeded) {
  for (int barrier = 0; barrier < 3; ++barrier) {
    const std::string result = runGemm(problem, gfx942Kernel(), 64,
                                       [&](kernel::FuncOp f) { removeNth<kernel::BarrierOp>(f, barrier); });
    EXPECT_NE(result.find("barrier"), std::string::npos) << barrier << ": " << result;
  }
}

TEST(Hazards, everyBarrierAndWaitOfAnAsynchronousKernelIsNeeded) {
  for (int occurrence = 0; occurrence < 2; ++occurrence) {
    const std::string barrier = runGemm(
        problem, sm80Kernel(), 64, [&](kernel::FuncOp f) { removeNth<kernel::BarrierOp>(f, occurrence); });
    EXPECT_NE(barrier.find("barrier"), std::string::npos) << barrier;
    const std::string wait = runGemm(
        problem, sm80Kernel(), 64, [&](kernel::FuncOp f) { removeNth<kernel::WaitCopiesOp>(f, occurrence); });
    EXPECT_NE(wait.find("under way"), std::string::npos) << wait;
  }
}

TEST(Hazards, uninitialisedReadsAreSeen) {
  const std::string result =
      runGemm(problem, gfx942Kernel(), 64, [](kernel::FuncOp f) { removeNth<kernel::DepositOp>(f, 0); });
  EXPECT_NE(result.find("nothing has written"), std::string::npos) << result;
}

} // namespace
