// Moves, and operations on bits: logic, shifts, fields, counts and permutations.
#pragma once

#include "LaneLoops.h"

namespace codesign::simulate {
namespace {

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

const LaneOperation bitOperations[] = {
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
    op("V_LSHL_OR_B32", [](uint32_t a, uint32_t b, uint32_t c) { return (a << (b & 31)) | c; }),
    op(
        "V_LSHLREV_B32", [](uint32_t a, uint32_t b) { return b << (a & 31); }, UndefinedRule::ShiftLeft),
    op(
        "V_LSHRREV_B32", [](uint32_t a, uint32_t b) { return b >> (a & 31); }, UndefinedRule::ShiftRight),
    op("V_ASHRREV_I32", [](uint32_t a, int32_t b) { return b >> (a & 31); }),
    op("V_LSHLREV_B64", [](uint32_t a, uint64_t b) { return b << (a & 63); }),
    op("V_LSHRREV_B64", [](uint32_t a, uint64_t b) { return b >> (a & 63); }),
    op("V_ASHRREV_I64", [](uint32_t a, int64_t b) { return b >> (a & 63); }),
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
};

} // namespace
} // namespace codesign::simulate
