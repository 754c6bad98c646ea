
// What lays out which work of a SIMD runs beside which: waves that take turns, and products mixed with memory
// operations. For CDNA3 and CDNA4.

namespace {

/// The second half of the workgroup's waves meets one barrier more and is one phase behind from there on,
/// until the first half meets that barrier too.
template <int Waves>
DEVICE void fallBehind() {
  if (waveId() >= Waves / 2)
    barrier();
}
template <int Waves>
DEVICE void catchUp() {
  if (waveId() < Waves / 2)
    barrier();
}

/// Of the waves of a SIMD those of the highest priority issue first, 0 to 3.
template <int Level>
DEVICE void priority() {
  __builtin_amdgcn_s_setprio(Level);
}

/// Count times: one instruction of a kind, then Products matrix instructions. No loop, across which the
/// compiler would move the products themselves.
template <int Kind, int Count, int Products>
DEVICE void mixedWithProducts() {
  if constexpr (Count > 0) {
    constexpr int matrix = 0x008;
    __builtin_amdgcn_sched_group_barrier(Kind, 1, 0);
    __builtin_amdgcn_sched_group_barrier(matrix, Products, 0);
    mixedWithProducts<Kind, Count - 1, Products>();
  }
}
/// Puts what has been written since the last fence in order: LDS reads, LDS writes and loads in turn with
/// matrix instructions, half of which go to the loads, whose addresses keep the memory path busy longest.
template <int Products, int Reads, int Writes, int Loads>
DEVICE void interleave() {
  constexpr int read = 0x100, write = 0x200, load = 0x020;
  constexpr int half = Loads > 0 ? Products / 2 : Products;
  constexpr int atLds = Reads + Writes > 0 ? half / (Reads + Writes) : 0,
                atLoads = Loads > 0 ? half / Loads : 0;
  mixedWithProducts<read, Reads, atLds>();
  mixedWithProducts<write, Writes, atLds>();
  mixedWithProducts<load, Loads, atLoads>();
  schedulingFence();
}

} // namespace
