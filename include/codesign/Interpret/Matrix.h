// A matrix in host memory, in the element types that kernels read and write.
#pragma once

#include "codesign/Support/Element.h"
#include <cstdint>
#include <vector>

namespace codesign {

/// Row-major, without gaps unless paddedRows makes it. Bits, not values: what a kernel did not write keeps
/// the bits it had.
struct Matrix {
  DataType type = DataType::BF16;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t pitch = 0; // elements from one row to the next
  std::vector<uint8_t> bytes;

  Matrix() = default;
  /// All bytes are `fill`; 0xff is a NaN in every type that kernels write.
  Matrix(DataType type, int64_t rows, int64_t columns, uint8_t fill = 0);

  int64_t elementBytes() const { return bitWidth(type) / 8; }
  /// Of an element from the first.
  int64_t byteOf(int64_t row, int64_t column) const { return (row * pitch + column) * elementBytes(); }
  uint32_t bitsAt(int64_t row, int64_t column) const;
  float at(int64_t row, int64_t column) const { return decodeElement(type, bitsAt(row, column)); }
  void set(int64_t row, int64_t column, float value);
};

/// The same values in rows that start `pitch` elements apart, with NaN between them and nothing behind the
/// last one.
Matrix paddedRows(const Matrix &matrix, int64_t pitch);

} // namespace codesign
