// Where MFMA operands lie, written out by hand from the formulas that AMD's matrix instruction calculator
// prints (coordinates → lane and register) and, for the f8f6f4 forms, from the CDNA4 matrix-core
// documentation. Nothing here is derived from the table under test: not the shapes, not the loop bounds.
#include "codesign/Isa/MatrixInstruction.h"
#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

using namespace codesign;

namespace {

using InputSlot = FragmentSlot (*)(int outer, int k, int block); // outer: row of A, column of B
using OutputSlot = FragmentSlot (*)(int row, int column, int block);

struct Golden {
  const char *shape; // as the mnemonic spells it
  int bits;          // of an element of A or B; 0: any
  int m, n, k, blocks;
  InputSlot a, b;
  OutputSlot d;
};

FragmentSlot d32(int i, int j, int b) {
  return {(32 * (i / 4)) % 64 + j, 16 * b + 4 * (i / 8) + i % 4};
}
FragmentSlot d16(int i, int j, int b) {
  return {16 * (i / 4) + j, 4 * b + i % 4};
}
FragmentSlot d4(int i, int j, int b) {
  return {4 * b + j, i};
}

FragmentSlot block32(int i, int k, int b) {
  return {32 * b + i, k};
}
FragmentSlot block16(int i, int k, int b) {
  return {16 * b + i, k};
}
FragmentSlot block4(int i, int k, int b) {
  return {4 * b + i, k};
}

template <int Rows, int Depth>
FragmentSlot deep(int i, int k, int) {
  return {Rows * (k / Depth) + i, k % Depth};
}

FragmentSlot double16(int i, int j, int) {
  return {16 * (i % 4) + j, i / 4};
}
FragmentSlot doubleIn4(int i, int k, int b) {
  return {16 * k + 4 * b + i, 0};
}
FragmentSlot doubleOut4(int i, int j, int b) {
  return {16 * i + 4 * b + j, 0};
}

// The deep sparse forms of gfx950, as probed on an MI350 (ROCm/hip-fpsan): k of B in eights round the lane
// groups; stored column c of an 8-bit A by its bits.
template <int Rows>
FragmentSlot roundTheGroups(int j, int k, int) {
  constexpr int groups = 64 / Rows;
  return {Rows * (k / 8 % groups) + j, k / (8 * groups) * 8 + k % 8};
}
FragmentSlot stored128(int i, int c, int) {
  int group = 2 * ((c >> 5) & 1) + ((c >> 3) & 1), dword = 2 * ((c >> 2) & 1) + ((c >> 4) & 1);
  return {16 * group + i, 4 * dword + (c & 3)};
}
FragmentSlot stored64(int i, int c, int) {
  int dword = 2 * ((c >> 2) & 1) + ((c >> 3) & 1);
  return {32 * ((c >> 4) & 1) + i, 4 * dword + (c & 3)};
}

// 8-bit f8f6f4 operands: a lane holds k = 16·g … 16·g + 15 and the same again one half of k later.
FragmentSlot wide16(int i, int k, int) {
  return {16 * ((k % 64) / 16) + i, 16 * (k / 64) + k % 16};
}
FragmentSlot wide32(int i, int k, int) {
  return {32 * ((k % 32) / 16) + i, 16 * (k / 32) + k % 16};
}

const Golden dense[] = {
    {"32x32x1_2b", 32, 32, 32, 1, 2, block32, block32, d32},
    {"16x16x1_4b", 32, 16, 16, 1, 4, block16, block16, d16},
    {"4x4x1_16b", 32, 4, 4, 1, 16, block4, block4, d4},
    {"32x32x2", 32, 32, 32, 2, 1, deep<32, 1>, deep<32, 1>, d32},
    {"16x16x4", 32, 16, 16, 4, 1, deep<16, 1>, deep<16, 1>, d16},
    {"16x16x4", 64, 16, 16, 4, 1, deep<16, 1>, deep<16, 1>, double16},
    {"4x4x4_4b", 64, 4, 4, 4, 4, doubleIn4, doubleIn4, doubleOut4},
    {"16x16x8", 32, 16, 16, 8, 1, deep<16, 2>, deep<16, 2>, d16},
    {"32x32x4", 32, 32, 32, 4, 1, deep<32, 2>, deep<32, 2>, d32},
    {"32x32x4_2b", 0, 32, 32, 4, 2, block32, block32, d32},
    {"16x16x4_4b", 0, 16, 16, 4, 4, block16, block16, d16},
    {"4x4x4_16b", 0, 4, 4, 4, 16, block4, block4, d4},
    {"32x32x8", 16, 32, 32, 8, 1, deep<32, 4>, deep<32, 4>, d32},
    {"16x16x16", 16, 16, 16, 16, 1, deep<16, 4>, deep<16, 4>, d16},
    {"16x16x32", 0, 16, 16, 32, 1, deep<16, 8>, deep<16, 8>, d16},
    {"32x32x16", 0, 32, 32, 16, 1, deep<32, 8>, deep<32, 8>, d32},
    {"16x16x64", 8, 16, 16, 64, 1, deep<16, 16>, deep<16, 16>, d16},
    {"32x32x32", 8, 32, 32, 32, 1, deep<32, 16>, deep<32, 16>, d32},
};

// k of A counts the stored half, k of B all.
const Golden sparse[] = {
    {"16x16x32", 16, 16, 16, 32, 1, deep<16, 4>, deep<16, 8>, d16},
    {"32x32x16", 16, 32, 32, 16, 1, deep<32, 4>, deep<32, 8>, d32},
    {"16x16x64", 8, 16, 16, 64, 1, deep<16, 8>, deep<16, 16>, d16},
    {"32x32x32", 8, 32, 32, 32, 1, deep<32, 8>, deep<32, 16>, d32},
    {"16x16x64", 16, 16, 16, 64, 1, deep<16, 8>, roundTheGroups<16>, d16},
    {"32x32x32", 16, 32, 32, 32, 1, deep<32, 8>, roundTheGroups<32>, d32},
    {"16x16x128", 8, 16, 16, 128, 1, stored128, roundTheGroups<16>, d16},
    {"32x32x64", 8, 32, 32, 64, 1, stored64, roundTheGroups<32>, d32},
};

void expectInput(const MatrixOperand &operand, bool isA, int outer, int depth, int blocks, InputSlot golden) {
  for (int block = 0; block < blocks; ++block)
    for (int i = 0; i < outer; ++i)
      for (int k = 0; k < depth; ++k) {
        FragmentSlot slot = golden(i, k, block);
        MatrixPosition position = isA ? MatrixPosition{block, i, k} : MatrixPosition{block, k, i};
        ASSERT_EQ(operand.layout(slot.lane, slot.element), position) << (isA ? "A " : "B ") << i << ", " << k;
      }
}

void expectOutput(const MatrixOperand &operand, int m, int n, int blocks, OutputSlot golden) {
  for (int block = 0; block < blocks; ++block)
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < n; ++j) {
        FragmentSlot slot = golden(i, j, block);
        ASSERT_EQ(operand.layout(slot.lane, slot.element), (MatrixPosition{block, i, j}))
            << "D " << i << ", " << j;
      }
}

