// One instruction at a time, from assembly, against results computed here.
#include "InstructionCases.h"
#include <cmath>
#include <random>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

const std::vector<Case> &cases() {
  static const std::vector<Case> list = {
      // VOP2 and VOP3 integer
      {"v_add_u32 v10, v4, v6", [](const Lane &x) { return uint32_t(x.a + x.b); }},
      {"v_sub_u32 v10, v4, v6", [](const Lane &x) { return uint32_t(x.a - x.b); }},
      {"v_subrev_u32 v10, v4, v6", [](const Lane &x) { return uint32_t(x.b - x.a); }},
      {"v_add_u32 v10, v4, v6 clamp",
       [](const Lane &x) { return std::min<uint64_t>(uint32_t(x.a) + uint64_t(uint32_t(x.b)), 0xffffffff); }},
      {"v_sub_i32 v10, v4, v6 clamp",
       [](const Lane &x) {
         return uint32_t(std::clamp<int64_t>(int64_t(s(x.a)) - s(x.b), INT32_MIN, INT32_MAX));
       }},
      {"v_mul_lo_u32 v10, v4, v6", [](const Lane &x) { return uint32_t(x.a * x.b); }},
      {"v_mul_hi_u32 v10, v4, v6",
       [](const Lane &x) { return uint64_t(uint32_t(x.a)) * uint32_t(x.b) >> 32; }},
      {"v_mul_hi_i32 v10, v4, v6",
       [](const Lane &x) { return uint32_t(uint64_t(int64_t(s(x.a)) * s(x.b)) >> 32); }},
      {"v_mul_i32_i24 v10, v4, v6",
       [](const Lane &x) { return uint32_t((s(x.a << 8) >> 8) * int64_t(s(x.b << 8) >> 8)); }},
      {"v_mad_u32_u24 v10, v4, v6, v8",
       [](const Lane &x) { return uint32_t((x.a & 0xffffff) * (x.b & 0xffffff) + x.c); }},
      {"v_mad_u64_u32 v[10:11], s[8:9], v4, v6, v[8:9]",
       [](const Lane &x) { return uint64_t(uint32_t(x.a)) * uint32_t(x.b) + x.c; }},
      {"v_lshl_add_u64 v[10:11], v[4:5], 3, v[8:9]", [](const Lane &x) { return (x.a << 3) + x.c; }},
      {"v_lshlrev_b64 v[10:11], v4, v[6:7]", [](const Lane &x) { return x.b << (x.a & 63); }},
      {"v_ashrrev_i64 v[10:11], v4, v[6:7]",
       [](const Lane &x) { return uint64_t(int64_t(x.b) >> (x.a & 63)); }},
      {"v_ashrrev_i32 v10, v4, v6", [](const Lane &x) { return uint32_t(s(x.b) >> (x.a & 31)); }},
      {"v_min_i32 v10, v4, v6", [](const Lane &x) { return uint32_t(std::min(s(x.a), s(x.b))); }},
      {"v_max3_u32 v10, v4, v6, v8",
       [](const Lane &x) { return std::max({uint32_t(x.a), uint32_t(x.b), uint32_t(x.c)}); }},
      {"v_med3_i32 v10, v4, v6, v8",
       [](const Lane &x) {
         int32_t v[] = {s(x.a), s(x.b), s(x.c)};
         std::sort(v, v + 3);
         return uint32_t(v[1]);
       }},
      {"v_bfe_u32 v10, v4, 5, 9", [](const Lane &x) { return (x.a >> 5) & 511; }},
      {"v_bfe_i32 v10, v4, 7, 12",
       [](const Lane &x) { return uint32_t(s(uint64_t(uint32_t(x.a)) << 13) >> 20); }},
      {"v_bfi_b32 v10, v4, v6, v8", [](const Lane &x) { return uint32_t((x.a & x.b) | (~x.a & x.c)); }},
      {"s_mov_b32 s8, 0x05020c00\n v_perm_b32 v10, v4, v6, s8",
       [](const Lane &x) { return ((x.a >> 8 & 255) << 24) | ((x.b >> 16 & 255) << 16) | (x.b & 255); }},
      {"v_alignbit_b32 v10, v4, v6, 12",
       [](const Lane &x) { return uint32_t((uint64_t(uint32_t(x.a)) << 32 | uint32_t(x.b)) >> 12); }},
      {"v_lerp_u8 v10, v4, v6, v8",
       [](const Lane &x) {
         uint64_t r = 0;
         for (int i = 0; i < 4; ++i) {
           const uint64_t sum = (x.a >> 8 * i) % 256 + (x.b >> 8 * i) % 256;
           r += (sum / 2 + (sum % 2 && (x.c >> 8 * i) % 2 ? 1 : 0)) << 8 * i;
         }
         return r;
       }},
      {"v_and_b32 v6, 0xff00ffff, v6\n v_msad_u8 v10, v4, v6, v8", // one byte masked in every lane
       [](const Lane &x) {
         uint32_t r = uint32_t(x.c);
         for (int i : {0, 1, 3})
           if (const int b = int(x.b >> 8 * i & 255))
             r += uint32_t(std::abs(int(x.a >> 8 * i & 255) - b));
         return r;
       }},
      {"v_bfrev_b32 v10, v4",
       [](const Lane &x) {
         uint32_t r = 0;
         for (int i = 0; i < 32; ++i)
           r |= ((x.a >> i) & 1) << (31 - i);
         return uint64_t(r);
       }},
      {"v_ffbh_u32 v10, v4",
       [](const Lane &x) { return uint64_t(uint32_t(x.a) ? std::countl_zero(uint32_t(x.a)) : ~0u); }},
      {"v_bcnt_u32_b32 v10, v4, v6",
       [](const Lane &x) { return uint32_t(std::popcount(uint32_t(x.a)) + x.b); }},
      {"v_and_or_b32 v10, v4, v6, v8", [](const Lane &x) { return uint32_t((x.a & x.b) | x.c); }},
      {"v_xad_u32 v10, v4, v6, v8", [](const Lane &x) { return uint32_t((x.a ^ x.b) + x.c); }},
      {"v_sad_u8 v10, v4, v6, v8",
       [](const Lane &x) {
         uint64_t sum = x.c;
         for (int i = 0; i < 32; i += 8)
           sum += std::abs(int(x.a >> i & 255) - int(x.b >> i & 255));
         return uint64_t(uint32_t(sum));
       }},
      {"v_dot4_i32_i8 v10, v4, v6, v8",
       [](const Lane &x) {
         int64_t sum = s(x.c);
         for (int i = 0; i < 32; i += 8)
           sum += int8_t(x.a >> i) * int8_t(x.b >> i);
         return uint64_t(uint32_t(sum));
       }},
      {"v_mbcnt_lo_u32_b32 v10, v4, v6",
       [](const Lane &x) {
         uint32_t below = x.lane >= 32 ? ~0u : (1u << x.lane) - 1;
         return uint32_t(std::popcount(uint32_t(x.a) & below) + x.b);
       }},
      {"v_pk_add_u16 v10, v4, v6",
       [](const Lane &x) {
         return uint64_t(uint16_t(x.a + x.b) | uint32_t(uint16_t((x.a >> 16) + (x.b >> 16))) << 16);
       }},
      {"v_pk_mul_lo_u16 v10, v4, v6 op_sel:[1,0] op_sel_hi:[0,1]",
       [](const Lane &x) {
         return uint64_t(uint16_t((x.a >> 16 & 0xffff) * (x.b & 0xffff)) |
                         uint32_t(uint16_t((x.a & 0xffff) * (x.b >> 16 & 0xffff))) << 16);
       }},
      {"v_pk_max_i16 v10, v4, v6",
       [](const Lane &x) {
         return uint64_t(uint16_t(std::max(int16_t(x.a), int16_t(x.b))) |
                         uint32_t(uint16_t(std::max(int16_t(x.a >> 16), int16_t(x.b >> 16)))) << 16);
       }},
      // carries and selections
      {"v_add_co_u32 v10, vcc, v4, v6\n s_nop 1\n v_addc_co_u32 v11, vcc, v5, v7, vcc",
       [](const Lane &x) { return x.a + x.b; }},
      {"v_sub_co_u32 v10, vcc, v4, v6\n s_nop 1\n v_subb_co_u32 v11, vcc, v5, v7, vcc",
       [](const Lane &x) { return x.a - x.b; }},
      {"v_cmp_gt_u32 vcc, v4, v6\n s_nop 1\n v_cndmask_b32 v10, v4, v6, vcc",
       [](const Lane &x) { return uint32_t(std::min<uint32_t>(x.a, x.b)); }},
      {"v_cmp_lt_i64 s[8:9], v[4:5], v[6:7]\n s_nop 1\n v_cndmask_b32 v10, 7, 9, s[8:9]",
       [](const Lane &x) { return uint64_t(int64_t(x.a) < int64_t(x.b) ? 9 : 7); }},
      {"v_cmp_class_f32 vcc, v4, v6\n s_nop 1\n v_cndmask_b32 v10, 0, 1, vcc",
       [](const Lane &x) {
         int kind = std::isnan(f(x.a))              ? (x.a >> 22 & 1)
                    : std::isinf(f(x.a))            ? (std::signbit(f(x.a)) ? 2 : 9)
                    : f(x.a) == 0                   ? (std::signbit(f(x.a)) ? 5 : 6)
                    : std::fabs(f(x.a)) < 0x1p-126f ? (std::signbit(f(x.a)) ? 4 : 7)
                    : std::signbit(f(x.a))          ? 3
                                                    : 8;
         return (x.b >> kind) & 1;
       }},
      {"v_mov_b32 v10, 3\n v_cmpx_lt_u32 vcc, v4, v6\n s_nop 4\n v_mov_b32 v10, 4\n s_mov_b64 exec, -1",
       [](const Lane &x) { return uint64_t(uint32_t(x.a) < uint32_t(x.b) ? 4 : 3); }},
      // f32
      {"v_add_f32 v10, v4, v6", [](const Lane &x) { return u(f(x.a) + f(x.b)); }, true},
      {"v_sub_f32 v10, -v4, |v6|", [](const Lane &x) { return u(-f(x.a) - std::fabs(f(x.b))); }, true},
      {"v_mul_f32 v10, v4, v6 mul:4", [](const Lane &x) { return u(f(x.a) * f(x.b) * 4); }, true},
      {"v_fma_f32 v10, v4, v6, v8", [](const Lane &x) { return u(std::fmaf(f(x.a), f(x.b), f(x.c))); }, true},
      {"v_add_f32 v10, v4, v6 clamp",
       [](const Lane &x) {
         float r = f(x.a) + f(x.b);
         return u(r != r ? 0.0f : std::clamp(r, 0.0f, 1.0f));
       },
       true},
      {"v_max_f32 v10, v4, v6", [](const Lane &x) { return u(std::fmaxf(f(x.a), f(x.b))); }, true},
      {"v_min3_f32 v10, v4, v6, v8",
       [](const Lane &x) { return u(std::fminf(std::fminf(f(x.a), f(x.b)), f(x.c))); }, true},
      {"v_rcp_f32 v10, v4",
       [](const Lane &x) {
         float a = std::fabs(f(x.a)) < 0x1p-126f ? std::copysign(0.0f, f(x.a)) : f(x.a);
         float r = 1 / a;
         return u(std::fabs(r) < 0x1p-126f ? std::copysign(0.0f, r) : r);
       },
       true},
      {"v_sqrt_f32 v10, |v4|",
       [](const Lane &x) {
         float a = std::fabs(f(x.a));
         return u(a < 0x1p-126f ? 0.0f : std::sqrt(a));
       },
       true},
      {"v_floor_f32 v10, v4", [](const Lane &x) { return u(std::floor(f(x.a))); }, true},
      {"v_rndne_f32 v10, v4", [](const Lane &x) { return u(std::nearbyint(f(x.a))); }, true},
      {"v_trunc_f32 v10, v4", [](const Lane &x) { return u(std::trunc(f(x.a))); }, true},
      {"v_ceil_f32 v10, v4", [](const Lane &x) { return u(std::ceil(f(x.a))); }, true},
      {"v_ldexp_f32 v10, v4, 9", [](const Lane &x) { return u(std::ldexp(f(x.a), 9)); }, true},
      {"v_frexp_mant_f32 v10, v4",
       [](const Lane &x) {
         int e;
         return u(std::isfinite(f(x.a)) ? std::frexp(f(x.a), &e) : f(x.a));
       },
       true},
      {"v_frexp_exp_i32_f32 v10, v4",
       [](const Lane &x) {
         int e = 0;
         if (std::isfinite(f(x.a)))
           std::frexp(f(x.a), &e);
         else
           e = 0;
         return uint64_t(uint32_t(e));
       }},
      {"v_cvt_i32_f32 v10, v4",
       [](const Lane &x) {
         float a = f(x.a);
         return uint64_t(uint32_t(a != a          ? 0
                                  : a >= 0x1p31f  ? INT32_MAX
                                  : a <= -0x1p31f ? INT32_MIN
                                                  : int32_t(a)));
       }},
      {"v_cvt_u32_f32 v10, v4",
       [](const Lane &x) {
         float a = f(x.a);
         return uint64_t(!(a > 0) ? 0u : a >= 0x1p32f ? ~0u : uint32_t(a));
       }},
      {"v_cvt_f32_u32 v10, v4", [](const Lane &x) { return u(float(uint32_t(x.a))); }},
      {"v_cvt_f32_ubyte2 v10, v4", [](const Lane &x) { return u(float(x.a >> 16 & 255)); }},
      {"v_pk_mul_f32 v[10:11], v[4:5], v[6:7]",
       [](const Lane &x) { return u(f(x.a) * f(x.b)) | u(f(x.a >> 32) * f(x.b >> 32)) << 32; }, true},
      {"v_pk_fma_f32 v[10:11], v[4:5], v[6:7], v[8:9] op_sel:[1,0,0] op_sel_hi:[0,1,1] neg_lo:[0,1,0]",
       [](const Lane &x) {
         return u(std::fmaf(f(x.a >> 32), -f(x.b), f(x.c))) | u(std::fmaf(f(x.a), f(x.b >> 32), f(x.c >> 32)))
                                                                  << 32;
       },
       true},
      {"v_pk_mov_b32 v[10:11], v[4:5], v[6:7] op_sel:[1,0]",
       [](const Lane &x) { return (x.a >> 32) | x.b << 32; }},
      // f64
      {"v_add_f64 v[10:11], v[4:5], -v[6:7]", [](const Lane &x) { return u(d(x.a) - d(x.b)); }, false, true},
      {"v_fma_f64 v[10:11], v[4:5], v[6:7], v[8:9]",
       [](const Lane &x) { return u(std::fma(d(x.a), d(x.b), d(x.c))); }, false, true},
      {"v_rndne_f64 v[10:11], v[4:5]", [](const Lane &x) { return u(std::nearbyint(d(x.a))); }, false, true},
      {"v_frexp_mant_f64 v[10:11], v[4:5]",
       [](const Lane &x) {
         int e;
         return u(std::isfinite(d(x.a)) ? std::frexp(d(x.a), &e) : d(x.a));
       },
       false, true},
      // SDWA and DPP
      {"v_add_u32_sdwa v10, v4, v6 dst_sel:DWORD src0_sel:BYTE_1 src1_sel:WORD_1",
       [](const Lane &x) { return (x.a >> 8 & 255) + (x.b >> 16 & 0xffff); }},
      {"v_mov_b32_sdwa v10, v4 dst_sel:BYTE_2 dst_unused:UNUSED_PRESERVE src0_sel:BYTE_3",
       [](const Lane &x) { return uint64_t(0x11001111 | (x.a >> 24 & 255) << 16); }},
      {"v_mov_b32_sdwa v10, sext(v4) dst_sel:WORD_0 dst_unused:UNUSED_PAD src0_sel:BYTE_0",
       [](const Lane &x) { return uint64_t(uint16_t(int8_t(x.a))); }},
      {"v_mov_b32_dpp v10, v4 quad_perm:[3,2,1,0] row_mask:0xf bank_mask:0xf",
       [](const Lane &x) { return uint64_t(uint32_t(x.allA[x.lane ^ 3])); }},
      {"v_mov_b32_dpp v10, v4 row_shr:3 row_mask:0xf bank_mask:0xf",
       [](const Lane &x) {
         return x.lane % 16 < 3 ? uint64_t(0x11111111) : uint64_t(uint32_t(x.allA[x.lane - 3]));
       }},
      {"v_mov_b32_dpp v10, v4 row_shl:1 row_mask:0xf bank_mask:0xf bound_ctrl:0",
       [](const Lane &x) {
         return x.lane % 16 == 15 ? uint64_t(0) : uint64_t(uint32_t(x.allA[x.lane + 1]));
       }},
      {"v_add_u32_dpp v10, v4, v6 row_newbcast:5 row_mask:0x3 bank_mask:0xf",
       [](const Lane &x) {
         return x.lane >= 32 ? uint64_t(0x11111111) : uint64_t(uint32_t(x.allA[x.lane / 16 * 16 + 5] + x.b));
       }},
      {"v_mov_b32_dpp v10, v4 row_mirror row_mask:0xf bank_mask:0xf",
       [](const Lane &x) { return uint64_t(uint32_t(x.allA[x.lane ^ 15])); }},
      {"v_mov_b32_dpp v10, v4 row_bcast:15 row_mask:0xa bank_mask:0xf",
       [](const Lane &x) {
         return x.lane / 16 % 2 == 0 ? uint64_t(0x11111111)
                                     : uint64_t(uint32_t(x.allA[x.lane / 16 * 16 - 1]));
       }},
      // lane access and LDS exchange
      {"v_readlane_b32 s8, v4, 17\n s_nop 1\n v_mov_b32 v10, s8",
       [](const Lane &x) { return uint64_t(uint32_t(x.allA[17])); }},
      {"s_mov_b32 s8, 5\n v_writelane_b32 v10, s8, 9",
       [](const Lane &x) { return uint64_t(x.lane == 9 ? 5 : 0x11111111); }},
      {"v_and_b32 v3, 0xfc, v4\n ds_bpermute_b32 v10, v3, v4\n s_waitcnt lgkmcnt(0)",
       [](const Lane &x) { return uint64_t(uint32_t(x.allA[x.a >> 2 & 63])); }},
      {"ds_swizzle_b32 v10, v4 offset:swizzle(SWAP,16)\n s_waitcnt lgkmcnt(0)",
       [](const Lane &x) { return uint64_t(uint32_t(x.allA[x.lane ^ 16])); }},
      {"v_swap_b32 v4, v10\n", [](const Lane &x) { return uint64_t(uint32_t(x.a)); }},
      // scalar, on lane-independent values
      {"s_movk_i32 s8, 0x8000\n s_add_u32 s9, s8, 0x8001\n s_addc_u32 s10, 0, 0\n v_mov_b32 v10, s9\n "
       "v_mov_b32 v11, s10",
       [](const Lane &) { return uint64_t(1) << 32 | 1; }},
      {"s_mov_b32 s8, 0xf0f1\n s_bfe_u32 s9, s8, 0x80004\n s_ff1_i32_b32 s10, s9\n v_mov_b32 v10, s9\n "
       "v_mov_b32 v11, s10",
       [](const Lane &) { return uint64_t(0) << 32 | 0x0f; }},
      {"s_mov_b64 s[8:9], 0xff\n s_bcnt1_i32_b64 s10, s[8:9]\n s_flbit_i32_b64 s11, s[8:9]\n v_mov_b32 v10, "
       "s10\n v_mov_b32 v11, s11",
       [](const Lane &) { return uint64_t(56) << 32 | 8; }},
      {"s_mov_b32 s8, -7\n s_mul_hi_i32 s9, s8, 3\n s_ashr_i32 s10, s8, 1\n v_mov_b32 v10, s9\n v_mov_b32 "
       "v11, s10",
       [](const Lane &) { return uint64_t(uint32_t(-4)) << 32 | 0xffffffff; }},
      {"s_mov_b32 s8, 3\n s_cmp_gt_i32 s8, -1\n s_cselect_b32 s9, 10, 20\n s_cmpk_lt_u32 s8, 0x3\n "
       "s_cselect_b32 s10, 1, 2\n v_mov_b32 v10, s9\n v_mov_b32 v11, s10",
       [](const Lane &) { return uint64_t(2) << 32 | 10; }},
      {"s_getpc_b64 s[8:9]\n s_add_u32 s8, s8, 16\n s_addc_u32 s9, s9, 0\n s_setpc_b64 s[8:9]\n v_mov_b32 "
       "v10, 1\n s_nop 0",
       [](const Lane &) { return uint64_t(0x11111111); }},
      {"s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 2), 3\n v_mov_b32 v3, 0x33800001\n v_add_f32 v10, 1.0, v3\n "
       "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 2), 0",
       [](const Lane &) { return uint64_t(0x3f800000); }},
      // Reading and writing registers by M0.
      {"s_mov_b32 s8, 4\n s_set_gpr_idx_on s8, 0x1\n v_mov_b32 v10, v0\n s_set_gpr_idx_off",
       [](const Lane &x) { return uint64_t(uint32_t(x.a)); }},
      {"v_mov_b32 v12, 77\n s_mov_b32 s8, 4\n s_set_gpr_idx_on s8, 0x1\n v_readlane_b32 s9, v8, 5\n "
       "s_set_gpr_idx_off\n v_mov_b32 v10, s9",
       [](const Lane &) { return uint64_t(77); }},
      {"v_mov_b32 v10, 5\n s_mov_b32 s8, 6\n s_mov_b32 s9, 5\n s_set_gpr_idx_on s8, 0x8\n "
       "v_writelane_b32 v4, s9, 3\n s_set_gpr_idx_off",
       [](const Lane &) { return uint64_t(5); }},
      {"v_mov_b32 v20, 1.0\n v_mov_b32 v21, 2.0\n s_mov_b32 s8, 10\n s_set_gpr_idx_on s8, 0x3\n s_nop 1\n "
       "v_mfma_f32_4x4x1_16b_f32 v[10:13], v10, v11, 0\n s_set_gpr_idx_off\n s_nop 7",
       [](const Lane &) { return uint64_t(0x40000000) << 32 | 0x40000000; }},
      {"s_mov_b32 s8, 1\n s_setvskip s8, 0\n v_mov_b32 v10, 9\n s_setvskip s8, 1",
       [](const Lane &) { return uint64_t(0x11111111); }},
  };
  return list;
}

