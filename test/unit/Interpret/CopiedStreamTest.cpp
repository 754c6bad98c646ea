// Streamed weights whose operands go past the registers, to rows of shared memory that belong to one wave.
#include "AnyOrder.h"
#include "NotFinite.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem problem(int64_t n, int64_t k) {
  return {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
}

/// A problem of 8-bit operands.
GemmProblem bytes(int64_t n, int64_t k, Scaling scaling) {
  GemmProblem result = problem(n, k);
  result.type = DataType::F8E4M3;
  result.scaling = scaling;
  return result;
}

GemmKernel plain() {
  return copiedStream(streamingSm80Kernel());
}

TEST(CopiedStream, raggedRowsColumnsAndDepth) {
  for (int64_t m : {1, 33, 64, 70})
    for (int64_t n : {63, 72})
      for (int64_t k : {8, 520})
        EXPECT_EQ(runGemm(problem(n, k), plain(), m), "") << "m = " << m << " n = " << n << " k = " << k;
}

TEST(CopiedStream, tilesWavesAndStepsUnderWay) {
  struct Shape {
    int64_t m, n, waves, waveDepth, stages;
  };
  for (const Shape &shape : {Shape{64, 64, 4, 32, 3}, Shape{48, 16, 8, 64, 2}, Shape{40, 48, 2, 32, 4},
                             Shape{24, 32, 4, 64, 1}, Shape{56, 16, 4, 32, 8}}) {
    GemmKernel kernel = copiedStream(streamingSm80Kernel(), shape.m);
    kernel.tileN = shape.n;
    kernel.wavesK = shape.waves;
    kernel.tileK = shape.waves * shape.waveDepth;
    kernel.stages = shape.stages;
    for (int64_t m : {48, 63})
      EXPECT_EQ(runGemm(problem(136, 1160), kernel, m), "") << shape.m << "x" << shape.n << ", " << m;
  }
}

TEST(CopiedStream, halfPrecisionOnHopper) {
  GemmProblem half = problem(72, 520);
  half.type = DataType::F16;
  GemmKernel kernel = plain();
  kernel.architecture = Architecture::Sm90a;
  kernel.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32";
  EXPECT_EQ(runGemm(half, kernel, 63), "");
}

TEST(CopiedStream, everyScaling) {
  for (Scaling scaling : {Scaling::None, Scaling::PerTensor, Scaling::PerToken})
    for (int64_t m : {33, 64})
      EXPECT_EQ(runGemm(bytes(40, 2064, scaling), copiedStream(float8StreamingSm90aKernel()), m), "")
          << toString(scaling).str() << ", m = " << m;
  // 2064: the last block is not whole; 168: neither are the columns'; 128: one step, 1024: as many as under
  // way.
  for (int64_t k : {128, 1024, 2064})
    for (int64_t m : {33, 63, 64})
      EXPECT_EQ(runGemm(bytes(168, k, Scaling::Block128), copiedStream(blockScaledStreamingSm90aKernel()), m),
                "")
          << "k = " << k << ", m = " << m;
}

TEST(CopiedStream, everyStepBehindTheSums) {
  for (int64_t m : {48, 63}) {
    GemmProblem gated = problem(140, 96);
    gated.gated = gated.bias = gated.residual = gated.weighted = true;
    gated.activation = kernel::Activation::Silu;
    EXPECT_EQ(runGemm(gated, plain(), m), "");
    gated.type = DataType::F8E4M3;
    gated.scaling = Scaling::PerToken;
    gated.quantised = DataType::F8E4M3;
    EXPECT_EQ(runGemm(gated, copiedStream(float8StreamingSm90aKernel()), m), "");
    GemmProblem rotary = problem(130, 72);
    rotary.bias = true;
    rotary.rotary = {.headColumns = 24, .columns = 96, .positions = 37};
    EXPECT_EQ(runGemm(rotary, plain(), m), "");
    GemmProblem squares = problem(72, 72);
    squares.residual = squares.rowSquares = true;
    EXPECT_EQ(runGemm(squares, plain(), m), "");
  }
}

TEST(CopiedStream, expertsByListAndMasked) {
  for (kernel::ExpertLayout layout : {kernel::ExpertLayout::Contiguous, kernel::ExpertLayout::Masked})
    for (int64_t m : {1, 64, 200}) {
      GemmProblem experts = problem(72, 136);
      experts.experts = 3;
      experts.expertLayout = layout;
      experts.weighted = true;
      experts.gathered = layout == kernel::ExpertLayout::Contiguous;
      EXPECT_EQ(runGemm(experts, plain(), m), "") << m;
      experts.gathered = false;
      experts.type = DataType::F8E4M3;
      experts.k = 272;
      experts.scaling = Scaling::Block128;
      EXPECT_EQ(runGemm(experts, copiedStream(blockScaledStreamingSm90aKernel()), m), "") << m;
    }
}

