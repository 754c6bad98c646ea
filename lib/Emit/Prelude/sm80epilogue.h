
// What a lane holds of sums, and the steps between them and the output, for sm_80 and later.

namespace {

/// The value of the lane whose number differs in these bits.
template <int Bits>
DEVICE float fromLane(float value) {
  float other;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;" : "=f"(other) : "f"(value), "n"(Bits));
  return other;
}
/// The value of the lane that holds the next row of an operand, if this row is even, or the one before.
DEVICE float fromNeighbourRow(float value) {
  return fromLane<4>(value);
}

/// An element of a matrix; zero outside.
template <class Element, int Pitch>
DEVICE float valueAt(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
  const bool inside = row < matrix.count && column < Pitch;
  return inside ? widen(matrix.first[static_cast<long long>(row) * Pitch + column]) : 0;
}

/// A lane's share of the sums of Down x Across instructions of Rows x Columns: of each eight columns two
/// neighbours, of rows that are eight apart.
template <int Rows, int Columns, int Down, int Across>
struct LaneSums {
  static constexpr int down = Down, across = Across, instructionRows = Rows, instructionColumns = Columns;
  static constexpr int width = Across * Columns, pairCount = Down * Across * Columns / 4;

  float parts[Down][Across][Columns / 2] = {};

  /// Calls visit(value, value to its right, column) for what the lane has of one of its rows.
  template <class Visit>
  __device__ void forEachInRow(int i, int half, Visit visit) {
#pragma unroll
    for (int j = 0; j < Across; ++j)
#pragma unroll
      for (int eight = 0; eight < Columns / 8; ++eight)
        visit(parts[i][j][4 * eight + 2 * half], parts[i][j][4 * eight + 2 * half + 1],
              j * Columns + eight * 8 + laneInRow() * 2);
  }
  /// Calls visit(i, half, row) for each of the lane's rows.
  template <class Visit>
  __device__ void forEachRow(Visit visit) {
    const int first = threadId() % (2 * Rows) / waveSize * 16 + rowOfLane(); // a warp has 16 rows
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int half = 0; half < 2; ++half)
        visit(i, half, first + i * Rows + half * 8);
  }
  /// Calls visit(value, value to its right, row, column) for all that the lane has.
  template <class Visit>
  __device__ void forEachPair(Visit visit) {
    const int first = threadId() % (2 * Rows) / waveSize * 16 + rowOfLane();
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int eight = 0; eight < Columns / 8; ++eight)
#pragma unroll
          for (int half = 0; half < 2; ++half)
            visit(parts[i][j][4 * eight + 2 * half], parts[i][j][4 * eight + 2 * half + 1],
                  first + i * Rows + half * 8, j * Columns + eight * 8 + laneInRow() * 2);
  }
};

template <int... Shape>
struct EpilogueSteps : LaneSums<Shape...> {
  template <class Function>
  __device__ void map(Function function) {
    this->forEachPair([&](float &left, float &right, int, int) {
      left = function(left);
      right = function(right);
    });
  }

  /// Adds bias[column + j] to column j of the sums; the bias has Columns elements.
  template <int Columns, class Element>
  __device__ void addBiasAcross(const Element *bias, int column) {
    this->forEachPair([&](float &left, float &right, int, int j) {
      if (column + j < Columns)
        left += widen(bias[column + j]);
      if (column + j + 1 < Columns)
        right += widen(bias[column + j + 1]);
    });
  }
  /// The same where pairs of columns start at multiples of 4 bytes: one load for each. Rows inside, so that
  /// the registers hold it beside the sums.
  template <int Columns, class Element>
  __device__ void addBiasPairs(const Element *bias, int column) {
    using Sums = LaneSums<Shape...>;
#pragma unroll
    for (int j = 0; j < Sums::across; ++j)
#pragma unroll
      for (int eight = 0; eight < Sums::instructionColumns / 8; ++eight) {
        const int place = column + j * Sums::instructionColumns + eight * 8 + laneInRow() * 2;
        const unsigned pair = place < Columns ? *reinterpret_cast<const unsigned *>(bias + place) : 0;
        const float first = widen(Element{static_cast<unsigned short>(pair)}),
                    second = widen(Element{static_cast<unsigned short>(pair >> 16)});
        this->forEachRow([&](int i, int half, int) {
          this->parts[i][j][4 * eight + 2 * half] += first;
          this->parts[i][j][4 * eight + 2 * half + 1] += second;
        });
      }
  }

  /// Multiplies column j of the sums by scales[column + j] of Columns.
  template <int Columns>
  __device__ void scaleAcross(const float *scales, int column) {
    this->forEachPair([&](float &left, float &right, int, int j) {
      if (column + j < Columns)
        left *= scales[column + j];
      if (column + j + 1 < Columns)
        right *= scales[column + j + 1];
    });
  }
  /// Row i by the scale of row + i: two loads for each row of instructions, before the products.
  template <class Rows>
  __device__ void scaleRows(const Rows &scales, int row) {
    float factors[LaneSums<Shape...>::down][2];
    this->forEachRow(
        [&](int i, int half, int laneRow) { factors[i][half] = loadScale(scales, row + laneRow); });
    this->forEachRow([&](int i, int half, int) {
      this->forEachInRow(i, half, [&](float &left, float &right, int) {
        left *= factors[i][half];
        right *= factors[i][half];
      });
    });
  }

