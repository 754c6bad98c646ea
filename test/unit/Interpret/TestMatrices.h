// Random matrices, and parts of matrices.
#pragma once

#include "codesign/Interpret/Matrix.h"
#include <algorithm>
#include <cmath>
#include <random>

namespace codesign::test {

/// Normal deviates times 2^exponent, with the exponent itself spread over [-spread, spread].
inline Matrix randomMatrix(DataType type, int64_t rows, int64_t columns, std::mt19937 &engine,
                           int spread = 4) {
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int> exponent(-spread, spread);
  Matrix matrix(type, rows, columns);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      matrix.set(i, j, std::ldexp(normal(engine), exponent(engine)));
  return matrix;
}

/// Rows [first, first + count) of a matrix.
inline Matrix rowsOf(const Matrix &matrix, int64_t first, int64_t count) {
  Matrix rows(matrix.type, count, matrix.columns);
  const auto begin = matrix.bytes.begin() + first * matrix.columns * matrix.elementBytes();
  std::copy(begin, begin + static_cast<int64_t>(rows.bytes.size()), rows.bytes.begin());
  return rows;
}

/// Columns [first, first + count) of a matrix of one row.
inline Matrix columnsOf(const Matrix &matrix, int64_t first, int64_t count) {
  Matrix columns(matrix.type, 1, count);
  for (int64_t j = 0; j < count; ++j)
    columns.set(0, j, matrix.at(0, first + j));
  return columns;
}

/// Row-major weights as kernels of shuffled ones take them: 16-byte pieces by 16 rows, four columns of them
/// in one block, blocks along k, then down the rows.
inline Matrix shuffledCopy(const Matrix &matrix) {
  const int64_t rowBytes = matrix.columns * matrix.elementBytes();
  Matrix result(matrix.type, matrix.rows, matrix.columns);
  size_t next = 0;
  for (int64_t rows = 0; rows < matrix.rows; rows += 16)
    for (int64_t byte = 0; byte < rowBytes; byte += 16)
      for (int64_t row = rows; row < rows + 16; ++row, next += 16)
        std::copy_n(matrix.bytes.begin() + row * rowBytes + byte, 16, result.bytes.begin() + int64_t(next));
  return result;
}

} // namespace codesign::test
