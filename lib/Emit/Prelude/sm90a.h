
// Warp-specialised kernels, for sm_90a: roles of warps, and clusters.

#ifndef __CUDACC__
#define __grid_constant__ __attribute__((grid_constant))
#define __cluster_dims__(x, y, z) __attribute__((cluster_dims(x, y, z)))
#endif

namespace {

constexpr int warpgroupSize = 128;

DEVICE int workgroupCount() {
#ifdef __NVCC__
  return gridDim.x;
#else
  return __nvvm_read_ptx_sreg_nctaid_x();
#endif
}

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

} // namespace
