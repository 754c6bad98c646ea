// Products whose rows belong to experts: the ragged, the empty and the left over, on every family.
#include "GemmFixture.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using kernel::ExpertLayout;

GemmProblem expertProblem(int64_t experts, int64_t n, int64_t k,
                          ExpertLayout layout = ExpertLayout::Contiguous) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
  problem.experts = experts;
  problem.expertLayout = layout;
  return problem;
}

std::vector<GemmKernel> families() {
  return {gfx942Kernel(), gfx950Kernel(), streamingKernel(), sm80Kernel(), streamingSm80Kernel()};
}

TEST(Experts, raggedAndEmptyExperts) {
  for (const GemmKernel &kernel : families())
    for (ExpertLayout layout : {ExpertLayout::Contiguous, ExpertLayout::Masked})
      for (int64_t n : {64, 72})
        for (int64_t m : {8, 65, 200})
          EXPECT_EQ(runGemm(expertProblem(8, n, 72, layout), kernel, m), "")
              << toString(kernel.architecture).str() << ", " << kernel::stringifyExpertLayout(layout).str()
              << ", n = " << n << ", m = " << m;
}

/// fp32, as a sum over the rows of tokens takes them.
TEST(Experts, rowsThatAreNotRounded) {
  std::vector<GemmKernel> all = families();
  all.push_back(wgmmaKernel());
  for (const GemmKernel &kernel : all)
    for (int64_t n : {64, 63}) {
      GemmProblem problem = expertProblem(4, n, 72);
      problem.weighted = problem.unrounded = true;
      EXPECT_EQ(runGemm(problem, kernel, 150), "") << kernel.instruction << ", n = " << n;
    }
}

TEST(Experts, fewerRowsThanExperts) {
  for (const GemmKernel &kernel : families())
    for (int64_t m : {0, 1, 7})
      EXPECT_EQ(runGemm(expertProblem(130, 40, 64), kernel, m), "") << m;
}

TEST(Experts, everyStepOfTheEpilogueTakesTheExpertsPart) {
  for (const GemmKernel &kernel : families()) {
    GemmProblem problem = expertProblem(3, 140, 96);
    problem.activation = kernel::Activation::Silu;
    problem.gated = problem.bias = problem.residual = true;
    EXPECT_EQ(runGemm(problem, kernel, 150), "");
  }
}

TEST(Experts, scalesOfTokensAndOfBlocks) {
  for (ExpertLayout layout : {ExpertLayout::Contiguous, ExpertLayout::Masked}) {
    GemmProblem problem = expertProblem(3, 140, 272, layout);
    problem.type = DataType::F8E4M3FNUZ;
    for (Scaling scaling : {Scaling::PerTensor, Scaling::PerToken}) {
      problem.scaling = scaling;
      for (const GemmKernel &kernel : {float8Kernel(), float8StreamingKernel()})
        EXPECT_EQ(runGemm(problem, kernel, 150), "") << toString(scaling).str();
    }
    problem.scaling = Scaling::Block128;
    for (const GemmKernel &kernel : {blockScaledKernel(), blockScaledStreamingKernel()})
      EXPECT_EQ(runGemm(problem, kernel, 150), "");
    problem.type = DataType::F8E4M3;
    EXPECT_EQ(runGemm(problem, blockScaledStreamingSm90aKernel(), 150), "");
  }
}

TEST(Experts, rowsAreGatheredAndWeighted) {
  for (const GemmKernel &kernel : families())
    for (int64_t m : {3, 130}) {
      GemmProblem problem = expertProblem(5, 72, 136);
      problem.gathered = true;
      EXPECT_EQ(runGemm(problem, kernel, m), "") << m;
      problem.weighted = problem.residual = true;
      problem.activation = kernel::Activation::Silu;
      problem.gated = true;
      EXPECT_EQ(runGemm(problem, kernel, m), "") << m;
    }
}

