// Instructions that compilers seldom emit: cube maps, argument reduction, unfused f16, scalar bit games.
#include "InstructionCases.h"
#include <cmath>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

float fromHalf(uint64_t bits) {
  return static_cast<float>(std::bit_cast<_Float16>(static_cast<uint16_t>(bits)));
}
uint64_t toHalf(double value) {
  const auto half = static_cast<_Float16>(value);
  return std::isnan(static_cast<float>(half)) ? 0x7e00 : std::bit_cast<uint16_t>(half);
}
/// The masks keep the f16 operands moderate: exponents 8 to 23 of 31.
const char *const moderate = "v_and_b32 v4, 0xbfffbfff, v4\n v_or_b32 v4, 0x20002000, v4\n"
                             " v_and_b32 v6, 0xbfffbfff, v6\n v_or_b32 v6, 0x20002000, v6\n"
                             " v_and_b32 v8, 0xbfffbfff, v8\n v_or_b32 v8, 0x20002000, v8\n";
float operand(uint64_t bits) {
  return fromHalf((bits & 0xbfff) | 0x2000);
}
std::string withModerate(const char *text) {
  return std::string(moderate) + text;
}

TEST(RareInstruction, CubeMaps) {
  // x, y and z are a, b and c; the face is the axis of the largest magnitude, z before y before x.
  const auto axis = [](const Lane &x) {
    const float ax = std::fabs(f(x.a)), ay = std::fabs(f(x.b)), az = std::fabs(f(x.c));
    return az >= ax && az >= ay ? 2 : ay >= ax ? 1 : 0;
  };
  const auto major = [axis](const Lane &x) { return f(axis(x) == 2 ? x.c : axis(x) == 1 ? x.b : x.a); };
  expectCases({
      {"v_cubeid_f32 v10, v4, v6, v8",
       [=](const Lane &x) { return u(float(2 * axis(x) + (major(x) < 0 ? 1 : 0))); }, true},
      {"v_cubema_f32 v10, v4, v6, v8", [=](const Lane &x) { return u(2 * major(x)); }, true},
      {"v_cubesc_f32 v10, v4, v6, v8",
       [=](const Lane &x) {
         if (axis(x) == 2)
           return u(f(x.c) < 0 ? -f(x.a) : f(x.a));
         return u(axis(x) == 1 ? f(x.a) : f(x.a) < 0 ? f(x.c) : -f(x.c));
       },
       true},
      {"v_cubetc_f32 v10, v4, v6, v8",
       [=](const Lane &x) { return u(axis(x) == 1 ? (f(x.b) < 0 ? -f(x.c) : f(x.c)) : -f(x.b)); }, true},
  });
}

TEST(RareInstruction, HalfPrecision) {
  const std::string mac = withModerate(" v_mov_b32 v10, v8\n v_mac_f16 v10, v4, v6");
  const std::string madak = withModerate(" v_madak_f16 v10, v4, v6, 0x4248");
  const std::string madmk = withModerate(" v_madmk_f16 v10, v4, 0x4248, v8");
  const std::string fmac = withModerate(" v_mov_b32 v10, v8\n v_pk_fmac_f16 v10, v4, v6");
  expectCases({
      // The product is rounded before the sum.
      {mac.c_str(),
       [](const Lane &x) {
         return toHalf(double(fromHalf(toHalf(double(operand(x.a)) * operand(x.b)))) + operand(x.c));
       }},
      {madak.c_str(),
       [](const Lane &x) {
         return toHalf(double(fromHalf(toHalf(double(operand(x.a)) * operand(x.b)))) + 3.140625);
       }},
      {madmk.c_str(),
       [](const Lane &x) {
         return toHalf(double(fromHalf(toHalf(double(operand(x.a)) * 3.140625))) + operand(x.c));
       }},
      {fmac.c_str(),
       [](const Lane &x) {
         uint64_t result = 0;
         for (int shift : {0, 16})
           result |= toHalf(double(operand(x.a >> shift)) * operand(x.b >> shift) + operand(x.c >> shift))
                     << shift;
         return result;
       }},
  });
}

