// Unpacking of matrix operands and the multiply-accumulate loops of MFMA.
#pragma once

#include "LaneLoops.h"
#include "SmallFloat.h"

namespace codesign::simulate {
namespace {

template <int bits, class Convert, class Result>
CODESIGN_INLINE void unpack(const uint32_t *registers, int elements, Result *result, Convert convert) {
  constexpr uint32_t mask = bits == 32 ? ~0u : (1u << (bits & 31)) - 1;
  for (int element = 0; element < elements; ++element) {
    const uint32_t *low = registers + (element * bits / 32) * lanes;
    int shift = element * bits % 32;
    Result *to = result + element * lanes;
    if (shift + bits <= 32) {
      CODESIGN_LANE_LOOP
      for (int lane = 0; lane < lanes; ++lane)
        to[lane] = convert((low[lane] >> shift) & mask);
    } else { // a 6-bit value across two registers
      CODESIGN_LANE_LOOP
      for (int lane = 0; lane < lanes; ++lane)
        to[lane] = convert((low[lane] >> shift | low[lane + lanes] << (32 - shift)) & mask);
    }
  }
}

void unpackFloatOperand(MatrixType type, const uint32_t *registers, int elements, float *result) {
  switch (type) {
  case MatrixType::BF16:
    return unpack<16>(registers, elements, result, [](uint32_t v) { return asFloat(v << 16); });
  case MatrixType::F16:
    return unpack<16>(registers, elements, result, [](uint32_t v) { return halfToFloat(v); });
  case MatrixType::F8:
    return unpack<8>(registers, elements, result, [](uint32_t v) { return Float8Fnuz::decode(v); });
  case MatrixType::BF8:
    return unpack<8>(registers, elements, result, [](uint32_t v) { return BFloat8Fnuz::decode(v); });
  case MatrixType::F8Ocp:
    return unpack<8>(registers, elements, result, [](uint32_t v) { return Float8Ocp::decode(v); });
  case MatrixType::BF8Ocp:
    return unpack<8>(registers, elements, result, [](uint32_t v) { return BFloat8Ocp::decode(v); });
  case MatrixType::F6:
    return unpack<6>(registers, elements, result, [](uint32_t v) { return Float6::decode(v); });
  case MatrixType::BF6:
    return unpack<6>(registers, elements, result, [](uint32_t v) { return BFloat6::decode(v); });
  case MatrixType::F4:
    return unpack<4>(registers, elements, result, [](uint32_t v) { return Float4::decode(v); });
  case MatrixType::XF32: // 10 bits of mantissa, rounded to nearest even
    return unpack<32>(registers, elements, result, [](uint32_t v) {
      uint32_t rounded = (v + 0xfff + ((v >> 13) & 1)) & ~0x1fffu;
      return asFloat((v & 0x7f800000) == 0x7f800000 ? v : rounded);
    });
  default:
    return unpack<32>(registers, elements, result, [](uint32_t v) { return asFloat(v); });
  }
}

void unpackIntegerOperand(MatrixType type, const uint32_t *registers, int elements, int32_t *result) {
  if (type == MatrixType::I4)
    return unpack<4>(registers, elements, result,
                     [](uint32_t v) { return static_cast<int32_t>(v << 28) >> 28; });
  return unpack<8>(registers, elements, result,
                   [](uint32_t v) { return static_cast<int32_t>(v << 24) >> 24; });
}

CODESIGN_INLINE float multiplyAdd(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
CODESIGN_INLINE int32_t multiplyAdd(int32_t a, int32_t b, int32_t c) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b) + static_cast<uint32_t>(c));
}

/// Sixteen neighbouring columns of a row.
typedef float FloatRow __attribute__((vector_size(64), aligned(4)));
typedef int32_t IntegerRow __attribute__((vector_size(64), aligned(4)));
CODESIGN_INLINE FloatRow rowMultiplyAdd(float a, FloatRow b, FloatRow c) {
#if defined(__clang__)
  FloatRow factor = {a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a};
  return __builtin_elementwise_fma(factor, b, c);
#else
  for (int column = 0; column < 16; ++column)
    c[column] = __builtin_fmaf(a, b[column], c[column]);
  return c;
#endif
}
CODESIGN_INLINE IntegerRow rowMultiplyAdd(int32_t a, IntegerRow b, IntegerRow c) {
  return a * b + c;
}
template <class T>
struct RowOf {
  using Type = IntegerRow;
};
template <>
struct RowOf<float> {
  using Type = FloatRow;
};

/// Host vector registers that sixteen columns fill.
#if defined(__AVX512F__)
constexpr int registersPerRow = 1;
#elif defined(__AVX__)
constexpr int registersPerRow = 2;
#else
constexpr int registersPerRow = 4;
#endif

/// Rows in groups whose accumulators, eight registers of the host, stay there over the whole depth.
template <int dimension, class T>
CODESIGN_INLINE void multiplyBlock(const MatrixStep &step, const T *a, const T *b, T *accumulator) {
  using Row = typename RowOf<T>::Type;
  constexpr int parts = dimension / 16, rows = 8 / (parts * registersPerRow);
  for (int row = 0; row < dimension; row += rows) {
    Row sums[rows][parts];
    for (int r = 0; r < rows; ++r)
      for (int part = 0; part < parts; ++part)
        __builtin_memcpy(&sums[r][part], accumulator + step.rowOffsets[row + r] + 16 * part, sizeof(Row));
    for (int k = 0; k < step.depth; ++k) {
      const T *aColumn = a + step.offsetsA[k] + row, *bRow = b + step.offsetsB[k];
      for (int part = 0; part < parts; ++part) {
        Row columns;
        __builtin_memcpy(&columns, bRow + 16 * part, sizeof(Row));
        for (int r = 0; r < rows; ++r)
          sums[r][part] = rowMultiplyAdd(aColumn[r], columns, sums[r][part]);
      }
    }
    for (int r = 0; r < rows; ++r)
      for (int part = 0; part < parts; ++part)
        __builtin_memcpy(accumulator + step.rowOffsets[row + r] + 16 * part, &sums[r][part], sizeof(Row));
  }
}

template <class T>
CODESIGN_INLINE void multiplySmall(const MatrixStep &step, const T *a, const T *b, T *accumulator) {
  for (int row = 0; row < 4; ++row)
    for (int k = 0; k < step.depth; ++k)
      for (int column = 0; column < 4; ++column) {
        T &sum = accumulator[step.rowOffsets[row] + column];
        sum = multiplyAdd(a[step.offsetsA[k] + row], b[step.offsetsB[k] + column], sum);
      }
}

template <class T>
void multiply(const MatrixStep &step, const T *a, const T *b, T *accumulator) {
  switch (step.dimension) {
  case 4:
    return multiplySmall(step, a, b, accumulator);
  case 16:
    return multiplyBlock<16>(step, a, b, accumulator);
  case 32:
    return multiplyBlock<32>(step, a, b, accumulator);
  default:
    __builtin_trap();
  }
}

} // namespace
} // namespace codesign::simulate
