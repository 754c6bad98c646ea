
// Rows of shared memory that belong to one wave, for sm_80 and later.

namespace {

/// The lanes of each wave meet: what one of them has copied and waited for the others see.
DEVICE void waveBarrier() {
  asm volatile("bar.warp.sync 0xffffffff;" ::: "memory");
}

/// As copyChunkAsync(), of bytes that are all there; and of a matrix that is read once, whose lines the
/// second cache then asks for in pairs.
DEVICE void copyChunkAsync(unsigned to, const void *from) {
  asm volatile("cp.async.cg.shared.global.L2::256B [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
}

/// What the lanes of a wave copy for it: Rows rows of a tile, 16 bytes each, rows side by side.
template <class Tile, int Rows>
struct WaveRows {
  using Element = typename Tile::Element;
  static constexpr int rows = Rows, rowStep = waveSize / Tile::rowChunks; // from one pass to the next
  static constexpr int laneRows = rows / rowStep;
  static_assert(waveSize % Tile::rowChunks == 0 && rows % rowStep == 0, "lanes copy whole rows");

  DEVICE int laneRow(int i) { return laneId() / Tile::rowChunks + i * rowStep; }
  DEVICE int laneColumn() { return laneId() % Tile::rowChunks * lengthOf<Element>; }
  /// Where it lands in a wave's rows from `first` on, a multiple of eight. Layouts repeat every eight rows:
  /// two addresses and constants serve all passes.
  DEVICE unsigned target(Tile &tile, int first, int i) {
    constexpr int passes = rowStep < 8 ? 8 / rowStep : 1;
    return sharedAddress(&tile.at(first + laneRow(i % passes), laneId() % Tile::rowChunks)) +
           i / passes * passes * rowStep * Tile::rowBytes;
  }

  /// Columns of all rows, zeros for what lies outside the matrix. Belongs to the group that the next
  /// commitCopies() closes.
  template <int Pitch, class... Checks>
  DEVICE void copy(Tile &tile, int first, const GlobalRows<Element, Pitch> &matrix, int column, Checks...) {
    const bool inRow = sizeof...(Checks) == 0 || column + laneColumn() < Pitch;
    const int left = inRow ? matrix.count - laneRow(0) : 0;
    const Element *const source = matrix.first + laneRow(0) * Pitch + column + laneColumn();
#pragma unroll
    for (int i = 0; i < laneRows; ++i)
      copyChunkAsync(target(tile, first, i), source + i * rowStep * Pitch, left - i * rowStep);
  }
  /// The same where nothing lies outside.
  template <int Pitch>
  DEVICE void copyWhole(Tile &tile, int first, const GlobalRows<Element, Pitch> &matrix, int column) {
    const Element *const source = matrix.first + laneRow(0) * Pitch + column + laneColumn();
#pragma unroll
    for (int i = 0; i < laneRows; ++i)
      copyChunkAsync(target(tile, first, i), source + i * rowStep * Pitch);
  }
  /// Of rows in the order of a list.
  template <int Pitch, class... Checks>
  DEVICE void copy(Tile &tile, int first, const GatheredRows<WaveRows, Pitch> &matrix, int column,
                   Checks...) {
    const unsigned inRow = sizeof...(Checks) == 0 || column + laneColumn() < Pitch;
    const int byte = (column + laneColumn()) * bytesOf<Element>;
#pragma unroll
    for (int i = 0; i < laneRows; ++i)
      copyChunkAsync(target(tile, first, i), matrix.row(i) + byte, static_cast<int>(matrix.has(i) * inRow));
  }
};

} // namespace