/// "v_mfma_f32_32x32x4_2b_bf16" → "32x32x4_2b".
std::string shapeOf(llvm::StringRef mnemonic) {
  llvm::SmallVector<llvm::StringRef> parts;
  mnemonic.split(parts, '_');
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].count('x') != 2)
      continue;
    bool hasBlocks =
        i + 1 < parts.size() && parts[i + 1].ends_with("b") && llvm::isDigit(parts[i + 1].front());
    return hasBlocks ? (parts[i] + "_" + parts[i + 1]).str() : parts[i].str();
  }
  return {};
}

const Golden *find(llvm::ArrayRef<Golden> goldens, const MatrixInstruction &row) {
  std::string shape = shapeOf(row.mnemonic);
  for (const Golden &golden : goldens)
    if (shape == golden.shape && (golden.bits == 0 || golden.bits == bitWidth(row.a.type)))
      return &golden;
  return nullptr;
}

void expectGolden(const MatrixInstruction &row, const Golden &golden) {
  SCOPED_TRACE(row.name);
  EXPECT_EQ(row.m, golden.m);
  EXPECT_EQ(row.n, golden.n);
  EXPECT_EQ(row.k, golden.k);
  EXPECT_EQ(row.blocks, golden.blocks);
  expectInput(row.a, true, golden.m, row.sparse ? golden.k / 2 : golden.k, golden.blocks, golden.a);
  expectInput(row.b, false, golden.n, golden.k, golden.blocks, golden.b);
  expectOutput(row.c, golden.m, golden.n, golden.blocks, golden.d);
}

