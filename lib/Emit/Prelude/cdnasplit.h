
// Workgroups that share the k of one tile, for CDNA3 and CDNA4.

namespace {

/// Which of them this is.
DEVICE int partId() {
  return __builtin_amdgcn_workgroup_id_y();
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
  constexpr int deviceScope = 16; // sc1: past this die's L2, whose lines other dies do not see
  constexpr int chunkBytes = waveSize * static_cast<int>(sizeof(Chunk<float>));
  constexpr int length = Sums::quadCount * chunkBytes / static_cast<int>(sizeof(float)); // of a wave's sums
  const int place = workgroupId() * Waves + waveId(),
            lane = laneId() * static_cast<int>(sizeof(Chunk<float>));
  const GlobalRows<float, length> all(partials + static_cast<long>(place) * Parts * length, 0, Parts, Parts);
  int offset = part * Sums::quadCount * chunkBytes;
  sums.forEachQuad([&](auto &own, int first, int, int) {
    const Chunk<float> quad = {own[first], own[first + 1], own[first + 2], own[first + 3]};
    __builtin_amdgcn_raw_buffer_store_b128(__builtin_bit_cast(Chunk<unsigned>, quad), all.buffer, lane,
                                           offset, deviceScope);
    offset += chunkBytes;
  });
  asm volatile("s_waitcnt vmcnt(0)" ::: "memory"); // they have arrived
  int before = 0;
  if (laneId() == 0)
    before = __hip_atomic_fetch_add(arrivals + place, 1, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
  if (__builtin_amdgcn_readfirstlane(before) != Parts - 1)
    return false;
  if (laneId() == 0)
    arrivals[place] = 0;
  asm volatile("" ::: "memory");
  sums = Sums();
  constexpr int together = partsTogether(Parts, Sums::quadCount);
#pragma unroll 1
  for (int other = 0; other < Parts; other += together) {
    int from = other * Sums::quadCount * chunkBytes;
    sums.forEachQuad([&](auto &total, int first, int, int) {
#pragma unroll
      for (int i = 0; i < together; ++i) {
        const auto words = __builtin_amdgcn_raw_buffer_load_b128(
            all.buffer, lane, from + i * Sums::quadCount * chunkBytes, deviceScope);
        const auto quad = __builtin_bit_cast(Chunk<float>, words);
#pragma unroll
        for (int e = 0; e < 4; ++e)
          total[first + e] += quad[e];
      }
      from += chunkBytes;
    });
  }
  return true;
}

} // namespace
