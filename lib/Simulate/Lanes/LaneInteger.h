// Arithmetic of integers of 24, 32 and 64 bits.
#pragma once

#include "LaneLoops.h"

namespace codesign::simulate {
namespace {

CODESIGN_INLINE int32_t signed24(uint32_t value) {
  return static_cast<int32_t>(value << 8) >> 8;
}
CODESIGN_INLINE uint32_t low24(uint32_t value) {
  return value & 0xffffff;
}
template <class T>
CODESIGN_INLINE T larger(T a, T b) {
  return a > b ? a : b;
}
template <class T>
CODESIGN_INLINE T smaller(T a, T b) {
  return a < b ? a : b;
}
template <class T>
CODESIGN_INLINE T middle(T a, T b, T c) {
  return larger(smaller(a, b), smaller(larger(a, b), c));
}
CODESIGN_INLINE uint32_t distance(uint32_t a, uint32_t b) {
  return a > b ? a - b : b - a;
}

const LaneOperation integerOperations[] = {
    op("V_ADD_U32", [](uint32_t a, uint32_t b) { return a + b; }),
    op("V_SUB_U32", [](uint32_t a, uint32_t b) { return a - b; }),
    op("V_SUBREV_U32", [](uint32_t a, uint32_t b) { return b - a; }),
    op("V_ADD_I32", [](uint32_t a, uint32_t b) { return a + b; }),
    op("V_SUB_I32", [](uint32_t a, uint32_t b) { return a - b; }),
    op("V_ADD3_U32", [](uint32_t a, uint32_t b, uint32_t c) { return a + b + c; }),
    op("V_LSHL_ADD_U32", [](uint32_t a, uint32_t b, uint32_t c) { return (a << (b & 31)) + c; }),
    op("V_ADD_LSHL_U32", [](uint32_t a, uint32_t b, uint32_t c) { return (a + b) << (c & 31); }),
    op("V_XAD_U32", [](uint32_t a, uint32_t b, uint32_t c) { return (a ^ b) + c; }),
    op("V_LSHL_ADD_U64", [](uint64_t a, uint32_t b, uint64_t c) { return (a << (b & 7)) + c; }),
    op("V_MUL_LO_U32", [](uint32_t a, uint32_t b) { return a * b; }),
    op("V_MUL_HI_U32", [](uint32_t a, uint32_t b) { return static_cast<uint32_t>((uint64_t(a) * b) >> 32); }),
    op("V_MUL_HI_I32", [](int32_t a, int32_t b) { return static_cast<uint32_t>((int64_t(a) * b) >> 32); }),
    op("V_MUL_I32_I24",
       [](uint32_t a, uint32_t b) {
         return static_cast<uint32_t>(signed24(a)) * static_cast<uint32_t>(signed24(b));
       }),
    op("V_MUL_HI_I32_I24",
       [](uint32_t a, uint32_t b) {
         return static_cast<uint32_t>((int64_t(signed24(a)) * signed24(b)) >> 32);
       }),
    op("V_MUL_U32_U24", [](uint32_t a, uint32_t b) { return low24(a) * low24(b); }),
    op("V_MUL_HI_U32_U24",
       [](uint32_t a, uint32_t b) { return static_cast<uint32_t>((uint64_t(low24(a)) * low24(b)) >> 32); }),
    op("V_MAD_I32_I24",
       [](uint32_t a, uint32_t b, uint32_t c) {
         return static_cast<uint32_t>(signed24(a)) * static_cast<uint32_t>(signed24(b)) + c;
       }),
    op("V_MAD_U32_U24", [](uint32_t a, uint32_t b, uint32_t c) { return low24(a) * low24(b) + c; }),
    op("V_MAD_U32_U16", [](uint16_t a, uint16_t b, uint32_t c) { return uint32_t(a) * b + c; }),
    op("V_MAD_I32_I16",
       [](int16_t a, int16_t b, uint32_t c) { return static_cast<uint32_t>(int32_t(a) * b) + c; }),
    op("V_MIN_U32", [](uint32_t a, uint32_t b) { return smaller(a, b); }),
    op("V_MAX_U32", [](uint32_t a, uint32_t b) { return larger(a, b); }),
    op("V_MIN_I32", [](int32_t a, int32_t b) { return smaller(a, b); }),
    op("V_MAX_I32", [](int32_t a, int32_t b) { return larger(a, b); }),
    op("V_MIN3_U32", [](uint32_t a, uint32_t b, uint32_t c) { return smaller(smaller(a, b), c); }),
    op("V_MAX3_U32", [](uint32_t a, uint32_t b, uint32_t c) { return larger(larger(a, b), c); }),
    op("V_MED3_U32", [](uint32_t a, uint32_t b, uint32_t c) { return middle(a, b, c); }),
    op("V_MIN3_I32", [](int32_t a, int32_t b, int32_t c) { return smaller(smaller(a, b), c); }),
    op("V_MAX3_I32", [](int32_t a, int32_t b, int32_t c) { return larger(larger(a, b), c); }),
    op("V_MED3_I32", [](int32_t a, int32_t b, int32_t c) { return middle(a, b, c); }),
};

} // namespace
} // namespace codesign::simulate
