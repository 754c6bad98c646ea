
// Functions of a sum, with the exponential of the target before it.

namespace {

/// A scale that all sums share.
struct Times {
  float factor;
  __device__ float operator()(float x) const { return x * factor; }
};
struct Relu {
  __device__ float operator()(float x) const { return x > 0 ? x : x != x ? x : 0; }
};
struct Silu {
  __device__ float operator()(float x) const { return x / (1 + exponential(-x)); }
};
struct GeluTanh {
  // 0.5 x (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
  __device__ float operator()(float x) const {
    return x / (1 + exponential(-1.5957691216057308f * (x + 0.044715f * x * x * x)));
  }
};
struct Gelu {
  // x (1 + erf(x / sqrt(2))) / 2; erf by Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7
  __device__ float operator()(float x) const {
    const float u = x * 0.70710678f, size = u < 0 ? -u : u;
    const float t = 1 / (1 + 0.3275911f * size);
    const float series =
        ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    const float tail = series * exponential(-size * size); // 1 - erf(|u|)
    return 0.5f * x * (u < 0 ? tail : 2 - tail);
  }
};

} // namespace
