
// Warp-specialised kernels, for sm_90a: roles and clusters, mbarriers, the copy engine.

#ifndef __CUDACC__
#define __grid_constant__ __attribute__((grid_constant))
#define __cluster_dims__(x, y, z) __attribute__((cluster_dims(x, y, z)))
#endif

namespace {

constexpr int warpgroupSize = 128;

/// A matrix as the copy engine sees it; the driver writes it (cuTensorMapEncodeTiled).
struct alignas(64) TensorMap {
  unsigned long long words[16];
};

DEVICE int workgroupCount() {
#ifdef __NVCC__
  return gridDim.x;
#else
  return __nvvm_read_ptx_sreg_nctaid_x();
#endif
}

//----------------------------------------------------------------------------- roles and clusters

/// Number of this warp in a way that tells the compiler that its lanes agree: what follows from it, such as
/// descriptors, stays in uniform registers. All lanes must ask.
DEVICE int uniformWarp() {
  return laneValue(threadId() / waveSize, 0);
}
/// True in one lane of a warp, always the same one; all lanes must ask. The compiler knows that what stands
/// behind it runs once, and does not loop over lanes to find those that differ.
DEVICE bool isElected() {
  unsigned elected;
  asm volatile("{ .reg .pred one; elect.sync _|one, 0xffffffff; selp.u32 %0, 1, 0, one; }" : "=r"(elected));
  return elected != 0;
}
/// The first warpgroup copies, one lane of it; the others multiply.
DEVICE bool isProducer(int warp) {
  return warp < warpgroupSize / waveSize;
}
DEVICE bool isProducerLane() {
  const int warp = uniformWarp();
  const bool elected = isElected(); // in all warps: what is known of it is lost behind a condition
  return elected && warp == 0;
}
/// Number of the consumer warpgroup that a warp belongs to.
DEVICE int group(int warp) {
  return warp / (warpgroupSize / waveSize) - 1;
}
/// Number of this consumer warpgroup. The compiler does not know that lanes agree on it.
DEVICE int group() {
  return group(waveId());
}
/// Whether this lane stores for its warpgroup.
DEVICE bool isStoringLane() {
  const int warp = uniformWarp();
  const bool elected = isElected();
  return elected && warp % (warpgroupSize / waveSize) == 0;
}
template <int Registers>
DEVICE void releaseRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Registers));
}
template <int Registers>
DEVICE void claimRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Registers));
}

/// Output tiles of a launch.
template <int TileRows, int TileColumns, int Columns>
DEVICE int tileCount(int rows) {
  return (rows + TileRows - 1) / TileRows * ((Columns + TileColumns - 1) / TileColumns);
}

struct ClusterPosition {
  int index, count, rank;
};
/// Clusters are Size consecutive workgroups.
template <int Size>
DEVICE ClusterPosition clusterPosition() {
  return {workgroupId() / Size, workgroupCount() / Size, workgroupId() % Size};
}
/// All threads of the cluster; warps need not be converged.
template <int Size>
DEVICE void clusterBarrier() {
  if (Size == 1)
    asm volatile("barrier.sync 0;" ::: "memory");
  else
    asm volatile("barrier.cluster.arrive.release;\n"
                 "barrier.cluster.wait.acquire;" ::
                     : "memory");
}
/// All threads of one consumer warpgroup. Barrier 0 is the workgroup's.
DEVICE void groupBarrier() {
  asm volatile("bar.sync %0, 128;" ::"r"(group() + 1) : "memory");
}
template <int Rows, int Columns, int GroupsAcross>
DEVICE Origin groupTile(int warp) {
  return {group(warp) / GroupsAcross * Rows, group(warp) % GroupsAcross * Columns};
}

//----------------------------------------------------------------------------- mbarriers

/// A ring of mbarriers: use t waits for phase t / Count of barrier t % Count, of which the hardware keeps the
/// parity.
template <int Count>
struct Mbarriers {
  unsigned first;

  __device__ explicit Mbarriers(const unsigned long long (&barriers)[Count])
      : first(sharedAddress(barriers)) {}

  __device__ unsigned at(int use) const { return first + use % Count * 8; }

  /// By one thread; a cluster barrier must follow.
  __device__ void initialise(int arrivals) const {
    if (threadId() != 0)
      return;
    for (int i = 0; i < Count; ++i)
      asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at(i)), "r"(arrivals) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;\n"
                 "fence.proxy.async;" ::
                     : "memory");
  }
  __device__ void await(int use) const { awaitParity(at(use), use / Count & 1); }
  /// The phase before; the first round passes, because a new barrier counts as past an odd phase.
  __device__ void awaitPrevious(int use) const { awaitParity(at(use), (use / Count & 1) ^ 1); }
  /// Arrives, and makes the phase wait for so many bytes of copies.
  __device__ void expectBytes(int use, int bytes) const {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at(use)), "r"(bytes)
                 : "memory");
  }
  /// Every warp arrives once on the barrier of each workgroup of the cluster. Products that were waited for
  /// have read the slot, and nothing was written: a release of the cluster's scope would be a fence of all
  /// memory in each step.
  template <int ClusterSize>
  __device__ void arrive(int use) const {
    if (laneId() >= ClusterSize)
      return;
    if (ClusterSize == 1)
      asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(at(use)) : "memory");
    else
      asm volatile("{\n"
                   ".reg .b32 remote;\n"
                   "mapa.shared::cluster.u32 remote, %0, %1;\n"
                   "mbarrier.arrive.shared::cluster.b64 _, [remote];\n"
                   "}" ::"r"(at(use)),
                   "r"(laneId())
                   : "memory");
  }

  /// The same on this workgroup's, by warps whose lanes have all come here: what they wrote is before it.
  __device__ void arriveTogether(int use) const {
    asm volatile("bar.warp.sync 0xffffffff;" ::: "memory");
    arrive<1>(use);
  }

private:
  static __device__ void awaitParity(unsigned barrier, int parity) {
    asm volatile("{\n"
                 ".reg .pred done;\n"
                 "again:\n"
                 "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
                 "@!done bra again;\n"
                 "}" ::"r"(barrier),
                 "r"(parity)
                 : "memory");
  }
};

//----------------------------------------------------------------------------- the copy engine

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
