// Sums of distances, and averages and shifts to bytes.
#pragma once

#include "LaneInteger.h"

namespace codesign::simulate {
namespace {

CODESIGN_INLINE uint32_t sumOfByteDistances(uint32_t a, uint32_t b) {
  return distance(a & 255, b & 255) + distance((a >> 8) & 255, (b >> 8) & 255) +
         distance((a >> 16) & 255, (b >> 16) & 255) + distance(a >> 24, b >> 24);
}
/// Bytes that are zero in the reference b do not count.
CODESIGN_INLINE uint32_t maskedByteDistances(uint32_t a, uint32_t b) {
  uint32_t sum = 0;
  for (int at = 0; at < 32; at += 8) {
    const uint32_t x = (a >> at) & 255, y = (b >> at) & 255;
    sum += y ? distance(x, y) : 0;
  }
  return sum;
}
/// Four sums over windows of four bytes, each one byte on, added to 16 bits each.
template <class Distances>
CODESIGN_INLINE uint64_t quadDistances(uint64_t a, uint32_t b, uint64_t c, Distances distances) {
  uint64_t result = 0;
  for (int i = 0; i < 4; ++i) {
    const uint64_t sum = distances(static_cast<uint32_t>(a >> (8 * i)), b) + (c >> (16 * i));
    result |= (sum & 0xffff) << (16 * i);
  }
  return result;
}
/// Two words shifted right and limited to a byte each.
CODESIGN_INLINE uint32_t shiftedBytes(int32_t a, int32_t b, uint32_t shift, int32_t low, int32_t high) {
  const int32_t first = a >> (shift & 31), second = b >> (shift & 31);
  return static_cast<uint8_t>(middle(first, low, high)) |
         static_cast<uint32_t>(static_cast<uint8_t>(middle(second, low, high))) << 8;
}
/// Averages of bytes, rounded up where c's byte is odd.
CODESIGN_INLINE uint32_t byteAverages(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t result = 0;
  for (int at = 0; at < 32; at += 8)
    result |= ((((a >> at) & 255) + ((b >> at) & 255) + ((c >> at) & 1)) >> 1) << at;
  return result;
}

const LaneOperation byteOperations[] = {
    op("V_ASHR_PK_I8_I32", [](int32_t a, int32_t b, uint32_t c) { return shiftedBytes(a, b, c, -128, 127); }),
    op("V_ASHR_PK_U8_I32", [](int32_t a, int32_t b, uint32_t c) { return shiftedBytes(a, b, c, 0, 255); }),
    op("V_QSAD_PK_U16_U8",
       [](uint64_t a, uint32_t b, uint64_t c) { return quadDistances(a, b, c, sumOfByteDistances); }),
    op("V_MQSAD_PK_U16_U8",
       [](uint64_t a, uint32_t b, uint64_t c) { return quadDistances(a, b, c, maskedByteDistances); }),
    op("V_SAD_U8", [](uint32_t a, uint32_t b, uint32_t c) { return sumOfByteDistances(a, b) + c; }),
    op("V_MSAD_U8", [](uint32_t a, uint32_t b, uint32_t c) { return maskedByteDistances(a, b) + c; }),
    op("V_LERP_U8", [](uint32_t a, uint32_t b, uint32_t c) { return byteAverages(a, b, c); }),
    op("V_SAD_HI_U8",
       [](uint32_t a, uint32_t b, uint32_t c) { return (sumOfByteDistances(a, b) << 16) + c; }),
    op("V_SAD_U16",
       [](uint32_t a, uint32_t b, uint32_t c) {
         return distance(a & 0xffff, b & 0xffff) + distance(a >> 16, b >> 16) + c;
       }),
    op("V_SAD_U32", [](uint32_t a, uint32_t b, uint32_t c) { return distance(a, b) + c; }),
};

} // namespace
} // namespace codesign::simulate