TEST(RareInstruction, NormalizedHalves) {
  const std::string snorm = withModerate(" v_cvt_pknorm_i16_f16 v10, v4, v6");
  const std::string unorm = withModerate(" v_cvt_pknorm_u16_f16 v10, -v4, v6");
  const auto scaled = [](float value, double limit, double lowest) {
    return static_cast<uint16_t>(
        static_cast<int32_t>(std::nearbyint(std::min(std::max(double(value), lowest), 1.0) * limit)));
  };
  expectCases({
      {snorm.c_str(),
       [=](const Lane &x) {
         return uint64_t(scaled(operand(x.a), 32767, -1)) | uint64_t(scaled(operand(x.b), 32767, -1)) << 16;
       }},
      {unorm.c_str(),
       [=](const Lane &x) {
         return uint64_t(scaled(-operand(x.a), 65535, 0)) | uint64_t(scaled(operand(x.b), 65535, 0)) << 16;
       }},
      {"v_mov_b32 v10, v8\n v_cvt_pkaccum_u8_f32 v10, 0.5, 2\n s_nop 0\n v_cvt_pkaccum_u8_f32 v10, v4, 1",
       [](const Lane &x) {
         const double value = f(x.a);
         const auto byte = static_cast<uint64_t>(
             value != value ? 0 : std::nearbyint(std::min(std::max(value, 0.0), 255.0)));
         return uint64_t((uint32_t(x.c) & 0xff0000ff) | byte << 8);
       }},
  });
}

/// The segments of 2/π for one exponent, put together, give 2/π times a power of two: with the arguments
/// below 2^53 nothing of 2/π is left out.
TEST(RareInstruction, SegmentsOfTwoOverPi) {
  expectCases({
      {"v_mov_b32 v4, 0\n v_mov_b32 v5, 0x3ff00000\n v_mov_b32 v6, 0\n v_trig_preop_f64 v[10:11], v[4:5], v6",
       [](const Lane &) { return u(std::nextafter(0.63661977236758134308, 0.0)); }},
      {"v_mov_b32 v4, 0\n v_mov_b32 v5, 0x3ff00000\n v_mov_b32 v6, 0\n"
       " v_trig_preop_f64 v[10:11], v[4:5], v6\n v_mov_b32 v6, 1\n v_trig_preop_f64 v[12:13], v[4:5], v6\n"
       " s_nop 4\n v_add_f64 v[14:15], v[10:11], v[12:13]\n v_add_f64 v[14:15], v[14:15], -v[10:11]\n"
       " v_add_f64 v[10:11], v[10:11], v[12:13]",
       [](const Lane &) { return u(0.63661977236758134308); }},
      {"v_mov_b32 v4, 0\n v_mov_b32 v5, 0x3ff00000\n v_mov_b32 v6, 0\n"
       " v_trig_preop_f64 v[10:11], v[4:5], v6 clamp mul:2",
       [](const Lane &) { return u(1.0); }},
      {"v_mov_b32 v4, 0\n v_mov_b32 v5, 0x3ff00000\n v_mov_b32 v6, 0\n"
       " v_trig_preop_f64 v[10:11], v[4:5], v6 div:2",
       [](const Lane &) { return u(std::nextafter(0.63661977236758134308, 0.0) / 2); }},
      // Beyond the table there is nothing.
      {"v_mov_b32 v4, 0\n v_mov_b32 v5, 0x7fe00000\n v_mov_b32 v6, 31\n v_trig_preop_f64 v[10:11], v[4:5], "
       "v6",
       [](const Lane &) { return uint64_t(0); }},
  });
}

TEST(RareInstruction, Scalar) {
  expectCases({
      {"s_mov_b32 s8, 0x80000005\n s_bitreplicate_b64_b32 s[10:11], s8\n v_mov_b32 v10, s10\n v_mov_b32 v11, "
       "s11",
       [](const Lane &) { return uint64_t(0xc000000000000033); }},
      {"s_mov_b64 s[12:13], 7\n s_mov_b32 m0, 2\n s_nop 0\n s_movrels_b64 s[8:9], s[10:11]\n v_mov_b32 v10, "
       "s8\n"
       " v_mov_b32 v11, s9",
       [](const Lane &) { return uint64_t(7); }},
      {"s_mov_b64 s[12:13], 0\n s_mov_b64 s[8:9], 9\n s_mov_b32 m0, 2\n s_nop 0\n"
       " s_movreld_b64 s[10:11], s[8:9]\n v_mov_b32 v10, s12\n v_mov_b32 v11, s13",
       [](const Lane &) { return uint64_t(9); }},
      // The buffer's first dword is exchanged where it is lane 0's a; the address of the buffer is s[4:5].
      {"v_readfirstlane_b32 s8, v4\n s_mov_b32 s9, s8\n s_mov_b32 s8, 77\n"
       " s_atomic_cmpswap s[8:9], s[4:5], 0x0 glc\n s_waitcnt lgkmcnt(0)\n"
       " s_load_dword s10, s[4:5], 0x0\n s_waitcnt lgkmcnt(0)\n v_mov_b32 v10, s8\n v_mov_b32 v11, s10",
       [](const Lane &x) { return uint32_t(x.allA[0]) | uint64_t(77) << 32; }},
      {"s_dcache_discard s[4:5], 0x0\n s_atc_probe 0, s[4:5], 0x0\n v_mov_b32 v10, 1",
       [](const Lane &) { return uint64_t(1); }},
  });
}

} // namespace
