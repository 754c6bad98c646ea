// Floating-point operations. Rounding and subnormal handling of f32 and f64 come from the host's
// floating-point environment, which the caller sets; f16 rounds to nearest even.
#pragma once

#include "LaneLoops.h"

namespace codesign::simulate {
namespace {

/// The default NaN of the host has its sign set, the device's has not.
CODESIGN_INLINE float tidy(float value) {
  return asBits(value) == 0xffc00000u ? asFloat(0x7fc00000u) : value;
}
CODESIGN_INLINE double tidy(double value) {
  return asBits64(value) == 0xfff8000000000000ull ? asDouble(0x7ff8000000000000ull) : value;
}

template <class T>
CODESIGN_INLINE T maximum(T a, T b) { // maxNum, +0 above -0
  T larger = a > b ? a : b;
  larger = a == b && a == 0 ? a + b : larger;
  larger = b != b ? a : larger;
  return a != a ? b : larger;
}
template <class T>
CODESIGN_INLINE T minimum(T a, T b) {
  T smaller = a < b ? a : b;
  smaller = a == b && a == 0 ? -(-a - b) : smaller;
  smaller = b != b ? a : smaller;
  return a != a ? b : smaller;
}
template <class T>
CODESIGN_INLINE T median(T a, T b, T c) {
  T low = minimum(a, b), high = maximum(a, b);
  return maximum(low, minimum(high, c));
}
CODESIGN_INLINE float medianFloat(float a, float b, float c) {
  return a != a || b != b || c != c ? minimum(minimum(a, b), c) : median(a, b, c);
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

/// Exact product and one rounding to f16 later: the sum in double is exact wherever the f16 result is finite.
CODESIGN_INLINE float halfFma(float a, float b, float c) {
  double sum = static_cast<double>(a) * b + c;
  float rounded = static_cast<float>(sum);
  // Rounding to odd keeps the second rounding, to f16, right.
  uint32_t bits = asBits(rounded);
  bool inexact = static_cast<double>(rounded) != sum && sum == sum;
  bool away = __builtin_fabs(static_cast<double>(rounded)) > __builtin_fabs(sum);
  bits = inexact ? (away ? bits - 1 : bits) | 1 : bits;
  return asFloat(bits);
}

CODESIGN_INLINE float bfloatDot(uint32_t a, uint32_t b, float c) {
  double low = static_cast<double>(bfloatToFloat(a)) * bfloatToFloat(b);
  double high = static_cast<double>(bfloatToFloat(a >> 16)) * bfloatToFloat(b >> 16);
  return static_cast<float>(low + high + c);
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

/// Product and sum rounded to f16 each.
CODESIGN_INLINE float halfMad(float a, float b, float c) {
  return halfFma(halfToFloat(floatToHalf(a * b)), 1.0f, c);
}

/// IEEE minimum and maximum: a NaN among the inputs is the result.
CODESIGN_INLINE float minimum3(float a, float b, float c) {
  return a != a || b != b || c != c ? asFloat(0x7fc00000) : minimum(minimum(a, b), c);
}
CODESIGN_INLINE float maximum3(float a, float b, float c) {
  return a != a || b != b || c != c ? asFloat(0x7fc00000) : maximum(maximum(a, b), c);
}

/// Component that decides the face of a cube map: 2 z, 1 y, 0 x.
CODESIGN_INLINE int cubeAxis(float x, float y, float z) {
  const float ax = __builtin_fabsf(x), ay = __builtin_fabsf(y), az = __builtin_fabsf(z);
  return az >= ax && az >= ay ? 2 : ay >= ax ? 1 : 0;
}
CODESIGN_INLINE float cubeMajor(float x, float y, float z) {
  const int axis = cubeAxis(x, y, z);
  return axis == 2 ? z : axis == 1 ? y : x;
}
CODESIGN_INLINE float cubeFace(float x, float y, float z) {
  return static_cast<float>(2 * cubeAxis(x, y, z) + (cubeMajor(x, y, z) < 0));
}
CODESIGN_INLINE float cubeS(float x, float y, float z) {
  const int axis = cubeAxis(x, y, z);
  return axis == 2 ? (z < 0 ? -x : x) : axis == 1 ? x : x < 0 ? z : -z;
}
CODESIGN_INLINE float cubeT(float x, float y, float z) {
  return cubeAxis(x, y, z) == 1 ? (y < 0 ? -z : z) : -y;
}

const LaneOperation floatOperations[] = {
    op("V_ADD_F32", [](float a, float b) { return tidy(a + b); }),
    op("V_SUB_F32", [](float a, float b) { return tidy(a - b); }),
    op("V_SUBREV_F32", [](float a, float b) { return tidy(b - a); }),
    op("V_MUL_F32", [](float a, float b) { return tidy(a * b); }),
    op("V_MUL_LEGACY_F32", [](float a, float b) { return a == 0 || b == 0 ? 0.0f : tidy(a * b); }),
    op("V_FMA_F32", [](float a, float b, float c) { return tidy(__builtin_fmaf(a, b, c)); }),
    op("V_FMAC_F32", [](float a, float b, float c) { return tidy(__builtin_fmaf(a, b, c)); }),
    op("V_FMAAK_F32", [](float a, float b, float c) { return tidy(__builtin_fmaf(a, b, c)); }),
    op("V_FMAMK_F32", [](float a, float c, float b) { return tidy(__builtin_fmaf(a, c, b)); }),
    op("V_MAD_LEGACY_F32", [](float a, float b, float c) { return a == 0 || b == 0 ? c : tidy(a * b + c); }),
    op("V_MAX_F32", [](float a, float b) { return maximum(a, b); }),
    op("V_MIN_F32", [](float a, float b) { return minimum(a, b); }),
    op("V_MAX3_F32", [](float a, float b, float c) { return maximum(maximum(a, b), c); }),
    op("V_MIN3_F32", [](float a, float b, float c) { return minimum(minimum(a, b), c); }),
    op("V_MED3_F32", [](float a, float b, float c) { return medianFloat(a, b, c); }),
    op("V_MAXIMUM3_F32", [](float a, float b, float c) { return maximum3(a, b, c); }),
    op("V_MINIMUM3_F32", [](float a, float b, float c) { return minimum3(a, b, c); }),
    op("V_CUBEID_F32", [](float x, float y, float z) { return cubeFace(x, y, z); }),
    op("V_CUBESC_F32", [](float x, float y, float z) { return cubeS(x, y, z); }),
    op("V_CUBETC_F32", [](float x, float y, float z) { return cubeT(x, y, z); }),
    op("V_CUBEMA_F32", [](float x, float y, float z) { return 2.0f * cubeMajor(x, y, z); }),
    op("V_TRUNC_F32", [](float a) { return a != a ? a : truncate(a); }),
    op("V_FLOOR_F32", [](float a) { return a != a ? a : floorLane(a); }),
    op("V_CEIL_F32", [](float a) { return a != a ? a : ceilLane(a); }),
    op("V_RNDNE_F32", [](float a) { return a != a ? a : roundEven(a); }),
    op("V_FRACT_F32", [](float a) { return fractLane(a); }),
    slowOp("V_EXP_F32", [](float a) { return exp2Lane(a); }),
    slowOp("V_LOG_F32", [](float a) { return log2Lane(a); }),
    slowOp("V_EXP_LEGACY_F32", [](float a) { return exp2Lane(a); }),
    slowOp("V_LOG_LEGACY_F32", [](float a) { return log2Lane(a); }),
    slowOp("V_RCP_F32", [](float a) { return tidy(flush(1.0f / flush(a))); }),
    slowOp("V_RCP_IFLAG_F32", [](float a) { return tidy(flush(1.0f / flush(a))); }),
    slowOp("V_RSQ_F32",
           [](float a) {
             return tidy(static_cast<float>(1.0 / __builtin_sqrt(static_cast<double>(flush(a)))));
           }),
    slowOp("V_SQRT_F32", [](float a) { return tidy(__builtin_sqrtf(flush(a))); }),
    slowOp("V_SIN_F32", [](float a) { return sinLane(a); }),
    slowOp("V_COS_F32", [](float a) { return cosLane(a); }),
    op("V_LDEXP_F32", [](float a, int32_t b) { return ldexpLane(a, b); }),
    op("V_FREXP_EXP_I32_F32",
       [](float a) {
         int32_t e = exponentOf(a);
         uint32_t f = asBits(a) & 0x7fffff;
         return e == 255 || (e == 0 && f == 0) ? 0 : e ? e - 126 : -117 - __builtin_clz(f | 1);
       }),
    op("V_FREXP_MANT_F32",
       [](float a) {
         int32_t e = exponentOf(a);
         uint32_t f = asBits(a) & 0x7fffff, s = asBits(a) & 0x80000000;
         uint32_t shifted = (f << (__builtin_clz(f | 1) - 8)) & 0x7fffff;
         return e == 255 || (e == 0 && f == 0) ? a : asFloat(s | 0x3f000000 | (e ? f : shifted));
       }),
    op("V_ADD_F64", [](double a, double b) { return tidy(a + b); }),
    op("V_MUL_F64", [](double a, double b) { return tidy(a * b); }),
    op("V_FMA_F64", [](double a, double b, double c) { return tidy(__builtin_fma(a, b, c)); }),
    op("V_FMAC_F64", [](double a, double b, double c) { return tidy(__builtin_fma(a, b, c)); }),
    op("V_MAX_F64", [](double a, double b) { return maximum(a, b); }),
    op("V_MIN_F64", [](double a, double b) { return minimum(a, b); }),
    op("V_TRUNC_F64", [](double a) { return __builtin_trunc(a); }),
    op("V_FLOOR_F64", [](double a) { return __builtin_floor(a); }),
    op("V_CEIL_F64", [](double a) { return __builtin_ceil(a); }),
    op("V_RNDNE_F64", [](double a) { return __builtin_nearbyint(a); }),
    op("V_FRACT_F64",
       [](double a) {
         double f = a - __builtin_floor(a);
         return f >= 1.0 ? asDouble(0x3fefffffffffffffull) : f;
       }),
    slowOp("V_RCP_F64", [](double a) { return tidy(1.0 / a); }),
    slowOp("V_RSQ_F64", [](double a) { return tidy(1.0 / __builtin_sqrt(a)); }),
    slowOp("V_SQRT_F64", [](double a) { return tidy(__builtin_sqrt(a)); }),
    op("V_LDEXP_F64", [](double a, int32_t b) { return ldexpLane(a, b); }),
    op("V_FREXP_EXP_I32_F64", [](double a) { return frexpExponent(a); }),
    op("V_FREXP_MANT_F64", [](double a) { return frexpMantissa(a); }),
    op("V_ADD_F16", [](Half a, Half b) { return Half{a.value + b.value}; }),
    op("V_SUB_F16", [](Half a, Half b) { return Half{a.value - b.value}; }),
    op("V_SUBREV_F16", [](Half a, Half b) { return Half{b.value - a.value}; }),
    op("V_MUL_F16", [](Half a, Half b) { return Half{a.value * b.value}; }),
    op("V_MAX_F16", [](Half a, Half b) { return Half{maximum(a.value, b.value)}; }),
    op("V_MIN_F16", [](Half a, Half b) { return Half{minimum(a.value, b.value)}; }),
    op("V_FMA_F16", [](Half a, Half b, Half c) { return Half{halfFma(a.value, b.value, c.value)}; }),
    op("V_MAD_F16", [](Half a, Half b, Half c) { return Half{halfMad(a.value, b.value, c.value)}; }),
    op("V_MAC_F16", [](Half a, Half b, Half c) { return Half{halfMad(a.value, b.value, c.value)}; }),
    op("V_MADAK_F16", [](Half a, Half b, Half c) { return Half{halfMad(a.value, b.value, c.value)}; }),
    op("V_MADMK_F16", [](Half a, Half c, Half b) { return Half{halfMad(a.value, c.value, b.value)}; }),
    op("V_MAX3_F16",
       [](Half a, Half b, Half c) { return Half{maximum(maximum(a.value, b.value), c.value)}; }),
    op("V_MIN3_F16",
       [](Half a, Half b, Half c) { return Half{minimum(minimum(a.value, b.value), c.value)}; }),
    op("V_MED3_F16", [](Half a, Half b, Half c) { return Half{medianFloat(a.value, b.value, c.value)}; }),
    op("V_TRUNC_F16", [](Half a) { return Half{truncate(a.value)}; }),
    op("V_FLOOR_F16", [](Half a) { return Half{floorLane(a.value)}; }),
    op("V_CEIL_F16", [](Half a) { return Half{ceilLane(a.value)}; }),
    op("V_RNDNE_F16", [](Half a) { return Half{roundEven(a.value)}; }),
    op("V_FRACT_F16",
       [](Half a) {
         float f = a.value - floorLane(a.value);
         return Half{f > 0.9995117f ? 0.9995117f : f};
       }),
    slowOp("V_EXP_F16", [](Half a) { return Half{exp2Lane(a.value)}; }),
    slowOp("V_LOG_F16", [](Half a) { return Half{log2Lane(a.value)}; }),
    slowOp("V_RCP_F16", [](Half a) { return Half{1.0f / a.value}; }),
    slowOp("V_RSQ_F16", [](Half a) { return Half{1.0f / __builtin_sqrtf(a.value)}; }),
    slowOp("V_SQRT_F16", [](Half a) { return Half{__builtin_sqrtf(a.value)}; }),
    slowOp("V_SIN_F16", [](Half a) { return Half{sinLane(a.value)}; }),
    slowOp("V_COS_F16", [](Half a) { return Half{cosLane(a.value)}; }),
    op("V_LDEXP_F16", [](Half a, int16_t b) { return Half{ldexpLane(a.value, b)}; }),
    op("V_PK_ADD_F16", [](Half2 a, Half2 b) { return Half2{a.low + b.low, a.high + b.high}; }),
    op("V_PK_MUL_F16", [](Half2 a, Half2 b) { return Half2{a.low * b.low, a.high * b.high}; }),
    op("V_PK_MAX_F16",
       [](Half2 a, Half2 b) { return Half2{maximum(a.low, b.low), maximum(a.high, b.high)}; }),
    op("V_PK_MIN_F16",
       [](Half2 a, Half2 b) { return Half2{minimum(a.low, b.low), minimum(a.high, b.high)}; }),
    op("V_PK_MINIMUM3_F16",
       [](Half2 a, Half2 b, Half2 c) {
         return Half2{minimum3(a.low, b.low, c.low), minimum3(a.high, b.high, c.high)};
       }),
    op("V_PK_MAXIMUM3_F16",
       [](Half2 a, Half2 b, Half2 c) {
         return Half2{maximum3(a.low, b.low, c.low), maximum3(a.high, b.high, c.high)};
       }),
    op("V_PK_FMAC_F16",
       [](Half2 a, Half2 b, Half2 c) {
         return Half2{halfFma(a.low, b.low, c.low), halfFma(a.high, b.high, c.high)};
       }),
    op("V_PK_FMA_F16",
       [](Half2 a, Half2 b, Half2 c) {
         return Half2{halfFma(a.low, b.low, c.low), halfFma(a.high, b.high, c.high)};
       }),
    op("V_DOT2_F32_F16",
       [](Half2 a, Half2 b, float c) {
         return tidy(static_cast<float>(static_cast<double>(a.low) * b.low +
                                        static_cast<double>(a.high) * b.high + c));
       }),
    op("V_DOT2C_F32_F16",
       [](Half2 a, Half2 b, float c) {
         return tidy(static_cast<float>(static_cast<double>(a.low) * b.low +
                                        static_cast<double>(a.high) * b.high + c));
       }),
    op("V_DOT2_F32_BF16", [](uint32_t a, uint32_t b, float c) { return tidy(bfloatDot(a, b, c)); }),
    op("V_DOT2C_F32_BF16", [](uint32_t a, uint32_t b, float c) { return tidy(bfloatDot(a, b, c)); }),
    op("V_DIV_FIXUP_F32", [](float q, float d, float n) { return divisionFixup(q, d, n); }),
    op("V_DIV_FIXUP_F64", [](double q, double d, double n) { return divisionFixup(q, d, n); }),
    op("V_DIV_FIXUP_F16",
       [](Half q, Half d, Half n) { return Half{divisionFixup(q.value, d.value, n.value)}; }),
};

} // namespace
} // namespace codesign::simulate
