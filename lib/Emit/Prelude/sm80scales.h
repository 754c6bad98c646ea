
// Scales of 8-bit operands for sm_89 and later: where they lie, and those of blocks of k where weights are
// streamed.

namespace {

/// Scales of rows that a list names, as GatheredRows does.
struct ListedScales {
  const float *matrix;
  int count;
  const int *list;
  int first, end;
};
/// The scale of a row; zero outside.
DEVICE float loadScale(const GlobalRows<float, 1> &scales, int row) {
  return row < scales.count ? scales.first[row] : 0.0f;
}
DEVICE float loadScale(const ListedScales &scales, int row) {
  const int at = scales.first + row;
  if (at >= scales.end)
    return 0.0f;
  const int source = scales.list ? scales.list[at] : at;
  return static_cast<unsigned>(source) < static_cast<unsigned>(scales.count) ? scales.matrix[source] : 0.0f;
}

/// Where the scales of a lane's rows of the output lie, which are those of class Rows: the scales of a block
/// of k follow each other, one for each of `count` rows of A.
template <class Rows>
struct ScalePlaces {
  const float *first; // of the lane's first row
  int count, rows;    // of A; from the lane's first one on

  __device__ ScalePlaces(const float *matrix, int count, int row, int end)
      : first(matrix + row + Rows::first()), count(count), rows(end - row - Rows::first()) {}
  /// The scale of the lane's row i for block `step`; zero where there is no such row.
  __device__ float load(int i, int step) const {
    const float *const block = first + static_cast<long long>(step) * count;
    return Rows::next(i) < rows ? block[Rows::next(i)] : 0.0f;
  }
  /// Writes it, of a matrix that is an output.
  __device__ void store(int i, int step, float scale) const {
    if (Rows::next(i) < rows)
      const_cast<float *>(first)[static_cast<long long>(step) * count + Rows::next(i)] = scale;
  }
};

/// The same of rows that a list names, or that follow each other where there is none. A lane looks them up
/// once.
template <class Rows>
struct ListedScalePlaces {
  const float *first;
  int count, sources[Rows::count]; // -1: there is no such row

  __device__ ListedScalePlaces(const float *matrix, int count, const int *list, int row, int end)
      : first(matrix), count(count) {
#pragma unroll
    for (int i = 0; i < Rows::count; ++i) {
      const int at = row + Rows::first() + Rows::next(i);
      int source = at;
      if (list && at < end)
        source = list[at];
      sources[i] = at < end && static_cast<unsigned>(source) < static_cast<unsigned>(count) ? source : -1;
    }
  }
  __device__ float load(int i, int step) const {
    return sources[i] >= 0 ? first[static_cast<long long>(step) * count + sources[i]] : 0.0f;
  }
};

/// The rows of the output of a lane that streams weights, which are columns of its sums: two of each eight.
template <int Across>
struct StreamedRows {
  static constexpr int count = 2 * Across;
  DEVICE int first() { return laneInRow() * 2; }
  DEVICE int next(int i) { return i / 2 * 8 + i % 2; } // so many after the first
};

/// A scale for each column of the sums that a lane holds.
template <int Across>
struct ColumnScales {
  float columns[Across][2];
};

/// The scales of one block of k on their way: those of the lane's rows of the output, which are columns of
/// the sums, and that of the workgroup's columns. Where two blocks of them take turns, rows of the sums do,
/// and a lane's rows are all even or all odd.
template <class Mma, int Across, int Turns = 1>
struct BlockScales {
  float rows[Across][2], columns;

  BlockScales() = default;
  template <class... Place>
  __device__ BlockScales(const Place &...place) {
    load(place...);
  }
  /// Requests block `step` of k of the rows, and of the columns from column block `block` on; zero past the
  /// last step.
  template <class Places, int Steps>
  __device__ void load(const Places &places, const GlobalRows<float, Steps> &columnScales, int block,
                       int step) {
    const bool inside = step < Steps;
#pragma unroll
    for (int i = 0; i < 2 * Across; ++i)
      rows[i / 2][i % 2] = inside ? places.load(i, step) : 0.0f;
    const int own = block + rowOfLane() % Turns;
    columns = inside && own < columnScales.count
                  ? columnScales.first[static_cast<long long>(own) * Steps + step]
                  : 0.0f;
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