/// Scales of rows come by the same list, and gates and up may have scales of their own.
TEST(Experts, scalesOfRowsAreGathered) {
  GemmProblem problem = expertProblem(4, 584, 272);
  problem.gathered = problem.weighted = problem.gated = true;
  problem.activation = kernel::Activation::Silu;
  auto expectRight = [&](Scaling scaling, const GemmKernel &kernel) {
    problem.scaling = scaling;
    problem.type = findMatrixInstruction(kernel.architecture, kernel.instruction)->a.type;
    EXPECT_EQ(runGemm(problem, kernel, 100), "")
        << toString(kernel.architecture).str() << ", " << toString(scaling).str();
  };
  for (const GemmKernel &kernel : {float8Kernel(), float8StreamingSm90aKernel(), float8WgmmaKernel()})
    expectRight(Scaling::PerToken, kernel);
  for (const GemmKernel &kernel :
       {blockScaledKernel(), blockScaledStreamingKernel(), float8Gfx950Kernel(), pingPong(float8Kernel()),
        blockScaledStreamingSm90aKernel(), float8WgmmaKernel()})
    expectRight(Scaling::Block128, kernel);
}

/// Without a list the rows are those of A; names past its end are rows of zeros.
TEST(Experts, anEmptyListAndRowsThatAreNotThere) {
  mlir::MLIRContext context;
  GemmProblem problem = expertProblem(2, 64, 64);
  problem.gathered = true;
  for (const GemmKernel &kernel : {gfx942Kernel(), sm80Kernel(), float8Kernel(), blockScaledKernel()}) {
    problem.type = findMatrixInstruction(kernel.architecture, kernel.instruction)->a.type;
    problem.scaling = !isFloat8(problem.type)               ? Scaling::None
                      : kernel.tileK == kernel::scaledBlock ? Scaling::Block128
                                                            : Scaling::PerToken;
    auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    std::mt19937 engine(std::random_device{}());
    GemmOperands operands(problem, 40, 1, engine);
    operands.placeRows(problem, 40, {20, 20});
    operands.aList.set(7, 0, 1000);
    llvm::cantFail(interpret(function, operands.allArguments(problem, 40)));
    for (int64_t j = 0; j < 64; ++j)
      EXPECT_EQ(operands.d.at(7, j), 0);
    GemmProblem ungathered = problem;
    ungathered.gathered = false;
    GemmOperands plain(ungathered, 40, 1, engine);
    plain.placeRows(problem, 40, {20, 20});
    llvm::cantFail(interpret(function, plain.allArguments(problem, 40)));
    EXPECT_EQ(plain.mismatch(problem), "");
  }
}

TEST(Experts, whatCannotBeGatheredIsRefused) {
  mlir::MLIRContext context;
  auto refusal = [&](const GemmProblem &problem, const GemmKernel &kernel) {
    auto module = lowerGemm(context, problem, kernel);
    return module ? std::string("accepted") : llvm::toString(module.takeError());
  };
  GemmProblem problem = expertProblem(2, 64, 64);
  problem.gathered = true;
  problem.expertLayout = ExpertLayout::Masked;
  EXPECT_NE(refusal(problem, gfx942Kernel()).find("contiguous experts"), std::string::npos);
  problem = {.symbol = "gemm", .type = DataType::BF16, .n = 64, .k = 64};
  problem.gathered = true;
  EXPECT_NE(refusal(problem, gfx942Kernel()).find("contiguous experts"), std::string::npos);
}

/// The whole launch, tiles of several experts in one run and in several bands.
TEST(Experts, everyOrderOfTilesCoversTheOutput) {
  for (int64_t band : {1, 2, 8})
    for (int64_t run : {1, 3}) {
      GemmKernel kernel = gfx942Kernel();
      kernel.band = band;
      kernel.run = run;
      kernel.limits.chiplets = 2;
      EXPECT_EQ(runGemm(expertProblem(5, 200, 32), kernel, 400), "") << band << ", " << run;
    }
}