/// Parts need not be multiples of the steps under way, which here are three.
TEST(CopiedStream, splitK) {
  GemmKernel kernel = plain();
  kernel.splitK = 2;
  kernel.stages = 3;
  for (int64_t tiles : {1, 3, 4})
    for (int64_t missing : {0, 8})
      EXPECT_EQ(runGemm(problem(72, kernel.tileK * 2 * tiles - missing), kernel, 63), "")
          << tiles << ", " << missing;
  expectSameBitsInAnyOrder(problem(136, kernel.tileK * 8), kernel, 50);
  GemmKernel blocks = copiedStream(blockScaledStreamingSm90aKernel());
  blocks.splitK = 2;
  EXPECT_EQ(runGemm(bytes(136, blocks.tileK * 6, Scaling::Block128), blocks, 64), "");
}

TEST(CopiedStream, infinityAndNanPropagate) {
  expectInfinityAndNanToPropagate(problem(40, 520), plain(), 40);
}

template <class Op>
int64_t count(kernel::FuncOp function) {
  int64_t found = 0;
  function.walk([&](Op) { ++found; });
  return found;
}
/// What the interpreter says without the operation that comes after so many others.
template <class Op>
std::string without(int64_t number) {
  return runGemm(problem(32, 1024), plain(), 40, [&](kernel::FuncOp function) {
    Op unwanted;
    function.walk([&](Op op) {
      if (number-- == 0)
        unwanted = op;
    });
    unwanted.erase();
  });
}

/// Of the loop and of the last two steps; commits also of the first copies.
TEST(CopiedStream, everyWaitCommitAndCopyIsNeeded) {
  int64_t waits = 0, commits = 0, copies = 0;
  EXPECT_EQ(runGemm(problem(32, 1024), plain(), 40,
                    [&](kernel::FuncOp function) {
                      waits = count<kernel::WaitCopiesOp>(function);
                      commits = count<kernel::CommitCopiesOp>(function);
                      copies = count<kernel::CopyWaveRowsOp>(function);
                    }),
            "");
  EXPECT_EQ(waits, 3);
  EXPECT_EQ(commits, 3);
  EXPECT_EQ(copies, 6);
  for (int64_t wait = 0; wait < waits; ++wait)
    EXPECT_NE(without<kernel::WaitCopiesOp>(wait), "") << wait;
  for (int64_t commit = 0; commit < commits; ++commit)
    EXPECT_NE(without<kernel::CommitCopiesOp>(commit), "") << commit;
  for (int64_t copy = 0; copy < copies; ++copy)
    EXPECT_NE(without<kernel::CopyWaveRowsOp>(copy), "") << copy;
  for (int64_t meeting = 0; meeting < waits; ++meeting)
    EXPECT_NE(without<kernel::WaveBarrierOp>(meeting).find("another lane"), std::string::npos) << meeting;
  EXPECT_NE(without<kernel::BarrierOp>(0), "");
}

/// The slot of a step is filled anew before it has been read.
TEST(CopiedStream, aCopyTooEarlyIsReported) {
  const std::string result = runGemm(problem(32, 1024), plain(), 40, [](kernel::FuncOp function) {
    function.walk([](mlir::scf::ForOp loop) {
      auto take = *loop.getBody()->getOps<kernel::LoadFragmentOp>().begin();
      llvm::SmallVector<mlir::Operation *> moved;
      for (mlir::Operation &op : *loop.getBody())
        if (!op.isBeforeInBlock(take) &&
            (mlir::isMemoryEffectFree(&op) || mlir::isa<kernel::CopyWaveRowsOp>(op)) &&
            !mlir::isa<kernel::MmaOp>(op) && !op.hasTrait<mlir::OpTrait::IsTerminator>())
          moved.push_back(&op);
      for (mlir::Operation *op : moved)
        op->moveBefore(take);
    });
  });
  EXPECT_NE(result.find("is under way"), std::string::npos) << result;
}

TEST(CopiedStream, copiesThatDoNotFitAreRefused) {
  mlir::MLIRContext context;
  auto refused = lowerGemm(context, problem(32, 512), copiedStream(streamingKernel()));
  ASSERT_FALSE(static_cast<bool>(refused));
  EXPECT_NE(llvm::toString(refused.takeError()).find("side by side"), std::string::npos);
  GemmKernel deep = plain();
  deep.tileK = 4 * 128;
  auto long256 = lowerGemm(context, problem(32, 512), deep);
  ASSERT_FALSE(static_cast<bool>(long256));
  EXPECT_NE(llvm::toString(long256.takeError()).find("steps of 256 bytes"), std::string::npos);
}

} // namespace
