
// Results of 8 bits, for sm_90a: E4M3 as the OCP has it.

namespace {

/// Divides by the output's scale, whose reciprocal this is; the conversion saturates, and keeps NaN.
template <int Largest>
struct Quantise {
  static_assert(Largest == 448, "E4M3");
  float factor;
  __device__ float operator()(float x) const { return x * factor; }
};

DEVICE unsigned roundPair(float left, float right, fp8) {
  unsigned short pair;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %2, %1;" : "=h"(pair) : "f"(left), "f"(right));
  return pair;
}

} // namespace
