// Floating-point operations. Rounding and subnormal handling of f32 and f64 come from the host's
// floating-point environment, which the caller sets.
#pragma once

#include "LaneExtremes.h"
#include "LaneFunctions.h"
#include "LaneLoops.h"

namespace codesign::simulate {
namespace {

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
    op("V_DIV_FIXUP_F32", [](float q, float d, float n) { return divisionFixup(q, d, n); }),
    op("V_DIV_FIXUP_F64", [](double q, double d, double n) { return divisionFixup(q, d, n); }),
};

} // namespace
} // namespace codesign::simulate
