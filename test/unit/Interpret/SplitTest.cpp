// Workgroups that share the K loop of one tile: whatever their order, one result, and a workspace as before.
#include "AnyOrder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem problem(int64_t n, int64_t k) {
  return {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
}

GemmKernel split(GemmKernel kernel, int64_t parts) {
  kernel.splitK = parts;
  return kernel;
}

std::vector<GemmKernel> families() {
  return {gfx942Kernel(),    gfx950Kernel(),        sm80Kernel(),
          streamingKernel(), streamingSm80Kernel(), wgmmaKernel()};
}

TEST(Split, raggedRowsColumnsAndDepth) {
  for (const GemmKernel &kernel : families())
    for (int64_t parts : {2, 3})
      for (int64_t m : {1, 129})
        for (int64_t n : {64, 72})
          for (int64_t tilesOfEach : {2, 4}) {
            const int64_t k = kernel.tileK * parts * tilesOfEach;
            for (int64_t missing : {0, 8}) // of the last tile of k
              EXPECT_EQ(runGemm(problem(n, k - missing), split(kernel, parts), m), "")
                  << toString(kernel.architecture).str() << ", " << parts << " parts, m = " << m
                  << ", n = " << n << ", k = " << k - missing;
          }
}

/// Gradients: of W the parts are as long as the launch says, the last ones beyond its end.
TEST(Split, gradients) {
  GemmKernel deep = gfx942Kernel(), other = gfx950Kernel(), bytes = float8Kernel();
  deep.tileK = other.tileK = 64;
  bytes.tileK = 128;
  for (const GemmKernel &kernel : {deep, other, bytes})
    for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN})
      for (int64_t parts : {2, 3})
        for (int64_t m : {parts == 2 ? 1 : 70, 500}) {
          const bool overRows = layout == GemmLayout::TN;
          GemmProblem gradient = problem(72, overRows ? 68 : kernel.tileK * parts * 2 - 16);
          gradient.layout = layout;
          gradient.residual = true;
          if (kernel.tileK == bytes.tileK)
            gradient.type = DataType::F8E4M3FNUZ;
          EXPECT_EQ(runGemm(gradient, split(kernel, parts), m), "")
              << kernel.instruction << ", " << toString(layout).str() << ", " << parts << " parts, m = " << m;
        }
}

TEST(Split, oneTileOfKEach) {
  for (const GemmKernel &kernel : families())
    EXPECT_EQ(runGemm(problem(64, kernel.tileK * 5), split(kernel, 5), 70), "");
}

TEST(Split, everyStepOfTheEpilogueComesAfterTheSum) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), streamingKernel()}) {
    GemmProblem all = problem(140, kernel.tileK * 4);
    all.activation = kernel::Activation::Silu;
    all.gated = all.bias = all.residual = true;
    EXPECT_EQ(runGemm(all, split(kernel, 2), 150), "");
  }
  for (const GemmKernel &kernel : {sm80Kernel(), streamingSm80Kernel()}) {
    GemmProblem all = problem(140, kernel.tileK * 4);
    all.activation = kernel::Activation::Silu;
    all.gated = all.bias = true;
    EXPECT_EQ(runGemm(all, split(kernel, 2), 150), "");
  }
}

TEST(Split, scalesOfTokensAndOfBlocks) {
  for (Scaling scaling : {Scaling::PerTensor, Scaling::PerToken, Scaling::Block128})
    for (GemmKernel kernel :
         {float8Kernel(), blockScaledKernel(), float8StreamingKernel(), blockScaledStreamingKernel()}) {
      const bool blocks = kernel.tileK / kernel.wavesK == kernel::scaledBlock;
      if (blocks != (scaling == Scaling::Block128))
        continue;
      GemmProblem scaled = problem(140, kernel.tileK * 6 - 48);
      scaled.type = DataType::F8E4M3FNUZ;
      scaled.scaling = scaling;
      EXPECT_EQ(runGemm(scaled, split(kernel, 3), 75), "") << toString(scaling).str();
    }
}

TEST(Split, theResultDoesNotDependOnTheOrder) {
  for (const GemmKernel &kernel : families())
    expectSameBitsInAnyOrder(problem(136, kernel.tileK * 8), split(kernel, 4), 70);
}

/// A row of NaN or infinity of one part stays in its row.
TEST(Split, infinityAndNanStayInTheirRows) {
  mlir::MLIRContext context;
  const GemmProblem shape = problem(64, 32 * 4);
  auto module = llvm::cantFail(lowerGemm(context, shape, split(gfx942Kernel(), 2)));
  auto function = *module->getOps<kernel::FuncOp>().begin();
  std::mt19937 engine(std::random_device{}());
  GemmOperands operands(shape, 40, 1, engine);
  operands.makeWorkspace(function, 40);
  operands.a.set(19, 5, std::numeric_limits<float>::quiet_NaN());
  operands.w.set(3, 100, std::numeric_limits<float>::infinity());
  llvm::cantFail(interpret(function, operands.allArguments(shape, 40)));
  EXPECT_EQ(operands.mismatch(shape), "");
  for (int64_t i = 0; i < 40; ++i)
    for (int64_t j = 0; j < 64; ++j)
      EXPECT_EQ(std::isfinite(operands.d.at(i, j)), i != 19 && j != 3) << i << ", " << j;
}

