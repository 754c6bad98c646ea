// Fragments of matrix instructions, as the PTX ISA draws them.
#include "RunPtx.h"
#include <bit>

using namespace codesign;
using namespace codesign::test;

namespace {

/// Sixteen-bit elements 0, 1, 2, … of a matrix of 8 x 8 in shared memory, one row after the other.
constexpr const char *fill = R"(
  mov.b64 %rd4, tile;
  cvt.u32.u64 %r5, %rd4;
  shl.b32 %r6, %r0, 2;
  add.s32 %r7, %r5, %r6;
  shl.b32 %r8, %r0, 1;
  add.s32 %r9, %r8, 1;
  shl.b32 %r9, %r9, 16;
  or.b32 %r8, %r8, %r9;
  st.shared.b32 [%r7], %r8;
  bar.sync 0;
  and.b32 %r10, %r0, 7;
  shl.b32 %r10, %r10, 4;
  add.s32 %r10, %r5, %r10;
)";

TEST(PtxMatrix, loadsTwoNeighboursOfARowOrOfAColumn) {
  const Ran rows = runPtx(kernelOf(fill + std::string(R"(
  ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r11}, [%r10];
  st.global.b32 [%rd2], %r11; ret;)")),
                          std::vector<uint32_t>(32));
  ASSERT_EQ(rows.error, "");
  // Lane 13: row 3, columns 2 and 3.
  EXPECT_EQ(rows.output[13], 26u | 27u << 16);
  const Ran columns = runPtx(kernelOf(fill + std::string(R"(
  ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r11}, [%r10];
  st.global.b32 [%rd2], %r11; ret;)")),
                             std::vector<uint32_t>(32));
  ASSERT_EQ(columns.error, "");
  // Column 3, rows 2 and 3.
  EXPECT_EQ(columns.output[13], 19u | 27u << 16);
}

TEST(PtxMatrix, storesWhatItLoads) {
  const Ran ran = runPtx(kernelOf(fill + std::string(R"(
  ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r11}, [%r10];
  stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r10], {%r11};
  bar.sync 0;
  ld.shared.b32 %r12, [%r7];
  st.global.b32 [%rd2], %r12; ret;)")),
                         std::vector<uint32_t>(32));
  ASSERT_EQ(ran.error, "");
  EXPECT_EQ(ran.output[0], 0u | 8u << 16); // row 0 is what was column 0
  EXPECT_EQ(ran.output[4], 1u | 9u << 16);
}

/// A has ones where row and k agree, so that D is B and what it is added to: 16 x 8, of k = 16.
TEST(PtxMatrix, multipliesByOnes) {
  const Ran ran = runPtx(kernelOf(R"(
  // a0: row l / 4, k 2 (l % 4) and the next; ones for l / 4 of 2 (l % 4) or one more
  shr.u32 %r2, %r0, 2;
  and.b32 %r3, %r0, 3;
  shl.b32 %r3, %r3, 1;
  mov.b32 %r4, 0;
  setp.eq.b32 %p1, %r2, %r3;
  @%p1 mov.b32 %r4, 0x00003f80;
  add.s32 %r5, %r3, 1;
  setp.eq.b32 %p1, %r2, %r5;
  @%p1 mov.b32 %r4, 0x3f800000;
  mov.b32 %r6, 0;
  // b0: column l / 4, k 2 (l % 4): bf16 of 4 and 8; b1: of 16 and 32
  mov.b32 %r7, 0x41004080;
  mov.b32 %r8, 0x42004180;
  mov.b32 %r9, 0f3F800000;
  mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%r20, %r21, %r22, %r23}, {%r4, %r6, %r6, %r4}, {%r7, %r8}, {%r9, %r9, %r9, %r9};
  setp.eq.b32 %p2, %r1, 0;
  selp.b32 %r10, %r20, %r22, %p2;
  st.global.b32 [%rd2], %r10;
  ret;)"),
                         std::vector<uint32_t>(32), 32, 0);
  ASSERT_EQ(ran.error, "");
  // Rows of even k have 4 and 16, rows of odd k 8 and 32, and one more.
  EXPECT_EQ(ran.output[0], std::bit_cast<uint32_t>(5.0f));
  EXPECT_EQ(ran.output[4], std::bit_cast<uint32_t>(9.0f));
}

} // namespace
