
// Steps that look along the rows of the output, for sm_80 and later.

namespace {

/// Cosine and sine of what a pair of columns is turned by.
struct alignas(8) Angle {
  float cosine, sine;
};

/// Angles by a table that has one for each pair of a head of HeadColumns and so many positions; others count
/// as zeros. Columns from Rotated on stay as they are.
template <int HeadColumns, int Rotated, int Positions>
DEVICE Angle angleOf(const float *table, unsigned position, int column) {
  if (column >= Rotated)
    return {1, 0};
  if (position >= static_cast<unsigned>(Positions))
    return {0, 0};
  // In the order of the columns, or the compiler asks for the angles of all of them at once.
  Angle angle;
  asm volatile("ld.global.nc.v2.f32 {%0, %1}, [%2];"
               : "=f"(angle.cosine), "=f"(angle.sine)
               : "l"(table + position * HeadColumns + column % HeadColumns));
  return angle;
}
/// The same without branches, for few of them: all are asked for at once. The column is one of the first
/// eight of sixteen, where tiles and shares begin at multiples of them, or `eight` further on.
template <int HeadColumns, int Rotated, int Positions>
DEVICE Angle angleAtOnce(const float *table, unsigned position, int column, int eight) {
  // Where heads hold them whole, both have one address.
  constexpr bool together = HeadColumns % 16 == 0 && Rotated % 16 == 0;
  const bool rotates = (together ? column : column + eight) < Rotated;
  const float *first = table + position * HeadColumns;
  const float *from =
      together ? first + column % HeadColumns + eight : first + (column + eight) % HeadColumns;
  Angle angle = {rotates ? 0.f : 1.f, 0};
  const bool there = rotates && position < static_cast<unsigned>(Positions);
  asm volatile("{ .reg .pred there; setp.ne.s32 there, %3, 0;\n"
               "@there ld.global.nc.v2.f32 {%0, %1}, [%2]; }"
               : "+f"(angle.cosine), "+f"(angle.sine)
               : "l"(from), "r"(static_cast<int>(there)));
  return angle;
}
DEVICE unsigned positionOf(const GlobalRows<int, 1> &positions, int row) {
  return row < positions.count ? positions.first[row] : 0;
}

template <int... Shape>
struct RowSteps : EpilogueSteps<Shape...> {
  using Sums = LaneSums<Shape...>;

  /// Turns each pair of columns by the angle of the position of its row. Columns outside, rows inside: what a
  /// column is in its head is not kept for other rows.
  template <int HeadColumns, int Rotated, int Positions>
  __device__ void rotateAcross(const GlobalRows<int, 1> &positions, int row, const float *table, int column) {
    // What comes before, such as a bias, is loaded before: the registers do not hold both.
    asm volatile("bar.warp.sync 0xffffffff;" ::: "memory");
    unsigned ofRows[Sums::down][2];
    this->forEachRow(
        [&](int i, int half, int laneRow) { ofRows[i][half] = positionOf(positions, row + laneRow); });
#pragma unroll
    for (int j = 0; j < Sums::across; ++j)
#pragma unroll
      for (int eight = 0; eight < Sums::instructionColumns / 8; ++eight) {
        const int place = column + j * Sums::instructionColumns + eight * 8 + laneInRow() * 2;
        this->forEachRow([&](int i, int half, int) {
          const Angle angle = angleOf<HeadColumns, Rotated, Positions>(table, ofRows[i][half], place);
          float &left = this->parts[i][j][4 * eight + 2 * half],
                &right = this->parts[i][j][4 * eight + 2 * half + 1];
          const float turned = left * angle.cosine - right * angle.sine;
          right = left * angle.sine + right * angle.cosine;
          left = turned;
        });
      }
  }
  /// The same of pairs of rows, which are output columns and in lanes of neighbouring rows.
  template <int HeadColumns, int Rotated, int Positions>
  __device__ void rotateDown(const GlobalRows<int, 1> &positions, int row, const float *table, int column) {
    static_assert(Sums::instructionColumns == 8, "of mma.sync");
    const bool first = rowOfLane() % 2 == 0;
    unsigned ofColumns[Sums::across][2];
#pragma unroll
    for (int j = 0; j < Sums::across; ++j)
#pragma unroll
      for (int e = 0; e < 2; ++e)
        ofColumns[j][e] = positionOf(positions, row + j * 8 + laneInRow() * 2 + e);
#pragma unroll
    for (int i = 0; i < Sums::down; ++i) {
      const int place = (column + i * Sums::instructionRows + rowOfLane()) / 2 * 2;
#pragma unroll
      for (int j = 0; j < Sums::across; ++j)
#pragma unroll
        for (int e = 0; e < 2; ++e)
#pragma unroll
          for (int half = 0; half < 2; ++half) {
            const Angle angle =
                angleAtOnce<HeadColumns, Rotated, Positions>(table, ofColumns[j][e], place, half * 8);
            float &value = this->parts[i][j][2 * half + e];
            const float other = fromNeighbourRow(value);
            value = value * angle.cosine + (first ? -other : other) * angle.sine;
          }
    }
  }

  /// Writes the sum of squares of each row of the sums as element (row + i, column / width); columns at or
  /// past Columns do not count.
  template <int Columns, int Pitch>
  __device__ void storeSquaresAcross(const GlobalRows<float, Pitch> &matrix, int row, int column) {
    const int to = column / Sums::width;
    this->forEachRow([&](int i, int half, int laneRow) {
      float squares = 0;
      this->forEachInRow(i, half, [&](float &left, float &right, int j) {
        if (Columns % Sums::width == 0 || column + j < Columns)
          squares += left * left;
        if (Columns % Sums::width == 0 || column + j + 1 < Columns)
          squares += right * right;
      });
      squares += fromLane<1>(squares); // the four lanes of a row
      squares += fromLane<2>(squares);
      if (laneInRow() == 0 && row + laneRow < matrix.count && to < Pitch)
        matrix.first[static_cast<long long>(row + laneRow) * Pitch + to] = squares;
    });
  }
  /// The same of each column of the sums, which is an output row, where their rows are output columns.
  template <int Columns, int Pitch>
  __device__ void storeSquaresDown(const GlobalRows<float, Pitch> &matrix, int row, int column) {
    constexpr int columns = Sums::down * Sums::instructionRows, across = Sums::across;
    static_assert(Sums::instructionColumns == 8, "of mma.sync");
    float squares[across][2] = {};
#pragma unroll
    for (int j = 0; j < across; ++j)
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        this->forEachRow([&](int i, int half, int laneRow) {
          const float value = this->parts[i][j][2 * half + e];
          if (Columns % columns == 0 || column + laneRow < Columns)
            squares[j][e] += value * value;
        });
        squares[j][e] += fromLane<4>(squares[j][e]); // the eight lanes of a column
        squares[j][e] += fromLane<8>(squares[j][e]);
        squares[j][e] += fromLane<16>(squares[j][e]);
        const int to = row + j * 8 + laneInRow() * 2 + e;
        if (rowOfLane() == 0 && to < matrix.count && column / columns < Pitch)
          matrix.first[static_cast<long long>(to) * Pitch + column / columns] = squares[j][e];
      }
  }
};

} // namespace
