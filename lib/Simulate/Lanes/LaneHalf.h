// Operations on floats of 16 bits, which round to nearest even: single, packed, and dot products.
#pragma once

#include "LaneExtremes.h"
#include "LaneFunctions.h"
#include "LaneLoops.h"

namespace codesign::simulate {
namespace {

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

/// Product and sum rounded to f16 each.
CODESIGN_INLINE float halfMad(float a, float b, float c) {
  return halfFma(halfToFloat(floatToHalf(a * b)), 1.0f, c);
}

CODESIGN_INLINE float bfloatDot(uint32_t a, uint32_t b, float c) {
  double low = static_cast<double>(bfloatToFloat(a)) * bfloatToFloat(b);
  double high = static_cast<double>(bfloatToFloat(a >> 16)) * bfloatToFloat(b >> 16);
  return static_cast<float>(low + high + c);
}

const LaneOperation halfOperations[] = {
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
    op("V_DIV_FIXUP_F16",
       [](Half q, Half d, Half n) { return Half{divisionFixup(q.value, d.value, n.value)}; }),
};

} // namespace
} // namespace codesign::simulate
