// Loops over lanes for an operation given as a stateless function object. Included once per host instruction
// set.
#pragma once

#include "LaneTable.h"

namespace codesign::simulate {
namespace {

#if defined(__clang__)
#define CODESIGN_LANE_LOOP _Pragma("clang loop vectorize(assume_safety) interleave(enable)")
#else
#define CODESIGN_LANE_LOOP _Pragma("GCC ivdep")
#endif
#define CODESIGN_INLINE __attribute__((always_inline)) inline

constexpr int lanes = 64;

CODESIGN_INLINE float asFloat(uint32_t bits) {
  return __builtin_bit_cast(float, bits);
}
CODESIGN_INLINE uint32_t asBits(float value) {
  return __builtin_bit_cast(uint32_t, value);
}
CODESIGN_INLINE double asDouble(uint64_t bits) {
  return __builtin_bit_cast(double, bits);
}
CODESIGN_INLINE uint64_t asBits64(double value) {
  return __builtin_bit_cast(uint64_t, value);
}

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

CODESIGN_INLINE float halfToFloat(uint32_t half) {
  // Exponent and mantissa in place, then rebiased; subnormals through a subtraction that needs no subnormal
  // floats.
  uint32_t bits = ((half & 0x7fff) << 13) + ((127 - 15) << 23);
  uint32_t exponent = half & 0x7c00;
  uint32_t special = bits + ((128 - 16) << 23);
  float subnormal = asFloat(bits + (1u << 23)) - asFloat(113u << 23);
  uint32_t magnitude = exponent == 0x7c00 ? special : exponent == 0 ? asBits(subnormal) : bits;
  return asFloat(magnitude | (half & 0x8000) << 16);
}

/// Rounds as the host's floating-point environment says.
CODESIGN_INLINE uint32_t floatToHalf(float value) {
  uint32_t bits = asBits(value), sign = bits & 0x80000000, magnitude = bits & 0x7fffffff;
  // A sum with 2^(exponent + 13) leaves the 10 bits of mantissa that f16 keeps; below 2^-14 they are fixed.
  uint32_t exponent = magnitude & 0x7f800000, least = (127 - 14) << 23;
  exponent = exponent < least ? least : exponent;
  bool outside = magnitude >= 0x47800000; // 65536 and above
  float large = asFloat(((outside ? least : exponent) + (13 << 23)) | sign);
  uint32_t rounded = asBits((value + large) - large) & 0x7fffffff;
  uint32_t normal = (rounded - ((127 - 15) << 23)) >> 13;
  uint32_t subnormal = asBits(asFloat(rounded) + 0.5f) - 0x3f000000; // exact: a multiple of 2^-24
  uint32_t result = rounded < (113u << 23) ? subnormal : normal;
  // Too large: infinity where the environment rounds away from zero, else the largest number.
  bool away = outside ? asBits(value * 0x1p126f) << 1 == 0xff000000 : rounded >= 0x47800000;
  result = outside || rounded >= 0x47800000 ? (away ? 0x7c00 : 0x7bff) : result;
  result = magnitude == 0x7f800000 ? 0x7c00 : result;
  result = magnitude > 0x7f800000 ? 0x7e00 | ((magnitude >> 13) & 0x1ff) : result;
  return sign >> 16 | result;
}

CODESIGN_INLINE uint32_t floatToHalfTowardZero(float value) {
  uint32_t bits = asBits(value), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
  uint32_t normal = (magnitude - ((127 - 15) << 23)) >> 13;
  uint32_t shift = 126 - (magnitude >> 23); // subnormal: mantissa with its leading one, shifted out
  uint32_t subnormal = shift < 32 ? ((magnitude & 0x7fffff) | 0x800000) >> (shift > 31 ? 31 : shift) : 0;
  uint32_t result = magnitude < (113u << 23) ? subnormal : normal;
  result = magnitude >= 0x47800000 ? 0x7bff : result;
  result = magnitude == 0x7f800000 ? 0x7c00 : result;
  result = magnitude > 0x7f800000 ? 0x7e00 : result;
  return sign | result;
}

CODESIGN_INLINE float bfloatToFloat(uint32_t bits) {
  return asFloat(bits << 16);
}

CODESIGN_INLINE uint32_t floatToBfloat(float value) { // round to nearest even
  uint32_t bits = asBits(value);
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return (bits & 0x7fffffff) > 0x7f800000 ? (bits >> 16) | 0x40 : rounded;
}

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

template <class F, class R, class A>
CODESIGN_INLINE void lanewise(LaneArguments &x, R (*)(A)) {
  uint32_t *destination = x.destination;
  const uint32_t *a = x.source[0];
  CODESIGN_LANE_LOOP
  for (int lane = 0; lane < lanes; ++lane)
    Access<R>::put(destination, lane, F{}(Access<A>::get(a, lane)));
}
template <class F, class R, class A, class B>
CODESIGN_INLINE void lanewise(LaneArguments &x, R (*)(A, B)) {
  uint32_t *destination = x.destination;
  const uint32_t *a = x.source[0], *b = x.source[1];
  CODESIGN_LANE_LOOP
  for (int lane = 0; lane < lanes; ++lane)
    Access<R>::put(destination, lane, F{}(Access<A>::get(a, lane), Access<B>::get(b, lane)));
}
template <class F, class R, class A, class B, class C>
CODESIGN_INLINE void lanewise(LaneArguments &x, R (*)(A, B, C)) {
  uint32_t *destination = x.destination;
  const uint32_t *a = x.source[0], *b = x.source[1], *c = x.source[2];
  CODESIGN_LANE_LOOP
  for (int lane = 0; lane < lanes; ++lane)
    Access<R>::put(destination, lane,
                   F{}(Access<A>::get(a, lane), Access<B>::get(b, lane), Access<C>::get(c, lane)));
}

template <class F>
void kernel(LaneArguments &x) {
  lanewise<F>(x, +F{});
}

/// One bit per lane from 64 flags of 0 or 1.
CODESIGN_INLINE uint64_t packFlags(const uint8_t *flags) {
  uint64_t mask = 0;
  for (int group = 0; group < 8; ++group) {
    uint64_t bytes;
    __builtin_memcpy(&bytes, flags + 8 * group, 8);
    mask |= ((bytes * 0x0102040810204080ull) >> 56) << (8 * group);
  }
  return mask;
}

CODESIGN_INLINE uint32_t maskBit(const uint32_t *halves, int lane) {
  return (halves[lane >> 5] >> (lane & 31)) & 1;
}

/// A comparison: the result is a mask.
template <class F, class A, class B>
CODESIGN_INLINE void compareLanes(LaneArguments &x, bool (*)(A, B)) {
  alignas(64) uint8_t flags[lanes];
  const uint32_t *a = x.source[0], *b = x.source[1];
  CODESIGN_LANE_LOOP
  for (int lane = 0; lane < lanes; ++lane)
    flags[lane] = F{}(Access<A>::get(a, lane), Access<B>::get(b, lane));
  x.maskOut = packFlags(flags);
}
template <class F>
void comparison(LaneArguments &x) {
  compareLanes<F>(x, +F{});
}

template <class R, class A>
constexpr LaneOperation describe(const char *name, LaneKernel function, UndefinedRule rule, bool slow,
                                 R (*)(A)) {
  return {name, function, 1, {Access<A>::type, LaneType::None, LaneType::None}, Access<R>::type, rule, slow};
}
template <class R, class A, class B>
constexpr LaneOperation describe(const char *name, LaneKernel function, UndefinedRule rule, bool slow,
                                 R (*)(A, B)) {
  return {name, function, 2, {Access<A>::type, Access<B>::type, LaneType::None}, Access<R>::type, rule, slow};
}
template <class R, class A, class B, class C>
constexpr LaneOperation describe(const char *name, LaneKernel function, UndefinedRule rule, bool slow,
                                 R (*)(A, B, C)) {
  return {name, function, 3, {Access<A>::type, Access<B>::type, Access<C>::type}, Access<R>::type,
          rule, slow};
}

template <class F>
constexpr LaneOperation op(const char *name, F, UndefinedRule rule = UndefinedRule::Mix) {
  return describe(name, kernel<F>, rule, false, +F{});
}
template <class F>
constexpr LaneOperation slowOp(const char *name, F) {
  return describe(name, kernel<F>, UndefinedRule::Mix, true, +F{});
}
template <class A, class B>
constexpr LaneOperation describeComparison(const char *name, LaneKernel function, bool (*)(A, B)) {
  return {name,           function,           2,    {Access<A>::type, Access<B>::type, LaneType::None},
          LaneType::None, UndefinedRule::Mix, false};
}
template <class F>
constexpr LaneOperation compare(const char *name, F) {
  return describeComparison(name, comparison<F>, +F{});
}

} // namespace
} // namespace codesign::simulate
