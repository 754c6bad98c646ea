#include "codesign/Interpret/GemmReference.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace codesign {

namespace {

double activate(kernel::Activation activation, double x) {
  switch (activation) {
  case kernel::Activation::Relu:
    return x > 0 || std::isnan(x) ? x : 0;
  case kernel::Activation::Silu:
    return x / (1 + std::exp(-x));
  case kernel::Activation::Gelu:
    return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
  case kernel::Activation::GeluTanh:
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  }
  return x;
}

/// Half a unit in the last place, relative: 2^-8 for bf16 (8 significant bits), 2^-4 for E4M3 (4), and the
/// absolute one of subnormals.
double roundingError(DataType type, double value) {
  switch (type) {
  case DataType::BF16:
    return std::max(std::fabs(value) * 0x1p-8, 0x1p-134);
  case DataType::F16:
    return std::max(std::fabs(value) * 0x1p-11, 0x1p-25);
  case DataType::F8E4M3:
    return std::max(std::fabs(value) * 0x1p-4, 0x1p-10);
  case DataType::F8E4M3FNUZ:
    return std::max(std::fabs(value) * 0x1p-4, 0x1p-11);
  case DataType::F8E5M2:
    return std::max(std::fabs(value) * 0x1p-3, 0x1p-17);
  case DataType::F8E5M2FNUZ:
    return std::max(std::fabs(value) * 0x1p-3, 0x1p-18);
  default:
    return std::max(std::fabs(value) * 0x1p-24, 0x1p-150);
  }
}

} // namespace

namespace {

std::vector<double> widen(const Matrix &matrix, int64_t rowCount) {
  std::vector<double> values(rowCount * matrix.columns);
  for (int64_t i = 0; i < rowCount; ++i)
    for (int64_t j = 0; j < matrix.columns; ++j)
      values[i * matrix.columns + j] = matrix.at(i, j);
  return values;
}

/// The scale of row i of A or W in a block of k. `down`: scales of rows stand below one another, in a column
/// for each block; otherwise side by side.
double scaleOf(const Matrix *scales, int64_t i, int64_t block, bool down) {
  if (!scales)
    return 1;
  if (scales->rows * scales->columns == 1)
    return scales->at(0, 0);
  return down ? scales->at(i, block) : scales->at(0, i);
}

/// A sum of products and the sum of their magnitudes.
struct Sum {
  double value = 0, magnitude = 0;
};

} // namespace

