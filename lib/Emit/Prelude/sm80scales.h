
// Scales of blocks of k where weights are streamed, for sm_89 and later.

namespace {

/// A scale for each column of the sums that a lane holds: two of each eight.
template <int Across>
struct ColumnScales {
  float columns[Across][2];
};

/// The scales of one block of k on their way: those of the lane's rows of the output, which are columns of
/// the sums, and that of the workgroup's columns.
template <class Mma, int Across>
struct BlockScales {
  float rows[Across][2], columns;

  template <class... Place>
  __device__ BlockScales(const Place &...place) {
    load(place...);
  }
  /// Requests block `step` of the rows from `row` on and of column block `block`; zero past the last step.
  template <int Steps>
  __device__ void load(const GlobalRows<float, Steps> &rowScales, int row,
                       const GlobalRows<float, Steps> &columnScales, int block, int step) {
    auto scale = [&](const GlobalRows<float, Steps> &matrix, int i) {
      const bool inside = i < matrix.count && step < Steps;
      return inside ? matrix.first[static_cast<long long>(i) * Steps + step] : 0.0f;
    };
    const int first = row + laneId() % 4 * 2;
#pragma unroll
    for (int j = 0; j < Across; ++j)
#pragma unroll
      for (int half = 0; half < 2; ++half)
        rows[j][half] = scale(rowScales, first + j * 8 + half);
    columns = scale(columnScales, block);
  }
  __device__ ColumnScales<Across> product() const {
    ColumnScales<Across> result;
#pragma unroll
    for (int j = 0; j < Across; ++j)
#pragma unroll
      for (int half = 0; half < 2; ++half)
        result.columns[j][half] = rows[j][half] * columns;
    return result;
  }
};

} // namespace
