
// Rows of A in the order of a list, for sm_80 and later.

namespace {

/// What each thread copies of a tile in shared memory.
template <class Tile, int Threads>
struct CopiedTile {
  using Element = typename Tile::Element;
  static constexpr int rows = Tile::rows, rowStep = Threads / Tile::rowChunks; // from one pass to the next
  static constexpr int laneRows = (rows * Tile::rowChunks + Threads - 1) / Threads;

  DEVICE int laneRow(int i) { return threadId() / Tile::rowChunks + i * rowStep; }
};

/// Rows that stand anywhere in a matrix, as tiles of class Loaded take them: row i of the tile is row
/// list[first + i] of `count`, or first + i where there is no list. A lane looks up what it loads once.
template <class Loaded, int Pitch>
struct GatheredRows {
  using T = typename Loaded::Element;
  static constexpr int rowBytes = Pitch * bytesOf<T>;
  static_assert(rowBytes % 16 == 0, "rows start at multiples of 16 bytes");

  const char *start;
  unsigned offsets[Loaded::laneRows]; // in bytes, and 1 more; 0 for a row that is not there, which is zero

  __device__ GatheredRows(const T *matrix, int count, const int *list, int first, int end) {
    const int rows = minimum(Loaded::rows, end - first);
    start = reinterpret_cast<const char *>(list ? matrix : matrix + static_cast<long long>(first) * Pitch);
    const unsigned limit = static_cast<unsigned>(list ? count : rows);
#pragma unroll
    for (int i = 0; i < Loaded::laneRows; ++i) {
      const int row = Loaded::laneRow(i);
      unsigned source = static_cast<unsigned>(row);
      if (list && row < rows)
        source = static_cast<unsigned>(list[first + row]);
      offsets[i] = row < rows && source < limit ? source * rowBytes + 1 : 0;
    }
  }

  /// Whether the thread's row i is there, as a number; and its place in memory.
  __device__ unsigned has(int i) const { return offsets[i] % 2; }
  __device__ const char *row(int i) const { return start + offsets[i] / 16 * 16; }
};

/// Columns of the rows to shared memory, as from rows that follow one another.
template <int Threads, class Tile, int Pitch>
DEVICE void copyAsync(Tile &tile, const GatheredRows<CopiedTile<Tile, Threads>, Pitch> &matrix, int column) {
  using Copied = CopiedTile<Tile, Threads>;
  constexpr int rowChunks = Tile::rowChunks, size = bytesOf<typename Tile::Element>;
  static_assert(Threads % rowChunks == 0, "a thread keeps its column of chunks");
  const int firstRow = Copied::laneRow(0), chunk = threadId() % rowChunks;
  const int tileColumn = column + chunk * lengthOf<typename Tile::Element>;
  const unsigned inRow = Pitch % (rowChunks * lengthOf<typename Tile::Element>) == 0 || tileColumn < Pitch;
  const unsigned target = sharedAddress(&tile.at(firstRow, chunk));
#pragma unroll
  for (int i = 0; i < Copied::laneRows; ++i) {
    const int row = i * Copied::rowStep;
    if (Copied::rows * rowChunks % Threads != 0 && firstRow + row >= Copied::rows)
      break;
    const unsigned address = Copied::rowStep % 8 == 0 ? target + row * Tile::rowBytes
                                                      : sharedAddress(&tile.at(firstRow + row, chunk));
    copyChunkAsync(address, matrix.row(i) + tileColumn * size, static_cast<int>(matrix.has(i) * inRow));
  }
}

/// 16 bytes from global memory to registers where `there`, else zeros.
DEVICE Chunk loadChunkIf(const void *address, bool there) {
  Chunk to;
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %5, 0; mov.b32 %0, 0; mov.b32 %1, 0; mov.b32 %2, 0; "
               "mov.b32 %3, 0; @p ld.global.nc.v4.b32 {%0, %1, %2, %3}, [%4]; }"
               : "=&r"(to.words[0]), "=&r"(to.words[1]), "=&r"(to.words[2]), "=&r"(to.words[3])
               : "l"(address), "r"(static_cast<unsigned>(there)));
  return to;
}

/// This lane's 16 bytes of eight rows, as from rows that follow one another; zero where there is no row.
template <Reuse, class Loaded, int Pitch, class... Checks>
DEVICE Chunk loadOperand(const GatheredRows<Loaded, Pitch> &matrix, int row, int k, int step, Checks...) {
  constexpr int size = bytesOf<typename Loaded::Element>;
  const int column = k + step + laneInRow() * lengthOf<typename Loaded::Element>;
  const bool inRow = sizeof...(Checks) == 0 || column < Pitch;
  return loadChunkIf(matrix.row(row / 8) + column * size, matrix.has(row / 8) && inRow);
}

} // namespace