class MfmaLayout : public testing::TestWithParam<Architecture> {};

TEST_P(MfmaLayout, EveryRowAgreesWithThePublishedFormulas) {
  int checked = 0;
  for (const MatrixInstruction &row : matrixInstructions(GetParam())) {
    if (llvm::StringRef(row.mnemonic).ends_with("f8f6f4"))
      continue;
    const Golden *golden = row.kind == MatrixInstructionKind::Smfmac ? find(sparse, row) : find(dense, row);
    ASSERT_TRUE(golden) << "no golden layout for " << row.name;
    expectGolden(row, *golden);
    ++checked;
  }
  // 32 dense and 14 sparse forms on gfx942; gfx950 drops 2, adds 6 dense and 14 deep sparse ones.
  EXPECT_EQ(checked, GetParam() == Architecture::Gfx942 ? 46 : 64);
}

INSTANTIATE_TEST_SUITE_P(Cdna, MfmaLayout, testing::Values(Architecture::Gfx942, Architecture::Gfx950),
                         [](const auto &info) { return toString(info.param).str(); });

TEST(MfmaLayout, F8F6F4) {
  int checked = 0;
  for (const MatrixInstruction &row : matrixInstructions(Architecture::Gfx950)) {
    bool is16 = llvm::StringRef(row.mnemonic).contains("_16x16x128_f8f6f4");
    bool is32 = llvm::StringRef(row.mnemonic).contains("_32x32x64_f8f6f4");
    if (!is16 && !is32)
      continue;
    SCOPED_TRACE(row.name);
    auto input = [&](const MatrixOperand &operand) -> InputSlot {
      bool wide = bitWidth(operand.type) == 8;
      if (is16)
        return wide ? wide16 : deep<16, 32>;
      return wide ? wide32 : deep<32, 32>;
    };
    int dim = is16 ? 16 : 32;
    int depth = is16 ? 128 : 64;
    expectInput(row.a, true, dim, depth, 1, input(row.a));
    expectInput(row.b, false, dim, depth, 1, input(row.b));
    expectOutput(row.c, dim, dim, 1, is16 ? d16 : d32);
    ++checked;
  }
  EXPECT_EQ(checked, 2 * 2 * 25);
}

TEST(MfmaLayout, SpotValuesFromTheCalculator) {
  // matrix_calculator.py -a cdna3 -i v_mfma_f32_32x32x8_bf16 -A/-D --get-register, read off by hand
  const MatrixInstruction *row = findMatrixInstruction(Architecture::Gfx942, "v_mfma_f32_32x32x8_bf16");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->a.layout.slotOf({0, 5, 6}), (FragmentSlot{37, 2}));  // A[5][6]: v1{37}.[15:0]
  EXPECT_EQ(row->b.layout.slotOf({0, 3, 31}), (FragmentSlot{31, 3})); // B[3][31]: v1{31}.[31:16]
  EXPECT_EQ(row->c.layout.slotOf({0, 13, 7}), (FragmentSlot{39, 5})); // D[13][7]: v5{39}
  EXPECT_EQ(row->c.layout.slotOf({0, 31, 0}), (FragmentSlot{32, 15}));
}

} // namespace
