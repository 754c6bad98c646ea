
// Copies from global memory to LDS past the registers, for CDNA3 (4 bytes a lane) and CDNA4 (16).

namespace {

/// A tile on its way to LDS. The lanes of a wave land side by side, so a swizzled tile is permuted by what
/// each lane asks for: lane i of a load fetches whatever belongs at its place.
template <class T, int Rows, int Columns, int Threads>
struct DirectCopy {
#ifdef __gfx950__
  static constexpr int laneBytes = 16;
#else
  static constexpr int laneBytes = 4;
#endif
  static constexpr int size = sizeof(T), chunkBytes = 16, rowChunks = Columns / chunkLength<T>;
  static constexpr int count = Rows * Columns * size / (Threads * laneBytes);
  using Element = T;
  static constexpr int rows = Rows, laneRows = count;

  /// The 16-byte place in the tile at which load i of this thread lands.
  DEVICE int place(int i) { return (i * Threads + threadId()) * laneBytes / chunkBytes; }
  DEVICE int laneRow(int i) { return place(i) / rowChunks; }
  /// The first column that it fetches.
  template <class Tile>
  DEVICE int laneColumn(int i) {
    const int inChunk = threadId() * laneBytes % chunkBytes / size;
    return Tile::swapped(laneRow(i), place(i) % rowChunks) * chunkLength<T> + inChunk;
  }

  /// Asks for columns [column, column + Columns); those past a row's end are zero.
  template <class Tile, int Length, int Pitch>
  DEVICE void copy(Tile &tile, const GlobalRows<T, Length, Pitch> &matrix, int column) {
#pragma unroll
    for (int i = 0; i < count; ++i)
      load<Length>(tile, matrix, i, laneRow(i) * Pitch * size, column);
  }
  template <class Tile, int Length, int Pitch>
  DEVICE void copy(Tile &tile, const GatheredRows<DirectCopy, Length, Pitch> &matrix, int column) {
#pragma unroll
    for (int i = 0; i < count; ++i)
      load<Length>(tile, matrix, i, matrix.offsets[i], column);
  }

private:
  template <int Length, class Tile, class Matrix>
  DEVICE void load(Tile &tile, const Matrix &matrix, int i, int rowOffset, int column) {
    const int tileColumn = laneColumn<Tile>(i);
    int offset = rowOffset + tileColumn * size;
    if (Length % Columns != 0 && column + tileColumn >= Length)
      offset = outside;
    using Shared = __attribute__((address_space(3))) char;
    const int wave = (i * Threads + waveId() * waveSize) * laneBytes;
    const int place = static_cast<int>(reinterpret_cast<unsigned long>((Shared *)tile.chunks)) + wave;
    // Written out, since the compiler would wait for all copies before any read of LDS.
    if constexpr (laneBytes == 16)
      asm volatile("s_nop 0\n\tbuffer_load_dwordx4 %1, %2, %3 offen lds" ::"{m0}"(place), "v"(offset),
                   "s"(matrix.buffer), "s"(column * size)
                   : "memory");
    else
      asm volatile("s_nop 0\n\tbuffer_load_dword %1, %2, %3 offen lds" ::"{m0}"(place), "v"(offset),
                   "s"(matrix.buffer), "s"(column * size)
                   : "memory");
  }
};

DEVICE void commitCopies() {}

/// Waits until at most Pending of this wave's loads are under way.
template <int Pending>
DEVICE void waitCopies() {
  asm volatile("s_waitcnt vmcnt(%0)" ::"n"(Pending) : "memory");
}

} // namespace
