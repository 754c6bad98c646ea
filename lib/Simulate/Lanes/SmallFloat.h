// Floating-point formats of 4, 6 and 8 bits. Sources: OCP 8-bit and microscaling specifications; the FNUZ
// variants of CDNA3 have one more bias, no infinity, no negative zero and NaN at 0x80.
#pragma once

#include "LaneNumbers.h"

namespace codesign::simulate {
namespace {

enum class Special : uint8_t { None, Fnuz, FiniteNan, Ieee }; // what the top codes mean

template <int exponentBits, int mantissaBits, int bias, Special special>
struct SmallFloat {
  static constexpr int bits = 1 + exponentBits + mantissaBits, keptMantissaBits = mantissaBits;
  static constexpr uint32_t signMask = 1u << (bits - 1), codeMask = signMask - 1;
  static constexpr uint32_t infinity = ((1u << exponentBits) - 1) << mantissaBits;
  static constexpr uint32_t largest = special == Special::FiniteNan ? codeMask - 1
                                      : special == Special::Ieee    ? infinity - 1
                                                                    : codeMask;

  CODESIGN_INLINE static float decode(uint32_t code) {
    uint32_t magnitude = code & codeMask;
    uint32_t value = (magnitude << (23 - mantissaBits)) + ((127 - bias) << 23);
    float subnormal = asFloat(value + (1u << 23)) - asFloat((128u - bias) << 23);
    value = magnitude >> mantissaBits ? value : asBits(subnormal);
    uint32_t sign = (code & signMask) << (32 - bits);
    if (special == Special::Fnuz)
      return asFloat((code & (signMask | codeMask)) == signMask ? 0x7fc00000u : value | sign);
    if (special == Special::FiniteNan)
      value = magnitude == codeMask ? 0x7fc00000u : value;
    if (special == Special::Ieee)
      value = magnitude > infinity ? 0x7fc00000u : magnitude == infinity ? 0x7f800000u : value;
    return asFloat(value | sign);
  }

  /// Rounds to nearest even, or by adding `random` where `stochastic` is set: its top bit lies right below
  /// the last kept bit, and it has as many bits as the source's mantissa loses (HIP's emulation of the
  /// conversions).
  CODESIGN_INLINE static uint32_t encode(float value, bool saturate, bool stochastic = false,
                                         uint32_t random = 0) {
    constexpr int dropped = 23 - mantissaBits;
    uint32_t input = asBits(value), magnitude = input & 0x7fffffff, sign = input >> 31 ? signMask : 0;
    if (magnitude > 0x7f800000)
      return special == Special::Fnuz ? signMask : special == Special::None ? largest : codeMask | sign;
    int exponent = static_cast<int>(magnitude >> 23) - 127;
    int shift = dropped + (exponent < 1 - bias ? 1 - bias - exponent : 0);
    uint32_t mantissa =
        magnitude >> 23 ? (magnitude & 0x7fffff) | 0x800000 : 0; // f32 subnormals are far below
    uint64_t kept = 0;
    if (shift < 40) {
      uint64_t wide = uint64_t(mantissa) << 8; // keeps sticky bits for shifts beyond the word
      int total = shift + 8;
      uint64_t unit = 1ull << total, rest = wide & (unit - 1);
      kept = wide >> total;
      if (stochastic)
        kept = (wide + (total > 32 ? uint64_t(random) << (total - 32) : random >> (32 - total))) >> total;
      else if (rest > unit / 2 || (rest == unit / 2 && (kept & 1)))
        ++kept;
    }
    uint32_t base = exponent < 1 - bias ? 0 : static_cast<uint32_t>(exponent + bias - 1) << mantissaBits;
    uint32_t code = base + static_cast<uint32_t>(kept);
    if (magnitude >= 0x7f800000 || code > largest)
      code = saturate || special == Special::None ? largest
             : special == Special::Fnuz           ? signMask
             : special == Special::FiniteNan      ? codeMask
                                                  : infinity;
    if (special == Special::Fnuz)
      return code == 0 || code == signMask ? code : code | sign;
    return code | sign;
  }
};

/// The top bits of a seed that stochastic rounding adds.
template <class Format>
CODESIGN_INLINE uint32_t usedRandomBits(uint32_t seed, int sourceMantissaBits) {
  return seed & ~(~0u >> (sourceMantissaBits - Format::keptMantissaBits));
}

using Float16 = SmallFloat<5, 10, 15, Special::Ieee>;
using Float8Fnuz = SmallFloat<4, 3, 8, Special::Fnuz>;
using BFloat8Fnuz = SmallFloat<5, 2, 16, Special::Fnuz>;
using Float8Ocp = SmallFloat<4, 3, 7, Special::FiniteNan>;
using BFloat8Ocp = SmallFloat<5, 2, 15, Special::Ieee>;
using Float6 = SmallFloat<2, 3, 1, Special::None>;
using BFloat6 = SmallFloat<3, 2, 3, Special::None>;
using Float4 = SmallFloat<2, 1, 1, Special::None>;

} // namespace
} // namespace codesign::simulate