GemmReference gemmReference(const Matrix &a, const Matrix &w, int64_t rows, const GemmEpilogue &epilogue) {
  GemmReference reference;
  reference.rows = rows;
  reference.columns = epilogue.gated ? w.rows / 2 : w.rows;
  reference.depth = a.columns;
  reference.values.resize(rows * reference.columns);
  reference.magnitudes.resize(rows * reference.columns);
  const std::vector<double> left = widen(a, rows), right = widen(w, w.rows);
  const int64_t blockDepth = epilogue.blockScales ? kernel::scaledBlock : a.columns;
  const int64_t turns = epilogue.gated ? 2 : 1;
  auto blockOf = [&](int64_t j) {
    const int64_t column = epilogue.firstColumn + j;
    return column / (turns * kernel::scaledBlock) * turns + column % turns;
  };
  auto product = [&](int64_t i, int64_t j) {
    Sum sum;
    for (int64_t block = 0; block * blockDepth < a.columns; ++block) {
      Sum part;
      const int64_t end = std::min(a.columns, (block + 1) * blockDepth);
      for (int64_t k = block * blockDepth; k < end; ++k) {
        const double term = left[i * a.columns + k] * right[j * a.columns + k];
        part.value += term;
        part.magnitude += std::fabs(term);
      }
      const double scale = scaleOf(epilogue.aScale, i, block, true) *
                           (epilogue.blockScales ? scaleOf(epilogue.wScale, blockOf(j), block, true)
                                                 : scaleOf(epilogue.wScale, j, block, false));
      sum.value += part.value * scale;
      sum.magnitude += part.magnitude * std::fabs(scale);
    }
    if (epilogue.bias) {
      sum.value += epilogue.bias->at(0, j);
      sum.magnitude += std::fabs(epilogue.bias->at(0, j));
    }
    return sum;
  };
  auto turned = [&](int64_t i, int64_t j) {
    const Sum left = product(i, j / 2 * 2), right = product(i, j / 2 * 2 + 1);
    const int64_t position = static_cast<int32_t>(epilogue.positions->bitsAt(i, 0));
    const int64_t pair = (epilogue.firstRotated + j) % epilogue.rotations->columns / 2 * 2;
    const double cosine = epilogue.rotations->at(position, pair),
                 sine = epilogue.rotations->at(position, pair + 1);
    const double value =
        j % 2 == 0 ? left.value * cosine - right.value * sine : left.value * sine + right.value * cosine;
    const double of = j % 2 == 0 ? cosine : sine, other = j % 2 == 0 ? sine : cosine;
    return Sum{value, left.magnitude * std::fabs(of) + right.magnitude * std::fabs(other)};
  };
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < reference.columns; ++j) {
      const bool rotated = epilogue.rotations && epilogue.firstRotated + j < epilogue.rotatedColumns;
      Sum sum = rotated ? turned(i, j) : product(i, epilogue.gated ? 2 * j : j);
      if (epilogue.activation)
        sum.value = activate(*epilogue.activation, sum.value);
      if (epilogue.gated) {
        // First-order errors of the factors; no activation is steeper than 1.2.
        const Sum up = product(i, 2 * j + 1);
        sum = {sum.value * up.value,
               1.2 * sum.magnitude * std::fabs(up.value) + std::fabs(sum.value) * up.magnitude};
      }
      if (epilogue.rowWeights) {
        const double weight = epilogue.rowWeights->at(i, 0);
        sum = {sum.value * weight, sum.magnitude * std::fabs(weight)};
      }
      if (epilogue.residual) {
        sum.value += epilogue.residual->at(i, j);
        sum.magnitude += std::fabs(epilogue.residual->at(i, j));
      }
      if (epilogue.dScale) {
        // Saturating brings no two numbers further apart. The reciprocal is one rounding more.
        const double scale = epilogue.dScale->at(0, 0), largest = largestFinite(*epilogue.quantised);
        sum = {std::clamp(sum.value / scale, -largest, largest),
               (sum.magnitude + std::fabs(sum.value)) / std::fabs(scale)};
      }
      reference.values[i * reference.columns + j] = sum.value;
      reference.magnitudes[i * reference.columns + j] = sum.magnitude;
    }
  return reference;
}

GemmReference tokenSumReference(const Matrix &rows, int64_t count, const Matrix &lists, int64_t tokens) {
  GemmReference reference;
  reference.rows = tokens;
  reference.columns = rows.columns;
  reference.depth = lists.columns;
  reference.values.resize(tokens * rows.columns);
  reference.magnitudes.resize(tokens * rows.columns);
  for (int64_t i = 0; i < tokens; ++i)
    for (int64_t entry = 0; entry < lists.columns; ++entry) {
      const int64_t row = static_cast<int32_t>(lists.bitsAt(i, entry));
      for (int64_t j = 0; row >= 0 && row < count && j < rows.columns; ++j) {
        reference.values[i * rows.columns + j] += rows.at(row, j);
        reference.magnitudes[i * rows.columns + j] += std::fabs(rows.at(row, j));
      }
    }
  return reference;
}

static double allowedError(const GemmReference &reference, size_t at, DataType type, double errorConstant) {
  return roundingError(type, reference.values[at]) +
         errorConstant * std::sqrt(double(reference.depth)) * 0x1p-24 * reference.magnitudes[at];
}

double largestErrorShare(const Matrix &out, const GemmReference &reference, double errorConstant) {
  double largest = 0;
  for (int64_t i = 0; i < reference.rows; ++i)
    for (int64_t j = 0; j < reference.columns; ++j) {
      const size_t at = i * reference.columns + j;
      const double error = std::fabs(out.at(i, j) - reference.values[at]);
      if (std::isfinite(reference.values[at]))
        largest = std::max(largest, error / allowedError(reference, at, out.type, errorConstant));
    }
  return largest;
}

