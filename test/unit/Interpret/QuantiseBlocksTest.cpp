// Results of 8 bits with a scale for each row and 128 columns, which the kernel finds and writes.
#include "OperandForms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem inBlocks(const GemmKernel &kernel, int64_t n, int64_t k) {
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
  problem.type = findMatrixInstruction(kernel.architecture, kernel.instruction)->a.type;
  problem.quantised = kernel::quantisedType(kernel.architecture);
  problem.quantisedBlocks = true;
  return problem;
}

GemmProblem gated(GemmProblem problem) {
  problem.gated = true;
  problem.activation = kernel::Activation::Silu;
  return problem;
}

TEST(QuantiseBlocks, raggedRowsAndColumns) {
  for (const GemmKernel &kernel :
       {twoBlocks(gfx942Kernel()), twoBlocks(float8Kernel()), twoBlocks(gfx950Kernel())})
    for (int64_t n : {2, 126, 300})
      for (int64_t m : {1, 65}) {
        EXPECT_EQ(runGemm(inBlocks(kernel, n, 144), kernel, m), "") << "n = " << n << ", m = " << m;
        EXPECT_EQ(runGemm(gated(inBlocks(kernel, n, 144)), kernel, m), "") << "n = " << n << ", m = " << m;
      }
}

/// Waves that hold a block each find their maxima by themselves, those that hold two as well.
TEST(QuantiseBlocks, wholeBlocksOfAWave) {
  GemmKernel kernel = gfx942Kernel();
  kernel.tileN = 256;
  kernel.stages = 1;
  EXPECT_EQ(runGemm(inBlocks(kernel, 300, 72), kernel, 65), "");
  kernel.wavesM = kernel.wavesN = 1;
  for (const char *instruction : {"v_mfma_f32_16x16x16_bf16", "v_mfma_f32_32x32x8_bf16"}) {
    kernel.instruction = instruction;
    EXPECT_EQ(runGemm(inBlocks(kernel, 300, 72), kernel, 65), "");
    EXPECT_EQ(runGemm(gated(inBlocks(kernel, 300, 72)), kernel, 65), "");
  }
  // Where workgroups share the k of a tile, each wave ends by itself.
  kernel.splitK = 3;
  EXPECT_EQ(runGemm(inBlocks(kernel, 300, 96), kernel, 65), "");
}

TEST(QuantiseBlocks, loopsAndExperts) {
  GemmKernel phased = pingPong(gfx942Kernel());
  phased.tileN = 256;
  GemmProblem experts = gated(inBlocks(phased, 300, 136));
  experts.bias = true;
  experts.experts = 3;
  EXPECT_EQ(runGemm(experts, phased, 200), "");
  experts.expertLayout = kernel::ExpertLayout::Masked;
  EXPECT_EQ(runGemm(experts, phased, 200), "");
  const GemmKernel mixed = twoBlocks(interleaved(gfx942Kernel()));
  EXPECT_EQ(runGemm(inBlocks(mixed, 300, 136), mixed, 130), "");
  EXPECT_EQ(runGemm(gated(inBlocks(mixed, 300, 136)), mixed, 130), "");
  phased.instruction = float8Kernel().instruction;
  phased.tileK = 64;
  GemmProblem scaled = gated(inBlocks(phased, 520, 400));
  scaled.scaling = Scaling::Block128;
  EXPECT_EQ(runGemm(scaled, phased, 130), "");
  GemmKernel kernel = twoBlocks(blockScaledKernel());
  scaled.experts = 3;
  scaled.gathered = true;
  EXPECT_EQ(runGemm(scaled, kernel, 130), "");
}

/// Two warpgroups side by side, of 128 columns each: behind a gate half a block.
GemmKernel wideGroups(GemmKernel kernel) {
  kernel.tileM = 64;
  kernel.tileN = 256;
  kernel.wavesM = 1;
  kernel.wavesN = 2;
  return kernel;
}

TEST(QuantiseBlocks, warpgroups) {
  for (const GemmKernel &kernel : {wideGroups(wgmmaKernel()), wideGroups(float8WgmmaKernel())})
    for (int64_t n : {130, 600}) {
      EXPECT_EQ(runGemm(inBlocks(kernel, n, 144), kernel, 150), "") << "n = " << n;
      EXPECT_EQ(runGemm(gated(inBlocks(kernel, n, 144)), kernel, 150), "") << "n = " << n;
    }
  GemmKernel kernel = wideGroups(wgmmaKernel());
  kernel.clusterM = 2;
  EXPECT_EQ(runGemm(gated(inBlocks(kernel, 300, 136)), kernel, 150), "");
  kernel.clusterM = 1;
  GemmProblem experts = gated(inBlocks(kernel, 300, 136));
  experts.bias = true;
  experts.experts = 3;
  EXPECT_EQ(runGemm(experts, kernel, 200), "");
  kernel = wideGroups(float8WgmmaKernel());
  GemmProblem scaled = gated(inBlocks(kernel, 520, 400));
  scaled.scaling = Scaling::Block128;
  EXPECT_EQ(runGemm(scaled, kernel, 130), "");
  // Two blocks of one group, which ends by itself where others share the tile.
  kernel = wgmmaKernel();
  kernel.tileN = 256;
  kernel.splitK = 2;
  EXPECT_EQ(runGemm(inBlocks(kernel, 300, 256), kernel, 130), "");
}

