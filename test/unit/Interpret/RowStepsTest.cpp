// Rotary position embedding, and sums of squares for the next norm.
#include "GemmFixture.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem rotary(int64_t n, int64_t columns) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = 72};
  problem.rotary = {.headColumns = 24, .columns = columns, .positions = 37};
  return problem;
}

GemmProblem squares(int64_t n) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = 72};
  problem.residual = problem.rowSquares = true;
  return problem;
}

std::vector<GemmKernel> kernels() {
  GemmKernel larger = gfx942Kernel();
  larger.instruction = "v_mfma_f32_32x32x8_bf16";
  return {gfx942Kernel(), gfx950Kernel(),        streamingKernel(), larger,
          sm80Kernel(),   streamingSm80Kernel(), wgmmaKernel(),     wideWgmmaKernel()};
}

/// Heads that end inside a wave's columns, and a product that ends with them or goes on.
TEST(Rotary, raggedRowsAndColumns) {
  for (const GemmKernel &kernel : kernels())
    for (int64_t n : {96, 130})
      for (int64_t m : {1, 7, 65})
        EXPECT_EQ(runGemm(rotary(n, 96), kernel, m), "") << "n = " << n << ", m = " << m;
}

TEST(Rotary, betweenBiasAndQuantisation) {
  GemmProblem problem = rotary(130, 72);
  problem.bias = true;
  problem.quantised = DataType::F8E4M3FNUZ;
  EXPECT_EQ(runGemm(problem, gfx942Kernel(), 33), "");
  problem.quantised.reset();
  problem.layout = GemmLayout::NN;
  problem.n = 132;
  GemmKernel kernel = gfx942Kernel();
  kernel.tileK = 64;
  EXPECT_EQ(runGemm(problem, kernel, 33), "");
  GemmProblem narrow = rotary(130, 96);
  narrow.type = DataType::F8E4M3FNUZ;
  narrow.k = 80;
  narrow.scaling = Scaling::PerToken;
  EXPECT_EQ(runGemm(narrow, float8Kernel(), 33), "");
  for (const GemmKernel &other : {sm90aKernel(), wgmmaKernel(), wideWgmmaKernel()}) {
    problem = rotary(144, 72);
    problem.bias = true;
    problem.quantised = DataType::F8E4M3;
    EXPECT_EQ(runGemm(problem, other, 133), "");
  }
}

/// A position that the table lacks makes zeros of the heads and leaves the rest; NaN stays in its pair.
TEST(Rotary, unknownPositionsAndNan) {
  mlir::MLIRContext context;
  GemmProblem problem = rotary(32, 24);
  problem.k = 8;
  for (const GemmKernel &kernel : {gfx942Kernel(), sm80Kernel(), streamingSm80Kernel(), wgmmaKernel()}) {
    auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
    Matrix a(DataType::BF16, 3, 8), w(DataType::BF16, 32, 8), positions(DataType::I32, 3, 1),
        table(DataType::F32, 37, 24), d(DataType::BF16, 3, 32, 0xff);
    for (int64_t i = 0; i < 3; ++i)
      a.set(i, 0, 1);
    for (int64_t j = 0; j < 32; ++j)
      w.set(j, 0, j == 6 ? NAN : 1);
    for (int64_t i = 0; i < 37; ++i)
      for (int64_t j = 0; j < 24; ++j)
        table.set(i, j, j % 2 == 0 ? 0 : 1); // a quarter turn
    positions.set(1, 0, 37);
    positions.set(2, 0, -1);
    llvm::cantFail(
        interpret(*module->getOps<kernel::FuncOp>().begin(), {&a, &w, &positions, &table, &d, int64_t(3)}));
    EXPECT_EQ(d.at(0, 0), -1);
    EXPECT_EQ(d.at(0, 1), 1);
    EXPECT_TRUE(std::isnan(d.at(0, 6)) && std::isnan(d.at(0, 7)));
    EXPECT_EQ(d.at(0, 24), 1);
    for (int64_t i : {1, 2}) {
      EXPECT_EQ(d.at(i, 0), 0);
      EXPECT_EQ(d.at(i, 31), 1);
    }
  }
}

TEST(RowSquares, raggedRowsAndColumns) {
  for (const GemmKernel &kernel : kernels())
    for (int64_t n : {1, 63, 130})
      for (int64_t m : {1, 7, 65})
        EXPECT_EQ(runGemm(squares(n), kernel, m), "") << "n = " << n << ", m = " << m;
}

TEST(RowSquares, behindPartsOfKAndWeights) {
  GemmKernel split = gfx942Kernel();
  split.splitK = 2;
  GemmProblem problem = squares(70);
  problem.k = 128;
  problem.bias = true;
  EXPECT_EQ(runGemm(problem, split, 65), "");
  split = wgmmaKernel();
  split.splitK = 2;
  EXPECT_EQ(runGemm(problem, split, 65), "");
}

/// Checks that cannot fail show nothing.
TEST(RowSteps, whatIsLeftOutIsSeen) {
  for (const GemmKernel &kernel : {gfx942Kernel(), sm80Kernel(), streamingSm80Kernel(), wgmmaKernel()}) {
    const std::string still = runGemm(rotary(96, 96), kernel, 64, [](kernel::FuncOp function) {
      kernel::RotateOp found;
      function.walk([&](kernel::RotateOp op) { found = op; });
      found.getResult().replaceAllUsesWith(found.getFragment());
      found.erase();
    });
    EXPECT_NE(still.find("instead of"), std::string::npos) << still;
    // The residual is added to what is stored, but not to what is squared.
    const std::string early = runGemm(squares(64), kernel, 64, [](kernel::FuncOp function) {
      kernel::AddMatrixOp add;
      kernel::RowSquaresOp sum;
      function.walk([&](kernel::AddMatrixOp op) { add = op; });
      function.walk([&](kernel::RowSquaresOp op) { sum = op; });
      sum.getFragmentMutable().assign(add.getFragment());
    });
    EXPECT_NE(early.find("squares"), std::string::npos) << early;
  }
}

TEST(RowSteps, refusals) {
  EXPECT_NE(runGemm(rotary(96, 100), gfx942Kernel(), 1).find("no whole heads"), std::string::npos);
  GemmProblem problem = rotary(96, 96);
  problem.residual = true;
  EXPECT_NE(runGemm(problem, gfx942Kernel(), 1).find("queries and keys"), std::string::npos);
  problem = squares(64);
  problem.gated = true;
  problem.activation = kernel::Activation::Silu;
  EXPECT_NE(runGemm(problem, gfx942Kernel(), 1).find("residual stream"), std::string::npos);
}

} // namespace
