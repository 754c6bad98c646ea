// Functions of floats: powers, logarithms, angles, rounding to integers, exponents, the last step of a
// division.
#pragma once

#include "LaneNumbers.h"

namespace codesign::simulate {
namespace {

/// The default NaN of the host has its sign set, the device's has not.
CODESIGN_INLINE float tidy(float value) {
  return asBits(value) == 0xffc00000u ? asFloat(0x7fc00000u) : value;
}
CODESIGN_INLINE double tidy(double value) {
  return asBits64(value) == 0xfff8000000000000ull ? asDouble(0x7ff8000000000000ull) : value;
}

CODESIGN_INLINE float flush(float value) {
  return (asBits(value) & 0x7f800000) == 0 ? asFloat(asBits(value) & 0x80000000) : value;
}

/// 2^x in double: 2^integer times a Taylor polynomial of 2^fraction, |fraction| <= 1/2; error below 1e-13.
CODESIGN_INLINE float exp2Lane(float input) {
  double x = flush(input);
  x = x > 1100.0 ? 1100.0 : x < -1100.0 ? -1100.0 : x; // NaN passes
  double shifted = x + 6755399441055744.0;             // 1.5 * 2^52: rounds to an integer
  double whole = shifted - 6755399441055744.0, t = (x - whole) * 0.69314718055994530942;
  double p = 1.0 / 3628800;
  p = p * t + 1.0 / 362880;
  p = p * t + 1.0 / 40320;
  p = p * t + 1.0 / 5040;
  p = p * t + 1.0 / 720;
  p = p * t + 1.0 / 120;
  p = p * t + 1.0 / 24;
  p = p * t + 1.0 / 6;
  p = p * t + 0.5;
  p = p * t + 1.0;
  p = p * t + 1.0;
  uint64_t scale = (asBits64(shifted) + 1023) << 52; // the integer sits in the low mantissa bits
  double in = whole > -1022.5 ? (whole < 1023.5 ? p * asDouble(scale) : 1e300) : 0.0;
  return x != x ? input + input : flush(static_cast<float>(in));
}

/// log2 through atanh of (m-1)/(m+1) with m in [0.7, 1.42); error below 1e-13.
CODESIGN_INLINE float log2Lane(float input) {
  float x = flush(input);
  uint32_t bits = asBits(x);
  int32_t exponent = static_cast<int32_t>((bits - 0x3f3504f3u) & 0xff800000u) >> 23;
  double m = asFloat(bits - (static_cast<uint32_t>(exponent) << 23)), s = (m - 1) / (m + 1), z = s * s;
  double p = 2.0 / 19;
  p = p * z + 2.0 / 17;
  p = p * z + 2.0 / 15;
  p = p * z + 2.0 / 13;
  p = p * z + 2.0 / 11;
  p = p * z + 2.0 / 9;
  p = p * z + 2.0 / 7;
  p = p * z + 2.0 / 5;
  p = p * z + 2.0 / 3;
  p = p * z + 2.0;
  float result = static_cast<float>(exponent + p * s * 1.44269504088896340736);
  result = x == 0 ? asFloat(0xff800000) : result;
  result = x < 0 ? asFloat(0x7fc00000) : result;
  result = bits == 0x7f800000 ? x : result;
  return x != x ? x + x : result;
}

/// sin(2πx) for x in revolutions; the instruction defines it up to |x| = 256.
CODESIGN_INLINE float sineOfRevolutions(double x) {
  double r = x - __builtin_floor(x + 0.5);           // [-1/2, 1/2)
  r = r > 0.25 ? 0.5 - r : r < -0.25 ? -0.5 - r : r; // [-1/4, 1/4]
  double t = r * 6.28318530717958647692, z = t * t;
  double p = 1.0 / 355687428096000.0; // Taylor series of sin(t)/t up to t^16
  p = 1.0 / 1307674368000.0 - p * z;
  p = 1.0 / 6227020800.0 - p * z;
  p = 1.0 / 39916800.0 - p * z;
  p = 1.0 / 362880.0 - p * z;
  p = 1.0 / 5040.0 - p * z;
  p = 1.0 / 120.0 - p * z;
  p = 1.0 / 6.0 - p * z;
  p = 1.0 - p * z;
  return static_cast<float>(p * t);
}
CODESIGN_INLINE float sinLane(float x) {
  return tidy(sineOfRevolutions(x));
}
CODESIGN_INLINE float cosLane(float x) {
  return tidy(sineOfRevolutions(x + 0.25));
}

CODESIGN_INLINE float roundEven(float x) {
  float magic = 8388608.0f, magnitude = __builtin_fabsf(x);
  float rounded = magnitude < magic ? (magnitude + magic) - magic : magnitude;
  return __builtin_copysignf(rounded, x);
}
CODESIGN_INLINE float truncate(float x) {
  float magnitude = __builtin_fabsf(x);
  float whole = magnitude < 8388608.0f
                    ? static_cast<float>(static_cast<int32_t>(magnitude < 8388608.0f ? magnitude : 0))
                    : magnitude;
  return __builtin_copysignf(whole, x);
}
CODESIGN_INLINE float floorLane(float x) {
  float whole = truncate(x);
  return __builtin_copysignf(whole > x ? whole - 1 : whole, x);
}
CODESIGN_INLINE float ceilLane(float x) {
  float whole = truncate(x);
  return __builtin_copysignf(whole < x ? whole + 1 : whole, x);
}
CODESIGN_INLINE float fractLane(float x) {
  float fraction = x - floorLane(x);
  return fraction >= 1.0f ? asFloat(0x3f7fffff) : fraction;
}

CODESIGN_INLINE float ldexpLane(float x, int32_t exponent) {
  exponent = exponent > 300 ? 300 : exponent < -300 ? -300 : exponent;
  int first = exponent / 3, second = exponent - 2 * first;
  double scaled = static_cast<double>(x) * asDouble(static_cast<uint64_t>(1023 + first) << 52);
  scaled = scaled * asDouble(static_cast<uint64_t>(1023 + first) << 52);
  return static_cast<float>(scaled * asDouble(static_cast<uint64_t>(1023 + second) << 52));
}
CODESIGN_INLINE double ldexpLane(double x, int32_t exponent) {
  return __builtin_ldexp(x, exponent);
}

CODESIGN_INLINE int32_t exponentOf(float x) {
  return static_cast<int32_t>((asBits(x) >> 23) & 255);
}
CODESIGN_INLINE int32_t exponentOf(double x) {
  return static_cast<int32_t>((asBits64(x) >> 52) & 2047);
}

CODESIGN_INLINE int32_t frexpExponent(double x) { // of a finite number, 0 for zero, infinity and NaN
  uint64_t bits = asBits64(x), fraction = bits & 0xfffffffffffffull;
  int32_t exponent = exponentOf(x);
  int32_t subnormal = -1010 - static_cast<int32_t>(__builtin_clzll(fraction | 1));
  return exponent == 2047 || (exponent == 0 && fraction == 0) ? 0 : exponent ? exponent - 1022 : subnormal;
}
CODESIGN_INLINE double
frexpMantissa(double x) { // in [1/2, 1) with the sign of x; x itself for zero, infinity, NaN
  uint64_t bits = asBits64(x), fraction = bits & 0xfffffffffffffull, sign = bits & 0x8000000000000000ull;
  int32_t exponent = exponentOf(x);
  uint64_t shifted = (fraction << (__builtin_clzll(fraction | 1) - 11)) & 0xfffffffffffffull;
  uint64_t mantissa = sign | 0x3fe0000000000000ull | (exponent ? fraction : shifted);
  return exponent == 2047 || (exponent == 0 && fraction == 0) ? x : asDouble(mantissa);
}

/// Last step of the division sequence: special operands and the sign.
template <class T>
CODESIGN_INLINE T divisionFixup(T quotient, T denominator, T numerator) {
  bool negative = __builtin_signbit(denominator) != __builtin_signbit(numerator);
  T infinity = static_cast<T>(__builtin_inf()), magnitude = quotient < 0 ? -quotient : quotient;
  magnitude = __builtin_signbit(magnitude) ? -magnitude : magnitude;
  bool infinite = numerator == infinity || numerator == -infinity;
  bool denominatorInfinite = denominator == infinity || denominator == -infinity;
  T nan = static_cast<T>(__builtin_nan(""));
  if (numerator != numerator)
    return numerator + numerator;
  if (denominator != denominator)
    return denominator + denominator;
  if ((denominator == 0 && numerator == 0) || (infinite && denominatorInfinite))
    return -nan;
  T result = magnitude;
  if (denominator == 0 || infinite)
    result = infinity;
  else if (denominatorInfinite || numerator == 0)
    result = 0;
  return negative ? -result : result;
}

} // namespace
} // namespace codesign::simulate
