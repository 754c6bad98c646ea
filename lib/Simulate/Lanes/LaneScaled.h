// Conversions of gfx950 with a scale 2^e, e from the exponent field of the last operand.
#pragma once

#include "LaneConvert.h"

namespace codesign::simulate {
namespace {

CODESIGN_INLINE float scaleOf(uint32_t bits) {
  uint32_t exponent = (bits >> 23) & 255;
  return exponent == 0 ? asFloat(0x00400000) : asFloat(exponent << 23);
}
/// The next state of v_prng_b32.
CODESIGN_INLINE uint32_t nextRandom(uint32_t state) {
  return (state << 1) ^ (state >> 31 ? 197 : 0);
}

/// The format on the wide side of a conversion; the mantissa says how many random bits rounding takes.
struct WideFloat {
  static constexpr int mantissaBits = 23, perDword = 1;
  CODESIGN_INLINE static float decode(uint32_t bits) { return asFloat(bits); }
  CODESIGN_INLINE static uint32_t encode(float value) { return asBits(value); }
};
struct WideHalf {
  static constexpr int mantissaBits = 10, perDword = 2;
  CODESIGN_INLINE static float decode(uint32_t bits) { return halfToFloat(bits); }
  CODESIGN_INLINE static uint32_t encode(float value) { return floatToHalf(value); }
};
struct WideBfloat {
  static constexpr int mantissaBits = 7, perDword = 2;
  CODESIGN_INLINE static float decode(uint32_t bits) { return bfloatToFloat(bits & 0xffff); }
  CODESIGN_INLINE static uint32_t encode(float value) { return floatToBfloat(value); }
};
/// Element i of registers that hold `Wide` values.
template <class Wide>
CODESIGN_INLINE float wideElement(const uint32_t *registers, int i, int lane) {
  return Wide::decode(registers[i / Wide::perDword * lanes + lane] >> (16 * (i % Wide::perDword)));
}
template <class Wide>
CODESIGN_INLINE void putWideElement(uint32_t *registers, int i, int lane, float value) {
  uint32_t &to = registers[i / Wide::perDword * lanes + lane];
  to = (i % Wide::perDword ? to : 0) | Wide::encode(value) << (16 * (i % Wide::perDword));
}
template <class Format>
CODESIGN_INLINE uint32_t encodeScaled(float value, double scale, bool saturate) {
  return Format::encode(static_cast<float>(value / scale), saturate);
}
template <class Format, class Wide>
CODESIGN_INLINE uint32_t encodeScaledStochastic(float value, double scale, bool saturate, uint32_t seed) {
  return Format::encode(static_cast<float>(value / scale), saturate, true,
                        usedRandomBits<Format>(seed, Wide::mantissaBits));
}

template <class Format, class Wide>
void unpackScaled(LaneArguments &x) { // two elements
  for (int lane = 0; lane < lanes; ++lane) {
    const float scale = scaleOf(x.source[1][lane]);
    const uint32_t pair = x.source[0][lane];
    for (int i = 0; i < 2; ++i)
      putWideElement<Wide>(x.destination, i, lane, Format::decode(pair >> (i * Format::bits)) * scale);
  }
}
template <class Format, class Wide>
void unpackScaledOne(LaneArguments &x) {
  for (int lane = 0; lane < lanes; ++lane)
    x.destination[lane] = Wide::encode(Format::decode(x.source[0][lane]) * scaleOf(x.source[1][lane]));
}
template <class Format, class Wide>
void packScaled(LaneArguments &x) { // f32: from two operands, 16-bit floats: from the halves of one
  for (int lane = 0; lane < lanes; ++lane) {
    constexpr bool apart = Wide::perDword == 1;
    const double scale = scaleOf(x.source[apart ? 2 : 1][lane]);
    const float low = Wide::decode(x.source[0][lane]),
                high = apart ? Wide::decode(x.source[1][lane]) : wideElement<Wide>(x.source[0], 1, lane);
    x.destination[lane] = encodeScaled<Format>(low, scale, x.halfOverflow) |
                          encodeScaled<Format>(high, scale, x.halfOverflow) << Format::bits;
  }
}
template <class Format, class Wide>
void packScaledStochastic(LaneArguments &x) { // one element
  for (int lane = 0; lane < lanes; ++lane)
    x.destination[lane] = encodeScaledStochastic<Format, Wide>(
        Wide::decode(x.source[0][lane]), scaleOf(x.source[2][lane]), x.halfOverflow, x.source[1][lane]);
}
template <class Format, class Wide>
void packPairStochastic(LaneArguments &x) { // two elements, the second with the seed's successor
  for (int lane = 0; lane < lanes; ++lane) {
    const double scale = scaleOf(x.source[2][lane]);
    uint32_t seed = x.source[1][lane], result = 0;
    for (int i = 0; i < 2; ++i, seed = nextRandom(seed))
      result |= encodeScaledStochastic<Format, Wide>(wideElement<Wide>(x.source[0], i, lane), scale,
                                                     x.halfOverflow, seed)
                << (i * Format::bits);
    x.destination[lane] = result;
  }
}

#define CODESIGN_UNPACK(WIDE, TYPE, RESULT)                                                                  \
  converter("V_CVT_SCALEF32_PK_" WIDE "_FP8", unpackScaled<Float8Ocp, TYPE>, 2, B, RESULT),                  \
      converter("V_CVT_SCALEF32_PK_" WIDE "_BF8", unpackScaled<BFloat8Ocp, TYPE>, 2, B, RESULT),             \
      converter("V_CVT_SCALEF32_PK_" WIDE "_FP4", unpackScaled<Float4, TYPE>, 2, B, RESULT)
#define CODESIGN_UNPACK_ONE(WIDE, TYPE)                                                                      \
  converter("V_CVT_SCALEF32_" WIDE "_FP8", unpackScaledOne<Float8Ocp, TYPE>, 2, B, B),                       \
      converter("V_CVT_SCALEF32_" WIDE "_BF8", unpackScaledOne<BFloat8Ocp, TYPE>, 2, B, B)
#define CODESIGN_PACK(WIDE, TYPE, SOURCES, FROM)                                                             \
  converter("V_CVT_SCALEF32_PK_FP8_" WIDE, packScaled<Float8Ocp, TYPE>, SOURCES, FROM, B),                   \
      converter("V_CVT_SCALEF32_PK_BF8_" WIDE, packScaled<BFloat8Ocp, TYPE>, SOURCES, FROM, B),              \
      converter("V_CVT_SCALEF32_PK_FP4_" WIDE, packScaled<Float4, TYPE>, SOURCES, FROM, B)
// The seed and the scale have no modifiers, whatever the type of the value.
#define CODESIGN_PACK_STOCHASTIC(WIDE, TYPE, FROM, PAIR)                                                     \
  stochastic("V_CVT_SCALEF32_SR_FP8_" WIDE, packScaledStochastic<Float8Ocp, TYPE>, FROM),                    \
      stochastic("V_CVT_SCALEF32_SR_BF8_" WIDE, packScaledStochastic<BFloat8Ocp, TYPE>, FROM),               \
      stochastic("V_CVT_SCALEF32_SR_PK_FP4_" WIDE, packPairStochastic<Float4, TYPE>, PAIR)

constexpr LaneOperation stochastic(const char *name, LaneKernel function, LaneType from) {
  return {name, function, 3, {from, B, B}, B, UndefinedRule::Mix, false};
}

const LaneOperation scaledOperations[] = {
    op("V_PRNG_B32", [](uint32_t a) { return nextRandom(a); }),
    CODESIGN_UNPACK("F32", WideFloat, LaneType::B64),
    CODESIGN_UNPACK("F16", WideHalf, B),
    CODESIGN_UNPACK("BF16", WideBfloat, B),
    CODESIGN_UNPACK_ONE("F32", WideFloat),
    CODESIGN_UNPACK_ONE("F16", WideHalf),
    CODESIGN_PACK("F32", WideFloat, 3, F),
    CODESIGN_PACK("F16", WideHalf, 2, B),
    CODESIGN_PACK("BF16", WideBfloat, 2, B),
    CODESIGN_PACK_STOCHASTIC("F32", WideFloat, F, LaneType::B64),
    CODESIGN_PACK_STOCHASTIC("F16", WideHalf, LaneType::F16, B),
    CODESIGN_PACK_STOCHASTIC("BF16", WideBfloat, LaneType::B16, B),
};

} // namespace
} // namespace codesign::simulate
