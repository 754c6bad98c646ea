#include "codesign/Interpret/Matrix.h"
#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

namespace codesign {

Matrix::Matrix(DataType type, int64_t rows, int64_t columns, uint8_t fill)
    : type(type), rows(rows), columns(columns), pitch(columns),
      bytes(rows * columns * bitWidth(type) / 8, fill) {
  assert(isInterpretable(type));
}

uint32_t Matrix::bitsAt(int64_t row, int64_t column) const {
  uint32_t bits = 0;
  std::memcpy(&bits, &bytes[byteOf(row, column)], elementBytes());
  return bits;
}

void Matrix::set(int64_t row, int64_t column, float value) {
  const uint32_t bits = encodeElement(type, value);
  std::memcpy(&bytes[byteOf(row, column)], &bits, elementBytes());
}

Matrix paddedRows(const Matrix &matrix, int64_t pitch) {
  assert(pitch >= matrix.columns);
  Matrix result(matrix.type, matrix.rows, pitch);
  for (int64_t i = 0; i < matrix.rows; ++i) {
    for (int64_t j = matrix.columns; j < pitch; ++j)
      result.set(i, j, std::numeric_limits<float>::quiet_NaN());
    std::copy_n(&matrix.bytes[matrix.byteOf(i, 0)], matrix.columns * matrix.elementBytes(),
                &result.bytes[result.byteOf(i, 0)]);
  }
  result.columns = matrix.columns;
  if (matrix.rows > 0)
    result.bytes.resize(result.byteOf(matrix.rows - 1, matrix.columns));
  return result;
}

} // namespace codesign
