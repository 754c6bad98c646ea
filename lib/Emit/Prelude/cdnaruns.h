
// Consecutive elements of a row, read and written at once where their place allows. For CDNA3 and CDNA4.

namespace {

/// Length consecutive elements of a row, 4 or 2; zero outside the matrix. Rows that start at multiples of the
/// run take one access, others one for each element.
template <int Length, class T, int Pitch>
DEVICE Vector<T, Length> loadRun(const GlobalRows<T, Pitch> &matrix, int row, int column) {
  const int offset = (row * Pitch + column) * bytesOf<T>;
  Vector<T, Length> run;
  if constexpr (Pitch % Length != 0) {
#pragma unroll
    for (int e = 0; e < Length; ++e) {
      const int place = column + e < Pitch ? offset + e * bytesOf<T> : outside;
      const unsigned short bits = __builtin_amdgcn_raw_buffer_load_b16(matrix.buffer, place, 0, 0);
      run[e] = __builtin_bit_cast(T, bits);
    }
  } else if constexpr (Length == 4) {
    const auto words =
        __builtin_amdgcn_raw_buffer_load_b64(matrix.buffer, column < Pitch ? offset : outside, 0, 0);
    run = __builtin_bit_cast(Vector<T, 4>, words);
  } else {
    const unsigned word =
        __builtin_amdgcn_raw_buffer_load_b32(matrix.buffer, column < Pitch ? offset : outside, 0, 0);
    run = __builtin_bit_cast(Vector<T, 2>, word);
  }
  return run;
}
/// The same for writing; what lies outside the matrix is dropped.
template <int Length, class T, int Pitch>
DEVICE void storeRun(const GlobalRows<T, Pitch> &matrix, int row, int column, Vector<T, Length> run) {
  const int offset = (row * Pitch + column) * bytesOf<T>;
  if constexpr (Pitch % Length != 0) {
    const auto halves = __builtin_bit_cast(Vector<unsigned short, Length>, run);
#pragma unroll
    for (int e = 0; e < Length; ++e)
      __builtin_amdgcn_raw_buffer_store_b16(halves[e], matrix.buffer,
                                            column + e < Pitch ? offset + e * bytesOf<T> : outside, 0, 0);
  } else if constexpr (Length == 4) {
    const auto words = __builtin_bit_cast(Vector<unsigned, 2>, run);
    __builtin_amdgcn_raw_buffer_store_b64(words, matrix.buffer, column < Pitch ? offset : outside, 0, 0);
  } else {
    __builtin_amdgcn_raw_buffer_store_b32(__builtin_bit_cast(unsigned, run), matrix.buffer,
                                          column < Pitch ? offset : outside, 0, 0);
  }
}

/// The same of fp32, which is stored as it is.
template <int Length, int Pitch>
DEVICE Vector<float, Length> loadRun(const GlobalRows<float, Pitch> &matrix, int row, int column) {
  const int offset = (row * Pitch + column) * bytesOf<float>;
  if constexpr (Pitch % Length == 0 && Length == 4) {
    const auto words =
        __builtin_amdgcn_raw_buffer_load_b128(matrix.buffer, column < Pitch ? offset : outside, 0, 0);
    return __builtin_bit_cast(Vector<float, 4>, words);
  } else {
    Vector<float, Length> run;
#pragma unroll
    for (int e = 0; e < Length; ++e)
      run[e] = loadFloat(matrix.buffer, column + e < Pitch ? offset + e * bytesOf<float> : outside);
    return run;
  }
}
template <int Length, int Pitch>
DEVICE void storeRun(const GlobalRows<float, Pitch> &matrix, int row, int column, Vector<float, Length> run) {
  const int offset = (row * Pitch + column) * bytesOf<float>;
  const auto words = __builtin_bit_cast(Vector<unsigned, Length>, run);
  if constexpr (Pitch % Length == 0 && Length == 4) {
    __builtin_amdgcn_raw_buffer_store_b128(words, matrix.buffer, column < Pitch ? offset : outside, 0, 0);
  } else {
#pragma unroll
    for (int e = 0; e < Length; ++e)
      __builtin_amdgcn_raw_buffer_store_b32(words[e], matrix.buffer,
                                            column + e < Pitch ? offset + e * bytesOf<float> : outside, 0, 0);
  }
}

} // namespace
