// The arithmetic of the preludes by which matrix instructions find operands whose k runs along rows: what the
// hardware reads there, by the rules of the PTX ISA, is what the copies have left.
#include "dialects/Kernel/Operand.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#define DEVICE static inline
#include "lib/Emit/Prelude/sm80across.h"
#include "lib/Emit/Prelude/sm90adescriptor.h"

using namespace codesign;
using namespace codesign::kernel;

namespace {

TileType sharedTile(mlir::MLIRContext &context, int64_t rows, int64_t columns, mlir::Attribute layout) {
  context.loadDialect<KernelDialect>();
  return TileType::get(&context, {rows, columns}, mlir::BFloat16Type::get(&context), Space::Shared, layout);
}

/// Of a descriptor: a field of 14 bits in units of 16 bytes.
int64_t field(uint64_t descriptor, int bit) {
  return int64_t(descriptor >> bit & 0x3fff) * 16;
}

/// Where an instruction reads element (row, k) of an operand in 16 bits: PTX ISA, canonical layouts of the
/// 128-byte swizzle. In units of 16 bytes, ((T,8,m),(8,k)):((1,T,leading),(8T,stride)) where k runs along
/// rows and ((8,m),(T,2k)):((8T,stride),(1,T)) where it is contiguous; then bits 4 to 6 are XORed with bits 7
/// to 9.
int64_t addressRead(uint64_t descriptor, bool across, int64_t row, int64_t k) {
  EXPECT_EQ(descriptor >> 62, 1u);
  EXPECT_EQ(descriptor >> 46 & 0xffff, 0u);
  const int64_t start = field(descriptor, 0), leading = field(descriptor, 16), stride = field(descriptor, 32);
  const int64_t linear = across ? start + row / 64 * leading + row % 64 * 2 + k / 8 * stride + k % 8 * 128
                                : start + row / 8 * stride + row % 8 * 128 + k * 2;
  return linear ^ (linear >> 7 & 7) << 4;
}

/// Elements of a tile of so many rows that products read elsewhere than the copies left them.
template <class Places>
int64_t misread(TileType tile, bool across, int64_t instructionRows, uint64_t base, uint64_t change = 0) {
  const int64_t rows = across ? tile.getColumns() : tile.getRows();
  int64_t wrong = 0;
  for (int64_t first = 0; first < rows; first += instructionRows)
    for (int step = 0; step < Places::steps; ++step) {
      const uint64_t descriptor = Places::descriptor(unsigned(base) + Places::offset(int(first))) +
                                  uint64_t(step * Places::stepBytes / 16);
      for (int64_t row = 0; row < instructionRows; ++row)
        for (int64_t k = 0; k < 16; ++k) {
          const int64_t depth = step * 16 + k;
          const int64_t left = int64_t(base) + (across ? tile.getByteOffset(depth, first + row)
                                                       : tile.getByteOffset(first + row, depth));
          wrong += addressRead(descriptor ^ change, across, row, k) != left;
        }
    }
  return wrong;
}

TEST(OperandPlaces, wgmmaReadsWhatTheCopyEngineLeft) {
  mlir::MLIRContext context;
  context.loadDialect<KernelDialect>();
  for (uint64_t base : {0ull, 49152ull, 196608ull})
    for (int64_t rows : {64, 128, 192, 256}) {
      const TileType turned = sharedTile(context, 64, rows, PanelsAttr::get(&context));
      const TileType plain = sharedTile(context, rows, 64, SwizzledAttr::get(&context));
      for (int64_t instruction : {64, 128, 192, 256})
        if (rows % instruction == 0) {
          EXPECT_EQ(misread<DepthInPanels<64>>(turned, true, instruction, base), 0)
              << rows << ", " << instruction;
          EXPECT_EQ(misread<DepthInRows<128>>(plain, false, instruction, base), 0)
              << rows << ", " << instruction;
        }
    }
}

/// A box of the copy engine is 128 bytes wide under the same swizzle: chunk c of row r lies at c xor r mod 8.
TEST(OperandPlaces, panelsAreWhatTheCopyEngineWrites) {
  mlir::MLIRContext context;
  context.loadDialect<KernelDialect>();
  const TileType tile = sharedTile(context, 64, 256, PanelsAttr::get(&context));
  for (int64_t panel = 0; panel < 4; ++panel)
    for (int64_t row = 0; row < 64; ++row)
      for (int64_t byte = 0; byte < 128; byte += 2) {
        const int64_t linear = panel * 8192 + row * 128 + byte;
        EXPECT_EQ(tile.getByteOffset(row, panel * 64 + byte / 2), linear ^ (linear / 128 % 8) * 16);
      }
}

/// Checks that cannot fail show nothing: distances exchanged, another swizzle position.
TEST(OperandPlaces, aWrongDescriptorIsSeen) {
  mlir::MLIRContext context;
  context.loadDialect<KernelDialect>();
  const TileType tile = sharedTile(context, 64, 128, PanelsAttr::get(&context));
  EXPECT_GT(misread<DepthInPanels<64>>(tile, true, 128, 0, uint64_t(0x240) << 16 | uint64_t(0x240) << 32), 0);
  EXPECT_GT(misread<DepthInPanels<64>>(tile, true, 128, 0, uint64_t(1) << 16), 0);
  EXPECT_GT(misread<DepthInPanels<32>>(tile, true, 128, 0), 0);
}

/// ldmatrix.trans: lane l gives the address of a row of eight elements of matrix l / 8; afterwards register q
/// of lane l holds elements 2 (l % 4) and 2 (l % 4) + 1 of column l / 4 of matrix q (PTX ISA, ldmatrix).
TEST(OperandPlaces, ldmatrixHandsOutWhatTheInstructionTakes) {
  mlir::MLIRContext context;
  context.loadDialect<KernelDialect>();
  const char *name = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32";
  for (Role role : {Role::A, Role::B}) {
    const auto type = FragmentType::get(&context, {16, 16}, mlir::BFloat16Type::get(&context), role,
                                        mlir::StringAttr::get(&context, name), 1);
    const Operand operand(type, Architecture::Sm80);
    for (int lane = 0; lane < 32; ++lane)
      for (int q = 0; q < 4; ++q)
        for (int e = 0; e < 2; ++e) {
          const int from =
              8 * q + lane % 4 * 2 + e; // the lane that gave the row of k that this element is of
          const TurnedPlace place = role == Role::A ? leftPlace(from) : rightPlace(from);
          // Of two second operands, registers 0 and 1 are the first's.
          const int64_t group = role == Role::A ? 0 : q / 2, element = (role == Role::A ? q : q % 2) * 2 + e;
          const FragmentPosition at = operand.positionInGroup(lane, element);
          EXPECT_EQ(place.depth, at.second) << lane << ", " << q << ", " << e;
          EXPECT_EQ(place.row + lane / 4, group * operand.stepFirst() + at.first) << lane << ", " << q;
        }
  }
}

} // namespace
