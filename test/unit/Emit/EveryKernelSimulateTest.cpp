// AMD kernels of every family with every epilogue, compiled and executed; and values that are not finite.
#include "../Interpret/EveryKernel.h"
#include "LongRun.h"
#include "SimulatedGemm.h"

using namespace codesign;
using namespace codesign::test;

namespace {

using EveryKernel = SimulatedGemm;

constexpr int64_t raggedRows[] = {129, 7, 128, 1, 127};

/// On each device the epilogues go round the families, until all have had one; in long runs every family has
/// every one.
void forEveryKernel(Architecture device, llvm::function_ref<void(const KernelCell &)> visit) {
  std::vector<std::pair<KernelFamily, std::vector<KernelCell>>> families;
  for (KernelFamily &family : kernelFamilies()) {
    if (family.kernel.architecture != device)
      continue;
    // Schedules refuse 32 rows on gfx950, whose reads have bank conflicts.
    if (device == Architecture::Gfx942 || findMatrixInstruction(device, family.kernel.instruction)->m == 16) {
      std::vector<KernelCell> cells = cellsOf(family);
      families.emplace_back(std::move(family), std::move(cells));
    }
  }
  CellPairing pairing;
  const size_t count = std::max(families.size(), epilogues().size());
  for (size_t round = 0; round < (isLongRun() ? families.size() : 1); ++round)
    for (size_t i = 0; i < count; ++i) {
      const auto &[family, cells] = families[(i + round) % families.size()];
      std::optional<KernelCell> cell = pairing.pick(family, cells, i % epilogues().size());
      ASSERT_TRUE(cell) << family.name << ", " << epilogues()[i % epilogues().size()].name;
      visit(*cell);
    }
}

TEST_F(EveryKernel, everyEpilogueOnGfx942) {
  size_t next = 0;
  forEveryKernel(Architecture::Gfx942, [&](const KernelCell &cell) {
    SCOPED_TRACE(cell.name);
    expectRight(cell.problem, cell.kernel, {raggedRows[next++ % std::size(raggedRows)]});
  });
}

TEST_F(EveryKernel, everyEpilogueOnGfx950) {
  size_t next = 0;
  forEveryKernel(Architecture::Gfx950, [&](const KernelCell &cell) {
    SCOPED_TRACE(cell.name);
    expectRight(cell.problem, cell.kernel, {raggedRows[next++ % std::size(raggedRows)]});
  });
}

using NotFinite = SimulatedGemm;

/// Infinities of either sign in A, NaN in W, what becomes of their products is the reference's, and all
/// else is finite.
void spoil(GemmOperands &operands) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  operands.a.set(1, 5, infinity);
  operands.a.set(3, operands.a.columns - 1, -infinity);
  operands.w.set(7, operands.w.columns - 1, std::numeric_limits<float>::quiet_NaN());
}

TEST_F(NotFinite, infinityAndNanThroughEveryStep) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel()})
    for (size_t epilogue = 0; epilogue < epilogues().size(); ++epilogue) {
      GemmProblem shape = problem(72, 72);
      epilogues()[epilogue].apply(shape, kernel.architecture);
      const bool twice = shape.rotary || shape.weighted; // rows of their own: RowStepsTest
      if (twice || (epilogue == 1 && !isLongRun()))
        continue;
      SCOPED_TRACE(toString(kernel.architecture).str() + ", " + epilogues()[epilogue].name);
      expectRight(shape, kernel, {5}, spoil);
    }
}

} // namespace
