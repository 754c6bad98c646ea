// Numbers of 8 and 16 bits as PTX names them.
#pragma once

#include "codesign/Support/Element.h"
#include "llvm/ADT/StringRef.h"
#include <bit>
#include <cmath>
#include <optional>

namespace codesign::ptx {

/// Of f16, bf16, e4m3, e5m2, also of pairs of them such as e4m3x2; nothing of other words.
std::optional<DataType> smallOf(llvm::StringRef word);

/// The lowest bits of a register as such a number.
inline float widen(DataType small, uint64_t bits) {
  return decodeElement(small, static_cast<uint32_t>(bits & ((1u << bitWidth(small)) - 1)));
}
/// To the nearest, ties to even. With `saturates` what lies outside becomes the largest number; NaN stays.
inline uint32_t narrow(DataType small, float value, bool saturates) {
  const float largest = largestFinite(small);
  if (saturates && std::fabs(value) > largest)
    value = std::copysign(largest, value);
  return encodeElement(small, value);
}

inline float asFloat(uint64_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits));
}
inline uint32_t asBits(float value) {
  return std::bit_cast<uint32_t>(value);
}

} // namespace codesign::ptx