TEST(Instruction, AgreesWithItsDefinition) {
  expectCases(cases());
}

/// Transcendental functions: relative error against long double over their useful range.
TEST(Instruction, TranscendentalAccuracy) {
  struct Function {
    const char *text;
    double low, high;
    long double (*expected)(long double);
    double absolute;
  };
  const Function functions[] = {
      {"v_exp_f32 v10, v4", -120, 120, [](long double x) { return std::exp2(x); }, 0},
      {"v_log_f32 v10, v4", 1e-30, 1e30, [](long double x) { return std::log2(x); }, 1e-7},
      {"v_rsq_f32 v10, v4", 1e-30, 1e30, [](long double x) { return 1 / std::sqrt(x); }, 0},
      {"v_sin_f32 v10, v4", -200, 200,
       [](long double x) { return std::sin(x * 2 * 3.14159265358979323846264338L); }, 1e-7},
      {"v_cos_f32 v10, v4", -200, 200,
       [](long double x) { return std::cos(x * 2 * 3.14159265358979323846264338L); }, 1e-7},
  };
  std::string source;
  for (size_t i = 0; i < std::size(functions); ++i)
    source += kernelFor(functions[i].text, i);
  CodeObjectPointer object = loadAssembly(source);
  ASSERT_TRUE(object);
  std::mt19937_64 generator(5);
  for (size_t i = 0; i < std::size(functions); ++i)
    for (int round = 0; round < 50; ++round) {
      std::vector<uint64_t> values(192);
      for (uint64_t &value : values) {
        const Function &function = functions[i];
        double t = std::uniform_real_distribution<double>(0, 1)(generator);
        value = u(float(function.low > 0 ? function.low * std::pow(function.high / function.low, t)
                                         : function.low + (function.high - function.low) * t));
      }
      DeviceMemory memory;
      uint64_t in = memory.allocateValues<uint64_t>("in", values), out = memory.allocate("out", 512);
      runChecked(*object,
                 {"kernel" + std::to_string(i), {1}, {64}, KernelArguments().pointer(in).pointer(out)},
                 memory);
      for (int lane = 0; lane < 64; ++lane) {
        long double expected = functions[i].expected(f(values[lane]));
        ASSERT_NEAR(f(memory.values<uint64_t>(out)[lane]), double(expected),
                    std::fabs(double(expected)) * 1e-7 + functions[i].absolute)
            << functions[i].text << " of " << f(values[lane]);
      }
    }
}

} // namespace
