
// Tiles on their way from global memory to LDS through registers, for CDNA3 and CDNA4.

namespace {

/// A tile on its way from global memory to LDS, spread over the registers of all threads.
template <class T, int Rows, int Columns, int Threads>
struct StagedTile {
  static constexpr int rowChunks = Columns / chunkLength<T>;
  static constexpr int count = (Rows * rowChunks + Threads - 1) / Threads;
  static constexpr bool partial = Rows * rowChunks % Threads != 0; // the last pass leaves some threads idle
  using Element = T;
  static constexpr int rows = Rows, laneRows = count;

  Chunk<T> chunks[count];

  StagedTile() = default;
  template <class Matrix>
  __device__ StagedTile(const Matrix &matrix, int column) {
    load(matrix, column);
  }

  /// The row of this thread's chunk i.
  DEVICE int laneRow(int i) { return (i * Threads + threadId()) / rowChunks; }

  /// Requests columns [column, column + Columns); those past a row's end are zero.
  template <int Length, int Pitch, int Row = 0>
  __device__ void load(const GlobalRows<T, Length, Pitch> &matrix, int column, FromRow<Row> = {}) {
    constexpr int size = sizeof(T);
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const int index = i * Threads + threadId();
      const int row = index / rowChunks, tileColumn = index % rowChunks * chunkLength<T>;
      int offset = ((Row + row) * Pitch + tileColumn) * size;
      if (Length % Columns != 0 && column + tileColumn >= Length)
        offset = outside;
      if (partial && row >= Rows)
        offset = outside;
      const auto words = __builtin_amdgcn_raw_buffer_load_b128(matrix.buffer, offset, column * size, 0);
      chunks[i] = __builtin_bit_cast(Chunk<T>, words);
    }
  }

  template <class Whole, int Length, int Pitch, int Row = 0>
  __device__ void load(const GatheredRows<Whole, Length, Pitch> &matrix, int column, FromRow<Row> = {}) {
    constexpr int size = sizeof(T), first = Row * rowChunks / Threads;
    static_assert(Row * rowChunks % Threads == 0, "the part begins with whole passes of all threads");
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const int tileColumn = (i * Threads + threadId()) % rowChunks * chunkLength<T>;
      int offset = matrix.offsets[first + i] + tileColumn * size;
      if (Length % Columns != 0 && column + tileColumn >= Length)
        offset = outside;
      const auto words = __builtin_amdgcn_raw_buffer_load_b128(matrix.buffer, offset, column * size, 0);
      chunks[i] = __builtin_bit_cast(Chunk<T>, words);
    }
  }

  template <class Tile, int Row = 0>
  __device__ void store(Tile &tile, FromRow<Row> = {}) const {
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const int index = i * Threads + threadId();
      if (!partial || index < Rows * rowChunks)
        tile.at(Row + index / rowChunks, index % rowChunks) = chunks[i];
    }
  }
};

/// The same in parts of one load of each thread, so that every phase of a loop moves a few of them. Written
/// without loops, across which the compiler would move products.
template <class T, int Rows, int Columns, int Threads>
struct StagedParts {
  static constexpr int partRows = Threads * chunkLength<T> / Columns, count = Rows / partRows;

  StagedTile<T, partRows, Columns, Threads> parts[count];

  template <class Matrix>
  __device__ StagedParts(const Matrix &matrix, int column) {
    load(matrix, column);
  }
  /// Requests columns [column, column + Columns) of parts [First, Last).
  template <int First = 0, int Last = count, class Matrix>
  __device__ void load(const Matrix &matrix, int column) {
    if constexpr (First < Last) {
      parts[First].load(matrix, column, FromRow<First * partRows>{});
      load<First + 1, Last>(matrix, column);
    }
  }
  template <int First = 0, int Last = count, class Tile>
  __device__ void store(Tile &tile) const {
    if constexpr (First < Last) {
      parts[First].store(tile, FromRow<First * partRows>{});
      store<First + 1, Last>(tile);
    }
  }
  /// Each of parts [First, Last) in turn: stored, and requested of a later tile.
  template <int First, int Last, class Tile, class Matrix>
  __device__ void advance(Tile &tile, const Matrix &matrix, int column) {
    if constexpr (First < Last) {
      store<First, First + 1>(tile);
      load<First, First + 1>(matrix, column);
      advance<First + 1, Last>(tile, matrix, column);
    }
  }
};

} // namespace
