
// Boxes of matrices that the copy engine moves to shared memory and back, for sm_90a.

namespace {

/// A matrix as the copy engine sees it; the driver writes it (cuTensorMapEncodeTiled).
struct alignas(64) TensorMap {
  unsigned long long words[16];
};

/// Columns in panels of 128 bytes, each with all rows; the copy engine swizzles them, a box each.
template <class T, int Rows, int Columns>
struct PanelTile {
  using Element = T;
  static constexpr int panelColumns = 128 / bytesOf<T>, panelBytes = Rows * 128;
  static constexpr int rows = Rows, panels = Columns / panelColumns;

  Chunk chunks[panels * panelBytes / 16];
};

/// The map's box at (row, column) of the matrix to shared memory; its bytes count on the barrier.
DEVICE void copyBox(unsigned to, const TensorMap &map, int row, int column, unsigned barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
               "[%0], [%1, {%2, %3}], [%4];" ::"r"(to),
               "l"(&map), "r"(column), "r"(row), "r"(barrier)
               : "memory");
}
/// The same box to the same place in every workgroup of the cluster.
template <int ClusterSize>
DEVICE void copyBoxToAll(unsigned to, const TensorMap &map, int row, int column, unsigned barrier) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster "
      "[%0], [%1, {%2, %3}], [%4], %5;" ::"r"(to),
      "l"(&map), "r"(column), "r"(row), "r"(barrier), "h"(static_cast<unsigned short>((1 << ClusterSize) - 1))
      : "memory");
}
/// A box to the tile, from its row `toRow` on.
template <class Tile, int Count>
DEVICE void copyTensor(Tile &tile, int toRow, const TensorMap &map, int row, int column,
                       const Mbarriers<Count> &barriers, int use) {
  copyBox(sharedAddress(&tile) + toRow * Tile::rowBytes, map, row, column, barriers.at(use));
}
template <int ClusterSize, class Tile, int Count>
DEVICE void copyTensorToAll(Tile &tile, int toRow, const TensorMap &map, int row, int column,
                            const Mbarriers<Count> &barriers, int use) {
  copyBoxToAll<ClusterSize>(sharedAddress(&tile) + toRow * Tile::rowBytes, map, row, column,
                            barriers.at(use));
}
/// A box for each panel; or, of those that go to all, for each of a workgroup's share from column `to` on.
template <class T, int Rows, int Columns, int Count>
DEVICE void copyTensor(PanelTile<T, Rows, Columns> &tile, int to, const TensorMap &map, int row, int column,
                       const Mbarriers<Count> &barriers, int use) {
  using Tile = PanelTile<T, Rows, Columns>;
  const unsigned first = sharedAddress(&tile) + to / Tile::panelColumns * Tile::panelBytes;
#pragma unroll
  for (int i = 0; i < Tile::panels; ++i)
    copyBox(first + i * Tile::panelBytes, map, row, column + i * Tile::panelColumns, barriers.at(use));
}
template <int ClusterSize, class T, int Rows, int Columns, int Count>
DEVICE void copyTensorToAll(PanelTile<T, Rows, Columns> &tile, int to, const TensorMap &map, int row,
                            int column, const Mbarriers<Count> &barriers, int use) {
  using Tile = PanelTile<T, Rows, Columns>;
  const unsigned first = sharedAddress(&tile) + to / Tile::panelColumns * Tile::panelBytes;
#pragma unroll
  for (int i = 0; i < Tile::panels / ClusterSize; ++i)
    copyBoxToAll<ClusterSize>(first + i * Tile::panelBytes, map, row, column + i * Tile::panelColumns,
                              barriers.at(use));
}
/// What this thread wrote to shared memory becomes visible to the copy engine.
DEVICE void fenceAsync() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
/// `Panels` tiles side by side to the matrix, by the first lane of the group.
template <int Panels, class Tile>
DEVICE void storeTensor(Tile *panels, const TensorMap &map, int row, int column) {
  if (!isStoringLane())
    return;
  constexpr int columns = Tile::rowChunks * lengthOf<typename Tile::Element>;
#pragma unroll
  for (int i = 0; i < Panels; ++i)
    asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1, %2}], [%3];" ::"l"(&map),
                 "r"(column + i * columns), "r"(row), "r"(sharedAddress(&panels[i]))
                 : "memory");
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}
/// The lane that stores waits until shared memory has been read.
DEVICE void waitStores() {
  if (isStoringLane())
    asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
}

} // namespace
