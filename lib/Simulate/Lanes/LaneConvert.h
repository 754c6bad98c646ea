// Conversions between number formats.
#pragma once

#include "LaneFunctions.h"
#include "LaneLoops.h"
#include "SmallFloat.h"

namespace codesign::simulate {
namespace {

CODESIGN_INLINE int32_t toInt32(float x) { // truncates, saturates, NaN gives 0
  float limited = x < -2147483648.0f ? -2147483648.0f : x > 2147483520.0f ? 2147483520.0f : x;
  int32_t value = static_cast<int32_t>(x == x ? limited : 0.0f);
  return x >= 2147483648.0f ? 0x7fffffff : value;
}
CODESIGN_INLINE uint32_t toUint32(float x) {
  float limited = x > 0.0f ? x : 0.0f;
  uint32_t value =
      static_cast<uint32_t>(static_cast<int64_t>(limited < 4294967040.0f ? limited : 4294967040.0f));
  return x >= 4294967296.0f ? ~0u : value;
}
CODESIGN_INLINE int32_t toInt32(double x) {
  return x != x               ? 0
         : x >= 2147483647.0  ? 0x7fffffff
         : x <= -2147483648.0 ? -0x7fffffff - 1
                              : static_cast<int32_t>(x);
}
CODESIGN_INLINE uint32_t toUint32(double x) {
  return !(x > 0) ? 0 : x >= 4294967295.0 ? ~0u : static_cast<uint32_t>(x);
}
CODESIGN_INLINE uint32_t clampSigned16(int32_t x) {
  return static_cast<uint16_t>(x < -32768 ? -32768 : x > 32767 ? 32767 : x);
}
CODESIGN_INLINE uint32_t clampUnsigned(uint32_t x, uint32_t limit) {
  return x < limit ? x : limit;
}
CODESIGN_INLINE uint32_t normalized(float x, float scale, float low) {
  const float limited = x != x ? 0 : x < low ? low : x > 1.0f ? 1.0f : x;
  const double exact = static_cast<double>(limited) * scale + 65536; // positive, so that casts round down
  const auto below = static_cast<int32_t>(exact);
  const double rest = exact - below;
  return static_cast<uint16_t>(below + (rest > 0.5 || (rest == 0.5 && below & 1)));
}
CODESIGN_INLINE uint32_t packByte(float x, uint32_t byte, uint32_t old) {
  uint32_t value = clampUnsigned(toUint32(roundEven(x)), 255), shift = 8 * (byte & 3);
  return (old & ~(255u << shift)) | value << shift;
}

/// Rounds to nearest even whatever the host's environment says.
CODESIGN_INLINE uint32_t halfNearest(float x) {
  return x != x ? 0x7e00 | (asBits(x) >> 16 & 0x8000) | (asBits(x) >> 13 & 0x1ff) : Float16::encode(x, false);
}

template <class Format>
void packSmall(LaneArguments &x) { // two f32 to two bytes
  for (int lane = 0; lane < lanes; ++lane)
    x.destination[lane] = Format::encode(asFloat(x.source[0][lane]), x.halfOverflow) |
                          Format::encode(asFloat(x.source[1][lane]), x.halfOverflow) << Format::bits;
}
template <class Format>
void packSmallStochastic(LaneArguments &x) { // one f32 and random bits to one byte
  for (int lane = 0; lane < lanes; ++lane)
    x.destination[lane] = Format::encode(asFloat(x.source[0][lane]), x.halfOverflow, true,
                                         usedRandomBits<Format>(x.source[1][lane], 23));
}
template <class Format>
void unpackSmallPair(LaneArguments &x) { // low 16 bits to two f32
  for (int lane = 0; lane < lanes; ++lane) {
    uint32_t pair = x.source[0][lane];
    x.destination[lane] = asBits(Format::decode(pair & 255));
    x.destination[lane + lanes] = asBits(Format::decode((pair >> 8) & 255));
  }
}
void floatToHalfKernel(LaneArguments &x) {
  CODESIGN_LANE_LOOP
  for (int lane = 0; lane < lanes; ++lane) {
    uint32_t half = floatToHalf(asFloat(x.source[0][lane])), source = x.source[0][lane] & 0x7fffffff;
    bool overflow = (half & 0x7fff) == 0x7c00 && source < 0x7f800000 && x.halfOverflow;
    x.destination[lane] = overflow ? (half & 0x8000) | 0x7bff : half;
  }
}

void roundHalfStochastic(LaneArguments &x) {
  for (int lane = 0; lane < lanes; ++lane) {
    const uint32_t source = x.source[0][lane];
    const bool isNan = (source & 0x7fffffff) > 0x7f800000;
    x.destination[lane] =
        isNan ? floatToHalf(asFloat(source))
              : Float16::encode(asFloat(source), x.halfOverflow && (source & 0x7fffffff) < 0x7f800000, true,
                                usedRandomBits<Float16>(x.source[1][lane], 23));
  }
}
void roundBfloatStochastic(LaneArguments &x) {
  for (int lane = 0; lane < lanes; ++lane) {
    const uint32_t source = x.source[0][lane];
    const bool isFinite = (source & 0x7fffffff) < 0x7f800000;
    x.destination[lane] =
        isFinite ? (source + (x.source[1][lane] >> 16)) >> 16 : floatToBfloat(asFloat(source));
  }
}

constexpr LaneOperation converter(const char *name, LaneKernel function, uint8_t sources, LaneType from,
                                  LaneType to) {
  return {name,    function,
          sources, {from, sources > 1 ? from : LaneType::None, sources > 2 ? from : LaneType::None},
          to,      UndefinedRule::Mix,
          false};
}

constexpr LaneType B = LaneType::B32, F = LaneType::F32;

const LaneOperation conversionOperations[] = {
    op("V_CVT_F32_I32", [](int32_t a) { return static_cast<float>(a); }),
    op("V_CVT_F32_U32", [](uint32_t a) { return static_cast<float>(a); }),
    op("V_CVT_I32_F32", [](float a) { return toInt32(a); }),
    op("V_CVT_U32_F32", [](float a) { return toUint32(a); }),
    op("V_CVT_RPI_I32_F32", [](float a) { return toInt32(floorLane(a + 0.5f)); }),
    op("V_CVT_FLR_I32_F32", [](float a) { return toInt32(floorLane(a)); }),
    op("V_CVT_F32_UBYTE0", [](uint32_t a) { return static_cast<float>(a & 255); }),
    op("V_CVT_F32_UBYTE1", [](uint32_t a) { return static_cast<float>((a >> 8) & 255); }),
    op("V_CVT_F32_UBYTE2", [](uint32_t a) { return static_cast<float>((a >> 16) & 255); }),
    op("V_CVT_F32_UBYTE3", [](uint32_t a) { return static_cast<float>(a >> 24); }),
    op("V_CVT_OFF_F32_I4",
       [](uint32_t a) { return static_cast<float>(static_cast<int32_t>(a << 28) >> 28) * 0.0625f; }),
    op("V_CVT_F64_F32", [](float a) { return static_cast<double>(a); }),
    op("V_CVT_F32_F64", [](double a) { return tidy(static_cast<float>(a)); }),
    op("V_CVT_F64_I32", [](int32_t a) { return static_cast<double>(a); }),
    op("V_CVT_F64_U32", [](uint32_t a) { return static_cast<double>(a); }),
    op("V_CVT_I32_F64", [](double a) { return toInt32(a); }),
    op("V_CVT_U32_F64", [](double a) { return toUint32(a); }),
    converter("V_CVT_F16_F32", floatToHalfKernel, 1, F, LaneType::F16),
    op("V_CVT_F32_F16", [](Half a) { return a.value; }),
    op("V_CVT_F32_BF16", [](uint16_t a) { return bfloatToFloat(a); }),
    op("V_CVT_F16_U16", [](uint16_t a) { return Half{static_cast<float>(a)}; }),
    op("V_CVT_F16_I16", [](int16_t a) { return Half{static_cast<float>(a)}; }),
    op("V_CVT_U16_F16",
       [](Half a) { return static_cast<uint16_t>(clampUnsigned(toUint32(a.value), 65535)); }),
    op("V_CVT_I16_F16", [](Half a) { return static_cast<uint16_t>(clampSigned16(toInt32(a.value))); }),
    op("V_CVT_NORM_I16_F16",
       [](Half a) { return static_cast<uint16_t>(normalized(a.value, 32767.0f, -1.0f)); }),
    op("V_CVT_NORM_U16_F16",
       [](Half a) { return static_cast<uint16_t>(normalized(a.value, 65535.0f, 0.0f)); }),
    op("V_FREXP_EXP_I16_F16", [](Half a) { return static_cast<uint16_t>(frexpExponent(a.value)); }),
    op("V_FREXP_MANT_F16", [](Half a) { return Half{static_cast<float>(frexpMantissa(a.value))}; }),
    op("V_CVT_PKRTZ_F16_F32",
       [](float a, float b) { return floatToHalfTowardZero(a) | floatToHalfTowardZero(b) << 16; }),
    op("V_CVT_PK_F16_F32", [](float a, float b) { return halfNearest(a) | halfNearest(b) << 16; }),
    op("V_CVT_PK_BF16_F32", [](float a, float b) { return floatToBfloat(a) | floatToBfloat(b) << 16; }),
    op("V_CVT_PKNORM_I16_F32",
       [](float a, float b) {
         return normalized(a, 32767.0f, -1.0f) | normalized(b, 32767.0f, -1.0f) << 16;
       }),
    op("V_CVT_PKNORM_U16_F32",
       [](float a, float b) { return normalized(a, 65535.0f, 0.0f) | normalized(b, 65535.0f, 0.0f) << 16; }),
    op("V_CVT_PK_U16_U32",
       [](uint32_t a, uint32_t b) { return clampUnsigned(a, 65535) | clampUnsigned(b, 65535) << 16; }),
    op("V_CVT_PK_I16_I32", [](int32_t a, int32_t b) { return clampSigned16(a) | clampSigned16(b) << 16; }),
    op("V_CVT_PK_U8_F32", [](float a, uint32_t b, uint32_t c) { return packByte(a, b, c); }),
    op("V_SAT_PK_U8_I16",
       [](Short2 a) {
         return clampUnsigned(a.low < 0 ? 0 : a.low, 255) | clampUnsigned(a.high < 0 ? 0 : a.high, 255) << 8;
       }),
    op("V_CVT_F32_FP8", [](uint32_t a) { return Float8Fnuz::decode(a & 255); }),
    op("V_CVT_F32_BF8", [](uint32_t a) { return BFloat8Fnuz::decode(a & 255); }),
    op("V_CVT_F32_FP8@gfx950", [](uint32_t a) { return Float8Ocp::decode(a & 255); }),
    op("V_CVT_F32_BF8@gfx950", [](uint32_t a) { return BFloat8Ocp::decode(a & 255); }),
    converter("V_CVT_PK_F32_FP8", unpackSmallPair<Float8Fnuz>, 1, B, LaneType::B64),
    converter("V_CVT_PK_F32_BF8", unpackSmallPair<BFloat8Fnuz>, 1, B, LaneType::B64),
    converter("V_CVT_PK_F32_FP8@gfx950", unpackSmallPair<Float8Ocp>, 1, B, LaneType::B64),
    converter("V_CVT_PK_F32_BF8@gfx950", unpackSmallPair<BFloat8Ocp>, 1, B, LaneType::B64),
    converter("V_CVT_PK_FP8_F32", packSmall<Float8Fnuz>, 2, F, B),
    converter("V_CVT_PK_BF8_F32", packSmall<BFloat8Fnuz>, 2, F, B),
    converter("V_CVT_PK_FP8_F32@gfx950", packSmall<Float8Ocp>, 2, F, B),
    converter("V_CVT_PK_BF8_F32@gfx950", packSmall<BFloat8Ocp>, 2, F, B),
    {"V_CVT_SR_FP8_F32", packSmallStochastic<Float8Fnuz>, 2, {F, B, B}, B, UndefinedRule::Mix, false},
    {"V_CVT_SR_BF8_F32", packSmallStochastic<BFloat8Fnuz>, 2, {F, B, B}, B, UndefinedRule::Mix, false},
    {"V_CVT_SR_FP8_F32@gfx950", packSmallStochastic<Float8Ocp>, 2, {F, B, B}, B, UndefinedRule::Mix, false},
    {"V_CVT_SR_BF8_F32@gfx950", packSmallStochastic<BFloat8Ocp>, 2, {F, B, B}, B, UndefinedRule::Mix, false},
    {"V_CVT_SR_F16_F32", roundHalfStochastic, 2, {F, B, B}, B, UndefinedRule::Mix, false},
    {"V_CVT_SR_BF16_F32", roundBfloatStochastic, 2, {F, B, B}, B, UndefinedRule::Mix, false},
    op("V_CVT_PKNORM_I16_F16",
       [](Half a, Half b) {
         return normalized(a.value, 32767.0f, -1.0f) | normalized(b.value, 32767.0f, -1.0f) << 16;
       }),
    op("V_CVT_PKNORM_U16_F16",
       [](Half a, Half b) {
         return normalized(a.value, 65535.0f, 0.0f) | normalized(b.value, 65535.0f, 0.0f) << 16;
       }),
};

} // namespace
} // namespace codesign::simulate
