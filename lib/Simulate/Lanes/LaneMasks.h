// Operations with a mask in or out, and those that read the number of their lane or an immediate.
#pragma once

#include "LaneBits.h"

namespace codesign::simulate {
namespace {

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

const LaneOperation maskOperations[] = {
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
};

} // namespace
} // namespace codesign::simulate