/// What such a product writes is what a block-scaled one takes.
TEST(QuantiseBlocks, theNextProductTakesThem) {
  std::mt19937 engine(std::random_device{}());
  mlir::MLIRContext context;
  const int64_t m = 70;
  const GemmKernel kernel = twoBlocks(gfx942Kernel());
  const GemmProblem first = gated(inBlocks(kernel, 608, 72));
  GemmProblem second = {.symbol = "next", .type = *first.quantised, .n = 48, .k = first.outputColumns()};
  second.scaling = Scaling::Block128;
  GemmOperands of(first, m, /*spare=*/0, engine), next(second, m, /*spare=*/0, engine);
  auto module = llvm::cantFail(lowerGemm(context, first, kernel));
  llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), of.allArguments(first, m), 1));
  EXPECT_EQ(of.mismatch(first), "");
  next.a = of.d;
  next.aScale = of.dScale;
  module = llvm::cantFail(lowerGemm(context, second, blockScaledKernel()));
  llvm::cantFail(interpret(*module->getOps<kernel::FuncOp>().begin(), next.allArguments(second, m), 1));
  EXPECT_EQ(next.mismatch(second), "");
}

/// Of one column of A and a W of ones, D is A and its bias.
TEST(QuantiseBlocks, zerosNanAndInfinity) {
  for (const GemmKernel &kernel : {twoBlocks(gfx942Kernel()), twoBlocks(gfx950Kernel())}) {
    mlir::MLIRContext context;
    GemmProblem problem = inBlocks(kernel, 384, 8);
    problem.bias = true;
    const float largest = kernel.architecture == Architecture::Gfx942 ? 240 : 448;
    auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
    Matrix a(DataType::BF16, 3, 8), w(DataType::BF16, 384, 8), bias(DataType::BF16, 1, 384);
    Matrix scales(DataType::F32, 3, 3, 0xff), d(*problem.quantised, 3, 384, 0xff);
    const float inputs[] = {0, 0x1p-20f, 3};
    for (int64_t i = 0; i < 3; ++i)
      a.set(i, 0, inputs[i]);
    for (int64_t j = 0; j < 384; ++j) {
      w.set(j, 0, 1);
      bias.set(0, j, j < 128 ? 0 : 2);
    }
    bias.set(0, 130, NAN);
    bias.set(0, 300, -std::numeric_limits<float>::infinity());
    llvm::cantFail(
        interpret(*module->getOps<kernel::FuncOp>().begin(), {&a, &w, &bias, &scales, &d, int64_t(3)}));
    const float smallest = kernel::smallestMaximum / largest;
    EXPECT_FLOAT_EQ(scales.at(0, 0), smallest);
    EXPECT_FLOAT_EQ(scales.at(0, 1), smallest);
    EXPECT_FLOAT_EQ(scales.at(0, 2), 3 / largest);
    EXPECT_EQ(d.at(0, 5), 0);
    EXPECT_NEAR(d.at(1, 5), 0x1p-20f / smallest, 0x1p-4 * 0x1p-20f / smallest);
    EXPECT_EQ(d.at(2, 127), largest);
    for (int64_t i = 0; i < 3; ++i) {
      EXPECT_FLOAT_EQ(scales.at(1, i), (2 + inputs[i]) / largest); // NaN does not count
      EXPECT_TRUE(std::isnan(d.at(i, 130)));
      EXPECT_EQ(d.at(i, 131), largest);
      EXPECT_FLOAT_EQ(scales.at(2, i), std::numeric_limits<float>::max() / largest);
      EXPECT_EQ(d.at(i, 300), -largest);
      EXPECT_EQ(d.at(i, 301), 0);
    }
  }
}

