// Integers of 16 bits, single and packed, and dot products of short integers.
#pragma once

#include "LaneInteger.h"

namespace codesign::simulate {
namespace {

template <int bits, class Extended>
CODESIGN_INLINE uint32_t dot(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t sum = c;
  for (int at = 0; at < 32; at += bits) {
    Extended x = static_cast<Extended>(a << (32 - bits - at)) >> (32 - bits);
    Extended y = static_cast<Extended>(b << (32 - bits - at)) >> (32 - bits);
    sum += static_cast<uint32_t>(x * y);
  }
  return sum;
}

const LaneOperation wordOperations[] = {
    op("V_LSHLREV_B16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(b << (a & 15)); }),
    op("V_LSHRREV_B16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(b >> (a & 15)); }),
    op("V_ASHRREV_I16", [](uint16_t a, int16_t b) { return static_cast<int16_t>(b >> (a & 15)); }),
    op("V_ADD_U16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(a + b); }),
    op("V_SUB_U16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(a - b); }),
    op("V_SUBREV_U16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(b - a); }),
    op("V_ADD_I16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(a + b); }),
    op("V_SUB_I16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(a - b); }),
    op("V_MUL_LO_U16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(uint32_t(a) * b); }),
    op("V_MAD_U16",
       [](uint16_t a, uint16_t b, uint16_t c) { return static_cast<uint16_t>(uint32_t(a) * b + c); }),
    op("V_MAD_I16",
       [](uint16_t a, uint16_t b, uint16_t c) { return static_cast<uint16_t>(uint32_t(a) * b + c); }),
    op("V_MIN_U16", [](uint16_t a, uint16_t b) { return smaller(a, b); }),
    op("V_MAX_U16", [](uint16_t a, uint16_t b) { return larger(a, b); }),
    op("V_MIN_I16", [](int16_t a, int16_t b) { return smaller(a, b); }),
    op("V_MAX_I16", [](int16_t a, int16_t b) { return larger(a, b); }),
    op("V_MIN3_U16", [](uint16_t a, uint16_t b, uint16_t c) { return smaller(smaller(a, b), c); }),
    op("V_MAX3_U16", [](uint16_t a, uint16_t b, uint16_t c) { return larger(larger(a, b), c); }),
    op("V_MED3_U16", [](uint16_t a, uint16_t b, uint16_t c) { return middle(a, b, c); }),
    op("V_MIN3_I16", [](int16_t a, int16_t b, int16_t c) { return smaller(smaller(a, b), c); }),
    op("V_MAX3_I16", [](int16_t a, int16_t b, int16_t c) { return larger(larger(a, b), c); }),
    op("V_MED3_I16", [](int16_t a, int16_t b, int16_t c) { return middle(a, b, c); }),
    op("V_PACK_B32_F16", [](uint16_t a, uint16_t b) { return uint32_t(a) | uint32_t(b) << 16; }),
    op("V_PK_ADD_U16", [](Word2 a, Word2 b) { return Word2{a.low + b.low, a.high + b.high}; }),
    op("V_PK_SUB_U16", [](Word2 a, Word2 b) { return Word2{a.low - b.low, a.high - b.high}; }),
    op("V_PK_ADD_I16", [](Word2 a, Word2 b) { return Word2{a.low + b.low, a.high + b.high}; }),
    op("V_PK_SUB_I16", [](Word2 a, Word2 b) { return Word2{a.low - b.low, a.high - b.high}; }),
    op("V_PK_MUL_LO_U16", [](Word2 a, Word2 b) { return Word2{a.low * b.low, a.high * b.high}; }),
    op("V_PK_MAD_U16",
       [](Word2 a, Word2 b, Word2 c) { return Word2{a.low * b.low + c.low, a.high * b.high + c.high}; }),
    op("V_PK_MAD_I16",
       [](Word2 a, Word2 b, Word2 c) { return Word2{a.low * b.low + c.low, a.high * b.high + c.high}; }),
    op("V_PK_MAX_U16", [](Word2 a, Word2 b) { return Word2{larger(a.low, b.low), larger(a.high, b.high)}; }),
    op("V_PK_MIN_U16",
       [](Word2 a, Word2 b) { return Word2{smaller(a.low, b.low), smaller(a.high, b.high)}; }),
    op("V_PK_MAX_I16",
       [](Short2 a, Short2 b) { return Short2{larger(a.low, b.low), larger(a.high, b.high)}; }),
    op("V_PK_MIN_I16",
       [](Short2 a, Short2 b) { return Short2{smaller(a.low, b.low), smaller(a.high, b.high)}; }),
    op("V_PK_LSHLREV_B16",
       [](Word2 a, Word2 b) { return Word2{b.low << (a.low & 15), b.high << (a.high & 15)}; }),
    op("V_PK_LSHRREV_B16",
       [](Word2 a, Word2 b) { return Word2{b.low >> (a.low & 15), b.high >> (a.high & 15)}; }),
    op("V_PK_ASHRREV_I16",
       [](Short2 a, Short2 b) { return Short2{b.low >> (a.low & 15), b.high >> (a.high & 15)}; }),
    op("V_DOT2_I32_I16", [](uint32_t a, uint32_t b, uint32_t c) { return dot<16, int32_t>(a, b, c); }),
    op("V_DOT2_U32_U16", [](uint32_t a, uint32_t b, uint32_t c) { return dot<16, uint32_t>(a, b, c); }),
    op("V_DOT2C_I32_I16", [](uint32_t a, uint32_t b, uint32_t c) { return dot<16, int32_t>(a, b, c); }),
    op("V_DOT4_I32_I8", [](uint32_t a, uint32_t b, uint32_t c) { return dot<8, int32_t>(a, b, c); }),
    op("V_DOT4_U32_U8", [](uint32_t a, uint32_t b, uint32_t c) { return dot<8, uint32_t>(a, b, c); }),
    op("V_DOT4C_I32_I8", [](uint32_t a, uint32_t b, uint32_t c) { return dot<8, int32_t>(a, b, c); }),
    op("V_DOT8_I32_I4", [](uint32_t a, uint32_t b, uint32_t c) { return dot<4, int32_t>(a, b, c); }),
    op("V_DOT8_U32_U4", [](uint32_t a, uint32_t b, uint32_t c) { return dot<4, uint32_t>(a, b, c); }),
    op("V_DOT8C_I32_I4", [](uint32_t a, uint32_t b, uint32_t c) { return dot<4, int32_t>(a, b, c); }),
};

} // namespace
} // namespace codesign::simulate
