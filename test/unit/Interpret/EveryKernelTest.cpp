// Every family of kernels with every epilogue, operand and layout that it takes, held to float64.
#include "EveryKernel.h"
#include "GemmFixture.h"
#include "LongRun.h"
#include <set>

using namespace codesign;
using namespace codesign::test;

namespace {

constexpr int64_t raggedRows[] = {1, 129, 7, 128, 1, 127, 7};

/// A refusal that is new, or one that is gone, changes how many there are.
TEST(EveryKernel, combinationsThatAreAccepted) {
  for (const KernelFamily &family : kernelFamilies())
    EXPECT_EQ(cellsOf(family).size(), family.combinations) << family.name;
}

TEST(EveryKernel, everyEpilogueOnEveryFamily) {
  CellPairing pairing;
  size_t next = 0;
  for (const KernelFamily &family : kernelFamilies()) {
    const std::vector<KernelCell> cells = cellsOf(family);
    std::vector<KernelCell> picked;
    for (size_t epilogue = 0; epilogue < epilogues().size() && !isLongRun(); ++epilogue)
      if (std::optional<KernelCell> cell = pairing.pick(family, cells, epilogue))
        picked.push_back(std::move(*cell));
    std::set<size_t> operands, forms, steps;
    for (const KernelCell &cell : isLongRun() ? cells : picked) {
      const int64_t m = raggedRows[next++ % std::size(raggedRows)];
      EXPECT_EQ(runGemm(cell.problem, cell.kernel, m), "") << cell.name << ", m = " << m;
      operands.insert(cell.operands);
      forms.insert(cell.form);
      steps.insert(cell.epilogue);
    }
    // All but the three with results of 8 bits, which sm_80 does not have, and the two with scales of blocks,
    // for which some families have no columns.
    const bool float8 = family.kernel.architecture != Architecture::Sm80;
    EXPECT_GE(steps.size(), epilogues().size() - (float8 ? 2 : 5)) << family.name;
    for (const KernelCell &cell : cells) {
      EXPECT_TRUE(operands.count(cell.operands)) << cell.name;
      EXPECT_TRUE(forms.count(cell.form)) << cell.name;
      EXPECT_TRUE(steps.count(cell.epilogue)) << cell.name;
    }
  }
}

/// Runs a cell on operands that `change` has had, and gives them back with D.
GemmOperands runWith(const KernelCell &cell, int64_t m, llvm::function_ref<void(GemmOperands &)> change) {
  std::mt19937 engine(std::random_device{}());
  mlir::MLIRContext context;
  auto module = llvm::cantFail(lowerGemm(context, cell.problem, cell.kernel));
  auto function = *module->getOps<kernel::FuncOp>().begin();
  GemmOperands operands(cell.problem, m, /*spare=*/3, engine);
  operands.makeWorkspace(function, m);
  change(operands);
  llvm::cantFail(interpret(function, operands.allArguments(cell.problem, m), unsigned(engine())));
  return operands;
}

/// The cells of a family without steps behind the sums, operands row by row along k.
std::vector<KernelCell> plainCells(const KernelFamily &family) {
  std::vector<KernelCell> plain;
  for (KernelCell &cell : cellsOf(family))
    if (cell.form + 1 == operandForms().size() && cell.epilogue == 0) // the last form: NT
      plain.push_back(std::move(cell));
  return plain;
}

/// Powers of two that A and W have: to the ends of what the type holds, or of what fp32 sums and D hold.
std::vector<std::pair<int, int>> extremesOf(DataType type) {
  switch (type) {
  case DataType::BF16:
    return {{55, 55}, {-60, -60}, {100, -100}};
  case DataType::F16: // D is fp16: of 400 products 2^8 · 20, 2^-24 · 20
    return {{4, 4}, {-12, -12}, {13, -14}};
  case DataType::F8E5M2:
  case DataType::F8E5M2FNUZ:
    return {{13, 13}, {-15, -15}, {13, -15}};
  default: // E4M3: up to 240 or 448, down to 2^-9 or 2^-10
    return {{5, 5}, {-8, -8}, {5, -8}};
  }
}

TEST(EveryKernel, largeAndTinyMagnitudes) {
  size_t next = 0;
  for (const KernelFamily &family : kernelFamilies())
    for (const KernelCell &cell : plainCells(family)) {
      const std::vector<std::pair<int, int>> extremes = extremesOf(cell.problem.type);
      for (size_t i = 0; i < extremes.size(); ++i) {
        if (cell.operands > 0 && !isLongRun() && (next % 2 || i != next / 2 % extremes.size()))
          continue; // bf16 all of them, every other one of the others in turn
        const auto [ofA, ofW] = extremes[i];
        const GemmOperands operands = runWith(cell, 17, [&](GemmOperands &operands) {
          std::mt19937 engine(std::random_device{}());
          for (auto [matrix, exponent] : {std::pair(&operands.a, ofA), std::pair(&operands.w, ofW)}) {
            *matrix = randomMatrix(matrix->type, matrix->rows, matrix->columns, engine, /*spread=*/0);
            for (int64_t row = 0; row < matrix->rows; ++row)
              for (int64_t column = 0; column < matrix->columns; ++column)
                matrix->set(row, column, std::ldexp(matrix->at(row, column), exponent));
          }
        });
        EXPECT_EQ(operands.mismatch(cell.problem), "") << cell.name << ", 2^" << ofA << " and 2^" << ofW;
      }
      ++next;
    }
}

/// An infinity of A spoils its row of D, a NaN of W its column, and nothing else.
TEST(EveryKernel, infinityAndNanStayInTheirRowAndColumn) {
  for (const KernelFamily &family : kernelFamilies())
    for (const KernelCell &cell : plainCells(family)) {
      if (isFloat8(cell.problem.type))
        continue; // Float8Test
      const GemmOperands operands = runWith(cell, 5, [](GemmOperands &operands) {
        operands.a.set(1, 5, std::numeric_limits<float>::infinity());
        operands.w.set(7, operands.w.columns - 1, std::numeric_limits<float>::quiet_NaN());
      });
      EXPECT_EQ(operands.mismatch(cell.problem), "") << cell.name;
      for (int64_t i = 0; i < 5; ++i)
        for (int64_t j = 0; j < cell.problem.n; ++j) {
          EXPECT_EQ(std::isnan(operands.d.at(i, j)), j == 7) << cell.name << ": " << i << ", " << j;
          EXPECT_EQ(std::isfinite(operands.d.at(i, j)), i != 1 && j != 7)
              << cell.name << ": " << i << ", " << j;
        }
    }
}

} // namespace
