#include "Vector.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace codesign::simulate {

#if defined(__x86_64__)
void setFloatEnvironment(const FloatMode &mode, bool wide) {
  static constexpr unsigned rounding[4] = {_MM_ROUND_NEAREST, _MM_ROUND_UP, _MM_ROUND_DOWN,
                                           _MM_ROUND_TOWARD_ZERO};
  unsigned word = _MM_MASK_MASK | rounding[wide ? mode.round64() : mode.round32()];
  constexpr unsigned inputsAreZero = 0x40;
  unsigned keeps = wide ? mode.subnormals64() : mode.subnormals32();
  word |= (keeps & 1 ? 0 : inputsAreZero) | (keeps & 2 ? 0 : _MM_FLUSH_ZERO_ON);
  _mm_setcsr(word);
}
void resetFloatEnvironment() {
  _mm_setcsr(_MM_MASK_MASK);
}
#else
void setFloatEnvironment(const FloatMode &, bool) {}
void resetFloatEnvironment() {}
#endif

const uint32_t *flushHalves(const uint32_t *values, uint32_t *result, bool bothHalves) {
  for (int lane = 0; lane < laneCount; ++lane) {
    uint32_t value = values[lane];
    if (!(value & 0x7c00))
      value &= ~0x3ffu;
    if (bothHalves && !(value & 0x7c000000))
      value &= ~0x3ff0000u;
    result[lane] = value;
  }
  return result;
}

} // namespace codesign::simulate
