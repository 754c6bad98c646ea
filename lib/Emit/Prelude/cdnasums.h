
// The sums of a wave, for CDNA3 and CDNA4.

namespace {

/// The sums of one wave: Down x Across instructions, rows of the left operand by rows of the right one.
template <class Mma, int Down, int Across>
struct Accumulators : StoreSteps<Mma, Down, Across> {
  using Sums = LaneSums<Mma, Down, Across>;
  using Sums::parts, Sums::quads, Sums::size;

  template <int Deep>
  __device__ void multiply(const Operands<Mma, Down, Deep> &a, const Operands<Mma, Across, Deep> &b) {
    multiplyAt<0, 0>(a, b);
  }
  /// The same to the instructions from (Row, Column) on.
  template <int Row, int Column, int Rows, int Columns, int Deep>
  __device__ void multiplyAt(const Operands<Mma, Rows, Deep> &a, const Operands<Mma, Columns, Deep> &b) {
#pragma unroll
    for (int k = 0; k < Deep / Mma::chunks; ++k)
#pragma unroll
      for (int i = 0; i < Rows; ++i)
#pragma unroll
        for (int j = 0; j < Columns; ++j)
          parts[Row + i][Column + j] =
              Mma::apply(a.operand(i, k), b.operand(j, k), parts[Row + i][Column + j]);
  }

  /// The same for one block of k, whose products the scale of each column multiplies before they are added.
  /// Rows of instructions take turns, so that no product waits for the one before it.
  template <int Deep, int Turns>
  __device__ void multiply(const Operands<Mma, Down, Deep> &a, const Operands<Mma, Across, Deep> &b,
                           const BlockFactors<Across, Turns> &scales) {
#pragma unroll
    for (int i = 0; i < Down; ++i) {
      typename Mma::Accumulator products[Across] = {};
#pragma unroll
      for (int k = 0; k < Deep / Mma::chunks; ++k)
#pragma unroll
        for (int j = 0; j < Across; ++j)
          products[j] = Mma::apply(a.operand(i, k), b.operand(j, k), products[j]);
#pragma unroll
      for (int j = 0; j < Across; ++j)
        scales.add(parts[i][j], products[j], j);
    }
  }
  /// The same for waves that take turns: a few products at a time, whose additions stand among the matrix
  /// instructions of the next few. So they need few registers, and no matrix core waits for them.
  template <int Deep, int Turns>
  __device__ void multiplyMixed(const Operands<Mma, Down, Deep> &a, const Operands<Mma, Across, Deep> &b,
                                const BlockFactors<Across, Turns> &scales) {
    constexpr int together = Across % 2 == 0 ? 2 : Across % 3 == 0 ? 3 : Across;
    constexpr int groups = Down * Across / together;
    typename Mma::Accumulator products[2][together];
#pragma unroll
    for (int group = 0; group <= groups; ++group) {
      if (group < groups) {
        const int i = group * together / Across, first = group * together % Across;
#pragma unroll
        for (int j = 0; j < together; ++j)
          products[group % 2][j] = {};
#pragma unroll
        for (int k = 0; k < Deep / Mma::chunks; ++k)
#pragma unroll
          for (int j = 0; j < together; ++j)
            products[group % 2][j] =
                Mma::apply(a.operand(i, k), b.operand(first + j, k), products[group % 2][j]);
      }
      if (group > 0) {
        const int i = (group - 1) * together / Across, first = (group - 1) * together % Across;
#pragma unroll
        for (int j = 0; j < together; ++j)
          scales.add(parts[i][first + j], products[(group - 1) % 2][j], first + j);
      }
      if (group > 0 && group < groups) {
        // Two packed additions for each product; two matrix instructions for 16 bytes of a lane, or one for
        // 32, the first of them while the group before arrives.
        constexpr int additions = 2 * quads * together,
                      matrix = together * (Mma::chunks == 1 ? 2 * Deep : Deep / 2);
        constexpr int vector = 0x002, product = 0x008;
        __builtin_amdgcn_sched_group_barrier(product, 1, 0);
        mixedWithProducts<vector, additions, (matrix + additions - 1) / additions>();
      }
      schedulingFence();
    }
    // Or the last tile's additions would move behind the branch that follows it, and products with them.
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
        asm volatile("" : "+v"(parts[i][j]));
  }

  /// Writes what this lane holds to its wave's slot, beside what its neighbours hold.
  template <class Slot, int Waves>
  __device__ void deposit(Slot (&slots)[Waves]) {
    int next = laneId();
    this->forEachQuad([&](auto &part, int first, int, int) {
      slots[waveId()].at(next, 0) = {part[first], part[first + 1], part[first + 2], part[first + 3]};
      next += waveSize;
    });
  }

  /// Adds up what all waves deposited for this wave's share of the rows, in the order of the waves. Returns
  /// where the share begins; a wave that has none is sent past the last column, where nothing is stored.
  template <int Waves, class Slot>
  __device__ Origin collect(Slot (&slots)[Waves]) {
    constexpr int rows = Down * Across * quads * waveSize; // of a slot, for one share
    constexpr int shares = Slot::rows / rows;
    const int share = waveId() < shares ? waveId() : 0;
    int next = share * rows + laneId();
    this->forEachQuad([&](auto &part, int first, int, int) {
#pragma unroll
      for (int wave = 0; wave < Waves; ++wave) {
        const Chunk<float> sums = slots[wave].at(next, 0);
#pragma unroll
        for (int e = 0; e < 4; ++e)
          part[first + e] += sums[e];
      }
      next += waveSize;
    });
    return {share * Down * size, waveId() < shares ? 0 : Across * size};
  }
};

} // namespace
