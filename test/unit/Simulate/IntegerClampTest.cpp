// The clamp bit of integer instructions: the exact result, limited to what the destination holds.
#include "InstructionCases.h"
#include <algorithm>
#include <limits>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

using Exact = __int128;

template <class T>
uint64_t limited(Exact value) {
  const Exact low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  return static_cast<std::make_unsigned_t<T>>(static_cast<T>(std::min(std::max(value, low), high)));
}
uint32_t low(uint64_t bits) {
  return static_cast<uint32_t>(bits);
}
int32_t signed24(uint64_t bits) {
  return static_cast<int32_t>(low(bits) << 8) >> 8;
}
/// Element i of a dword of elements of T.
template <class T>
Exact part(uint64_t bits, int i) {
  return static_cast<T>(bits >> (8 * sizeof(T) * i));
}
template <class T>
Exact dot(uint64_t a, uint64_t b) {
  Exact sum = 0;
  for (size_t i = 0; i < 4 / sizeof(T); ++i)
    sum += part<T>(a, i) * part<T>(b, i);
  return sum;
}
Exact dot4(uint64_t a, uint64_t b) {
  Exact sum = 0;
  for (int i = 0; i < 8; ++i)
    sum += (static_cast<int32_t>(low(a) << (28 - 4 * i)) >> 28) *
           (static_cast<int32_t>(low(b) << (28 - 4 * i)) >> 28);
  return sum;
}
Exact distances(uint64_t a, uint64_t b, bool masked) {
  Exact sum = 0;
  for (int i = 0; i < 4; ++i) {
    const Exact x = part<uint8_t>(a, i), y = part<uint8_t>(b, i);
    sum += masked && y == 0 ? 0 : x > y ? x - y : y - x;
  }
  return sum;
}
/// A packed result from the halves of the operands.
template <class T, class F>
uint64_t packed(const Lane &x, F function) {
  uint64_t result = 0;
  for (int i = 0; i < 2; ++i)
    result |= limited<T>(function(part<T>(x.a, i), part<T>(x.b, i), part<T>(x.c, i))) << (16 * i);
  return result;
}

TEST(IntegerClamp, SumsAndProducts) {
  expectCases({
      {"v_add_u16 v10, v4, v6 clamp",
       [](const Lane &x) { return limited<uint16_t>(part<uint16_t>(x.a, 0) + part<uint16_t>(x.b, 0)); }},
      {"v_sub_u16 v10, v4, v6 clamp",
       [](const Lane &x) { return limited<uint16_t>(part<uint16_t>(x.a, 0) - part<uint16_t>(x.b, 0)); }},
      {"v_subrev_u16 v10, v4, v6 clamp",
       [](const Lane &x) { return limited<uint16_t>(part<uint16_t>(x.b, 0) - part<uint16_t>(x.a, 0)); }},
      {"v_add_i16 v10, v4, v6 clamp",
       [](const Lane &x) { return limited<int16_t>(part<int16_t>(x.a, 0) + part<int16_t>(x.b, 0)); }},
      {"v_sub_i16 v10, v4, v6 clamp",
       [](const Lane &x) { return limited<int16_t>(part<int16_t>(x.a, 0) - part<int16_t>(x.b, 0)); }},
      {"v_add_i32 v10, v4, v6 clamp", [](const Lane &x) { return limited<int32_t>(Exact(s(x.a)) + s(x.b)); }},
      {"v_mul_lo_u16 v10, v4, v6 clamp",
       [](const Lane &x) { return limited<uint16_t>(part<uint16_t>(x.a, 0) * part<uint16_t>(x.b, 0)); }},
      {"v_mad_legacy_i16 v10, v4, v6, v8 clamp",
       [](const Lane &x) {
         return limited<int16_t>(part<int16_t>(x.a, 0) * part<int16_t>(x.b, 0) + part<int16_t>(x.c, 0));
       }},
      {"v_mul_u32_u24 v10, v4, v6 clamp",
       [](const Lane &x) { return limited<uint32_t>(Exact(x.a & 0xffffff) * (x.b & 0xffffff)); }},
      {"v_mad_i32_i24 v10, v4, v6, v8 clamp",
       [](const Lane &x) { return limited<int32_t>(Exact(signed24(x.a)) * signed24(x.b) + s(x.c)); }},
      {"v_mad_u32_u16 v10, v4, v6, v8 clamp",
       [](const Lane &x) {
         return limited<uint32_t>(part<uint16_t>(x.a, 0) * part<uint16_t>(x.b, 0) + low(x.c));
       }},
      {"v_mad_i32_i16 v10, v4, v6, v8 clamp",
       [](const Lane &x) {
         return limited<int32_t>(part<int16_t>(x.a, 0) * part<int16_t>(x.b, 0) + s(x.c));
       }},
      {"v_mad_u64_u32 v[10:11], s[8:9], v4, v6, v[8:9] clamp",
       [](const Lane &x) { return limited<uint64_t>(Exact(low(x.a)) * low(x.b) + x.c); }},
      {"v_mad_i64_i32 v[10:11], s[8:9], v4, v6, v[8:9] clamp",
       [](const Lane &x) { return limited<int64_t>(Exact(s(x.a)) * s(x.b) + static_cast<int64_t>(x.c)); }},
      // With a carry in from the lanes whose a is odd.
      {"v_and_b32 v3, 1, v4\n v_cmp_eq_u32 vcc, 1, v3\n s_nop 4\n v_addc_co_u32 v10, s[8:9], v4, v6, vcc "
       "clamp",
       [](const Lane &x) { return limited<uint32_t>(Exact(low(x.a)) + low(x.b) + (x.a & 1)); }},
      {"v_and_b32 v3, 1, v4\n v_cmp_eq_u32 vcc, 1, v3\n s_nop 4\n v_subb_co_u32 v10, s[8:9], v4, v6, vcc "
       "clamp",
       [](const Lane &x) { return limited<uint32_t>(Exact(low(x.a)) - low(x.b) - (x.a & 1)); }},
  });
}

