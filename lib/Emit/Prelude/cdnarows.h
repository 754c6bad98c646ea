
// Steps that look along the rows of the output, for CDNA3 and CDNA4.

namespace {

/// What another lane holds.
DEVICE float fromLane(float value, int lane) {
  return __builtin_bit_cast(float, __builtin_amdgcn_ds_bpermute(4 * lane, __builtin_bit_cast(int, value)));
}

template <class Mma, int Down, int Across>
struct RowSteps : EpilogueSteps<Mma, Down, Across> {
  using Sums = LaneSums<Mma, Down, Across>;
  using Sums::parts, Sums::quads, Sums::size;

  /// Turns each pair of rows, which are output columns, by the angle of the position of their column's row;
  /// below column Rotated, where heads of HeadColumns are. The table has the cosine and the sine of each pair
  /// of a head for so many positions; others count as zeros.
  template <int HeadColumns, int Rotated, int Positions>
  __device__ void rotateDown(const GlobalRows<int, 1> &positions, int row, const float *table, int column) {
    const GlobalRows<float, HeadColumns> angles(table, 0, Positions, Positions);
#pragma unroll
    for (int j = 0; j < Across; ++j) {
      const unsigned position = __builtin_amdgcn_raw_buffer_load_b32(
          positions.buffer, (row + j * size + laneId() % size) * bytesOf<int>, 0, 0);
#pragma unroll
      for (int i = 0; i < Down; ++i)
#pragma unroll
        for (int quad = 0; quad < quads; ++quad) {
          const int place = column + this->rowOf(i, quad);
          const bool turned = place < Rotated; // a branch would take registers for both ways
          const int offset = (position * HeadColumns + place % HeadColumns) * bytesOf<float>;
          auto angle = __builtin_bit_cast(
              Vector<float, 4>, __builtin_amdgcn_raw_buffer_load_b128(
                                    angles.buffer, turned && position < Positions ? offset : outside, 0, 0));
          if (!turned)
            angle = {1, 0, 1, 0};
#pragma unroll
          for (int e = 4 * quad; e < 4 * quad + 4; e += 2) {
            const Vector<float, 2> pair = {parts[i][j][e], parts[i][j][e + 1]};
            const Vector<float, 2> across = {-pair[1], pair[0]};
            const Vector<float, 2> result = pair * angle[e % 4] + across * angle[e % 4 + 1];
            parts[i][j][e] = result[0];
            parts[i][j][e + 1] = result[1];
          }
          if (quads > 1 && quad == quads - 1)
            schedulingFence(); // 64 registers of angles for four instructions of 32 rows
        }
      schedulingFence(); // or the compiler asks for the angles of all rows at once
    }
  }

  /// Writes the sum of squares of each column of the sums, which is an output row, as element (row + j,
  /// column / width), where the sums are `width` output columns wide. Columns at or past Columns do not
  /// count.
  template <int Columns, int Pitch>
  __device__ void storeSquaresDown(const GlobalRows<float, Pitch> &matrix, int row, int column) {
    float squares[Across] = {};
    this->forEachQuad([&](auto &part, int first, int i, int j) {
#pragma unroll
      for (int e = 0; e < 4; ++e)
        if (Columns % (Down * size) == 0 || column + i + e < Columns)
          squares[j / size] += part[first + e] * part[first + e];
    });
    const int to = column / (Down * size);
#pragma unroll
    for (int j = 0; j < Across; ++j) {
      // Lanes with one place in the instruction's rows hold parts of one row; all of them end with its sum.
#pragma unroll
      for (int step = size; step < waveSize; step *= 2)
        squares[j] += fromLane(squares[j], laneId() ^ step);
      const int offset = ((row + j * size + laneId() % size) * Pitch + to) * bytesOf<float>;
      __builtin_amdgcn_raw_buffer_store_b32(__builtin_bit_cast(unsigned, squares[j]), matrix.buffer,
                                            laneId() < size && to < Pitch ? offset : outside, 0, 0);
    }
  }
};

} // namespace