/// Checks that cannot fail show nothing.
TEST(QuantiseBlocks, mistakesAreSeen) {
  const GemmKernel kernel = twoBlocks(gfx942Kernel());
  const GemmProblem problem = gated(inBlocks(kernel, 512, 72));
  auto wrong = [&](llvm::function_ref<void(kernel::DepositMaximaOp, kernel::QuantiseBlocksOp)> tamper) {
    return runGemm(problem, kernel, 64, [&](kernel::FuncOp function) {
      kernel::DepositMaximaOp deposit;
      kernel::QuantiseBlocksOp quantise;
      function.walk([&](kernel::DepositMaximaOp op) { deposit = op; });
      function.walk([&](kernel::QuantiseBlocksOp op) { quantise = op; });
      tamper(deposit, quantise);
    });
  };
  auto has = [](const std::string &text, const char *part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  // The LDS still has tiles that others read, or not yet what others write.
  auto eraseBarrier = [](mlir::Operation *from, mlir::Operation *(mlir::Operation::*next)()) {
    while (!llvm::isa<kernel::BarrierOp>(from))
      from = (from->*next)();
    from->erase();
  };
  has(wrong([&](auto deposit, auto) { eraseBarrier(deposit, &mlir::Operation::getPrevNode); }), "barrier");
  has(wrong([&](auto deposit, auto) { eraseBarrier(deposit, &mlir::Operation::getNextNode); }), "barrier");
  // A block's scale in the place of another, and one that knows no more than half of the columns.
  has(wrong([](auto, auto quantise) {
        mlir::OpBuilder builder(quantise);
        quantise.getColumnMutable().assign(
            mlir::arith::ConstantIndexOp::create(builder, quantise.getLoc(), 0).getResult());
      }),
      "instead of");
  has(wrong([](auto deposit, auto) { deposit.setColumns(448); }), "instead of");
  has(wrong([](auto, auto quantise) {
        quantise.getResult().replaceAllUsesWith(quantise.getFragment());
        quantise.erase();
      }),
      "scale (0, block 0)");
}

/// Groups that do not say that they have left their maxima, or do not wait for the others.
TEST(QuantiseBlocks, warpgroupsThatDoNotMeetAreSeen) {
  const GemmKernel kernel = wideGroups(wgmmaKernel());
  auto without = [&](auto isLeftOut) {
    return runGemm(gated(inBlocks(kernel, 512, 72)), kernel, 300, [&](kernel::FuncOp function) {
      llvm::SmallVector<mlir::Operation *> found;
      function.walk([&](mlir::Operation *op) {
        if (isLeftOut(op))
          found.push_back(op);
      });
      EXPECT_EQ(found.size(), 1u);
      for (mlir::Operation *op : found)
        op->erase();
    });
  };
  auto isOfMaxima = [](mlir::Value barriers) {
    return barriers.getDefiningOp<kernel::MbarriersOp>().getName() == "maximaLeft";
  };
  std::string text = without([&](mlir::Operation *op) {
    auto arrive = llvm::dyn_cast<kernel::ArriveOp>(op);
    return arrive && isOfMaxima(arrive.getBarriers());
  });
  EXPECT_NE(text.find("waits for phase"), std::string::npos) << text;
  text = without([&](mlir::Operation *op) {
    auto await = llvm::dyn_cast<kernel::AwaitOp>(op);
    return await && isOfMaxima(await.getBarriers());
  });
  EXPECT_NE(text.find("reads"), std::string::npos) << text;
}

TEST(QuantiseBlocks, refusals) {
  auto refused = [](const GemmProblem &problem, const GemmKernel &kernel, const char *reason) {
    const std::string text = refusalOf(problem, kernel);
    EXPECT_NE(text.find(reason), std::string::npos) << text;
  };
  const GemmKernel kernel = twoBlocks(gfx942Kernel());
  GemmProblem problem = inBlocks(kernel, 256, 64);
  problem.quantised = std::nullopt;
  refused(problem, kernel, "belong to results of 8 bits");
  problem = inBlocks(kernel, 256, 64);
  refused(problem, gfx942Kernel(), "64 columns of the output has no whole blocks of 128");
  refused(problem, streamingKernel(), "workgroups that stream weights hold no whole blocks");
  refused(problem, wgmmaKernel(), "not rounded to on sm_90a");
  refused(inBlocks(wgmmaKernel(), 256, 64), wgmmaKernel(), "64 columns of the output");
  GemmKernel multistage = sm90aKernel();
  multistage.tileN = 128;
  refused(inBlocks(multistage, 256, 64), multistage, "behind MFMA and wgmma");
  GemmKernel shared = kernel;
  shared.splitK = 2;
  refused(problem, shared, "do not end in one workgroup");
  problem.layout = GemmLayout::TN;
  GemmKernel over = kernel;
  over.tileK = 64;
  refused(problem, over, "the gradient of weights");
  GemmKernel odd = kernel;
  odd.tileN = 384;
  refused(inBlocks(odd, 256, 64), odd, "waves with 96 columns");
}

} // namespace
