// How the lanes of a register hold the types of operands.
#pragma once

#include "LaneNumbers.h"
#include "LaneTable.h"

namespace codesign::simulate {
namespace {

constexpr int lanes = 64;

/// A 16-bit float operand, held as float while computing.
struct Half {
  float value;
};
/// The same with both halves of a dword.
struct Half2 {
  float low, high;
};
struct Short2 {
  int32_t low, high; // sign-extended
};
struct Word2 {
  uint32_t low, high; // zero-extended
};

// Reading and writing one lane, by the type in the operation's signature.
template <class T>
struct Access;
#define CODESIGN_ACCESS32(TYPE, KIND)                                                                        \
  template <>                                                                                                \
  struct Access<TYPE> {                                                                                      \
    static constexpr LaneType type = LaneType::KIND;                                                         \
    CODESIGN_INLINE static TYPE get(const uint32_t *from, int lane) {                                        \
      return __builtin_bit_cast(TYPE, from[lane]);                                                           \
    }                                                                                                        \
    CODESIGN_INLINE static void put(uint32_t *to, int lane, TYPE value) {                                    \
      to[lane] = __builtin_bit_cast(uint32_t, value);                                                        \
    }                                                                                                        \
  };
CODESIGN_ACCESS32(uint32_t, B32)
CODESIGN_ACCESS32(int32_t, B32)
CODESIGN_ACCESS32(float, F32)
#define CODESIGN_ACCESS64(TYPE, KIND)                                                                        \
  template <>                                                                                                \
  struct Access<TYPE> {                                                                                      \
    static constexpr LaneType type = LaneType::KIND;                                                         \
    CODESIGN_INLINE static TYPE get(const uint32_t *from, int lane) {                                        \
      uint64_t bits = from[lane] | uint64_t(from[lane + lanes]) << 32;                                       \
      return __builtin_bit_cast(TYPE, bits);                                                                 \
    }                                                                                                        \
    CODESIGN_INLINE static void put(uint32_t *to, int lane, TYPE value) {                                    \
      uint64_t bits = __builtin_bit_cast(uint64_t, value);                                                   \
      to[lane] = static_cast<uint32_t>(bits);                                                                \
      to[lane + lanes] = static_cast<uint32_t>(bits >> 32);                                                  \
    }                                                                                                        \
  };
CODESIGN_ACCESS64(uint64_t, B64)
CODESIGN_ACCESS64(int64_t, B64)
CODESIGN_ACCESS64(double, F64)
template <class T>
struct Access16 {
  static constexpr LaneType type = LaneType::B16;
  CODESIGN_INLINE static T get(const uint32_t *from, int lane) { return static_cast<T>(from[lane]); }
  CODESIGN_INLINE static void put(uint32_t *to, int lane, T value) {
    to[lane] = static_cast<uint16_t>(value);
  }
};
template <>
struct Access<uint16_t> : Access16<uint16_t> {};
template <>
struct Access<int16_t> : Access16<int16_t> {};
template <>
struct Access<Half> {
  static constexpr LaneType type = LaneType::F16;
  CODESIGN_INLINE static Half get(const uint32_t *from, int lane) { return {halfToFloat(from[lane])}; }
  CODESIGN_INLINE static void put(uint32_t *to, int lane, Half half) { to[lane] = floatToHalf(half.value); }
};
template <>
struct Access<Half2> {
  static constexpr LaneType type = LaneType::B32;
  CODESIGN_INLINE static Half2 get(const uint32_t *from, int lane) {
    return {halfToFloat(from[lane]), halfToFloat(from[lane] >> 16)};
  }
  CODESIGN_INLINE static void put(uint32_t *to, int lane, Half2 half) {
    to[lane] = floatToHalf(half.low) | floatToHalf(half.high) << 16;
  }
};
template <>
struct Access<Short2> {
  static constexpr LaneType type = LaneType::B32;
  CODESIGN_INLINE static Short2 get(const uint32_t *from, int lane) {
    return {static_cast<int16_t>(from[lane]), static_cast<int16_t>(from[lane] >> 16)};
  }
  CODESIGN_INLINE static void put(uint32_t *to, int lane, Short2 value) {
    to[lane] = static_cast<uint16_t>(value.low) | static_cast<uint32_t>(value.high) << 16;
  }
};
template <>
struct Access<Word2> {
  static constexpr LaneType type = LaneType::B32;
  CODESIGN_INLINE static Word2 get(const uint32_t *from, int lane) {
    return {from[lane] & 0xffff, from[lane] >> 16};
  }
  CODESIGN_INLINE static void put(uint32_t *to, int lane, Word2 value) {
    to[lane] = (value.low & 0xffff) | value.high << 16;
  }
};

} // namespace
} // namespace codesign::simulate
