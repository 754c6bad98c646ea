
// Scales of 8-bit operands, for CDNA3 and CDNA4.

namespace {

/// The scale of a row; zero outside.
DEVICE float loadScale(const GlobalRows<float, 1> &scales, int row) {
  return loadFloat(scales.buffer, row * bytesOf<float>);
}

/// Scales of rows that a list names, as GatheredRows does; zero outside.
struct ListedScales {
  const float *matrix;
  int count;
  const int *list;
  int first, end;
};
DEVICE float loadScale(const ListedScales &scales, int row) {
  int source = scales.first + row;
  const bool inside = source < scales.end;
  if (inside && scales.list)
    source = scales.list[source];
  const GlobalRows<float, 1> all(scales.matrix, 0, scales.count, scales.count);
  return loadScale(all, inside ? source : outside);
}

/// Where the scales of a lane's rows of the output lie: those of a block of k follow each other, one for each
/// of `count` rows of A.
template <class Mma, int Across>
struct ScalePlaces {
  const float *first;
  int count, rows;

  __device__ ScalePlaces(const float *matrix, int count, int row, int end)
      : first(matrix + row), count(count), rows(row < end ? end - row : 0) {}
  DEVICE int laneRow(int j) { return j * Mma::size + laneId() % Mma::size; }
  __device__ int offset(int j) const { return laneRow(j) * bytesOf<float>; }
  /// Those of block `step` of `steps`; none behind the last.
  __device__ auto ofBlock(int step, int steps) const {
    const int bytes = step < steps ? rows * bytesOf<float> : 0;
    return bufferOf(first + static_cast<long>(step) * count, bytes);
  }
};

/// The same of rows that a list names, or that follow each other where there is none. A lane looks them up
/// once.
template <class Mma, int Across>
struct ListedScalePlaces : ScalePlaces<Mma, Across> {
  int offsets[Across];

  __device__ ListedScalePlaces(const float *matrix, int count, const int *list, int row, int end)
      : ScalePlaces<Mma, Across>(matrix, count, 0, count) {
#pragma unroll
    for (int j = 0; j < Across; ++j) {
      const int at = row + this->laneRow(j);
      int source = at;
      if (list && at < end)
        source = list[at];
      offsets[j] = at < end ? source * bytesOf<float> : outside;
    }
  }
  __device__ int offset(int j) const { return offsets[j]; }
};

/// What the products of a block are multiplied by: a scale for each of a lane's rows of the output, or one
/// for its even columns and one for its odd ones.
template <int Across, int Turns>
struct BlockFactors {
  float rows[Across][Turns];

  /// Adds the products of row block j, which a lane has of consecutive columns, times its factors.
  template <class Accumulator>
  __device__ void add(Accumulator &sums, const Accumulator &products, int j) const {
    if constexpr (Turns == 1) {
      sums += products * rows[j][0];
    } else {
      const Vector<float, 2> factors = {rows[j][0], rows[j][1]};
#pragma unroll
      for (int e = 0; e < static_cast<int>(sizeof(Accumulator) / sizeof(float)); e += 2) {
        Vector<float, 2> pair = {sums[e], sums[e + 1]};
        pair += Vector<float, 2>{products[e], products[e + 1]} * factors;
        sums[e] = pair[0];
        sums[e + 1] = pair[1];
      }
    }
  }
};

/// The scales of one block of k on their way: those of a lane's rows of the output, and those of the columns
/// of its wave.
template <class Mma, int Across, int Turns = 1>
struct BlockScales {
  float rows[Across], columns[Turns];

  BlockScales() = default;
  template <class... Place>
  __device__ BlockScales(Place &&...place) {
    load(place...);
  }
  /// Requests block `step` of k of the rows, and of the columns, from column block `block` on; zero past the
  /// last step.
  template <class Places, int Steps>
  __device__ void load(const Places &places, const GlobalRows<float, Steps> &columnScales, int block,
                       int step) {
    constexpr int size = sizeof(float);
    const auto rowScales = places.ofBlock(step, Steps);
#pragma unroll
    for (int j = 0; j < Across; ++j)
      rows[j] = loadFloat(rowScales, places.offset(j));
#pragma unroll
    for (int turn = 0; turn < Turns; ++turn) {
      const int offset = step < Steps ? (block + turn) * Steps * size : outside;
      columns[turn] = loadFloat(columnScales.buffer, offset, step * size);
    }
  }
  __device__ auto product() const {
    BlockFactors<Across, Turns> result;
#pragma unroll
    for (int j = 0; j < Across; ++j)
#pragma unroll
      for (int turn = 0; turn < Turns; ++turn)
        result.rows[j][turn] = rows[j] * columns[turn];
    return result;
  }
};

/// Four consecutive scales of a row, of which those past its end mean nothing. Rows of parts of Each, one for
/// each expert, are loaded at once where no four of them lie across the end.
template <int Each, int Pitch>
DEVICE Vector<float, 4> loadScales(const GlobalRows<float, Pitch> &scales, int column) {
  const int offset = column * bytesOf<float>;
  if constexpr (Each % 4 == 0) {
    const auto words = __builtin_amdgcn_raw_buffer_load_b128(scales.buffer, offset, 0, 0);
    return __builtin_bit_cast(Vector<float, 4>, words);
  } else {
    Vector<float, 4> run;
#pragma unroll
    for (int e = 0; e < 4; ++e)
      run[e] = loadFloat(scales.buffer, column + e < Pitch ? offset + e * bytesOf<float> : outside);
    return run;
  }
}

} // namespace
