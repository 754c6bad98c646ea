// Numbers and their bits, and floats of 16 bits.
#pragma once

#include <cstdint>

namespace codesign::simulate {
namespace {

#define CODESIGN_INLINE __attribute__((always_inline)) inline

CODESIGN_INLINE float asFloat(uint32_t bits) {
  return __builtin_bit_cast(float, bits);
}
CODESIGN_INLINE uint32_t asBits(float value) {
  return __builtin_bit_cast(uint32_t, value);
}
CODESIGN_INLINE double asDouble(uint64_t bits) {
  return __builtin_bit_cast(double, bits);
}
CODESIGN_INLINE uint64_t asBits64(double value) {
  return __builtin_bit_cast(uint64_t, value);
}

CODESIGN_INLINE float halfToFloat(uint32_t half) {
  // Exponent and mantissa in place, then rebiased; subnormals through a subtraction that needs no subnormal
  // floats.
  uint32_t bits = ((half & 0x7fff) << 13) + ((127 - 15) << 23);
  uint32_t exponent = half & 0x7c00;
  uint32_t special = bits + ((128 - 16) << 23);
  float subnormal = asFloat(bits + (1u << 23)) - asFloat(113u << 23);
  uint32_t magnitude = exponent == 0x7c00 ? special : exponent == 0 ? asBits(subnormal) : bits;
  return asFloat(magnitude | (half & 0x8000) << 16);
}

/// Rounds as the host's floating-point environment says.
CODESIGN_INLINE uint32_t floatToHalf(float value) {
  uint32_t bits = asBits(value), sign = bits & 0x80000000, magnitude = bits & 0x7fffffff;
  // A sum with 2^(exponent + 13) leaves the 10 bits of mantissa that f16 keeps; below 2^-14 they are fixed.
  uint32_t exponent = magnitude & 0x7f800000, least = (127 - 14) << 23;
  exponent = exponent < least ? least : exponent;
  bool outside = magnitude >= 0x47800000; // 65536 and above
  float large = asFloat(((outside ? least : exponent) + (13 << 23)) | sign);
  uint32_t rounded = asBits((value + large) - large) & 0x7fffffff;
  uint32_t normal = (rounded - ((127 - 15) << 23)) >> 13;
  uint32_t subnormal = asBits(asFloat(rounded) + 0.5f) - 0x3f000000; // exact: a multiple of 2^-24
  uint32_t result = rounded < (113u << 23) ? subnormal : normal;
  // Too large: infinity where the environment rounds away from zero, else the largest number.
  bool away = outside ? asBits(value * 0x1p126f) << 1 == 0xff000000 : rounded >= 0x47800000;
  result = outside || rounded >= 0x47800000 ? (away ? 0x7c00 : 0x7bff) : result;
  result = magnitude == 0x7f800000 ? 0x7c00 : result;
  result = magnitude > 0x7f800000 ? 0x7e00 | ((magnitude >> 13) & 0x1ff) : result;
  return sign >> 16 | result;
}

CODESIGN_INLINE uint32_t floatToHalfTowardZero(float value) {
  uint32_t bits = asBits(value), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
  uint32_t normal = (magnitude - ((127 - 15) << 23)) >> 13;
  uint32_t shift = 126 - (magnitude >> 23); // subnormal: mantissa with its leading one, shifted out
  uint32_t subnormal = shift < 32 ? ((magnitude & 0x7fffff) | 0x800000) >> (shift > 31 ? 31 : shift) : 0;
  uint32_t result = magnitude < (113u << 23) ? subnormal : normal;
  result = magnitude >= 0x47800000 ? 0x7bff : result;
  result = magnitude == 0x7f800000 ? 0x7c00 : result;
  result = magnitude > 0x7f800000 ? 0x7e00 : result;
  return sign | result;
}

CODESIGN_INLINE float bfloatToFloat(uint32_t bits) {
  return asFloat(bits << 16);
}

CODESIGN_INLINE uint32_t floatToBfloat(float value) { // round to nearest even
  uint32_t bits = asBits(value);
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return (bits & 0x7fffffff) > 0x7f800000 ? (bits >> 16) | 0x40 : rounded;
}

} // namespace
} // namespace codesign::simulate
