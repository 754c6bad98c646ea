
// Workgroups that share the k of one tile, for CDNA3 and CDNA4.

namespace {

/// Which of them this is.
DEVICE int partId() {
  return __builtin_amdgcn_workgroup_id_y();
}

constexpr int deviceScope = 16; // sc1: past this die's L2, whose lines other dies do not see
/// What a wave's sums take in memory, four of a lane side by side.
template <class Sums>
constexpr int bytesOfSums = Sums::quadCount * waveSize * bytesOf<Chunk<float>>;
template <class Sums>
using RowsOfSums = GlobalRows<float, bytesOfSums<Sums> / bytesOf<float>>;

/// Leaves this wave's sums in a row of the matrix.
template <class Sums>
DEVICE void leaveSums(Sums &sums, const RowsOfSums<Sums> &rows, int row) {
  const int lane = laneId() * bytesOf<Chunk<float>>;
  int offset = row * bytesOfSums<Sums>;
  sums.forEachQuad([&](auto &own, int first, int, int) {
    const Chunk<float> quad = {own[first], own[first + 1], own[first + 2], own[first + 3]};
    __builtin_amdgcn_raw_buffer_store_b128(__builtin_bit_cast(Chunk<unsigned>, quad), rows.buffer, lane,
                                           offset, deviceScope);
    offset += waveSize * bytesOf<Chunk<float>>;
  });
}

/// Waits until what this wave left has arrived, and counts it. True in the wave that completes `count`, which
/// sets the number back to zero.
DEVICE bool isLastToArrive(int *arrivals, int count) {
  asm volatile("s_waitcnt vmcnt(0)" ::: "memory");
  int before = 0;
  if (laneId() == 0)
    before = __hip_atomic_fetch_add(arrivals, 1, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
  if (__builtin_amdgcn_readfirstlane(before) != count - 1)
    return false;
  if (laneId() == 0)
    *arrivals = 0;
  asm volatile("" ::: "memory");
  return true;
}

/// Adds so many rows of the matrix to the sums, in their order.
template <int Together, class Sums>
DEVICE void addSums(Sums &sums, const RowsOfSums<Sums> &rows, int row) {
  const int lane = laneId() * bytesOf<Chunk<float>>;
  int offset = row * bytesOfSums<Sums>;
  sums.forEachQuad([&](auto &total, int first, int, int) {
#pragma unroll
    for (int i = 0; i < Together; ++i) {
      const auto words = __builtin_amdgcn_raw_buffer_load_b128(rows.buffer, lane,
                                                               offset + i * bytesOfSums<Sums>, deviceScope);
      const auto quad = __builtin_bit_cast(Chunk<float>, words);
#pragma unroll
      for (int e = 0; e < 4; ++e)
        total[first + e] += quad[e];
    }
    offset += waveSize * bytesOf<Chunk<float>>;
  });
}

/// How many parts are fetched at once: a divisor of all, so that at most 32 loads of a lane are under way.
constexpr int partsTogether(int parts, int loadsOfEach) {
  int together = 1;
  for (int count = 2; count <= parts; ++count)
    if (parts % count == 0 && count * loadsOfEach <= 32)
      together = count;
  return together;
}

/// Adds up what the Parts waves hold that have the same place in the workgroups of a tile. Each leaves its
/// sums in memory and counts itself; the last one takes all of them in the order of the parts, so that the
/// result does not depend on which it is. True in that wave; the others are done. The counts are zero again
/// afterwards.
template <int Parts, int Waves, class Sums>
DEVICE bool sumParts(Sums &sums, float *partials, int *arrivals, int part) {
  const int place = workgroupId() * Waves + waveId();
  const RowsOfSums<Sums> all(partials, place * Parts, Parts, (place + 1) * Parts);
  leaveSums(sums, all, part);
  if (!isLastToArrive(arrivals + place, Parts))
    return false;
  sums = Sums();
  constexpr int together = partsTogether(Parts, Sums::quadCount);
#pragma unroll 1
  for (int other = 0; other < Parts; other += together)
    addSums<together>(sums, all, other);
  return true;
}

} // namespace
