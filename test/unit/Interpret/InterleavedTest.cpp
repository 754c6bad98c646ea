// Kernels whose products are mixed with the reads and loads for the next ones.
#include "OperandForms.h"

using namespace codesign;
using namespace codesign::test;

namespace {

GemmProblem problem(int64_t n, int64_t k) {
  return {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
}

TEST(InterleavedInterpret, raggedRowsColumnsAndDepth) {
  for (int64_t k : {32, 40, 96, 136, 200}) // one tile to seven
    for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel()})
      EXPECT_EQ(runGemm(problem(72, k), interleaved(kernel), 129), "") << "k = " << k;
  GemmKernel deep = interleaved(gfx950Kernel()); // two steps of k in a tile
  deep.tileK = 64;
  EXPECT_EQ(runGemm(problem(72, 328), deep, 65), "");
}

TEST(InterleavedInterpret, float8ExpertsAndGates) {
  GemmProblem narrow = {.symbol = "gemm", .type = DataType::F8E4M3FNUZ, .n = 72, .k = 272};
  narrow.scaling = Scaling::PerToken;
  EXPECT_EQ(runGemm(narrow, interleaved(float8Kernel()), 65), "");
  narrow.type = DataType::F8E4M3;
  narrow.k = 528;
  EXPECT_EQ(runGemm(narrow, interleaved(float8Gfx950Kernel()), 65), "");
  GemmProblem experts = problem(72, 136);
  experts.experts = 3;
  experts.gathered = experts.weighted = true;
  EXPECT_EQ(runGemm(experts, interleaved(gfx942Kernel()), 150), "");
  GemmProblem gated = problem(72, 136);
  gated.gated = gated.residual = true;
  gated.activation = kernel::Activation::Silu;
  EXPECT_EQ(runGemm(gated, interleaved(gfx942Kernel()), 65), "");
}

TEST(InterleavedInterpret, everyBarrierAndPartIsNeeded) {
  auto without = [](auto *unused, size_t occurrence, size_t &count) {
    using Op = std::remove_pointer_t<decltype(unused)>;
    return runGemm(problem(64, 256), interleaved(gfx942Kernel()), 64, [&](kernel::FuncOp function) {
      llvm::SmallVector<Op> found;
      function.walk([&](Op op) { found.push_back(op); });
      count = found.size();
      if constexpr (std::is_same_v<Op, kernel::MmaPartOp>)
        found[occurrence].replaceAllUsesWith(found[occurrence].getAccumulator());
      found[occurrence].erase();
    });
  };
  size_t count = 1;
  for (size_t barrier = 0; barrier < count; ++barrier) {
    const std::string result = without(static_cast<kernel::BarrierOp *>(nullptr), barrier, count);
    EXPECT_NE(result.find("barrier"), std::string::npos) << barrier << result;
  }
  count = 1;
  for (size_t part = 0; part < count; ++part)
    EXPECT_NE(without(static_cast<kernel::MmaPartOp *>(nullptr), part, count), "") << part;
}

TEST(InterleavedInterpret, whatCannotBeHalvedOrMixedIsRefused) {
  GemmKernel kernel = interleaved(gfx942Kernel());
  kernel.wavesN = 4;
  EXPECT_NE(refusalOf(problem(64, 64), kernel).find("halve the 16 rows"), std::string::npos);
  kernel = interleaved(gfx942Kernel());
  kernel.directCopies = true;
  EXPECT_NE(refusalOf(problem(64, 64), kernel).find("through registers"), std::string::npos);
  kernel = interleaved(gfx942Kernel());
  kernel.tileM = 96;
  kernel.tileN = 128;
  kernel.wavesM = 1;
  kernel.wavesN = 4;
  EXPECT_NE(refusalOf(problem(64, 64), kernel).find("in parts of 64 rows"), std::string::npos)
      << refusalOf(problem(64, 64), kernel);
}

} // namespace
