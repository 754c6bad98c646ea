#include "RandomOperands.h"

#include <array>
#include <cstring>

namespace codesign {

using simulate::DeviceMemory;

namespace {

/// Drawn from a table: the weights of a head are half a gigabyte.
template <class Bits>
uint64_t allocateRandom(DeviceMemory &memory, llvm::StringRef name, DataType type, uint64_t count,
                        RandomEngine &engine) {
  constexpr size_t tableBits = 12;
  std::array<Bits, size_t(1) << tableBits> table;
  std::uniform_real_distribution<float> uniform(-1, 1);
  const float small = isFloat8(type) ? 0x1p-5f : 0x1p-10f;
  for (Bits &bits : table)
    bits = Bits(encodeElement(type, uniform(engine) * (engine() % 16 == 0 ? small : 1.0f)));
  const uint64_t address = memory.allocate(name, count * sizeof(Bits));
  llvm::MutableArrayRef<Bits> values = memory.values<Bits>(address);
  for (uint64_t at = 0; at < count;) {
    uint64_t draw = engine();
    for (int part = 0; part < 5 && at < count; ++part, draw >>= tableBits)
      values[at++] = table[draw % table.size()];
  }
  return address;
}

} // namespace

uint64_t allocateRandom(DeviceMemory &memory, llvm::StringRef name, DataType type, uint64_t count,
                        RandomEngine &engine) {
  switch (bitWidth(type)) {
  case 8:
    return allocateRandom<uint8_t>(memory, name, type, count, engine);
  case 16:
    return allocateRandom<uint16_t>(memory, name, type, count, engine);
  default:
    return allocateRandom<uint32_t>(memory, name, type, count, engine);
  }
}

uint64_t allocatePoisoned(DeviceMemory &memory, llvm::StringRef name, uint64_t bytes, uint8_t fill) {
  const uint64_t address = memory.allocate(name, bytes);
  std::fill_n(memory.region(address).data(), bytes, fill);
  return address;
}

Matrix rowsOf(DeviceMemory &memory, uint64_t address, DataType type, int64_t columns, int64_t first,
              int64_t count) {
  Matrix rows(type, count, columns);
  const uint8_t *begin = memory.region(address).data() + first * columns * rows.elementBytes();
  rows.bytes.assign(begin, begin + rows.bytes.size());
  return rows;
}

Matrix blockOf(DeviceMemory &memory, uint64_t address, DataType type, int64_t pitch, int64_t row,
               int64_t rows, int64_t column, int64_t columns) {
  Matrix block(type, rows, columns);
  const int64_t size = block.elementBytes();
  for (int64_t i = 0; i < rows; ++i)
    std::memcpy(block.bytes.data() + i * columns * size,
                memory.region(address).data() + ((row + i) * pitch + column) * size, size_t(columns * size));
  return block;
}

} // namespace codesign
