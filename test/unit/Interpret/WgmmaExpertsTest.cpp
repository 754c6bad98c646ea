// Experts by persistent workgroups: tiles counted on the device, rows that end inside of a box.
#include "GemmFixture.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

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

TEST(WgmmaExperts, raggedAndEmptyExperts) {
  for (ExpertLayout layout : {ExpertLayout::Contiguous, ExpertLayout::Masked})
    for (int64_t n : {64, 136, 63}) // 63: rows that start anywhere, stored from registers
      for (int64_t m : {8, 300, 600})
        EXPECT_EQ(runGemm(expertProblem(4, n, 136, layout), wgmmaKernel(), m), "")
            << kernel::stringifyExpertLayout(layout).str() << ", n = " << n << ", m = " << m;
}

TEST(WgmmaExperts, fewerRowsThanExpertsAndMoreThanLanes) {
  for (int64_t m : {0, 1, 7, 200})
    EXPECT_EQ(runGemm(expertProblem(70, 40, 64), wgmmaKernel(), m), "") << m;
}

TEST(WgmmaExperts, clustersShareEitherOperand) {
  for (bool down : {true, false}) {
    GemmKernel kernel = wgmmaKernel();
    (down ? kernel.clusterM : kernel.clusterN) = 2;
    EXPECT_EQ(runGemm(expertProblem(3, 200, 136), kernel, 500, {}, {129, 300, 20}), "") << down;
  }
}

TEST(WgmmaExperts, everyStepOfTheEpilogueTakesTheExpertsPart) {
  for (bool gated : {false, true}) {
    GemmProblem problem = expertProblem(3, 144, 136);
    problem.activation = kernel::Activation::Silu;
    problem.gated = gated;
    problem.bias = problem.residual = problem.weighted = true;
    EXPECT_EQ(runGemm(problem, wgmmaKernel(), 300), "") << gated;
  }
}

TEST(WgmmaExperts, scalesOfTokensAndOfBlocks) {
  for (ExpertLayout layout : {ExpertLayout::Contiguous, ExpertLayout::Masked})
    for (Scaling scaling : {Scaling::PerTensor, Scaling::PerToken, Scaling::Block128}) {
      GemmProblem problem = expertProblem(3, 136, 400, layout);
      problem.type = DataType::F8E4M3;
      problem.scaling = scaling;
      EXPECT_EQ(runGemm(problem, float8WgmmaKernel(), 300), "") << toString(scaling).str();
    }
}

TEST(WgmmaExperts, infinityAndNanStayInTheirRows) {
  mlir::MLIRContext context;
  const GemmProblem problem = expertProblem(2, 64, 64);
  auto module = llvm::cantFail(lowerGemm(context, problem, wgmmaKernel()));
  std::mt19937 engine(std::random_device{}());
  GemmOperands operands(problem, 40, 1, engine);
  operands.placeRows(problem, 40, {20, 20});
  // The first expert's box holds the second one's first rows, and the weights behind its own.
  operands.a.set(20, 5, std::numeric_limits<float>::quiet_NaN());
  operands.w.set(64 + 3, 7, std::numeric_limits<float>::infinity());
  llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), operands.allArguments(problem, 40)));
  EXPECT_EQ(operands.mismatch(problem), "");
  for (int64_t i = 0; i < 40; ++i)
    for (int64_t j = 0; j < 64; ++j)
      EXPECT_EQ(std::isfinite(operands.d.at(i, j)), i != 20 && (i < 20 || j != 3)) << i << ", " << j;
}

