// Properties every fragment layout must have, whatever its numbers: it is a bijection and covers its operand.
#include "codesign/Isa/MatrixInstruction.h"
#include "gtest/gtest.h"
#include <vector>

using namespace codesign;

namespace {

void expectBijection(const std::string &name, const FragmentLayout &layout, int blocks, int rows,
                     int columns) {
  SCOPED_TRACE(name);
  EXPECT_EQ(layout.blocks(), blocks);
  EXPECT_EQ(layout.rows(), rows);
  EXPECT_EQ(layout.columns(), columns);
  ASSERT_EQ(layout.lanes() * layout.elementsPerLane(), blocks * rows * columns);
  std::vector<bool> seen(blocks * rows * columns);
  for (int lane = 0; lane < layout.lanes(); ++lane)
    for (int element = 0; element < layout.elementsPerLane(); ++element) {
      MatrixPosition position = layout(lane, element);
      size_t index = (static_cast<size_t>(position.block) * rows + position.row) * columns + position.column;
      ASSERT_LT(index, seen.size());
      ASSERT_FALSE(seen[index]);
      seen[index] = true;
      ASSERT_EQ(layout.slotOf(position), (FragmentSlot{lane, element}));
    }
}

TEST(FragmentLayout, EveryRecordIsABijection) {
  for (Architecture architecture : allArchitectures())
    for (const MatrixInstruction &row : matrixInstructions(architecture)) {
      int storedK = row.sparse ? row.k / 2 : row.k;
      if (row.a.space == OperandSpace::Registers)
        expectBijection(row.name + " A", row.a.layout, row.blocks, row.m, storedK);
      if (row.b.space == OperandSpace::Registers)
        expectBijection(row.name + " B", row.b.layout, row.blocks, row.k, row.n);
      if (!row.c.layout.empty())
        expectBijection(row.name + " C", row.c.layout, row.blocks, row.m, row.n);
      EXPECT_TRUE(row.c.space == OperandSpace::TensorMemory || !row.c.layout.empty()) << row.name;
    }
}

TEST(FragmentLayout, RegistersHoldTheElements) {
  for (Architecture architecture : allArchitectures())
    for (const MatrixInstruction &row : matrixInstructions(architecture))
      for (const MatrixOperand *operand : {&row.a, &row.b, &row.c}) {
        int bits = operand->layout.elementsPerLane() * bitWidth(operand->type);
        bool inRegisters = operand->space == OperandSpace::Registers;
        EXPECT_EQ(operand->registersPerLane, inRegisters ? (bits + 31) / 32 : 0) << row.name;
      }
}

TEST(FragmentLayout, FormulaIsReadable) {
  const MatrixInstruction *mfma = findMatrixInstruction(Architecture::Gfx942, "v_mfma_f32_32x32x8_bf16");
  ASSERT_TRUE(mfma);
  EXPECT_EQ(mfma->a.layout.formula(), "row = lane%32; column = 4*(lane/32) + element");
  EXPECT_EQ(mfma->c.layout.formula(), "row = 4*(lane/32) + element%4 + 8*(element/4); column = lane%32");
  EXPECT_EQ(FragmentLayout().formula(), "");
}

TEST(FragmentLayout, ContiguousElementsAlongAnAxis) {
  const MatrixInstruction *mfma = findMatrixInstruction(Architecture::Gfx942, "v_mfma_f32_16x16x16_bf16");
  ASSERT_TRUE(mfma);
  EXPECT_EQ(mfma->a.layout.contiguousElements(MatrixAxis::Column), 4);
  EXPECT_EQ(mfma->a.layout.contiguousElements(MatrixAxis::Row), 1);
  EXPECT_EQ(mfma->b.layout.contiguousElements(MatrixAxis::Row), 4);
  EXPECT_EQ(mfma->c.layout.contiguousElements(MatrixAxis::Row), 4);
  EXPECT_EQ(mfma->b.layout, mfma->a.layout.transposed());
}

} // namespace