/// A row of NaN or infinity stays in its expert and its row.
TEST(Experts, infinityAndNanStayInTheirRows) {
  mlir::MLIRContext context;
  const GemmProblem problem = expertProblem(2, 64, 64);
  auto module = llvm::cantFail(lowerGemm(context, problem, gfx942Kernel()));
  std::mt19937 engine(std::random_device{}());
  GemmOperands operands(problem, 40, 1, engine);
  operands.placeRows(problem, 40, {20, 20});
  operands.a.set(19, 5, std::numeric_limits<float>::quiet_NaN());
  operands.w.set(64 + 3, 7, std::numeric_limits<float>::infinity());
  llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), operands.allArguments(problem, 40)));
  EXPECT_EQ(operands.mismatch(problem), "");
  for (int64_t i = 0; i < 40; ++i)
    for (int64_t j = 0; j < 64; ++j)
      EXPECT_EQ(std::isfinite(operands.d.at(i, j)), i != 19 && (i < 20 || j != 3)) << i << ", " << j;
}

/// Weights of the next expert, or a lost step of k, are seen.
TEST(Experts, aMixUpFails) {
  const GemmProblem problem = expertProblem(4, 64, 128);
  auto wrongExpert = [](kernel::FuncOp function) {
    function.walk([](kernel::RowsOp rows) {
      if (rows.getName() == "wRows")
        rows.getFirstMutable().assign(
            rows->getParentOfType<kernel::FuncOp>().getBody().front().getArguments().back());
    });
  };
  EXPECT_NE(runGemm(problem, gfx942Kernel(), 64, wrongExpert, {20, 4, 30, 10}), "");
  auto tooFar = [](kernel::FuncOp function) {
    function.walk([&](kernel::ExpertTileOp tile) {
      tile.getEnd().replaceAllUsesWith(tile.getRows()); // rows of the next expert, or of none
    });
  };
  auto droppedStep = [](kernel::FuncOp function) {
    function.walk([](mlir::scf::ForOp loop) {
      if (loop->hasAttr("kernel.name") && !loop->hasAttr("kernel.unroll"))
        loop.getLowerBoundMutable().assign(loop.getStep());
    });
  };
  EXPECT_NE(runGemm(problem, gfx942Kernel(), 64, droppedStep, {20, 4, 30, 10}), "");
  EXPECT_NE(runGemm(problem, gfx942Kernel(), 64, tooFar, {20, 4, 30, 6}), "");
}

/// A table that goes down, or past the rows, is an error of the caller that the interpreter names.
TEST(Experts, wrongTablesAreErrors) {
  mlir::MLIRContext context;
  const GemmProblem problem = expertProblem(2, 64, 64);
  auto module = llvm::cantFail(lowerGemm(context, problem, gfx942Kernel()));
  std::mt19937 engine(std::random_device{}());
  for (const auto &offsets : {std::array{0, 30, 20}, std::array{0, 20, 41}}) {
    GemmOperands operands(problem, 40, 0, engine);
    for (int i = 0; i < 3; ++i)
      operands.table.set(0, i, float(offsets[i]));
    llvm::Error error = interpret(*module->getOps<kernel::FuncOp>().begin(),
                                  {&operands.a, &operands.w, &operands.table, &operands.d, int64_t(40)});
    EXPECT_NE(llvm::toString(std::move(error)).find("offsets of experts go down"), std::string::npos);
  }
}

/// No more workgroups than there may be tiles, and never fewer than there are.
TEST(Experts, theLaunchHoldsEveryTile) {
  mlir::MLIRContext context;
  const GemmProblem problem = expertProblem(6, 100, 32);
  auto module = llvm::cantFail(lowerGemm(context, problem, gfx942Kernel()));
  kernel::ExpertTileOp tile;
  module->walk([&](kernel::ExpertTileOp op) { tile = op; });
  const int64_t columnTiles = 2, tileRows = 64;
  EXPECT_EQ(tile.getWorkgroupCount(3), 3 * columnTiles);
  EXPECT_EQ(tile.getWorkgroupCount(6 * tileRows), (6 + 5) * columnTiles);
  std::mt19937 engine(std::random_device{}());
  for (int64_t m = 1; m < 500; ++m) {
    int64_t tiles = 0;
    for (int64_t rows : randomExpertRows(problem, m, engine))
      tiles += llvm::divideCeil(rows, tileRows) * columnTiles;
    EXPECT_LE(tiles, tile.getWorkgroupCount(m));
  }
}

} // namespace
