// Kernels whose waves take turns: one half multiplies while the other uses memory.
#include "OperandForms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem problem(int64_t n, int64_t k) {
  return {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
}

GemmKernel direct(GemmKernel kernel, int64_t stages) {
  kernel.directCopies = true;
  kernel.stages = stages;
  return kernel;
}

TEST(PingPongInterpret, raggedRowsColumnsDepthAndRings) {
  for (int64_t k : {32, 40, 136}) // one tile, two, five
    for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel()})
      EXPECT_EQ(runGemm(problem(136, k), pingPong(kernel), 129), "") << "k = " << k;
  for (int64_t stages : {2, 3, 5})
    EXPECT_EQ(runGemm(problem(136, 200), direct(pingPong(gfx950Kernel()), stages), 129), "") << stages;
  GemmKernel deep = pingPong(gfx950Kernel()); // two steps of k in a tile
  deep.tileK = 64;
  EXPECT_EQ(runGemm(problem(72, 328), deep, 65), "");
  EXPECT_EQ(runGemm(problem(72, 328), direct(deep, 2), 65), "");
}

TEST(PingPongInterpret, float8ExpertsGatesAndOtherLayouts) {
  GemmProblem narrow = {.symbol = "gemm", .type = DataType::F8E4M3FNUZ, .n = 72, .k = 208};
  narrow.scaling = Scaling::PerToken;
  EXPECT_EQ(runGemm(narrow, pingPong(float8Kernel()), 65), "");
  narrow.type = DataType::F8E4M3;
  EXPECT_EQ(runGemm(narrow, direct(pingPong(float8Gfx950Kernel()), 3), 65), "");
  GemmProblem experts = problem(72, 96);
  experts.experts = 3;
  experts.gathered = experts.weighted = true;
  EXPECT_EQ(runGemm(experts, pingPong(gfx942Kernel()), 150), "");
  GemmProblem gated = problem(72, 96);
  gated.gated = gated.residual = true;
  gated.activation = kernel::Activation::Silu;
  EXPECT_EQ(runGemm(gated, pingPong(gfx942Kernel()), 65), "");
  GemmProblem gradient = problem(72, 200);
  gradient.layout = GemmLayout::NN;
  GemmKernel turned = pingPong(gfx942Kernel());
  turned.tileK = 64;
  EXPECT_EQ(runGemm(gradient, turned, 65), "");
}

GemmProblem blockScaled(int64_t n, int64_t k, DataType type = DataType::F8E4M3FNUZ) {
  GemmProblem problem = {.symbol = "gemm", .type = type, .n = n, .k = k};
  problem.scaling = Scaling::Block128;
  return problem;
}

/// Two tiles of 64 of k share the scales of a block, and a tile of 128 has its own.
TEST(PingPongInterpret, scalesOfBlocks) {
  for (int64_t k : {48, 112, 176, 304, 560}) // one to nine tiles
    EXPECT_EQ(runGemm(blockScaled(136, k), pingPong(float8Kernel()), 129), "") << "k = " << k;
  EXPECT_EQ(runGemm(blockScaled(136, 464), pingPong(blockScaledKernel()), 65), "");
  EXPECT_EQ(runGemm(blockScaled(136, 656, DataType::F8E4M3), pingPong(float8Gfx950Kernel()), 65), "");
  GemmProblem experts = blockScaled(72, 304);
  experts.experts = 3;
  EXPECT_EQ(runGemm(experts, pingPong(float8Kernel()), 150), "");
}

TEST(PingPongInterpret, scalesOfAnotherBlockAreSeen) {
  const std::string result =
      runGemm(blockScaled(64, 512), pingPong(float8Kernel()), 64, [](kernel::FuncOp function) {
        function.walk([](kernel::FetchScalesOp fetch) {
          if (auto half = fetch.getStep().getDefiningOp<mlir::arith::DivUIOp>())
            fetch.getStepMutable().assign(half.getLhs()); // as if every tile had a block
        });
      });
  EXPECT_NE(result, "");
}

