// Comparisons: V_CMP_<condition>_<type>; V_CMPX shares them.
#pragma once

#include "LaneLoops.h"

namespace codesign::simulate {
namespace {

CODESIGN_INLINE float valueOf(Half half) {
  return half.value;
}
template <class T>
CODESIGN_INLINE T valueOf(T value) {
  return value;
}

/// Mask bits: 0 signalling NaN, 1 quiet NaN, 2 -inf, 3 -normal, 4 -subnormal, 5 -0, 6 +0, 7 +subnormal, 8
/// +normal, 9 +inf.
template <int exponentBits, int mantissaBits, class Bits>
CODESIGN_INLINE bool isOfClass(Bits bits, uint32_t mask) {
  constexpr int width = exponentBits + mantissaBits;
  Bits exponent = (bits >> mantissaBits) & ((Bits(1) << exponentBits) - 1),
       mantissa = bits & ((Bits(1) << mantissaBits) - 1);
  bool negative = (bits >> width) & 1;
  int kind;
  if (exponent == (Bits(1) << exponentBits) - 1)
    kind = mantissa ? ((mantissa >> (mantissaBits - 1)) & 1 ? 1 : 0) : negative ? 2 : 9;
  else if (exponent)
    kind = negative ? 3 : 8;
  else
    kind = mantissa ? (negative ? 4 : 7) : negative ? 5 : 6;
  return (mask >> kind) & 1;
}

#define CODESIGN_INTEGER_COMPARES(SUFFIX, TYPE)                                                              \
  compare("V_CMP_F_" SUFFIX, [](TYPE, TYPE) { return false; }),                                              \
      compare("V_CMP_LT_" SUFFIX, [](TYPE a, TYPE b) { return a < b; }),                                     \
      compare("V_CMP_EQ_" SUFFIX, [](TYPE a, TYPE b) { return a == b; }),                                    \
      compare("V_CMP_LE_" SUFFIX, [](TYPE a, TYPE b) { return a <= b; }),                                    \
      compare("V_CMP_GT_" SUFFIX, [](TYPE a, TYPE b) { return a > b; }),                                     \
      compare("V_CMP_NE_" SUFFIX, [](TYPE a, TYPE b) { return a != b; }),                                    \
      compare("V_CMP_GE_" SUFFIX, [](TYPE a, TYPE b) { return a >= b; }),                                    \
      compare("V_CMP_T_" SUFFIX, [](TYPE, TYPE) { return true; })

#define CODESIGN_FLOAT_COMPARES(SUFFIX, TYPE)                                                                \
  compare("V_CMP_F_" SUFFIX, [](TYPE, TYPE) { return false; }),                                              \
      compare("V_CMP_LT_" SUFFIX, [](TYPE a, TYPE b) { return valueOf(a) < valueOf(b); }),                   \
      compare("V_CMP_EQ_" SUFFIX, [](TYPE a, TYPE b) { return valueOf(a) == valueOf(b); }),                  \
      compare("V_CMP_LE_" SUFFIX, [](TYPE a, TYPE b) { return valueOf(a) <= valueOf(b); }),                  \
      compare("V_CMP_GT_" SUFFIX, [](TYPE a, TYPE b) { return valueOf(a) > valueOf(b); }),                   \
      compare("V_CMP_LG_" SUFFIX,                                                                            \
              [](TYPE a, TYPE b) { return valueOf(a) < valueOf(b) || valueOf(a) > valueOf(b); }),            \
      compare("V_CMP_GE_" SUFFIX, [](TYPE a, TYPE b) { return valueOf(a) >= valueOf(b); }),                  \
      compare("V_CMP_O_" SUFFIX,                                                                             \
              [](TYPE a, TYPE b) { return valueOf(a) == valueOf(a) && valueOf(b) == valueOf(b); }),          \
      compare("V_CMP_U_" SUFFIX,                                                                             \
              [](TYPE a, TYPE b) { return valueOf(a) != valueOf(a) || valueOf(b) != valueOf(b); }),          \
      compare("V_CMP_NGE_" SUFFIX, [](TYPE a, TYPE b) { return !(valueOf(a) >= valueOf(b)); }),              \
      compare("V_CMP_NLG_" SUFFIX,                                                                           \
              [](TYPE a, TYPE b) { return !(valueOf(a) < valueOf(b) || valueOf(a) > valueOf(b)); }),         \
      compare("V_CMP_NGT_" SUFFIX, [](TYPE a, TYPE b) { return !(valueOf(a) > valueOf(b)); }),               \
      compare("V_CMP_NLE_" SUFFIX, [](TYPE a, TYPE b) { return !(valueOf(a) <= valueOf(b)); }),              \
      compare("V_CMP_NEQ_" SUFFIX, [](TYPE a, TYPE b) { return !(valueOf(a) == valueOf(b)); }),              \
      compare("V_CMP_NLT_" SUFFIX, [](TYPE a, TYPE b) { return !(valueOf(a) < valueOf(b)); }),               \
      compare("V_CMP_TRU_" SUFFIX, [](TYPE, TYPE) { return true; })

const LaneOperation compareOperations[] = {
    CODESIGN_INTEGER_COMPARES("U32", uint32_t),
    CODESIGN_INTEGER_COMPARES("I32", int32_t),
    CODESIGN_INTEGER_COMPARES("U64", uint64_t),
    CODESIGN_INTEGER_COMPARES("I64", int64_t),
    CODESIGN_INTEGER_COMPARES("U16", uint16_t),
    CODESIGN_INTEGER_COMPARES("I16", int16_t),
    CODESIGN_FLOAT_COMPARES("F32", float),
    CODESIGN_FLOAT_COMPARES("F64", double),
    CODESIGN_FLOAT_COMPARES("F16", Half),
    compare("V_CMP_CLASS_F32",
            [](float a, uint32_t b) { return isOfClass<8, 23>(__builtin_bit_cast(uint32_t, a), b); }),
    compare("V_CMP_CLASS_F64",
            [](double a, uint32_t b) { return isOfClass<11, 52>(__builtin_bit_cast(uint64_t, a), b); }),
    compare("V_CMP_CLASS_F16", [](uint16_t a, uint32_t b) { return isOfClass<5, 10>(uint32_t(a), b); }),
};

} // namespace
} // namespace codesign::simulate