TEST(IntegerClamp, PackedHalves) {
  expectCases({
      {"v_pk_add_u16 v10, v4, v6 clamp",
       [](const Lane &x) { return packed<uint16_t>(x, [](Exact a, Exact b, Exact) { return a + b; }); }},
      {"v_pk_sub_i16 v10, v4, v6 clamp",
       [](const Lane &x) { return packed<int16_t>(x, [](Exact a, Exact b, Exact) { return a - b; }); }},
      {"v_pk_mul_lo_u16 v10, v4, v6 clamp",
       [](const Lane &x) { return packed<uint16_t>(x, [](Exact a, Exact b, Exact) { return a * b; }); }},
      {"v_pk_mad_i16 v10, v4, v6, v8 clamp",
       [](const Lane &x) { return packed<int16_t>(x, [](Exact a, Exact b, Exact c) { return a * b + c; }); }},
      {"v_pk_max_i16 v10, v4, v6 clamp",
       [](const Lane &x) {
         return packed<int16_t>(x, [](Exact a, Exact b, Exact) { return std::max(a, b); });
       }},
  });
}

TEST(IntegerClamp, DotProductsAndDistances) {
  expectCases({
      {"v_dot2_i32_i16 v10, v4, v6, v8 clamp",
       [](const Lane &x) { return limited<int32_t>(dot<int16_t>(x.a, x.b) + s(x.c)); }},
      {"v_dot2_u32_u16 v10, v4, v6, v8 clamp",
       [](const Lane &x) { return limited<uint32_t>(dot<uint16_t>(x.a, x.b) + low(x.c)); }},
      {"v_dot4_i32_i8 v10, v4, v6, v8 clamp",
       [](const Lane &x) { return limited<int32_t>(dot<int8_t>(x.a, x.b) + s(x.c)); }},
      {"v_dot4_u32_u8 v10, v4, v6, v8 clamp",
       [](const Lane &x) { return limited<uint32_t>(dot<uint8_t>(x.a, x.b) + low(x.c)); }},
      {"v_dot8_i32_i4 v10, v4, v6, v8 clamp",
       [](const Lane &x) { return limited<int32_t>(dot4(x.a, x.b) + s(x.c)); }},
      {"v_sad_u8 v10, v4, v6, v8 clamp",
       [](const Lane &x) { return limited<uint32_t>(distances(x.a, x.b, false) + low(x.c)); }},
      {"v_sad_hi_u8 v10, v4, v6, v8 clamp",
       [](const Lane &x) { return limited<uint32_t>(distances(x.a, x.b, false) * 65536 + low(x.c)); }},
      {"v_msad_u8 v10, v4, v6, v8 clamp",
       [](const Lane &x) { return limited<uint32_t>(distances(x.a, x.b, true) + low(x.c)); }},
      {"v_sad_u32 v10, v4, v6, v8 clamp",
       [](const Lane &x) {
         return limited<uint32_t>(Exact(std::max(low(x.a), low(x.b))) - std::min(low(x.a), low(x.b)) +
                                  low(x.c));
       }},
      {"v_qsad_pk_u16_u8 v[10:11], v[4:5], v6, v[8:9]",
       [](const Lane &x) {
         uint64_t result = 0;
         for (int i = 0; i < 4; ++i)
           result |= static_cast<uint64_t>(static_cast<uint16_t>(distances(x.a >> (8 * i), x.b, false) +
                                                                 part<uint16_t>(x.c, i)))
                     << (16 * i);
         return result;
       }},
      {"v_mqsad_pk_u16_u8 v[10:11], v[4:5], v6, v[8:9] clamp",
       [](const Lane &x) {
         uint64_t result = 0;
         for (int i = 0; i < 4; ++i)
           result |= limited<uint16_t>(distances(x.a >> (8 * i), x.b, true) + part<uint16_t>(x.c, i))
                     << (16 * i);
         return result;
       }},
      // Four dwords: the sums of the second and the fourth window are shown.
      {"v_mov_b32 v16, v8\n v_mov_b32 v17, v9\n v_mov_b32 v18, v6\n v_mov_b32 v19, v8\n"
       " v_mqsad_u32_u8 v[12:15], v[4:5], v6, v[16:19]\n v_mov_b32 v10, v13\n v_mov_b32 v11, v15",
       [](const Lane &x) {
         return static_cast<uint64_t>(
                    low(static_cast<uint64_t>(distances(x.a >> 8, x.b, true)) + (x.c >> 32))) |
                static_cast<uint64_t>(low(static_cast<uint64_t>(distances(x.a >> 24, x.b, true)) + x.c))
                    << 32;
       }},
  });
}

TEST(IntegerClamp, ConversionsSaturateAnyway) {
  expectCases({
      {"v_cvt_i32_f32 v10, v4 clamp",
       [](const Lane &x) {
         const double value = f(x.a);
         return value != value ? 0
                               : limited<int32_t>(static_cast<Exact>(std::min(std::max(value, -1e12), 1e12)));
       }},
      {"v_min3_u16 v10, v4, v6, v8 clamp",
       [](const Lane &x) {
         return static_cast<uint64_t>(std::min(std::min(uint16_t(x.a), uint16_t(x.b)), uint16_t(x.c)));
       }},
  });
}

} // namespace