  /// Multiplies row i of the sums, which is an output column, by scales[column + i] of Columns.
  template <int Columns>
  __device__ void scaleDown(const float *scales, int column) {
    this->forEachRow([&](int i, int half, int laneRow) {
      const float scale = column + laneRow < Columns ? scales[column + laneRow] : 0;
      this->forEachInRow(i, half, [&](float &left, float &right, int) {
        left *= scale;
        right *= scale;
      });
    });
  }
  /// Multiplies column j of the sums, which is an output row, by the scale of row + j.
  template <class Rows>
  __device__ void scaleColumns(const Rows &scales, int row) {
    using Sums = LaneSums<Shape...>;
#pragma unroll
    for (int j = 0; j < Sums::across; ++j)
#pragma unroll
      for (int eight = 0; eight < Sums::instructionColumns / 8; ++eight) {
        const int place = row + j * Sums::instructionColumns + eight * 8 + laneInRow() * 2;
        const float first = loadScale(scales, place), second = loadScale(scales, place + 1);
        this->forEachRow([&](int i, int half, int) {
          this->parts[i][j][4 * eight + 2 * half] *= first;
          this->parts[i][j][4 * eight + 2 * half + 1] *= second;
        });
      }
  }

  /// Adds bias[column + i] to row i of the sums, which is an output column; the bias has Columns elements.
  template <int Columns, class Element>
  __device__ void addBiasDown(const Element *bias, int column) {
    this->forEachRow([&](int i, int half, int laneRow) {
      const float value = column + laneRow < Columns ? widen(bias[column + laneRow]) : 0;
      this->forEachInRow(i, half, [&](float &left, float &right, int) {
        left += value;
        right += value;
      });
    });
  }

  /// Of each pair of columns, gate(first) * second, in the first.
  template <class Gate>
  __device__ void gateAcross(Gate gate) {
    this->forEachPair([&](float &left, float &right, int, int) { left = gate(left) * right; });
  }
  /// The same of each pair of rows, which are output columns and in lanes of neighbouring rows.
  template <class Gate>
  __device__ void gateDown(Gate gate) {
    this->forEachPair([&](float &left, float &right, int, int) {
      const float upLeft = fromNeighbourRow(left), upRight = fromNeighbourRow(right);
      left = gate(left) * upLeft;
      right = gate(right) * upRight;
    });
  }

  /// Adds the element at (row + i, column + j) of the matrix to element (i, j) of the sums. It may be the one
  /// that is written later, so its loads are ordinary ones.
  template <class Element, int Pitch>
  __device__ void addMatrix(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    this->forEachRow([&](int i, int half, int laneRow) {
      if (row + laneRow >= matrix.count)
        return;
      // One address for a row: with one for each pair of columns the sums do not fit in the registers.
      const Element *from = matrix.first + static_cast<long long>(row + laneRow) * Pitch + column;
      this->forEachInRow(i, half, [&](float &left, float &right, int j) {
        if (column + j >= Pitch)
          return;
        if (Pitch % 2 == 0) {
          const unsigned pair = *reinterpret_cast<const unsigned *>(from + j);
          left += widen(Element{static_cast<unsigned short>(pair)});
          right += widen(Element{static_cast<unsigned short>(pair >> 16)});
        } else {
          left += widen(from[j]);
          if (column + j + 1 < Pitch)
            right += widen(from[j + 1]);
        }
      });
    });
  }
  /// Adds the element at (row + i, (column + j) / 2) to the first of each pair of columns.
  template <class Element, int Pitch>
  __device__ void addHalved(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    this->forEachRow([&](int i, int half, int laneRow) {
      if (row + laneRow >= matrix.count)
        return;
      const Element *from = matrix.first + static_cast<long long>(row + laneRow) * Pitch + column / 2;
      this->forEachInRow(i, half, [&](float &left, float &, int j) {
        if (column / 2 + j / 2 < Pitch)
          left += widen(from[j / 2]);
      });
    });
  }
  /// Adds the element at (row + j, column + i) of the matrix to element (i, j) of the sums.
  template <class Element, int Pitch>
  __device__ void addTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    this->forEachPair([&](float &left, float &right, int i, int j) {
      left += valueAt(matrix, row + j, column + i);
      right += valueAt(matrix, row + j + 1, column + i);
    });
  }
  /// Adds the element at (row + j, (column + i) / 2) to the even rows i.
  template <class Element, int Pitch>
  __device__ void addHalvedTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    this->forEachPair([&](float &left, float &right, int i, int j) {
      if (i % 2 != 0)
        return;
      left += valueAt(matrix, row + j, (column + i) / 2);
      right += valueAt(matrix, row + j + 1, (column + i) / 2);
    });
  }
};

} // namespace
