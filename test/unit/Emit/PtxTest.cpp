// NVIDIA kernels, compiled to PTX and executed.
#include "../Interpret/EveryKernel.h"
#include "../Interpret/TestKernels.h"
#include "ExecutedGemm.h"
#include "LongRun.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using Ptx = ExecutedGemm;

constexpr int64_t raggedRows[] = {129, 7, 128, 1, 127};

/// Every family with an epilogue, operands and a layout in turn; in long runs with every epilogue.
TEST_F(Ptx, everyFamily) {
  CellPairing pairing;
  size_t next = 0, run = 0;
  for (const KernelFamily &family : kernelFamilies()) {
    if (vendorOf(family.kernel.architecture) != Vendor::Nvidia)
      continue;
    const std::vector<KernelCell> cells = cellsOf(family);
    for (size_t i = 0; i < (isLongRun() ? epilogues().size() : 1); ++i) {
      const std::optional<KernelCell> cell = pairing.pick(family, cells, (next + i) % epilogues().size());
      if (!cell && isLongRun())
        continue; // results of 8 bits on sm_80, or in blocks
      const KernelCell &taken = cell ? *cell : cells.front();
      SCOPED_TRACE(taken.name);
      expectRight(taken.problem, taken.kernel, {raggedRows[run++ % std::size(raggedRows)]});
    }
    next += 5; // epilogues of all kinds
  }
}

/// Scales that follow from the results, of two warpgroups that share each block and of one that has it.
TEST_F(Ptx, scalesOfBlocksOfResults) {
  GemmKernel kernel = wideWgmmaKernel();
  kernel.tileN = 256;
  kernel.clusterM = 1;
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = 300, .k = 72};
  problem.quantised = DataType::F8E4M3;
  problem.quantisedBlocks = problem.bias = true;
  expectRight(problem, kernel, {130});
  problem.gated = true;
  problem.activation = kernel::Activation::Silu;
  expectRight(problem, kernel, {130});
  kernel.clusterM = 2;
  expectRight(problem, kernel, {70});
}

/// Many products of a step: what multiplies them is written out, not called. Sums in three shares, and in
/// two.
TEST_F(Ptx, streamsOfManyRows) {
  GemmKernel kernel = copiedStream(streamingSm80Kernel(), 48);
  kernel.tileN = 48;
  expectRight({.symbol = "gemm", .type = DataType::BF16, .n = 104, .k = 328}, kernel, {41});
  kernel = copiedStream(blockScaledStreamingSm90aKernel(), 48);
  kernel.tileN = 32;
  GemmProblem scaled = {.symbol = "gemm", .type = DataType::F8E4M3, .n = 136, .k = 1168};
  scaled.scaling = Scaling::Block128;
  expectRight(scaled, kernel, {41});
}

} // namespace
