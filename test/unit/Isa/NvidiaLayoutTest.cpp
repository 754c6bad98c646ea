// Where mma.sync, wgmma and tcgen05 operands lie, written out from the fragment
// definitions of the PTX ISA (8.7), sections on matrix fragments of mma and wgmma;
// the wgmma accumulator is also CuTe's CLayout_64xN. Independent of the table.
#include "codesign/Isa/MatrixInstruction.h"
#include "gtest/gtest.h"

using namespace codesign;

namespace {

using Fragment = MatrixPosition (*)(int lane, int i);

MatrixPosition at(int row, int column) {
  return {0, row, column};
}

// PTX: groupID = lane >> 2, threadID_in_group = lane % 4.
int group(int lane) {
  return lane >> 2;
}
int member(int lane) {
  return lane % 4;
}

struct Golden {
  const char *shape;
  const char *types; // last words of the mnemonic
  int elementsA, elementsB, elementsC;
  Fragment a, b, c;
};

MatrixPosition c16x8(int lane, int i) {
  return at(i < 2 ? group(lane) : group(lane) + 8, member(lane) * 2 + (i & 1));
}

MatrixPosition a16x16Half(int lane, int i) {
  bool upper = (i == 2 || i == 3 || i == 6 || i == 7);
  return at(upper ? group(lane) + 8 : group(lane), member(lane) * 2 + (i & 1) + (i >= 4 ? 8 : 0));
}
MatrixPosition b16x8Half(int lane, int i) {
  return at(member(lane) * 2 + (i & 1) + (i >= 2 ? 8 : 0), group(lane));
}
MatrixPosition a16x8Half(int lane, int i) {
  return at(i < 2 ? group(lane) : group(lane) + 8, member(lane) * 2 + (i & 1));
}
MatrixPosition b8x8Half(int lane, int i) {
  return at(member(lane) * 2 + (i & 1), group(lane));
}

MatrixPosition a16x8Tf32(int lane, int i) {
  return at(i == 0 || i == 2 ? group(lane) : group(lane) + 8, i < 2 ? member(lane) : member(lane) + 4);
}
MatrixPosition b8x8Tf32(int lane, int i) {
  return at(i == 0 ? member(lane) : member(lane) + 4, group(lane));
}
MatrixPosition a16x4Tf32(int lane, int i) {
  return at(i == 0 ? group(lane) : group(lane) + 8, member(lane));
}
MatrixPosition b4x8Tf32(int lane, int) {
  return at(member(lane), group(lane));
}

MatrixPosition a16x16Byte(int lane, int i) {
  return at(i < 4 ? group(lane) : group(lane) + 8, member(lane) * 4 + (i & 3));
}
MatrixPosition b16x8Byte(int lane, int i) {
  return at(member(lane) * 4 + (i & 3), group(lane));
}
MatrixPosition a16x32Byte(int lane, int i) {
  bool lower = i < 4 || (i >= 8 && i < 12);
  return at(lower ? group(lane) : group(lane) + 8, member(lane) * 4 + (i & 3) + (i >= 8 ? 16 : 0));
}
MatrixPosition b32x8Byte(int lane, int i) {
  return at(member(lane) * 4 + (i & 3) + (i >= 4 ? 16 : 0), group(lane));
}

MatrixPosition a16x32Nibble(int lane, int i) {
  return at(i < 8 ? group(lane) : group(lane) + 8, member(lane) * 8 + (i & 7));
}
MatrixPosition b32x8Nibble(int lane, int i) {
  return at(member(lane) * 8 + (i & 7), group(lane));
}
MatrixPosition a16x64Nibble(int lane, int i) {
  bool lower = i < 8 || (i >= 16 && i < 24);
  return at(lower ? group(lane) : group(lane) + 8, member(lane) * 8 + (i & 7) + (i >= 16 ? 32 : 0));
}
MatrixPosition b64x8Nibble(int lane, int i) {
  return at(member(lane) * 8 + (i & 7) + (i >= 8 ? 32 : 0), group(lane));
}

MatrixPosition a8x4Double(int lane, int) {
  return at(group(lane), member(lane));
}
MatrixPosition b4x8Double(int lane, int) {
  return at(member(lane), group(lane));
}
MatrixPosition c8x8Double(int lane, int i) {
  return at(group(lane), member(lane) * 2 + (i & 1));
}

const Golden mmaGoldens[] = {
    {"m16n8k16", "f32.bf16.bf16.f32", 8, 4, 4, a16x16Half, b16x8Half, c16x8},
    {"m16n8k8", "f32.bf16.bf16.f32", 4, 2, 4, a16x8Half, b8x8Half, c16x8},
    {"m16n8k16", "f32.f16.f16.f32", 8, 4, 4, a16x16Half, b16x8Half, c16x8},
    {"m16n8k8", "f32.f16.f16.f32", 4, 2, 4, a16x8Half, b8x8Half, c16x8},
    {"m16n8k16", "f16.f16.f16.f16", 8, 4, 4, a16x16Half, b16x8Half, c16x8},
    {"m16n8k8", "f16.f16.f16.f16", 4, 2, 4, a16x8Half, b8x8Half, c16x8},
    {"m16n8k8", "f32.tf32.tf32.f32", 4, 2, 4, a16x8Tf32, b8x8Tf32, c16x8},
    {"m16n8k4", "f32.tf32.tf32.f32", 2, 1, 4, a16x4Tf32, b4x8Tf32, c16x8},
    {"m16n8k32", "s32.s8.s8.s32", 16, 8, 4, a16x32Byte, b32x8Byte, c16x8},
    {"m16n8k32", "f32.e4m3.e4m3.f32", 16, 8, 4, a16x32Byte, b32x8Byte, c16x8},
    {"m16n8k16", "s32.s8.s8.s32", 8, 4, 4, a16x16Byte, b16x8Byte, c16x8},
    {"m16n8k64", "s32.s4.s4.s32", 32, 16, 4, a16x64Nibble, b64x8Nibble, c16x8},
    {"m16n8k32", "s32.s4.s4.s32", 16, 8, 4, a16x32Nibble, b32x8Nibble, c16x8},
    {"m8n8k4", "f64.f64.f64.f64", 1, 1, 2, a8x4Double, b4x8Double, c8x8Double},
};

void expectFragment(const MatrixOperand &operand, int lanes, int elements, Fragment golden) {
  ASSERT_EQ(operand.layout.lanes(), lanes);
  ASSERT_EQ(operand.layout.elementsPerLane(), elements);
  for (int lane = 0; lane < lanes; ++lane)
    for (int i = 0; i < elements; ++i)
      ASSERT_EQ(operand.layout(lane, i), golden(lane, i)) << "lane " << lane << " element " << i;
}

TEST(NvidiaLayout, MmaSyncAgreesWithPtx) {
  for (Architecture architecture : {Architecture::Sm80, Architecture::Sm90a}) {
    int checked = 0;
    for (const MatrixInstruction &row : matrixInstructions(architecture)) {
      if (row.kind != MatrixInstructionKind::MmaSync)
        continue;
      SCOPED_TRACE(row.name);
      llvm::StringRef name = row.mnemonic;
      const Golden *found = nullptr;
      for (const Golden &golden : mmaGoldens)
        if (name.contains(std::string(".") + golden.shape + ".") && name.ends_with(golden.types))
          found = &golden;
      ASSERT_TRUE(found);
      expectFragment(row.a, 32, found->elementsA, found->a);
      expectFragment(row.b, 32, found->elementsB, found->b);
      expectFragment(row.c, 32, found->elementsC, found->c);
      ++checked;
    }
    EXPECT_EQ(checked, architecture == Architecture::Sm80 ? 13 : 3);
  }
}

MatrixPosition wgmmaD(int t, int v) {
  return at(16 * (t / 32) + (t % 32) / 4 + 8 * ((v / 2) % 2), 2 * (t % 4) + v % 2 + 8 * (v / 4));
}
MatrixPosition wgmmaAHalf(int t, int i) {
  return at(16 * (t / 32) + (t % 32) / 4 + ((i / 2) % 2 == 0 ? 0 : 8), 2 * (t % 4) + i % 2 + (i < 4 ? 0 : 8));
}
MatrixPosition wgmmaAByte(int t, int i) {
  return at(16 * (t / 32) + (t % 32) / 4 + ((i / 4) % 2 == 0 ? 0 : 8),
            4 * (t % 4) + i % 4 + (i < 8 ? 0 : 16));
}
MatrixPosition wgmmaATf32(int t, int i) {
  return at(16 * (t / 32) + (t % 32) / 4 + (i % 2 == 0 ? 0 : 8), t % 4 + (i < 2 ? 0 : 4));
}

TEST(NvidiaLayout, WgmmaAgreesWithPtxAndCute) {
  int checked = 0;
  for (const MatrixInstruction &row : matrixInstructions(Architecture::Sm90a)) {
    if (row.kind != MatrixInstructionKind::Wgmma)
      continue;
    SCOPED_TRACE(row.name);
    int n = 0;
    llvm::StringRef name = row.mnemonic;
    ASSERT_FALSE(name.split(".m64n").second.split('k').first.getAsInteger(10, n));
    expectFragment(row.c, 128, n / 2, wgmmaD);
    if (row.a.space == OperandSpace::Registers) {
      switch (bitWidth(row.a.type)) {
      case 16:
        expectFragment(row.a, 128, 8, wgmmaAHalf);
        break;
      case 8:
        expectFragment(row.a, 128, 16, wgmmaAByte);
        break;
      default:
        expectFragment(row.a, 128, 4, wgmmaATf32);
      }
    }
    EXPECT_EQ(row.b.space, OperandSpace::SharedMemory);
    ++checked;
  }
  // eight types with 32 widths, int8 with 3 + 15, each with A in shared memory or registers
  EXPECT_EQ(checked, (8 * 32 + 18) * 2);
}

TEST(NvidiaLayout, TensorMemoryRowsAreLanes) {
  const MatrixInstruction *row =
      findMatrixInstruction(Architecture::Sm100a, "tcgen05.mma.cta_group::1.kind::f16.m128n256k16.bf16.bf16");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->c.space, OperandSpace::TensorMemory);
  for (int lane : {0, 31, 32, 127})
    for (int column : {0, 1, 255})
      EXPECT_EQ(row->c.layout(lane, column), at(lane, column));
}

} // namespace
