
// Results of 8 bits, for CDNA3 and CDNA4: E4M3 in the encoding of the device.

namespace {

/// Divides by the output's scale, whose reciprocal this is, and saturates: the conversion would make a NaN of
/// what lies outside. v_med3 would make a number of a NaN.
template <int Largest>
struct Quantise {
  float factor;
  __device__ float operator()(float x) const {
    x *= factor;
    return x != x ? x : __builtin_amdgcn_fmed3f(x, -float(Largest), float(Largest));
  }
};

/// To the nearest, ties to even.
template <class T, int Length>
DEVICE Vector<T, Length> rounded(Vector<float, Length> run) {
  if constexpr (sizeof(T) > 1) {
    return __builtin_convertvector(run, Vector<T, Length>);
  } else {
    const int low = __builtin_amdgcn_cvt_pk_fp8_f32(run[0], run[1], 0, false);
    if constexpr (Length == 4)
      return __builtin_bit_cast(Vector<T, 4>, __builtin_amdgcn_cvt_pk_fp8_f32(run[2], run[3], low, true));
    else
      return __builtin_bit_cast(Vector<T, 2>, static_cast<unsigned short>(low));
  }
}

/// Writes Length consecutive elements of a row, 4 or 2; what lies outside the matrix is dropped.
template <int Length, int Pitch>
DEVICE void storeRun(const GlobalRows<fp8, Pitch> &matrix, int row, int column, Vector<fp8, Length> run) {
  const int offset = row * Pitch + column;
  if constexpr (Pitch % Length != 0) {
#pragma unroll
    for (int e = 0; e < Length; ++e)
      __builtin_amdgcn_raw_buffer_store_b8(run[e], matrix.buffer, column + e < Pitch ? offset + e : outside,
                                           0, 0);
  } else if constexpr (Length == 4) {
    __builtin_amdgcn_raw_buffer_store_b32(__builtin_bit_cast(unsigned, run), matrix.buffer,
                                          column < Pitch ? offset : outside, 0, 0);
  } else {
    __builtin_amdgcn_raw_buffer_store_b16(__builtin_bit_cast(unsigned short, run), matrix.buffer,
                                          column < Pitch ? offset : outside, 0, 0);
  }
}

} // namespace
