// Operands whose rows start further apart than they are long; NaN lies between them.
#include "OperandForms.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem padded(int64_t n, int64_t k, int64_t leadingA, int64_t leadingW) {
  GemmProblem problem = {.symbol = "gemm", .n = n, .k = k};
  problem.leadingA = leadingA;
  problem.leadingW = leadingW;
  return problem;
}

TEST(PaddedInterpret, eitherOperandOrBoth) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), streamingKernel()})
    for (int64_t m : {1, 65})
      for (const GemmProblem &problem :
           {padded(80, 96, 104, 0), padded(80, 96, 0, 224), padded(48, 224, 240, 352),
            padded(48, 72, 128, 80), padded(48, 72, 72, 72)})
        EXPECT_EQ(runGemm(problem, kernel, m), "")
            << "m = " << m << " k = " << problem.k << ", " << problem.leadingA << " and " << problem.leadingW;
}

TEST(PaddedInterpret, everyWayToLds) {
  for (const GemmKernel &kernel :
       {pingPong(gfx942Kernel()), interleaved(gfx942Kernel()), pingPong(gfx950Kernel())})
    EXPECT_EQ(runGemm(padded(144, 168, 184, 296), kernel, 65), "");
  for (GemmKernel kernel : {gfx942Kernel(), gfx950Kernel(), pingPong(gfx950Kernel())}) {
    kernel.directCopies = true;
    kernel.stages = 3;
    EXPECT_EQ(runGemm(padded(144, 168, 184, 296), kernel, 65), "");
  }
  GemmKernel split = gfx942Kernel(), streamed = split;
  split.splitK = 2;
  streamed.streamWorkgroups = 5;
  EXPECT_EQ(runGemm(padded(144, 256, 384, 264), split, 65), "");
  EXPECT_EQ(runGemm(padded(144, 256, 384, 264), streamed, 65), "");
}

TEST(PaddedInterpret, float8AndBlockScales) {
  expectRightWithScales(padded(80, 464, 480, 720));
}

TEST(PaddedInterpret, expertsTheirListsAndShuffledWeights) {
  GemmProblem experts = padded(96, 160, 200, 288), shuffled = padded(96, 160, 200, 0);
  experts.experts = 5;
  shuffled.shuffledWeights = true;
  GemmProblem gathered = experts;
  gathered.gathered = gathered.weighted = true;
  for (const GemmKernel &kernel : {gfx942Kernel(), streamingKernel()}) {
    EXPECT_EQ(runGemm(experts, kernel, 150), "");
    EXPECT_EQ(runGemm(gathered, kernel, 150), "");
    EXPECT_EQ(runGemm(shuffled, kernel, 33), "");
  }
}

/// A kernel that reads the rows as if they had no gaps, or other ones, finds NaN or the wrong row.
TEST(PaddedInterpret, otherDistancesAreSeen) {
  std::mt19937 engine(std::random_device{}());
  for (bool ofW : {false, true})
    for (const GemmKernel &kernel : {gfx942Kernel(), streamingKernel()}) {
      mlir::MLIRContext context;
      const GemmProblem problem = padded(64, 96, ofW ? 0 : 224, ofW ? 224 : 0);
      GemmProblem dense = problem;
      dense.leadingA = dense.leadingW = 0;
      auto module = llvm::cantFail(lowerGemm(context, dense, kernel));
      auto function = *module->getOps<kernel::FuncOp>().begin();
      GemmOperands operands(problem, 33, 0, engine);
      llvm::Error refused = interpret(function, operands.allArguments(problem, 33));
      EXPECT_EQ(llvm::toString(std::move(refused)),
                ofW ? "argument 1 does not match its type" : "argument 0 does not match its type");
      (ofW ? operands.storedW : operands.paddedA).pitch = problem.k;
      llvm::cantFail(interpret(function, operands.allArguments(problem, 33)));
      EXPECT_NE(operands.mismatch(problem), "");
    }
}

TEST(PaddedInterpret, whatIsRefused) {
  EXPECT_NE(refusalOf(padded(64, 96, 0, 88), gfx942Kernel()).find("cannot start 88 apart"),
            std::string::npos);
  EXPECT_NE(refusalOf(padded(64, 96, -8, 0), gfx942Kernel()).find("cannot start -8 apart"),
            std::string::npos);
  EXPECT_NE(refusalOf(padded(64, 96, 100, 0), gfx942Kernel())
                .find("multiples of 16 bytes; the next larger distance is 104"),
            std::string::npos);
  GemmProblem shuffled = padded(64, 96, 0, 128), across = padded(64, 96, 0, 128);
  shuffled.shuffledWeights = true;
  across.layout = GemmLayout::NN;
  EXPECT_NE(refusalOf(shuffled, gfx942Kernel()).find("no rows that could be padded"), std::string::npos);
  GemmKernel turned = gfx942Kernel();
  turned.tileK = 64;
  EXPECT_NE(refusalOf(across, turned).find("k-contiguous operands on AMD devices"), std::string::npos);
  EXPECT_NE(refusalOf(padded(64, 96, 0, 128), sm80Kernel()).find("k-contiguous operands on AMD devices"),
            std::string::npos);
}

} // namespace