/// Weights of another expert, rows of the next one, a lost step of k or a barrier left out are seen.
TEST(WgmmaExperts, whatIsLeftOutIsSeen) {
  const GemmProblem problem = expertProblem(4, 64, 256);
  const std::vector<int64_t> rows = {20, 4, 200, 10};
  auto wrongExpert = [](kernel::FuncOp function) {
    function.walk([](kernel::ExpertTileAtOp tile) {
      mlir::OpBuilder builder(tile);
      tile.getExpert().replaceAllUsesWith(mlir::arith::ConstantIndexOp::create(builder, tile.getLoc(), 0));
    });
  };
  auto tooFar = [](kernel::FuncOp function) {
    function.walk([&](kernel::ExpertTileAtOp tile) {
      tile.getEnd().replaceAllUsesWith(function.getBody().front().getArguments().back());
    });
  };
  auto droppedStep = [](kernel::FuncOp function) {
    kernel::WgmmaOp product;
    function.walk([&](kernel::WgmmaOp op) { product = product ? product : op; });
    product.getResult().replaceAllUsesWith(product.getAccumulator());
    product.erase();
  };
  for (auto tamper : {+wrongExpert, +tooFar, +droppedStep})
    EXPECT_NE(runGemm(problem, wgmmaKernel(), 240, tamper, rows), "");
  // Where a tile's steps all fit the ring, nothing else tells the warps of a group of one another.
  const GemmProblem shallow = expertProblem(4, 64, 128);
  for (int occurrence : {0, 1}) {
    auto withoutBarrier = [&](kernel::FuncOp function) {
      llvm::SmallVector<kernel::GroupBarrierOp> found;
      function.walk([&](kernel::GroupBarrierOp op) { found.push_back(op); });
      ASSERT_EQ(found.size(), 2u);
      found[occurrence].erase();
    };
    EXPECT_NE(runGemm(shallow, wgmmaKernel(), 600, withoutBarrier, {200, 20, 300, 10}).find("nothing waited"),
              std::string::npos);
  }
  // Nobody reads the counts before a barrier; the next one, of the mbarriers, is what consumers ask for
  // first.
  auto uncounted = [](kernel::FuncOp function) {
    function.walk([](kernel::ClusterBarrierOp op) { op.erase(); });
  };
  EXPECT_NE(runGemm(problem, wgmmaKernel(), 240, uncounted, rows).find("expert_tile_count"),
            std::string::npos);
}

/// Rows of A by a list, which the threads of the producer's warpgroup copy: fewer steps than slots, and more.
TEST(WgmmaExperts, rowsByAList) {
  for (int64_t k : {64, 136, 520})
    for (int64_t stages : {3, 5})
      for (int64_t m : {1, 300}) {
        GemmProblem problem = expertProblem(4, 72, k);
        problem.gathered = problem.weighted = true;
        GemmKernel kernel = wgmmaKernel();
        kernel.stages = stages;
        EXPECT_EQ(runGemm(problem, kernel, m), "") << "k = " << k << ", stages = " << stages << ", m = " << m;
      }
  GemmProblem narrow = expertProblem(3, 136, 400);
  narrow.type = DataType::F8E4M3;
  narrow.scaling = Scaling::PerTensor;
  narrow.gathered = true;
  EXPECT_EQ(runGemm(narrow, float8WgmmaKernel(), 300), "");
}

TEST(WgmmaExperts, everyStepOfCopiedRowsIsNeeded) {
  GemmProblem problem = expertProblem(4, 64, 512);
  problem.gathered = true;
  auto without = [&](auto op, int occurrence) {
    using Op = decltype(op);
    return runGemm(problem, wgmmaKernel(), 600,
                   [&](kernel::FuncOp function) {
                     llvm::SmallVector<Op> found;
                     function.getRoles().getProducer().walk([&](Op each) { found.push_back(each); });
                     ASSERT_GT(int(found.size()), occurrence);
                     found[occurrence].erase();
                   },
                   {200, 20, 300, 80});
  };
  for (int occurrence : {0, 1}) {
    EXPECT_NE(without(kernel::WaitCopiesOp(), occurrence).find("may be under way"), std::string::npos);
    EXPECT_NE(without(kernel::FenceAsyncOp(), occurrence).find("without a fence"), std::string::npos);
    EXPECT_NE(without(kernel::AwaitOp(), occurrence), "");
    EXPECT_NE(without(kernel::ArriveOp(), occurrence), "");
  }
}

TEST(WgmmaExperts, refusals) {
  GemmProblem gathered = expertProblem(2, 64, 64);
  gathered.gathered = true;
  EXPECT_NE(runGemm(gathered, wideWgmmaKernel(), 1).find("rows that follow one another"), std::string::npos);
  GemmKernel full = wgmmaKernel();
  full.limits.sharedBytes = 91000;
  EXPECT_EQ(runGemm(expertProblem(2, 64, 64), full, 40), "");
  EXPECT_NE(runGemm(expertProblem(2000, 64, 64), full, 40).find("bytes of LDS"), std::string::npos);
}

} // namespace
