// Loops over lanes for an operation given as a stateless function object. Included once per host instruction
// set.
#pragma once

#include "LaneAccess.h"

namespace codesign::simulate {
namespace {

#if defined(__clang__)
#define CODESIGN_LANE_LOOP _Pragma("clang loop vectorize(assume_safety) interleave(enable)")
#else
#define CODESIGN_LANE_LOOP _Pragma("GCC ivdep")
#endif

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
