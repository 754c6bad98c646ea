
// Tiles: which one a workgroup and a wave compute, and how operands of one lie in memory. For sm_80 and
// later.

namespace {

/// The number of this workgroup's tile; chiplets and run length belong to other targets.
template <int Chiplets = 1, int RunLength = 1>
DEVICE int dealtTile(int) {
  static_assert(Chiplets == 1, "one die");
  return workgroupId();
}
/// The output tile of this workgroup.
template <int TileRows, int TileColumns, int Columns, int BandRows, int Chiplets = 1, int RunLength = 1>
DEVICE Origin tileOrder(int rows) {
  return tileAt<TileRows, TileColumns, Columns, BandRows>(dealtTile<Chiplets, RunLength>(0), rows);
}

/// Tiles of a reduction whose length is known at launch, at least so many: past its end operands are zero.
template <int Tile, int Least>
DEVICE int depthTiles(int length) {
  return maximum((length + Tile - 1) / Tile, Least);
}

/// Position of this wave's Rows x Columns part in a tile shared by waves, WavesAcross of them side by side.
template <int Rows, int Columns, int WavesAcross>
DEVICE Origin waveTile() {
  return {waveId() / WavesAcross * Rows, waveId() % WavesAcross * Columns};
}

/// Consecutive rows of a row-major matrix with Pitch elements per row; `count` of them exist.
template <class T, int Pitch>
struct GlobalRows {
  T *first;
  int count;

  __device__ GlobalRows(const T *matrix, int firstRow, int tileRows, int rows)
      : first(const_cast<T *>(matrix) + static_cast<long long>(firstRow) * Pitch),
        count(minimum(tileRows, rows - firstRow)) {}
};

/// A tile in shared memory. Each row is cut in 16-byte chunks whose order is XORed with the row, so that the
/// eight rows of one ldmatrix phase, which share a column of chunks, touch every bank once.
template <class T, int Rows, int Columns>
struct SwizzledTile {
  using Element = T;
  static constexpr int rows = Rows, rowBytes = Columns * bytesOf<T>, rowChunks = rowBytes / 16;
  static constexpr int rowsPerBankCycle = rowChunks >= 8 ? 1 : 8 / rowChunks; // rows in 128 bytes of banks
  static constexpr int mask = rowChunks >= 8 ? 7 : rowChunks - 1;

  Chunk chunks[Rows * rowChunks];

  __device__ Chunk &at(int row, int chunk) {
    return chunks[row * rowChunks + (chunk ^ (row / rowsPerBankCycle & mask))];
  }
};

/// The same with Padding free elements after each row instead of the permutation.
template <class T, int Rows, int Columns, int Padding>
struct PaddedTile {
  using Element = T;
  static constexpr int rows = Rows, rowBytes = (Columns + Padding) * bytesOf<T>;
  static constexpr int rowChunks = Columns * bytesOf<T> / 16, pitch = rowBytes / 16;

  Chunk chunks[Rows * pitch];

  __device__ Chunk &at(int row, int chunk) { return chunks[row * pitch + chunk]; }
};

} // namespace
