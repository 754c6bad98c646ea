
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

/// Four E4M3 as fp16, the first two and the last two. In the order of the source: ptxas would convert all
/// operands of a loop ahead of its products, and spill.
DEVICE void widenFour(unsigned &first, unsigned &last, unsigned four) {
  asm volatile("{ .reg .b16 low, high; mov.b32 {low, high}, %2; cvt.rn.f16x2.e4m3x2 %0, low; "
               "cvt.rn.f16x2.e4m3x2 %1, high; }"
               : "=r"(first), "=r"(last)
               : "r"(four));
}
DEVICE void applyWidened(float (&sum)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
               "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// The sums of one wave: Down x Across instructions of 16 x 8, rows of the left operand by rows of the right
/// one.
template <class Mma, int Down, int Across>
struct Accumulators : StoreSteps<16, 8, Down, Across> {
  using StoreSteps<16, 8, Down, Across>::parts;

  template <int Deep>
  INLINED void multiply(const LeftOperands<Mma, Down, Deep> &a, const RightOperands<Mma, Across, Deep> &b) {
    addProducts(parts, a, 0, b);
  }

  /// The same for one block of k, whose products the scale of each column multiplies before they are added.
  template <int Deep>
  INLINED void multiply(const LeftOperands<Mma, Down, Deep> &a, const RightOperands<Mma, Across, Deep> &b,
                        const ColumnScales<Across> &scales) {
    // Few products are summed at once, or operands of 8 bits are converted again for each row; prices count
    // that (mostScaledProductsAtOnce).
    constexpr int fewProducts = 8, rows = Down * Across <= fewProducts ? Down : 1;
#pragma unroll
    for (int first = 0; first < Down; first += rows) {
      float products[rows][Across][4] = {};
      addProducts(products, a, first, b);
#pragma unroll
      for (int i = 0; i < rows; ++i)
#pragma unroll
        for (int j = 0; j < Across; ++j)
#pragma unroll
          for (int v = 0; v < 4; ++v)
            parts[first + i][j][v] += products[i][j][v] * scales.columns[j][v % 2];
    }
  }

  /// Adds the products of so many rows of instructions, which take turns, so that none waits for the one
  /// before it.
  template <int Rows, int Deep>
  INLINED static void addProducts(float (&sums)[Rows][Across][4], const LeftOperands<Mma, Down, Deep> &a,
                                  int firstRow, const RightOperands<Mma, Across, Deep> &b) {
#pragma unroll
    for (int k = 0; k < Deep; ++k)
      if constexpr (sizeof(typename Mma::Element) == 1)
        addWidened(sums, a, firstRow, b, k);
      else
#pragma unroll
        for (int i = 0; i < Rows; ++i)
#pragma unroll
          for (int j = 0; j < Across; ++j)
            Mma::apply(sums[i][j], a.parts[firstRow + i][k], b.parts[j][k]);
  }
  /// What sm_90a makes of 8-bit products: two of fp16. Here an operand is converted once for all of them. Of
  /// four neighbours in k the instruction's first columns are two, and those eight further on the others, of
  /// both operands alike.
  template <int Rows, int Deep>
  INLINED static void addWidened(float (&sums)[Rows][Across][4], const LeftOperands<Mma, Down, Deep> &a,
                                 int firstRow, const RightOperands<Mma, Across, Deep> &b, int k) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      unsigned left[Rows][4];
#pragma unroll
      for (int i = 0; i < Rows; ++i)
#pragma unroll
        for (int row = 0; row < 2; ++row)
          widenFour(left[i][row], left[i][2 + row], a.parts[firstRow + i][k][2 * half + row]);
#pragma unroll
      for (int j = 0; j < Across; ++j) {
        unsigned right[2];
        widenFour(right[0], right[1], b.parts[j][k][half]);
#pragma unroll
        for (int i = 0; i < Rows; ++i)
          applyWidened(sums[i][j], left[i], right);
      }
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
