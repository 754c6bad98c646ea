
// Workgroups that share the k of one tile, for sm_80 and later.

namespace {

/// Which of them this is.
DEVICE int partId() {
#ifdef __NVCC__
  return blockIdx.y;
#else
  return __nvvm_read_ptx_sreg_ctaid_y();
#endif
}

/// Leaves what this thread holds in memory, where neighbouring threads of Threads write beside one another.
template <int Threads, class Sums>
DEVICE void leaveSums(Sums &sums, float *to) {
  sums.forEachPair([&](float &left, float &right, int, int) {
    asm volatile("st.relaxed.gpu.global.v2.f32 [%0], {%1, %2};" ::"l"(to), "f"(left), "f"(right) : "memory");
    to += 2 * Threads;
  });
}
/// Adds what was left so to the sums.
template <int Threads, class Sums>
DEVICE void addSums(Sums &sums, const float *from) {
  sums.forEachPair([&](float &left, float &right, int, int) {
    float leftPart, rightPart;
    asm volatile("ld.relaxed.gpu.global.v2.f32 {%0, %1}, [%2];"
                 : "=f"(leftPart), "=f"(rightPart)
                 : "l"(from)
                 : "memory");
    left += leftPart;
    right += rightPart;
    from += 2 * Threads;
  });
}
/// The sum of what was left so for all parts, in their order, which follow one another from `first` on.
template <int Parts, int Threads, class Sums>
DEVICE void addParts(Sums &sums, const float *first) {
  sums = Sums();
#pragma unroll 1
  for (int part = 0; part < Parts; ++part)
    addSums<Threads>(sums, first + part * (Sums::pairCount * 2 * Threads));
}

/// Counts what the lanes of this warp have left. True in the warp that completes `count`, which sets the
/// number back to zero.
DEVICE bool isLastToArrive(int *arrivals, int count) {
  // What they have written comes before the count, and after it what others have.
  asm volatile("fence.acq_rel.gpu;\n\tbar.warp.sync 0xffffffff;" ::: "memory");
  int before = 0;
  if (laneId() == 0)
    asm volatile("atom.acq_rel.gpu.global.add.s32 %0, [%1], 1;" : "=r"(before) : "l"(arrivals) : "memory");
  if (laneValue(before, 0) != count - 1)
    return false;
  if (laneId() == 0)
    *arrivals = 0;
  asm volatile("bar.warp.sync 0xffffffff;\n\tfence.acq_rel.gpu;" ::: "memory");
  return true;
}

/// Adds up what the Parts warps hold that have the same place in the workgroups of a tile. Each leaves its
/// sums in memory and counts itself; the last one takes all of them in the order of the parts, so that the
/// result does not depend on which it is. True in that warp; the others are done. The counts are zero again
/// afterwards.
template <int Parts, int Waves, class Sums>
DEVICE bool sumParts(Sums &sums, float *partials, int *arrivals, int part) {
  constexpr int length = Sums::pairCount * 2 * waveSize;
  const int place = workgroupId() * Waves + waveId();
  float *const first = partials + static_cast<long long>(place) * Parts * length + 2 * laneId();
  leaveSums<waveSize>(sums, first + part * length);
  if (!isLastToArrive(arrivals + place, Parts))
    return false;
  addParts<Parts, waveSize>(sums, first);
  return true;
}

} // namespace
