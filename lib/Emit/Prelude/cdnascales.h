
// Scales of 8-bit operands, for CDNA3 and CDNA4.

namespace {

/// The scale of a row; zero outside.
DEVICE float loadScale(const GlobalRows<float, 1> &scales, int row) {
  const int offset = row * static_cast<int>(sizeof(float));
  return __builtin_bit_cast(float, __builtin_amdgcn_raw_buffer_load_b32(scales.buffer, offset, 0, 0));
}

/// The scales of one block of k: a lane's rows of the output, and the columns of its wave.
template <class Mma, int Across>
struct BlockScales {
  float rows[Across], columns;

  template <class... Place>
  __device__ BlockScales(Place &&...place) {
    load(place...);
  }
  /// Requests block `step` of the rows from `row` on and of column block `block`; zero past the last step.
  template <int Steps>
  __device__ void load(const GlobalRows<float, Steps> &rowScales, int row,
                       const GlobalRows<float, Steps> &columnScales, int block, int step) {
    auto scale = [&](const GlobalRows<float, Steps> &matrix, int i) {
      const int offset = step < Steps ? i * Steps * static_cast<int>(sizeof(float)) : outside;
      return __builtin_bit_cast(float, __builtin_amdgcn_raw_buffer_load_b32(
                                           matrix.buffer, offset, step * static_cast<int>(sizeof(float)), 0));
    };
#pragma unroll
    for (int j = 0; j < Across; ++j)
      rows[j] = scale(rowScales, row + j * Mma::size + laneId() % Mma::size);
    columns = scale(columnScales, block);
  }
  __device__ auto product() const {
    Vector<float, Across> result;
#pragma unroll
    for (int j = 0; j < Across; ++j)
      result[j] = rows[j] * columns;
    return result;
  }
};

/// Four consecutive scales of a row, of which those past its end mean nothing. Rows of parts of Each, one for
/// each expert, are loaded at once where no four of them lie across the end.
template <int Each, int Pitch>
DEVICE Vector<float, 4> loadScales(const GlobalRows<float, Pitch> &scales, int column) {
  const int offset = column * static_cast<int>(sizeof(float));
  if constexpr (Each % 4 == 0) {
    const auto words = __builtin_amdgcn_raw_buffer_load_b128(scales.buffer, offset, 0, 0);
    return __builtin_bit_cast(Vector<float, 4>, words);
  } else {
    Vector<float, 4> run;
#pragma unroll
    for (int e = 0; e < 4; ++e)
      run[e] =
          __builtin_bit_cast(float, __builtin_amdgcn_raw_buffer_load_b32(
                                        scales.buffer, column + e < Pitch ? offset + 4 * e : outside, 0, 0));
    return run;
  }
}

} // namespace
