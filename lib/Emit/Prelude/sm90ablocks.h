
// Results of 8 bits with scales that follow from them, for sm_90a: one for each output row and 128 columns.

namespace {

constexpr int scaledColumns = 128;

/// The largest magnitude of each row of a workgroup's tile, for each of the warpgroups side by side.
template <int Groups, int Rows>
struct RowMaxima {
  float of[Groups][Rows];
};

/// The other one, where one is NaN.
DEVICE float larger(float one, float other) {
  asm("max.f32 %0, %0, %1;" : "+f"(one) : "f"(other));
  return one;
}
DEVICE float smaller(float one, float other) {
  asm("min.f32 %0, %0, %1;" : "+f"(one) : "f"(other));
  return one;
}
DEVICE float magnitude(float value) {
  asm("abs.f32 %0, %0;" : "+f"(value));
  return value;
}

/// Calls visit(value, column) for what the lane has of one of its rows in block Block of Blocks of its
/// group's columns, which are Stride apart.
template <int Block, int Blocks, int Stride, class Sums, class Visit>
DEVICE void forEachInBlock(Sums &sums, int i, int half, Visit visit) {
  constexpr int eights = Sums::width / 8 / Blocks, inInstruction = Sums::instructionColumns / 8;
#pragma unroll
  for (int eight = Block * eights; eight < (Block + 1) * eights; ++eight)
#pragma unroll
    for (int e = 0; e < 2; e += Stride)
      visit(sums.parts[i][eight / inInstruction][eight % inInstruction * 4 + 2 * half + e],
            eight * 8 + laneId() % 4 * 2 + e);
}

/// The largest magnitude there, known to the four lanes of a row. Columns of the product at or past Columns
/// do not count, nor does NaN.
template <int Block, int Blocks, int Stride, int Columns, class Sums>
DEVICE float largestOf(Sums &sums, int i, int half, int column) {
  float largest = 0;
  forEachInBlock<Block, Blocks, Stride>(sums, i, half, [&](float &value, int j) {
    if (Columns % Sums::width == 0 || column + j < Columns)
      largest = larger(largest, magnitude(value));
  });
  largest = larger(largest, fromLane<1>(largest));
  return larger(largest, fromLane<2>(largest));
}

/// Leaves those of a warpgroup that has part of a block for the other that has it: its rows begin with `row`
/// of the tile, it is number `part` of the warpgroups side by side.
template <int Stride, int Columns, class Sums, class Maxima>
DEVICE void depositMaxima(Sums &sums, Maxima &maxima, int part, int row, int column) {
  sums.forEachRow([&](int i, int half, int laneRow) {
    const float largest = largestOf<0, 1, Stride, Columns>(sums, i, half, column);
    if (laneId() % 4 == 0)
      maxima.of[part][row + laneRow] = largest;
  });
  asm volatile("bar.warp.sync 0xffffffff;" ::: "memory"); // what its lanes wrote is before a warp's arrival
}

/// Writes the scales of a block of columns, where this group has its first ones, and divides by them:
/// largest(i, half, row) is the largest magnitude there.
template <int Largest, int Block, int Blocks, int Stride, int Columns, class Sums, class Places, class Find>
DEVICE void quantiseBlock(Sums &sums, const Places &places, int column, float smallest, Find largest) {
  constexpr int blocks = (Columns / Stride + scaledColumns - 1) / scaledColumns;
  constexpr float largestNumber = 3.402823466e38f;
  const int block = column / (Stride * scaledColumns) + Block;
  const bool writes = column % (Stride * scaledColumns) == 0 && laneId() % 4 == 0 && block < blocks;
  sums.forEachRow([&](int i, int half, int laneRow) {
    const float scale =
        smaller(larger(largest(i, half, laneRow), smallest), largestNumber) * (1.0f / Largest);
    if (writes)
      places.store(2 * i + half, block, scale);
    const Quantise<Largest> quantise{1 / scale};
    forEachInBlock<Block, Blocks, Stride>(sums, i, half, [&](float &value, int) { value = quantise(value); });
  });
}

/// Of groups that have part of a block each: its maximum is the largest of what they have left.
template <int Largest, int Stride, int Columns, class Sums, class Places, int Groups, int Rows>
DEVICE void quantiseBlocks(Sums &sums, const Places &places, const RowMaxima<Groups, Rows> &maxima, int part,
                           int row, int column, float smallest) {
  constexpr int sharing = scaledColumns * Stride / Sums::width; // groups of a block
  quantiseBlock<Largest, 0, 1, Stride, Columns>(sums, places, column, smallest, [&](int, int, int laneRow) {
    float largest = 0;
#pragma unroll
    for (int group = 0; group < sharing; ++group)
      largest = larger(largest, maxima.of[part / sharing * sharing + group][row + laneRow]);
    return largest;
  });
}

/// Of groups that have whole blocks.
template <int Largest, int Stride, int Columns, int Block = 0, class Sums, class Places>
DEVICE void quantiseBlocks(Sums &sums, const Places &places, int column, float smallest) {
  constexpr int blocks = Sums::width / (scaledColumns * Stride);
  quantiseBlock<Largest, Block, blocks, Stride, Columns>(
      sums, places, column, smallest,
      [&](int i, int half, int) { return largestOf<Block, blocks, Stride, Columns>(sums, i, half, column); });
  if constexpr (Block + 1 < blocks)
    quantiseBlocks<Largest, Stride, Columns, Block + 1>(sums, places, column, smallest);
}

} // namespace
