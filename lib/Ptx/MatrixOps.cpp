// ldmatrix, stmatrix and mma.sync, with the fragments that the PTX ISA draws.
#include "Machine.h"
#include "Numbers.h"
#include <cstring>

namespace codesign::ptx {

/// Matrix r has its rows at the addresses of lanes 8 r to 8 r + 7; a lane holds two neighbours of row l / 4,
/// or of column l / 4 where they are transposed.
bool Machine::loadMatrices(Workgroup &workgroup, Warp &warp, const Instruction &instruction) {
  const Operand &to = instruction.operands[0], &address = instruction.operands[1];
  const int count = static_cast<int>(to.parts.size());
  uint16_t matrices[4][8][8];
  for (int i = 0; i < 8 * count; ++i) {
    Lane &lane = warp.lanes[i];
    const uint8_t *row = resolve(workgroup, lane, Space::Shared, addressOf(lane, address), 16, instruction);
    if (!row)
      return false;
    std::memcpy(matrices[i / 8][i % 8], row, 16);
  }
  const bool across = instruction.has("trans");
  for (int i = 0; i < warpSize; ++i)
    for (int r = 0; r < count; ++r) {
      const auto element = [&](int e) -> uint32_t {
        return across ? matrices[r][i % 4 * 2 + e][i / 4] : matrices[r][i / 4][i % 4 * 2 + e];
      };
      assign(warp.lanes[i], to.parts[r], element(0) | element(1) << 16, {Kind::Bits, 32});
    }
  return true;
}

bool Machine::storeMatrices(Workgroup &workgroup, Warp &warp, const Instruction &instruction) {
  const Operand &address = instruction.operands[0], &from = instruction.operands[1];
  const int count = static_cast<int>(from.parts.size());
  const bool across = instruction.has("trans");
  for (int r = 0; r < count; ++r) {
    uint16_t matrix[8][8];
    for (int i = 0; i < warpSize; ++i) {
      const uint64_t pair = value(workgroup, warp.lanes[i], from.parts[r]);
      for (int e = 0; e < 2; ++e)
        (across ? matrix[i % 4 * 2 + e][i / 4] : matrix[i / 4][i % 4 * 2 + e]) =
            static_cast<uint16_t>(pair >> (16 * e));
    }
    for (int row = 0; row < 8; ++row) {
      Lane &lane = warp.lanes[8 * r + row];
      uint8_t *to = resolve(workgroup, lane, Space::Shared, addressOf(lane, address), 16, instruction);
      if (!to)
        return false;
      std::memcpy(to, matrix[row], 16);
    }
  }
  return true;
}

/// m16n8kK: registers of A are rows l / 4 and l / 4 + 8 of the first half of k, then of the second; those of
/// B column l / 4 of both halves. A register is 32 bits of neighbours in k.
bool Machine::multiply(Workgroup &workgroup, Warp &warp, const Instruction &instruction) {
  const auto &operands = instruction.operands;
  const auto refuse = [&] {
    return fail(workgroup, warp.lanes.front().thread, instruction, "is not executed");
  };
  const auto &words = instruction.modifiers; // … m16n8k16.row.col.f32.bf16.bf16.f32
  if (words.size() < 9 || words.back() != "f32")
    return refuse();
  const std::optional<DataType> left = smallOf(words[words.size() - 3]),
                                right = smallOf(words[words.size() - 2]);
  const bool isDeep = instruction.has("m16n8k32");
  if ((!isDeep && !instruction.has("m16n8k16")) || !left || !right || bitWidth(*left) != (isDeep ? 8 : 16) ||
      bitWidth(*right) != bitWidth(*left))
    return refuse();
  ++report.products;
  const int perRegister = 32 / bitWidth(*left), depth = isDeep ? 32 : 16;
  float a[16][32], b[32][8], sums[16][8] = {};
  for (int i = 0; i < warpSize; ++i) {
    const auto eachOf = [&](DataType small, uint64_t bits, int half, auto take) {
      for (int e = 0; e < perRegister; ++e)
        take(half * depth / 2 + i % 4 * perRegister + e, widen(small, bits >> (e * bitWidth(small))));
    };
    for (int r = 0; r < 4; ++r)
      eachOf(*left, value(workgroup, warp.lanes[i], operands[1].parts[r]), r / 2,
             [&](int k, float number) { a[i / 4 + r % 2 * 8][k] = number; });
    for (int r = 0; r < 2; ++r)
      eachOf(*right, value(workgroup, warp.lanes[i], operands[2].parts[r]), r,
             [&](int k, float number) { b[k][i / 4] = number; });
  }
  for (int row = 0; row < 16; ++row)
    for (int k = 0; k < depth; ++k)
      for (int column = 0; column < 8; ++column)
        sums[row][column] += a[row][k] * b[k][column];
  for (int i = 0; i < warpSize; ++i)
    for (int r = 0; r < 4; ++r) {
      const float before = asFloat(value(workgroup, warp.lanes[i], operands[3].parts[r]));
      assign(warp.lanes[i], operands[0].parts[r], asBits(sums[i / 4 + r / 2 * 8][i % 4 * 2 + r % 2] + before),
             {Kind::Float, 32});
    }
  return true;
}

} // namespace codesign::ptx
