
// Results of 8 bits with scales that follow from them, for CDNA3 and CDNA4: one for each output row and 128
// columns.

namespace {

constexpr int scaledColumns = 128;

/// The largest magnitude of each row of a workgroup's tile, for each of the waves side by side.
template <int Waves, int Rows>
struct RowMaxima {
  float of[Waves][Rows];
};

/// The LDS of a ring that nobody reads any more, as something else.
template <class Tile, class Slot, int Slots>
DEVICE Tile &reuse(Slot (&ring)[Slots]) {
  static_assert(sizeof(Tile) <= sizeof(ring), "the ring has room for it");
  return *reinterpret_cast<Tile *>(&ring);
}

/// Of each output row of a wave, which is a column of the sums, the largest magnitude in block Block of the
/// Blocks of its output columns, which are rows of the sums Stride apart. Columns of the product at or past
/// Columns do not count, nor does NaN.
template <int Block, int Blocks, int Stride, int Columns, class Mma, int Down, int Across>
DEVICE void largestOf(Accumulators<Mma, Down, Across> &sums, int column, float (&largest)[Across]) {
  constexpr int size = Mma::size, rows = Down / Blocks;
#pragma unroll
  for (int j = 0; j < Across; ++j)
    largest[j] = 0;
#pragma unroll
  for (int i = Block * rows; i < (Block + 1) * rows; ++i)
    sums.visitRow(i, [&](auto &part, int first, int row, int j) {
#pragma unroll
      for (int e = 0; e < 4; e += Stride)
        if (Columns % (Down * size) == 0 || column + row + e < Columns)
          largest[j / size] = __builtin_fmaxf(largest[j / size], __builtin_fabsf(part[first + e]));
    });
  // Lanes with one place in the instruction's rows hold parts of one row; all of them end with its maximum.
#pragma unroll
  for (int j = 0; j < Across; ++j)
#pragma unroll
    for (int step = size; step < waveSize; step *= 2)
      largest[j] = __builtin_fmaxf(largest[j], fromLane(largest[j], laneId() ^ step));
}

/// Leaves those of a wave that has part of a block for the others that have it: its rows begin with `row` of
/// the tile, it is number `part` of the waves side by side.
template <int Stride, int Columns, class Mma, int Down, int Across, class Maxima>
DEVICE void depositMaxima(Accumulators<Mma, Down, Across> &sums, Maxima &maxima, int part, int row,
                          int column) {
  float largest[Across];
  largestOf<0, 1, Stride, Columns>(sums, column, largest);
#pragma unroll
  for (int j = 0; j < Across; ++j)
    if (laneId() < Mma::size)
      maxima.of[part][row + j * Mma::size + laneId()] = largest[j];
}

/// Writes the scales of a block of columns whose largest magnitudes are known, where this wave has its first
/// ones, and divides by them.
template <int Largest, int Block, int Blocks, int Stride, int Columns, class Mma, int Down, int Across,
          class Places>
DEVICE void quantiseBlock(Accumulators<Mma, Down, Across> &sums, const Places &places, int column,
                          const float (&largest)[Across], float smallest) {
  constexpr int rows = Down / Blocks, blocks = (Columns / Stride + scaledColumns - 1) / scaledColumns;
  constexpr float largestNumber = 3.402823466e38f;
  const int block = column / (Stride * scaledColumns) + Block;
  const bool writes = column % (Stride * scaledColumns) == 0 && laneId() < Mma::size;
  const auto scales = places.ofBlock(block, blocks);
#pragma unroll
  for (int j = 0; j < Across; ++j) {
    const float scale = __builtin_amdgcn_fmed3f(largest[j], smallest, largestNumber) * (1.0f / Largest);
    __builtin_amdgcn_raw_buffer_store_b32(__builtin_bit_cast(unsigned, scale), scales,
                                          writes ? places.offset(j) : outside, 0, 0);
    const Quantise<Largest> quantise{1 / scale};
#pragma unroll
    for (int i = Block * rows; i < (Block + 1) * rows; ++i)
#pragma unroll
      for (int e = 0; e < 4 * sums.quads; e += Stride)
        sums.parts[i][j][e] = quantise(sums.parts[i][j][e]);
    schedulingFence(); // the factors of all rows would stand beside the sums
  }
}

/// Of waves that have part of a block each: its maximum is the largest of what they have left.
template <int Largest, int Stride, int Columns, class Mma, int Down, int Across, class Places, int Waves,
          int Rows>
DEVICE void quantiseBlocks(Accumulators<Mma, Down, Across> &sums, const Places &places,
                           const RowMaxima<Waves, Rows> &maxima, int part, int row, int column,
                           float smallest) {
  constexpr int sharing = scaledColumns * Stride / (Down * Mma::size); // waves of a block
  float largest[Across];
#pragma unroll
  for (int j = 0; j < Across; ++j) {
    largest[j] = 0;
#pragma unroll
    for (int wave = 0; wave < sharing; ++wave)
      largest[j] = __builtin_fmaxf(
          largest[j], maxima.of[part / sharing * sharing + wave][row + j * Mma::size + laneId() % Mma::size]);
  }
  quantiseBlock<Largest, 0, 1, Stride, Columns>(sums, places, column, largest, smallest);
}

/// Of waves that have whole blocks.
template <int Largest, int Stride, int Columns, int Block = 0, class Mma, int Down, int Across, class Places>
DEVICE void quantiseBlocks(Accumulators<Mma, Down, Across> &sums, const Places &places, int column,
                           float smallest) {
  constexpr int blocks = Down * Mma::size / (scaledColumns * Stride);
  float largest[Across];
  largestOf<Block, blocks, Stride, Columns>(sums, column, largest);
  quantiseBlock<Largest, Block, blocks, Stride, Columns>(sums, places, column, largest, smallest);
  if constexpr (Block + 1 < blocks)
    quantiseBlocks<Largest, Stride, Columns, Block + 1>(sums, places, column, smallest);
}

} // namespace
