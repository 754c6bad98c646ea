// AMD kernels of every family with every epilogue, compiled and executed; and values that are not finite.
#include "../Interpret/EveryKernel.h"
#include "LongRun.h"
#include "SimulatedGemm.h"
#include <set>

using namespace codesign;
using namespace codesign::test;

namespace {

using EveryKernel = SimulatedGemm;

constexpr int64_t raggedRows[] = {129, 7, 128, 1, 127};

/// On each device the epilogues go round the families, until all families and epilogues have had one; in long
/// runs every family has every one.
void forEveryKernel(Architecture device, llvm::function_ref<void(const KernelCell &)> visit) {
  std::vector<std::pair<KernelFamily, std::vector<KernelCell>>> families;
  for (KernelFamily &family : kernelFamilies()) {
    if (family.kernel.architecture != device)
      continue;
    // Schedules refuse 32 rows on gfx950, whose reads have bank conflicts.
    if (device != Architecture::Gfx950 || findMatrixInstruction(device, family.kernel.instruction)->m == 16) {
      std::vector<KernelCell> cells = cellsOf(family);
      families.emplace_back(std::move(family), std::move(cells));
    }
  }
  CellPairing pairing;
  const size_t count = std::max(families.size(), epilogues().size());
  std::set<size_t> operands, forms;
  for (size_t round = 0; round < (isLongRun() ? families.size() : 1); ++round)
    for (size_t i = 0; i < count; ++i) {
      // Results in blocks are for the families whose tiles have whole ones.
      std::optional<KernelCell> cell;
      for (size_t at = i + round; !cell && at < i + round + families.size(); ++at) {
        const auto &[family, cells] = families[at % families.size()];
        cell = pairing.pick(family, cells, i % epilogues().size());
      }
      ASSERT_TRUE(cell) << epilogues()[i % epilogues().size()].name;
      SCOPED_TRACE(cell->name);
      visit(*cell);
      operands.insert(cell->operands);
      forms.insert(cell->form);
    }
  EXPECT_EQ(operands.size(), operandKinds(device).size());
  EXPECT_EQ(forms.size(), operandForms().size());
}

TEST_F(EveryKernel, everyEpilogueOnAmdDevices) {
  for (Architecture device : {Architecture::Gfx942, Architecture::Gfx950}) {
    size_t next = 0;
    forEveryKernel(device, [&](const KernelCell &cell) {
      expectRight(cell.problem, cell.kernel, {raggedRows[next++ % std::size(raggedRows)]});
    });
  }
}

/// Persistent kernels for NVIDIA devices, in long runs all of them, compile without scratch.
TEST_F(EveryKernel, familiesOfNvidiaCompile) {
  CellPairing pairing;
  size_t next = 0;
  for (const KernelFamily &family : kernelFamilies()) {
    const Architecture device = family.kernel.architecture;
    const bool persistent =
        findMatrixInstruction(device, family.kernel.instruction)->kind == MatrixInstructionKind::Wgmma;
    if (vendorOf(device) != Vendor::Nvidia || !(persistent || isLongRun()))
      continue;
    const std::vector<KernelCell> cells = cellsOf(family);
    for (size_t i = 0; i < (isLongRun() ? epilogues().size() : 1); ++i) {
      const std::optional<KernelCell> cell = pairing.pick(family, cells, (next + i) % epilogues().size());
      if (!cell)
        continue; // results of 8 bits on sm_80
      SCOPED_TRACE(cell->name);
      mlir::MLIRContext context;
      auto module = llvm::cantFail(lowerGemm(context, cell->problem, cell->kernel));
      const std::string source = sourceOf(*module->getOps<kernel::FuncOp>().begin());
      const CompilerReport report = compile(source, device, (folder + "/gemm").str());
      EXPECT_TRUE(report.compiled) << report.log;
      EXPECT_EQ(report.scratchBytes, 0);
    }
    next += 5; // epilogues of all kinds
  }
}

using NotFinite = SimulatedGemm;

/// Infinities of either sign in rows of A, NaN in one of W: what becomes of them is the reference's, in which
/// all else is finite.
void spoil(GemmOperands &operands) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  operands.a.set(1, 5, infinity);
  operands.a.set(3, operands.a.columns - 1, -infinity);
  operands.w.set(7, operands.w.columns - 1, std::numeric_limits<float>::quiet_NaN());
}

TEST_F(NotFinite, infinityAndNanThroughEveryStep) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel()})
    for (const ProblemStep &epilogue : epilogues()) {
      GemmProblem shape = problem(72, 72);
      epilogue.apply(shape, kernel.architecture);
      SCOPED_TRACE(toString(kernel.architecture).str() + ", " + epilogue.name);
      expectRight(shape, shape.quantisedBlocks ? twoBlocks(kernel) : kernel, {5}, spoil);
    }
}

} // namespace