std::optional<std::string> firstMismatch(const Matrix &out, const GemmReference &reference,
                                         double errorConstant) {
  for (int64_t i = 0; i < reference.rows; ++i)
    for (int64_t j = 0; j < reference.columns; ++j) {
      const double expected = reference.values[i * reference.columns + j];
      const double actual = out.at(i, j);
      const double bound = allowedError(reference, i * reference.columns + j, out.type, errorConstant);
      // A finite reference wants a finite result inside the bound; otherwise the kind of value must agree.
      const bool right = std::isnan(expected)   ? std::isnan(actual)
                         : std::isinf(expected) ? actual == expected
                                                : std::fabs(actual - expected) <= bound;
      if (!right)
        return llvm::formatv("({0}, {1}): {2} instead of {3}, allowed error {4}", i, j, actual, expected,
                             bound)
            .str();
    }
  const size_t used = reference.rows * reference.columns * out.elementBytes();
  for (size_t byte = used; byte < out.bytes.size(); ++byte)
    if (out.bytes[byte] != 0xff)
      return llvm::formatv("byte {0} past the last row was written", byte - used).str();
  return std::nullopt;
}

std::optional<std::string> firstSquaresMismatch(const Matrix &squares, const GemmReference &reference,
                                                int64_t width, double errorConstant) {
  for (int64_t i = 0; i < reference.rows; ++i)
    for (int64_t part = 0; part * width < reference.columns; ++part) {
      double expected = 0, bound = 0;
      for (int64_t j = part * width; j < std::min(reference.columns, (part + 1) * width); ++j) {
        const size_t at = i * reference.columns + j;
        const double value = reference.values[at],
                     error = allowedError(reference, at, DataType::F32, errorConstant);
        expected += value * value;
        bound += 2 * std::fabs(value) * error + error * error;
      }
      bound += expected * double(width) * 0x1p-24; // of `width` additions
      const double actual = squares.at(i, part);
      const bool right =
          std::isfinite(expected) ? std::fabs(actual - expected) <= bound : !std::isfinite(actual);
      if (!right)
        return llvm::formatv("squares ({0}, {1}): {2} instead of {3}, allowed error {4}", i, part, actual,
                             expected, bound)
            .str();
    }
  const size_t used = reference.rows * squares.columns * squares.elementBytes();
  for (size_t byte = used; byte < squares.bytes.size(); ++byte)
    if (squares.bytes[byte] != 0xff)
      return llvm::formatv("byte {0} past the last row of squares was written", byte - used).str();
  return std::nullopt;
}

std::optional<std::string> takeBlockScales(GemmReference &reference, const Matrix &scales, DataType type,
                                           double errorConstant) {
  const double largest = largestFinite(type), largestScaled = std::numeric_limits<float>::max();
  for (int64_t i = 0; i < reference.rows; ++i)
    for (int64_t block = 0; block * kernel::scaledBlock < reference.columns; ++block) {
      const int64_t first = i * reference.columns + block * kernel::scaledBlock,
                    end = i * reference.columns +
                          std::min(reference.columns, (block + 1) * kernel::scaledBlock);
      double maximum = 0, bound = 0;
      for (int64_t at = first; at < end; ++at)
        if (!std::isnan(reference.values[at])) {
          maximum = std::max(maximum, std::fabs(reference.values[at]));
          bound = std::max(bound, allowedError(reference, at, DataType::F32, errorConstant));
        }
      maximum = std::clamp(maximum, double(kernel::smallestMaximum), largestScaled);
      bound += maximum * 0x1p-22; // of the product with the reciprocal of the largest number
      const double scale = scales.at(i, block);
      if (!(scale > 0) || !(std::fabs(scale * largest - maximum) <= bound || std::isinf(bound)))
        return llvm::formatv("scale ({0}, block {1}): {2} instead of {3}, allowed error {4}", i, block, scale,
                             maximum / largest, bound / largest)
            .str();
      for (int64_t at = first; at < end; ++at) {
        // Saturating brings no two numbers further apart. The reciprocal is one rounding more.
        double &value = reference.values[at], &magnitude = reference.magnitudes[at];
        magnitude = std::isinf(value) ? 0 : (magnitude + std::fabs(value)) / scale;
        value = std::clamp(value / scale, -largest, largest);
      }
    }
  return std::nullopt;
}

Matrix transposedOf(const Matrix &matrix) {
  Matrix result(matrix.type, matrix.columns, matrix.rows);
  const int64_t size = matrix.elementBytes();
  for (int64_t i = 0; i < matrix.rows; ++i)
    for (int64_t j = 0; j < matrix.columns; ++j)
      std::copy_n(&matrix.bytes[matrix.byteOf(i, j)], size, &result.bytes[result.byteOf(j, i)]);
  return result;
}

} // namespace codesign
