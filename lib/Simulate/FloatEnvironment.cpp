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
  if (wide ? mode.flushes64() : mode.flushes32())
    word |= _MM_FLUSH_ZERO_ON | 0x40; // and subnormal inputs are zero
  _mm_setcsr(word);
}
void resetFloatEnvironment() {
  _mm_setcsr(_MM_MASK_MASK);
}
#else
void setFloatEnvironment(const FloatMode &, bool) {}
void resetFloatEnvironment() {}
#endif

} // namespace codesign::simulate
