// Number formats and memory layouts for the references, written from their definitions and independent of the
// simulator.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace codesign::foreign {

inline float floatOfBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline double bfloatValue(uint16_t bits) {
  return floatOfBits(uint32_t(bits) << 16);
}

/// A format with sign, exponent and mantissa fields and this bias, without special codes.
inline double smallFloatValue(uint32_t code, int exponentBits, int mantissaBits, int bias) {
  const uint32_t mantissa = code & ((1u << mantissaBits) - 1),
                 exponent = (code >> mantissaBits) & ((1u << exponentBits) - 1);
  const double sign = code >> (exponentBits + mantissaBits) & 1 ? -1 : 1;
  return sign * (exponent ? std::ldexp((1u << mantissaBits) + mantissa, int(exponent) - bias - mantissaBits)
                          : std::ldexp(mantissa, 1 - bias - mantissaBits));
}
inline double halfValue(uint16_t code) {
  return smallFloatValue(code, 5, 10, 15);
} // finite ones
inline double fp8FnuzValue(uint8_t code) {
  return smallFloatValue(code, 4, 3, 8);
} // not of 0x80
inline double fp8Value(uint8_t code) {
  return smallFloatValue(code, 4, 3, 7);
} // not of 0x7f, 0xff
inline double fp4Value(uint32_t code) {
  return smallFloatValue(code & 15, 2, 1, 1);
}
inline double scaleValue(uint8_t code) {
  return std::ldexp(1.0, int(code) - 127);
} // e8m0

inline uint16_t bfloatOf(double value) { // to nearest, even at ties
  const float single = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &single, 4);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// Half a unit in the last place of a bf16, f16 or f32 result of this magnitude (at least that of the
/// smallest normal number).
inline double halfUlp(double value, int mantissaBits) {
  int exponent = 0;
  std::frexp(std::max(std::abs(value), 1e-30), &exponent);
  return std::ldexp(1.0, exponent - 2 - mantissaBits);
}
constexpr int bfloatMantissa = 7, halfMantissa = 10;

/// Position of weight [row, byte] of a row-major [rows, bytes] matrix in AITER's order for matrix
/// instructions: tiles of `tileRows` rows and 32 bytes, in each the two halves of 16 bytes after one another.
inline int64_t shuffledWeight(int64_t row, int64_t byte, int64_t bytesOfRow, int64_t tileRows) {
  const int64_t tile = row / tileRows * (bytesOfRow / 32) + byte / 32;
  return tile * tileRows * 32 + (byte % 32 / 16 * tileRows + row % tileRows) * 16 + byte % 16;
}

/// Position of the scale of [row, group] in AITER's order: tiles of 32 rows and 8 groups.
inline int64_t shuffledScale(int64_t row, int64_t group, int64_t groupsOfRow) {
  const int64_t tile = row / 32 * (groupsOfRow / 8) + group / 8;
  return tile * 256 + ((group % 4 * 16 + row % 16) * 2 + group % 8 / 4) * 2 + row % 32 / 16;
}

} // namespace codesign::foreign
