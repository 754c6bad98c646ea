
// The sums of a wave, for sm_80 and later.

namespace {

/// Four sums as the 16 bytes that shared memory takes.
DEVICE Chunk toChunk(const float (&sums)[4]) {
  Chunk chunk;
#pragma unroll
  for (int i = 0; i < 4; ++i)
    asm("mov.b32 %0, %1;" : "=r"(chunk.words[i]) : "f"(sums[i]));
  return chunk;
}
DEVICE void addChunk(float (&sums)[4], const Chunk &chunk) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    float part;
    asm("mov.b32 %0, %1;" : "=f"(part) : "r"(chunk.words[i]));
    sums[i] += part;
  }
}

/// The sums of one wave: Down x Across instructions of 16 x 8, rows of the left operand by rows of the right
/// one.
template <class Mma, int Down, int Across>
struct Accumulators : StoreSteps<16, 8, Down, Across> {
  using StoreSteps<16, 8, Down, Across>::parts;

  template <int Deep>
  __device__ void multiply(const LeftOperands<Mma, Down, Deep> &a,
                           const RightOperands<Mma, Across, Deep> &b) {
#pragma unroll
    for (int k = 0; k < Deep; ++k)
#pragma unroll
      for (int i = 0; i < Down; ++i)
#pragma unroll
        for (int j = 0; j < Across; ++j)
          Mma::apply(parts[i][j], a.parts[i][k], b.parts[j][k]);
  }

  /// The same for one block of k, whose products the scale of each column multiplies before they are added.
  /// Columns of instructions take turns, so that no product waits for the one before it.
  template <int Deep>
  __device__ void multiply(const LeftOperands<Mma, Down, Deep> &a, const RightOperands<Mma, Across, Deep> &b,
                           const ColumnScales<Across> &scales) {
#pragma unroll
    for (int i = 0; i < Down; ++i) {
      float products[Across][4] = {};
#pragma unroll
      for (int k = 0; k < Deep; ++k)
#pragma unroll
        for (int j = 0; j < Across; ++j)
          Mma::apply(products[j], a.parts[i][k], b.parts[j][k]);
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int v = 0; v < 4; ++v)
          parts[i][j][v] += products[j][v] * scales.columns[j][v % 2];
    }
  }

  /// Writes what this lane holds to its wave's slot, beside what its neighbours hold.
  template <class Slot>
  __device__ void deposit(Slot *slots) {
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
        slots[waveId()].at((i * Across + j) * waveSize + laneId(), 0) = toChunk(parts[i][j]);
  }

  /// Adds up what Waves waves deposited for this wave's share of the rows, in the order of the waves. Returns
  /// where the share begins; a wave that has none is sent past the last column, where nothing is stored.
  template <int Waves, class Slot>
  __device__ Origin collect(Slot *slots) {
    constexpr int rows = Down * Across * waveSize, shares = Slot::rows / rows;
    const int share = waveId() < shares ? waveId() : 0;
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int wave = 0; wave < Waves; ++wave) {
          const int at = share * rows + (i * Across + j) * waveSize + laneId();
          addChunk(parts[i][j], slots[wave].at(at, 0));
        }
    return {share * Down * 16, waveId() < shares ? 0 : Across * 8};
  }
};

} // namespace
