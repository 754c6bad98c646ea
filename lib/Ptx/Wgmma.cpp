// wgmma: a warp's 16 rows of a product of 64 rows whose operands lie in shared memory, swizzled.
#include "Machine.h"
#include "Numbers.h"
#include <cstring>

namespace codesign::ptx {

namespace {

/// A matrix descriptor (PTX ISA, "Matrix-descriptor format"): fields in units of 16 bytes.
struct Descriptor {
  uint32_t start, leadingBytes, strideBytes, baseOffset, swizzle;
};
Descriptor descriptorOf(uint64_t bits) {
  const auto field = [&](int first, int count) {
    return static_cast<uint32_t>(bits >> first & ((1u << count) - 1));
  };
  return {field(0, 14) * 16, field(16, 14) * 16, field(32, 14) * 16, field(49, 3), field(62, 2)};
}

constexpr int mostColumns = 256;

/// Bytes of a row of its swizzle; 0 where it has none.
uint32_t rowBytesOf(const Descriptor &descriptor) {
  return descriptor.swizzle == 0 ? 0 : 256u >> descriptor.swizzle;
}

/// Where the 16 bytes lie that hold row `row` of an operand at `depth` along k. Eight rows of the swizzle's
/// span are neighbours, strideBytes from the next eight; across, they are k, and the next span of rows comes
/// leadingBytes later.
uint32_t pieceAt(const Descriptor &descriptor, bool across, int row, int depth, int elementBytes) {
  const uint32_t span = rowBytesOf(descriptor);
  const uint32_t along = static_cast<uint32_t>((across ? row : depth) * elementBytes),
                 down = static_cast<uint32_t>(across ? depth : row);
  const uint32_t at = descriptor.start + down / 8 * descriptor.strideBytes + down % 8 * span +
                      along / span * descriptor.leadingBytes + along % span / 16 * 16;
  return swizzled(at, span);
}

} // namespace

bool Machine::checkReadings(Workgroup &workgroup, const std::vector<Reading> &readings) {
  for (const Reading &reading : readings) {
    const uint8_t *now = sharedBytes(workgroup, reading.offset, reading.bytes.size());
    if (std::memcmp(now, reading.bytes.data(), reading.bytes.size()) != 0)
      return fail(workgroup, -1, *reading.instruction,
                  "its operands in shared memory changed at " + llvm::Twine(reading.offset) +
                      " before it was waited for");
  }
  return true;
}

bool Machine::executeWgmma(Workgroup &workgroup, Warp &warp, const Instruction &instruction) {
  const auto &operands = instruction.operands;
  Lane &first = warp.lanes.front();
  if (instruction.op == Op::WgmmaCommit) {
    warp.readingGroups.push_back(std::move(warp.openReadings));
    warp.openReadings.clear();
    return true;
  }
  if (instruction.op == Op::WgmmaWait) {
    const size_t left = value(workgroup, first, operands[0]);
    for (; warp.readingGroups.size() > left; warp.readingGroups.pop_front())
      if (!checkReadings(workgroup, warp.readingGroups.front()))
        return false;
    return true;
  }
  const auto refuse = [&](const llvm::Twine &why) { return fail(workgroup, first.thread, instruction, why); };
  ++report.products;
  const size_t words = instruction.modifiers.size(); // … .m64nNkK.f32.bf16.bf16
  const std::optional<DataType> left = smallOf(instruction.modifiers[words - 2]),
                                right = smallOf(instruction.modifiers[words - 1]);
  if (!left || !right || bitWidth(*left) != bitWidth(*right) || instruction.modifiers[words - 3] != "f32")
    return refuse("is not executed");
  llvm::StringRef shape = instruction.modifiers[words - 4];
  int columns = 0, depth = 0;
  if (!shape.consume_front("m64n") || shape.consumeInteger(10, columns) || !shape.consume_front("k") ||
      shape.consumeInteger(10, depth) || columns > mostColumns ||
      operands[0].parts.size() * 2 != static_cast<size_t>(columns))
    return refuse("is not executed");
  for (size_t i : {1, 2})
    for (const Lane &lane : warp.lanes)
      if (value(workgroup, lane, operands[i]) != value(workgroup, first, operands[i]))
        return refuse("lanes have different descriptors");
  const bool accumulates = value(workgroup, first, operands[3]) & 1;
  const auto immediate = [&](size_t i) { return i < operands.size() ? operands[i].number : 0; };
  if (immediate(4) != 1 || immediate(5) != 1)
    return refuse("is executed without a change of sign");
  const int elementBytes = bitWidth(*left) / 8, perPiece = 16 / elementBytes;
  const auto read = [&](uint64_t bits, DataType small, bool across, int firstRow, int rows,
                        std::vector<float> &values) { // by k, rows side by side
    const Descriptor descriptor = descriptorOf(bits);
    if (descriptor.swizzle == 0 || descriptor.baseOffset != 0)
      return refuse("is executed with swizzled rows");
    values.resize(static_cast<size_t>(rows) * depth);
    for (int i = 0; i < rows * depth / perPiece; ++i) {
      const int pieces = (across ? rows : depth) / perPiece, along = i % pieces * perPiece, down = i / pieces;
      const int row = firstRow + (across ? along : down), k = across ? down : along;
      Reading reading = {pieceAt(descriptor, across, row, k, elementBytes), {}, &instruction};
      const uint8_t *bytes = sharedBytes(workgroup, reading.offset, reading.bytes.size());
      if (!bytes)
        return refuse("an operand past the end of shared memory");
      std::memcpy(reading.bytes.data(), bytes, reading.bytes.size());
      for (int e = 0; e < perPiece; ++e) {
        uint32_t element = 0;
        std::memcpy(&element, reading.bytes.data() + e * elementBytes, elementBytes);
        values[static_cast<size_t>(k + (across ? 0 : e)) * rows + row - firstRow + (across ? e : 0)] =
            widen(small, element);
      }
      warp.openReadings.push_back(reading);
    }
    return true;
  };
  constexpr int rows = 16; // of a warp
  std::vector<float> a, b;
  if (!read(value(workgroup, first, operands[1]), *left, immediate(6) != 0, first.thread / warpSize % 4 * 16,
            16, a) ||
      !read(value(workgroup, first, operands[2]), *right, immediate(7) != 0, 0, columns, b))
    return false;
  std::array<std::array<float, mostColumns>, rows> sums = {};
  for (int row = 0; row < rows; ++row)
    for (int k = 0; k < depth; ++k)
      for (int column = 0; column < columns; ++column)
        sums[row][column] +=
            a[static_cast<size_t>(k) * rows + row] * b[static_cast<size_t>(k) * columns + column];
  // Lane l has of each eight columns two neighbours of row l / 4, and of the row eight further on.
  for (int i = 0; i < warpSize; ++i)
    for (int r = 0; r < columns / 2; ++r) {
      Lane &lane = warp.lanes[i];
      const float before = accumulates ? asFloat(value(workgroup, lane, operands[0].parts[r])) : 0;
      const float sum = sums[i / 4 + r / 2 % 2 * 8][r / 4 * 8 + i % 4 * 2 + r % 2] + before;
      assign(lane, operands[0].parts[r], asBits(sum), {Kind::Float, 32});
    }
  return true;
}

} // namespace codesign::ptx
