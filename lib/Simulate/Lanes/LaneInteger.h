// Integer, bit and packed 16-bit operations, and the ones with carry or select masks.
#pragma once

#include "LaneLoops.h"

namespace codesign::simulate {
namespace {

CODESIGN_INLINE int32_t signed24(uint32_t value) {
  return static_cast<int32_t>(value << 8) >> 8;
}
CODESIGN_INLINE uint32_t low24(uint32_t value) {
  return value & 0xffffff;
}
template <class T>
CODESIGN_INLINE T larger(T a, T b) {
  return a > b ? a : b;
}
template <class T>
CODESIGN_INLINE T smaller(T a, T b) {
  return a < b ? a : b;
}
template <class T>
CODESIGN_INLINE T middle(T a, T b, T c) {
  return larger(smaller(a, b), smaller(larger(a, b), c));
}
CODESIGN_INLINE uint32_t distance(uint32_t a, uint32_t b) {
  return a > b ? a - b : b - a;
}

CODESIGN_INLINE uint32_t bitReverse(uint32_t v) {
  v = ((v >> 1) & 0x55555555) | (v & 0x55555555) << 1;
  v = ((v >> 2) & 0x33333333) | (v & 0x33333333) << 2;
  v = ((v >> 4) & 0x0f0f0f0f) | (v & 0x0f0f0f0f) << 4;
  return __builtin_bswap32(v);
}
CODESIGN_INLINE uint32_t populationCount(uint32_t v) {
  v = v - ((v >> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >> 2) & 0x33333333);
  return (((v + (v >> 4)) & 0x0f0f0f0f) * 0x01010101) >> 24;
}
CODESIGN_INLINE uint32_t permuteByte(uint32_t high, uint32_t low, uint32_t select) {
  select &= 255;
  uint64_t both = uint64_t(high) << 32 | low;
  if (select >= 13)
    return 0xff;
  if (select == 12)
    return 0;
  if (select >= 8) { // sign of bytes 1, 3, 5, 7
    return (both >> (16 * (select - 8) + 15)) & 1 ? 0xff : 0;
  }
  return (both >> (8 * select)) & 0xff;
}
CODESIGN_INLINE uint32_t permuteBytes(uint32_t high, uint32_t low, uint32_t select) {
  return permuteByte(high, low, select) | permuteByte(high, low, select >> 8) << 8 |
         permuteByte(high, low, select >> 16) << 16 | permuteByte(high, low, select >> 24) << 24;
}
CODESIGN_INLINE uint32_t bitFieldExtract(uint32_t value, uint32_t offset, uint32_t width) {
  offset &= 31, width &= 31;
  return (value >> offset) & ((1u << width) - 1);
}
CODESIGN_INLINE int32_t signedBitFieldExtract(uint32_t value, uint32_t offset, uint32_t width) {
  offset &= 31, width &= 31;
  uint32_t field = (value >> offset) & ((1u << width) - 1);
  uint32_t sign = width ? 1u << (width - 1) : 0;
  return static_cast<int32_t>((field ^ sign) - sign);
}
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
template <int bits, class Extended>
CODESIGN_INLINE uint32_t dot(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t sum = c;
  for (int at = 0; at < 32; at += bits) {
    Extended x = static_cast<Extended>(a << (32 - bits - at)) >> (32 - bits);
    Extended y = static_cast<Extended>(b << (32 - bits - at)) >> (32 - bits);
    sum += static_cast<uint32_t>(x * y);
  }
  return sum;
}

// Operations with a mask in or out. The sums run in 64 bits so that the carry is bit 32.
template <bool withCarry, int order> // order 0: a+b, 1: a-b, 2: b-a
void carryKernel(LaneArguments &x) {
  alignas(64) uint8_t flags[lanes];
  const uint32_t halves[2] = {static_cast<uint32_t>(x.maskIn), static_cast<uint32_t>(x.maskIn >> 32)};
  uint32_t *destination = x.destination;
  const uint32_t *a = x.source[0], *b = x.source[1];
  CODESIGN_LANE_LOOP
  for (int lane = 0; lane < lanes; ++lane) {
    uint64_t left = order == 2 ? b[lane] : a[lane], right = order == 2 ? a[lane] : b[lane];
    uint64_t carry = withCarry ? maskBit(halves, lane) : 0;
    uint64_t sum = order == 0 ? left + right + carry : left - right - carry;
    destination[lane] = static_cast<uint32_t>(sum);
    flags[lane] = (sum >> 32) & 1;
  }
  x.maskOut = packFlags(flags);
}
void selectKernel(LaneArguments &x) {
  const uint32_t halves[2] = {static_cast<uint32_t>(x.maskIn), static_cast<uint32_t>(x.maskIn >> 32)};
  uint32_t *destination = x.destination;
  const uint32_t *a = x.source[0], *b = x.source[1];
  for (int half = 0; half < 2; ++half) {
    CODESIGN_LANE_LOOP
    for (int lane = 0; lane < 32; ++lane)
      destination[32 * half + lane] = (halves[half] >> lane) & 1 ? b[32 * half + lane] : a[32 * half + lane];
  }
}
template <class Wide, class Narrow>
void multiplyAddWide(LaneArguments &x) { // v_mad_u64_u32, v_mad_i64_i32: carry out of 64 bits
  alignas(64) uint8_t flags[lanes];
  for (int lane = 0; lane < lanes; ++lane) {
    uint64_t product = static_cast<uint64_t>(static_cast<Wide>(static_cast<Narrow>(x.source[0][lane])) *
                                             static_cast<Narrow>(x.source[1][lane]));
    uint64_t sum = product + Access<uint64_t>::get(x.source[2], lane);
    Access<uint64_t>::put(x.destination, lane, sum);
    flags[lane] = sum < product;
  }
  x.maskOut = packFlags(flags);
}
void countBelowLow(LaneArguments &x) { // v_mbcnt_lo: bits of the mask below this lane
  for (int lane = 0; lane < lanes; ++lane) {
    uint32_t below = lane >= 32 ? ~0u : (1u << lane) - 1;
    x.destination[lane] = populationCount(x.source[0][lane] & below) + x.source[1][lane];
  }
}
void countBelowHigh(LaneArguments &x) {
  for (int lane = 0; lane < lanes; ++lane) {
    uint32_t below = lane > 32 ? (1u << (lane - 32)) - 1 : 0;
    x.destination[lane] = populationCount(x.source[0][lane] & below) + x.source[1][lane];
  }
}
template <uint32_t mask>
void bitOperation3(LaneArguments &x) { // v_bitop3: the truth table is an immediate
  for (int lane = 0; lane < lanes; ++lane) {
    uint32_t a = x.source[0][lane], b = x.source[1][lane], c = x.source[2][lane], result = 0;
    for (int row = 0; row < 8; ++row)
      if ((x.immediate >> row) & 1)
        result |= (row & 4 ? a : ~a) & (row & 2 ? b : ~b) & (row & 1 ? c : ~c);
    x.destination[lane] = result & mask;
  }
}

constexpr LaneOperation masked(const char *name, LaneKernel function, uint8_t sources,
                               UndefinedRule rule = UndefinedRule::Mix) {
  return {name, function, sources, {LaneType::B32, LaneType::B32, LaneType::B32}, LaneType::B32, rule, false};
}

const LaneOperation integerOperations[] = {
    masked("V_ADD_CO_U32", carryKernel<false, 0>, 2),
    masked("V_SUB_CO_U32", carryKernel<false, 1>, 2),
    masked("V_SUBREV_CO_U32", carryKernel<false, 2>, 2),
    masked("V_ADDC_CO_U32", carryKernel<true, 0>, 2),
    masked("V_SUBB_CO_U32", carryKernel<true, 1>, 2),
    masked("V_SUBBREV_CO_U32", carryKernel<true, 2>, 2),
    masked("V_CNDMASK_B32", selectKernel, 2, UndefinedRule::Select),
    masked("V_MBCNT_LO_U32_B32", countBelowLow, 2),
    masked("V_MBCNT_HI_U32_B32", countBelowHigh, 2),
    masked("V_BITOP3_B32", bitOperation3<~0u>, 3),
    {"V_BITOP3_B16",
     bitOperation3<0xffff>,
     3,
     {LaneType::B16, LaneType::B16, LaneType::B16},
     LaneType::B16,
     UndefinedRule::Mix,
     false},
    op("V_ASHR_PK_I8_I32", [](int32_t a, int32_t b, uint32_t c) { return shiftedBytes(a, b, c, -128, 127); }),
    op("V_ASHR_PK_U8_I32", [](int32_t a, int32_t b, uint32_t c) { return shiftedBytes(a, b, c, 0, 255); }),
    op("V_QSAD_PK_U16_U8",
       [](uint64_t a, uint32_t b, uint64_t c) { return quadDistances(a, b, c, sumOfByteDistances); }),
    op("V_MQSAD_PK_U16_U8",
       [](uint64_t a, uint32_t b, uint64_t c) { return quadDistances(a, b, c, maskedByteDistances); }),
    {"V_MAD_U64_U32",
     multiplyAddWide<uint64_t, uint32_t>,
     3,
     {LaneType::B32, LaneType::B32, LaneType::B64},
     LaneType::B64,
     UndefinedRule::Mix,
     false},
    {"V_MAD_I64_I32",
     multiplyAddWide<int64_t, int32_t>,
     3,
     {LaneType::B32, LaneType::B32, LaneType::B64},
     LaneType::B64,
     UndefinedRule::Mix,
     false},
    op(
        "V_MOV_B32", [](uint32_t a) { return a; }, UndefinedRule::Copy),
    op(
        "V_MOV_B64", [](uint64_t a) { return a; }, UndefinedRule::Copy),
    op(
        "V_ACCVGPR_READ_B32", [](uint32_t a) { return a; }, UndefinedRule::Copy),
    op(
        "V_ACCVGPR_WRITE_B32", [](uint32_t a) { return a; }, UndefinedRule::Copy),
    op(
        "V_ACCVGPR_MOV_B32", [](uint32_t a) { return a; }, UndefinedRule::Copy),
    op(
        "V_NOT_B32", [](uint32_t a) { return ~a; }, UndefinedRule::Bytes),
    op(
        "V_AND_B32", [](uint32_t a, uint32_t b) { return a & b; }, UndefinedRule::And),
    op(
        "V_OR_B32", [](uint32_t a, uint32_t b) { return a | b; }, UndefinedRule::Or),
    op(
        "V_XOR_B32", [](uint32_t a, uint32_t b) { return a ^ b; }, UndefinedRule::Bytes),
    op(
        "V_XNOR_B32", [](uint32_t a, uint32_t b) { return ~(a ^ b); }, UndefinedRule::Bytes),
    op(
        "V_OR3_B32", [](uint32_t a, uint32_t b, uint32_t c) { return a | b | c; }, UndefinedRule::Bytes),
    op("V_AND_OR_B32", [](uint32_t a, uint32_t b, uint32_t c) { return (a & b) | c; }),
    op("V_BFI_B32", [](uint32_t a, uint32_t b, uint32_t c) { return (a & b) | (~a & c); }),
    op("V_ADD_U32", [](uint32_t a, uint32_t b) { return a + b; }),
    op("V_SUB_U32", [](uint32_t a, uint32_t b) { return a - b; }),
    op("V_SUBREV_U32", [](uint32_t a, uint32_t b) { return b - a; }),
    op("V_ADD_I32", [](uint32_t a, uint32_t b) { return a + b; }),
    op("V_SUB_I32", [](uint32_t a, uint32_t b) { return a - b; }),
    op("V_ADD3_U32", [](uint32_t a, uint32_t b, uint32_t c) { return a + b + c; }),
    op("V_LSHL_ADD_U32", [](uint32_t a, uint32_t b, uint32_t c) { return (a << (b & 31)) + c; }),
    op("V_ADD_LSHL_U32", [](uint32_t a, uint32_t b, uint32_t c) { return (a + b) << (c & 31); }),
    op("V_LSHL_OR_B32", [](uint32_t a, uint32_t b, uint32_t c) { return (a << (b & 31)) | c; }),
    op("V_XAD_U32", [](uint32_t a, uint32_t b, uint32_t c) { return (a ^ b) + c; }),
    op("V_LSHL_ADD_U64", [](uint64_t a, uint32_t b, uint64_t c) { return (a << (b & 7)) + c; }),
    op(
        "V_LSHLREV_B32", [](uint32_t a, uint32_t b) { return b << (a & 31); }, UndefinedRule::ShiftLeft),
    op(
        "V_LSHRREV_B32", [](uint32_t a, uint32_t b) { return b >> (a & 31); }, UndefinedRule::ShiftRight),
    op("V_ASHRREV_I32", [](uint32_t a, int32_t b) { return b >> (a & 31); }),
    op("V_LSHLREV_B64", [](uint32_t a, uint64_t b) { return b << (a & 63); }),
    op("V_LSHRREV_B64", [](uint32_t a, uint64_t b) { return b >> (a & 63); }),
    op("V_ASHRREV_I64", [](uint32_t a, int64_t b) { return b >> (a & 63); }),
    op("V_LSHLREV_B16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(b << (a & 15)); }),
    op("V_LSHRREV_B16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(b >> (a & 15)); }),
    op("V_ASHRREV_I16", [](uint16_t a, int16_t b) { return static_cast<int16_t>(b >> (a & 15)); }),
    op("V_MUL_LO_U32", [](uint32_t a, uint32_t b) { return a * b; }),
    op("V_MUL_HI_U32", [](uint32_t a, uint32_t b) { return static_cast<uint32_t>((uint64_t(a) * b) >> 32); }),
    op("V_MUL_HI_I32", [](int32_t a, int32_t b) { return static_cast<uint32_t>((int64_t(a) * b) >> 32); }),
    op("V_MUL_I32_I24",
       [](uint32_t a, uint32_t b) {
         return static_cast<uint32_t>(signed24(a)) * static_cast<uint32_t>(signed24(b));
       }),
    op("V_MUL_HI_I32_I24",
       [](uint32_t a, uint32_t b) {
         return static_cast<uint32_t>((int64_t(signed24(a)) * signed24(b)) >> 32);
       }),
    op("V_MUL_U32_U24", [](uint32_t a, uint32_t b) { return low24(a) * low24(b); }),
    op("V_MUL_HI_U32_U24",
       [](uint32_t a, uint32_t b) { return static_cast<uint32_t>((uint64_t(low24(a)) * low24(b)) >> 32); }),
    op("V_MAD_I32_I24",
       [](uint32_t a, uint32_t b, uint32_t c) {
         return static_cast<uint32_t>(signed24(a)) * static_cast<uint32_t>(signed24(b)) + c;
       }),
    op("V_MAD_U32_U24", [](uint32_t a, uint32_t b, uint32_t c) { return low24(a) * low24(b) + c; }),
    op("V_MAD_U32_U16", [](uint16_t a, uint16_t b, uint32_t c) { return uint32_t(a) * b + c; }),
    op("V_MAD_I32_I16",
       [](int16_t a, int16_t b, uint32_t c) { return static_cast<uint32_t>(int32_t(a) * b) + c; }),
    op("V_MIN_U32", [](uint32_t a, uint32_t b) { return smaller(a, b); }),
    op("V_MAX_U32", [](uint32_t a, uint32_t b) { return larger(a, b); }),
    op("V_MIN_I32", [](int32_t a, int32_t b) { return smaller(a, b); }),
    op("V_MAX_I32", [](int32_t a, int32_t b) { return larger(a, b); }),
    op("V_MIN3_U32", [](uint32_t a, uint32_t b, uint32_t c) { return smaller(smaller(a, b), c); }),
    op("V_MAX3_U32", [](uint32_t a, uint32_t b, uint32_t c) { return larger(larger(a, b), c); }),
    op("V_MED3_U32", [](uint32_t a, uint32_t b, uint32_t c) { return middle(a, b, c); }),
    op("V_MIN3_I32", [](int32_t a, int32_t b, int32_t c) { return smaller(smaller(a, b), c); }),
    op("V_MAX3_I32", [](int32_t a, int32_t b, int32_t c) { return larger(larger(a, b), c); }),
    op("V_MED3_I32", [](int32_t a, int32_t b, int32_t c) { return middle(a, b, c); }),
    op("V_BFE_U32", [](uint32_t a, uint32_t b, uint32_t c) { return bitFieldExtract(a, b, c); }),
    op("V_BFE_I32", [](uint32_t a, uint32_t b, uint32_t c) { return signedBitFieldExtract(a, b, c); }),
    op("V_BFM_B32", [](uint32_t a, uint32_t b) { return ((1u << (a & 31)) - 1) << (b & 31); }),
    op("V_BFREV_B32", [](uint32_t a) { return bitReverse(a); }),
    op("V_BCNT_U32_B32", [](uint32_t a, uint32_t b) { return populationCount(a) + b; }),
    op("V_FFBH_U32", [](uint32_t a) { return a ? static_cast<uint32_t>(__builtin_clz(a)) : ~0u; }),
    op("V_FFBH_I32",
       [](int32_t a) {
         uint32_t b = static_cast<uint32_t>(a < 0 ? ~a : a);
         return b ? static_cast<uint32_t>(__builtin_clz(b)) : ~0u;
       }),
    op("V_FFBL_B32", [](uint32_t a) { return a ? static_cast<uint32_t>(__builtin_ctz(a)) : ~0u; }),
    op(
        "V_PERM_B32", [](uint32_t a, uint32_t b, uint32_t c) { return permuteBytes(a, b, c); },
        UndefinedRule::Permute),
    op("V_ALIGNBIT_B32",
       [](uint32_t a, uint32_t b, uint32_t c) {
         return static_cast<uint32_t>((uint64_t(a) << 32 | b) >> (c & 31));
       }),
    op("V_ALIGNBYTE_B32",
       [](uint32_t a, uint32_t b, uint32_t c) {
         return static_cast<uint32_t>((uint64_t(a) << 32 | b) >> (8 * (c & 3)));
       }),
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
    op("V_ADD_U16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(a + b); }),
    op("V_SUB_U16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(a - b); }),
    op("V_SUBREV_U16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(b - a); }),
    op("V_ADD_I16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(a + b); }),
    op("V_SUB_I16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(a - b); }),
    op("V_MUL_LO_U16", [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(uint32_t(a) * b); }),
    op("V_MAD_U16",
       [](uint16_t a, uint16_t b, uint16_t c) { return static_cast<uint16_t>(uint32_t(a) * b + c); }),
    op("V_MAD_I16",
       [](uint16_t a, uint16_t b, uint16_t c) { return static_cast<uint16_t>(uint32_t(a) * b + c); }),
    op("V_MIN_U16", [](uint16_t a, uint16_t b) { return smaller(a, b); }),
    op("V_MAX_U16", [](uint16_t a, uint16_t b) { return larger(a, b); }),
    op("V_MIN_I16", [](int16_t a, int16_t b) { return smaller(a, b); }),
    op("V_MAX_I16", [](int16_t a, int16_t b) { return larger(a, b); }),
    op("V_MIN3_U16", [](uint16_t a, uint16_t b, uint16_t c) { return smaller(smaller(a, b), c); }),
    op("V_MAX3_U16", [](uint16_t a, uint16_t b, uint16_t c) { return larger(larger(a, b), c); }),
    op("V_MED3_U16", [](uint16_t a, uint16_t b, uint16_t c) { return middle(a, b, c); }),
    op("V_MIN3_I16", [](int16_t a, int16_t b, int16_t c) { return smaller(smaller(a, b), c); }),
    op("V_MAX3_I16", [](int16_t a, int16_t b, int16_t c) { return larger(larger(a, b), c); }),
    op("V_MED3_I16", [](int16_t a, int16_t b, int16_t c) { return middle(a, b, c); }),
    op("V_PACK_B32_F16", [](uint16_t a, uint16_t b) { return uint32_t(a) | uint32_t(b) << 16; }),
    op("V_PK_ADD_U16", [](Word2 a, Word2 b) { return Word2{a.low + b.low, a.high + b.high}; }),
    op("V_PK_SUB_U16", [](Word2 a, Word2 b) { return Word2{a.low - b.low, a.high - b.high}; }),
    op("V_PK_ADD_I16", [](Word2 a, Word2 b) { return Word2{a.low + b.low, a.high + b.high}; }),
    op("V_PK_SUB_I16", [](Word2 a, Word2 b) { return Word2{a.low - b.low, a.high - b.high}; }),
    op("V_PK_MUL_LO_U16", [](Word2 a, Word2 b) { return Word2{a.low * b.low, a.high * b.high}; }),
    op("V_PK_MAD_U16",
       [](Word2 a, Word2 b, Word2 c) { return Word2{a.low * b.low + c.low, a.high * b.high + c.high}; }),
    op("V_PK_MAD_I16",
       [](Word2 a, Word2 b, Word2 c) { return Word2{a.low * b.low + c.low, a.high * b.high + c.high}; }),
    op("V_PK_MAX_U16", [](Word2 a, Word2 b) { return Word2{larger(a.low, b.low), larger(a.high, b.high)}; }),
    op("V_PK_MIN_U16",
       [](Word2 a, Word2 b) { return Word2{smaller(a.low, b.low), smaller(a.high, b.high)}; }),
    op("V_PK_MAX_I16",
       [](Short2 a, Short2 b) { return Short2{larger(a.low, b.low), larger(a.high, b.high)}; }),
    op("V_PK_MIN_I16",
       [](Short2 a, Short2 b) { return Short2{smaller(a.low, b.low), smaller(a.high, b.high)}; }),
    op("V_PK_LSHLREV_B16",
       [](Word2 a, Word2 b) { return Word2{b.low << (a.low & 15), b.high << (a.high & 15)}; }),
    op("V_PK_LSHRREV_B16",
       [](Word2 a, Word2 b) { return Word2{b.low >> (a.low & 15), b.high >> (a.high & 15)}; }),
    op("V_PK_ASHRREV_I16",
       [](Short2 a, Short2 b) { return Short2{b.low >> (a.low & 15), b.high >> (a.high & 15)}; }),
    op("V_DOT2_I32_I16", [](uint32_t a, uint32_t b, uint32_t c) { return dot<16, int32_t>(a, b, c); }),
    op("V_DOT2_U32_U16", [](uint32_t a, uint32_t b, uint32_t c) { return dot<16, uint32_t>(a, b, c); }),
    op("V_DOT2C_I32_I16", [](uint32_t a, uint32_t b, uint32_t c) { return dot<16, int32_t>(a, b, c); }),
    op("V_DOT4_I32_I8", [](uint32_t a, uint32_t b, uint32_t c) { return dot<8, int32_t>(a, b, c); }),
    op("V_DOT4_U32_U8", [](uint32_t a, uint32_t b, uint32_t c) { return dot<8, uint32_t>(a, b, c); }),
    op("V_DOT4C_I32_I8", [](uint32_t a, uint32_t b, uint32_t c) { return dot<8, int32_t>(a, b, c); }),
    op("V_DOT8_I32_I4", [](uint32_t a, uint32_t b, uint32_t c) { return dot<4, int32_t>(a, b, c); }),
    op("V_DOT8_U32_U4", [](uint32_t a, uint32_t b, uint32_t c) { return dot<4, uint32_t>(a, b, c); }),
    op("V_DOT8C_I32_I4", [](uint32_t a, uint32_t b, uint32_t c) { return dot<4, int32_t>(a, b, c); }),
};

} // namespace
} // namespace codesign::simulate