/// A lost step of k, a part that is added twice, and numbers that were not zero are seen.
TEST(Split, mixUpsFail) {
  const GemmProblem shape = problem(64, 32 * 12);
  auto droppedStep = [](kernel::FuncOp function) {
    function.walk([](mlir::scf::ForOp loop) {
      if (loop->hasAttr("kernel.name") && !loop->hasAttr("kernel.unroll"))
        loop.getLowerBoundMutable().assign(loop.getStep());
    });
  };
  EXPECT_NE(runGemm(shape, split(gfx942Kernel(), 2), 64, droppedStep), "");
  auto firstPartTwice = [](kernel::FuncOp function) {
    function.walk([](mlir::arith::MulIOp product) {
      if (product.getLhs().getDefiningOp<kernel::PartOp>())
        product.replaceAllUsesWith(
            mlir::OpBuilder(product).create<mlir::arith::ConstantIndexOp>(product.getLoc(), 0).getResult());
    });
  };
  EXPECT_NE(runGemm(shape, split(gfx942Kernel(), 2), 64, firstPartTwice), "");

  mlir::MLIRContext context;
  auto module = llvm::cantFail(lowerGemm(context, shape, split(gfx942Kernel(), 2)));
  auto function = *module->getOps<kernel::FuncOp>().begin();
  std::mt19937 engine(std::random_device{}());
  GemmOperands operands(shape, 64, 1, engine);
  operands.makeWorkspace(function, 64);
  operands.arrivals.set(1, 0, 1);
  const std::string wrong = llvm::toString(interpret(function, operands.allArguments(shape, 64)));
  EXPECT_NE(wrong.find("last to arrive in some waves only"), std::string::npos) << wrong;
  operands.arrivals = Matrix(DataType::I32, 1, 1);
  const std::string small = llvm::toString(interpret(function, operands.allArguments(shape, 64)));
  EXPECT_NE(small.find("too small a workspace"), std::string::npos) << small;
}

/// Persistent workgroups: what is left of a tile goes to the group that is the last to arrive.
TEST(Split, persistentWorkgroups) {
  for (Scaling scaling : {Scaling::PerToken, Scaling::Block128}) {
    GemmProblem scaled = problem(140, 128 * 6 - 48);
    scaled.type = DataType::F8E4M3;
    scaled.scaling = scaling;
    EXPECT_EQ(runGemm(scaled, split(float8WgmmaKernel(), 3), 75), "") << toString(scaling).str();
  }
  GemmProblem all = problem(144, 64 * 4);
  all.activation = kernel::Activation::Silu;
  all.gated = all.bias = all.residual = true;
  EXPECT_EQ(runGemm(all, split(wgmmaKernel(), 2), 150), "");
  const GemmProblem shape = problem(64, 64 * 12);
  auto firstPartTwice = [](kernel::FuncOp function) {
    function.walk([](mlir::arith::RemUIOp part) {
      mlir::OpBuilder builder(part);
      mlir::Value zero = mlir::arith::ConstantIndexOp::create(builder, part.getLoc(), 0);
      part.getResult().replaceUsesWithIf(
          zero, [](mlir::OpOperand &use) { return mlir::isa<mlir::arith::MulIOp>(use.getOwner()); });
    });
  };
  auto lastPartAlone = [](kernel::FuncOp function) {
    function.walk([](kernel::SumGroupPartsOp sum) { sum.getResult().replaceAllUsesWith(sum.getFragment()); });
  };
  for (auto tamper : {+firstPartTwice, +lastPartAlone})
    EXPECT_NE(runGemm(shape, split(wgmmaKernel(), 3), 64, tamper).find("instead of"), std::string::npos);
}

TEST(Split, whatDoesNotDivideIsRefused) {
  mlir::MLIRContext context;
  auto refusal = [&](const GemmProblem &shape, const GemmKernel &kernel) {
    auto module = lowerGemm(context, shape, kernel);
    return module ? std::string("accepted") : llvm::toString(module.takeError());
  };
  EXPECT_EQ(refusal(problem(64, 32 * 5), split(gfx942Kernel(), 2)),
            "error: the 5 tiles of k = 160 do not divide among 2 workgroups");
  EXPECT_EQ(refusal(problem(64, 128 * 6), split(streamingKernel(), 2)),
            "error: the 3 tiles of k of a workgroup are no multiple of the 2 that are under way");
  GemmProblem experts = problem(64, 128);
  experts.experts = 2;
  EXPECT_EQ(refusal(experts, split(gfx942Kernel(), 2)),
            "error: k is not split among the workgroups of a cluster or of an expert");
  GemmKernel cluster = split(wgmmaKernel(), 2);
  cluster.clusterM = 2;
  EXPECT_EQ(refusal(problem(64, 64 * 4), cluster),
            "error: k is not split among the workgroups of a cluster or of an expert");
}

} // namespace
