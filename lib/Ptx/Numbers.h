// Numbers of 8 and 16 bits, to and from fp32.
#pragma once

#include "llvm/ADT/StringRef.h"
#include <bit>
#include <cstdint>

namespace codesign::ptx {

enum class Small : uint8_t { F16, Bf16, E4m3, E5m2 };
/// f16, bf16, e4m3, e5m2, also of pairs of them such as e4m3x2; nothing of other words.
bool parseSmall(llvm::StringRef word, Small &small);
constexpr int bitsOf(Small small) {
  return small == Small::F16 || small == Small::Bf16 ? 16 : 8;
}

float widen(Small small, uint32_t bits);
/// To the nearest, ties to even. With `saturates` what lies outside becomes the largest number, NaN stays.
uint32_t narrow(Small small, float value, bool saturates);

inline float asFloat(uint64_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits));
}
inline uint32_t asBits(float value) {
  return std::bit_cast<uint32_t>(value);
}

} // namespace codesign::ptx