/// The verifier's reason and the interpreter's for a kernel without one of its operations.
template <class Op>
std::pair<std::string, std::string> without(const GemmKernel &kernel, size_t occurrence, size_t &count,
                                            const GemmProblem &whole = problem(64, 256)) {
  std::string reason;
  const std::string result = runGemm(whole, kernel, 64, [&](kernel::FuncOp function) {
    llvm::SmallVector<Op> found;
    function.walk([&](Op op) { found.push_back(op); });
    count = found.size();
    found[occurrence].erase();
    mlir::ScopedDiagnosticHandler capture(function.getContext(), [&](mlir::Diagnostic &diagnostic) {
      reason += diagnostic.str();
      return mlir::success();
    });
    (void)mlir::verify(function);
  });
  return {reason, result};
}

TEST(PingPongInterpret, everyBarrierBesideScalesIsNeeded) {
  size_t count = 2;
  for (size_t barrier = 0; barrier < count - 1; ++barrier) { // the last one only keeps the halves apart
    auto [reason, result] =
        without<kernel::BarrierOp>(pingPong(float8Kernel()), barrier, count, blockScaled(64, 576));
    EXPECT_NE(reason.find("no barrier stands between"), std::string::npos) << barrier << reason;
    EXPECT_NE(result, "") << barrier;
  }
}

/// Both the verifier and the interpreter see each barrier and each wait that is missing.
TEST(PingPongInterpret, everyBarrierAndWaitIsNeeded) {
  for (const GemmKernel &kernel : {pingPong(gfx942Kernel()), direct(pingPong(gfx950Kernel()), 3)}) {
    size_t count = 2;
    // The last one before the last products through registers only keeps the halves apart.
    const size_t spare = kernel.directCopies ? 0 : 1;
    for (size_t barrier = 0; barrier < count - spare; ++barrier) {
      auto [reason, result] = without<kernel::BarrierOp>(kernel, barrier, count);
      EXPECT_NE(reason.find("no barrier stands between"), std::string::npos) << barrier << reason;
      EXPECT_NE(result, "") << barrier;
    }
  }
  size_t count = 1;
  for (size_t wait = 0; wait < count; ++wait) {
    auto [reason, result] = without<kernel::WaitCopiesOp>(direct(pingPong(gfx950Kernel()), 3), wait, count);
    EXPECT_NE(reason.find("no barrier stands between"), std::string::npos) << wait << reason;
    EXPECT_NE(result.find("under way"), std::string::npos) << wait << result;
  }
}

TEST(PingPongInterpret, wavesThatDoNotMeetAreADeadlock) {
  size_t count = 0;
  auto [reason, result] = without<kernel::CatchUpOp>(pingPong(gfx942Kernel()), 0, count);
  EXPECT_NE(reason.find("fall behind once and catch up once"), std::string::npos) << reason;
  EXPECT_NE(result.find("deadlock: half 1 waits at barrier"), std::string::npos) << result;
}

TEST(PingPongInterpret, whatHasNoPhasesIsRefused) {
  GemmKernel kernel = pingPong(gfx942Kernel());
  kernel.wavesN = 2;
  EXPECT_NE(refusalOf(problem(64, 64), kernel).find("4 waves: half of them take turns"), std::string::npos);
  kernel = pingPong(gfx942Kernel());
  kernel.stages = 1;
  EXPECT_NE(refusalOf(problem(64, 64), kernel).find("stages = 1"), std::string::npos);
  GemmProblem sums = problem(64, 64);
  sums.layout = GemmLayout::TN;
  kernel.stages = 2;
  kernel.tileK = 64;
  EXPECT_NE(refusalOf(sums, kernel).find("no sums over m"), std::string::npos);
  EXPECT_NE(refusalOf(blockScaled(64, 128), interleaved(float8Kernel())).find("of 128 that has a scale"),
            std::string::npos);
  EXPECT_NE(refusalOf(blockScaled(64, 128), interleaved(blockScaledKernel())).find("no block scales"),
            std::string::npos);
  GemmKernel other = sm80Kernel();
  other.loop = MainLoop::PingPong;
  EXPECT_NE(refusalOf(problem(64, 64), other).find("on AMD devices"), std::string::npos);
}

} // namespace
