
// Sums and what follows the products, for sm_80 and later.

namespace {

/// The value of the lane that holds the next row of an operand, if this row is even, or the one before.
DEVICE float fromNeighbourRow(float value) {
  float other;
  asm volatile("shfl.sync.bfly.b32 %0, %1, 4, 0x1f, 0xffffffff;" : "=f"(other) : "f"(value));
  return other;
}

/// An element of a matrix; zero outside.
template <class Element, int Pitch>
DEVICE float valueAt(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
  const bool inside = row < matrix.count && column < Pitch;
  return inside ? widen(matrix.first[static_cast<long long>(row) * Pitch + column]) : 0;
}

/// What follows the products. Sums has forEachPair(visit), which calls visit(value, value to its right, row,
/// column) for every pair of neighbours that a lane holds.
template <class Sums>
struct Epilogue {
  __device__ Sums &sums() { return *static_cast<Sums *>(this); }

  template <class Function>
  __device__ void map(Function function) {
    sums().forEachPair([&](float &left, float &right, int, int) {
      left = function(left);
      right = function(right);
    });
  }

  /// Adds bias[column + j] to column j of the sums; the bias has Columns elements.
  template <int Columns, class Element>
  __device__ void addBiasAcross(const Element *bias, int column) {
    sums().forEachPair([&](float &left, float &right, int, int j) {
      if (column + j < Columns)
        left += widen(bias[column + j]);
      if (column + j + 1 < Columns)
        right += widen(bias[column + j + 1]);
    });
  }

  /// Multiplies column j of the sums by scales[column + j] of Columns, row i by the scale of row + i.
  template <int Columns>
  __device__ void scaleAcross(const float *scales, int column) {
    sums().forEachPair([&](float &left, float &right, int, int j) {
      if (column + j < Columns)
        left *= scales[column + j];
      if (column + j + 1 < Columns)
        right *= scales[column + j + 1];
    });
  }
  __device__ void scaleRows(const GlobalRows<float, 1> &scales, int row) {
    sums().forEachPair([&](float &left, float &right, int i, int) {
      const float scale = row + i < scales.count ? scales.first[row + i] : 0;
      left *= scale;
      right *= scale;
    });
  }

  /// Multiplies row i of the sums, which is an output column, by scales[column + i] of Columns.
  template <int Columns>
  __device__ void scaleDown(const float *scales, int column) {
    sums().forEachPair([&](float &left, float &right, int i, int) {
      const float scale = column + i < Columns ? scales[column + i] : 0;
      left *= scale;
      right *= scale;
    });
  }
  /// Multiplies column j of the sums, which is an output row, by the scale of row + j.
  __device__ void scaleColumns(const GlobalRows<float, 1> &scales, int row) {
    sums().forEachPair([&](float &left, float &right, int, int j) {
      left *= row + j < scales.count ? scales.first[row + j] : 0;
      right *= row + j + 1 < scales.count ? scales.first[row + j + 1] : 0;
    });
  }

  /// Adds bias[column + i] to row i of the sums, which is an output column; the bias has Columns elements.
  template <int Columns, class Element>
  __device__ void addBiasDown(const Element *bias, int column) {
    sums().forEachPair([&](float &left, float &right, int i, int) {
      const float value = column + i < Columns ? widen(bias[column + i]) : 0;
      left += value;
      right += value;
    });
  }

  /// Of each pair of columns, gate(first) * second, in the first.
  template <class Gate>
  __device__ void gateAcross(Gate gate) {
    sums().forEachPair([&](float &left, float &right, int, int) { left = gate(left) * right; });
  }
  /// The same of each pair of rows, which are output columns and in lanes of neighbouring rows.
  template <class Gate>
  __device__ void gateDown(Gate gate) {
    sums().forEachPair([&](float &left, float &right, int, int) {
      const float upLeft = fromNeighbourRow(left), upRight = fromNeighbourRow(right);
      left = gate(left) * upLeft;
      right = gate(right) * upRight;
    });
  }

  /// Adds the element at (row + i, column + j) of the matrix to element (i, j) of the sums. It may be the one
  /// that is written later, so its loads are ordinary ones.
  template <class Element, int Pitch>
  __device__ void addMatrix(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    sums().forEachPair([&](float &left, float &right, int i, int j) {
      if (row + i >= matrix.count || column + j >= Pitch)
        return;
      const Element *from = matrix.first + static_cast<long long>(row + i) * Pitch + column + j;
      if (Pitch % 2 == 0) {
        const unsigned pair = *reinterpret_cast<const unsigned *>(from);
        left += widen(Element{static_cast<unsigned short>(pair)});
        right += widen(Element{static_cast<unsigned short>(pair >> 16)});
      } else {
        left += widen(from[0]);
        if (column + j + 1 < Pitch)
          right += widen(from[1]);
      }
    });
  }
  /// Adds the element at (row + i, (column + j) / 2) to the first of each pair of columns.
  template <class Element, int Pitch>
  __device__ void addHalved(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    sums().forEachPair(
        [&](float &left, float &, int i, int j) { left += valueAt(matrix, row + i, (column + j) / 2); });
  }
  /// Adds the element at (row + j, column + i) of the matrix to element (i, j) of the sums.
  template <class Element, int Pitch>
  __device__ void addTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    sums().forEachPair([&](float &left, float &right, int i, int j) {
      left += valueAt(matrix, row + j, column + i);
      right += valueAt(matrix, row + j + 1, column + i);
    });
  }
  /// Adds the element at (row + j, (column + i) / 2) to the even rows i.
  template <class Element, int Pitch>
  __device__ void addHalvedTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    sums().forEachPair([&](float &left, float &right, int i, int j) {
      if (i % 2 != 0)
        return;
      left += valueAt(matrix, row + j, (column + i) / 2);
      right += valueAt(matrix, row + j + 1, (column + i) / 2);
    });
  }

  /// Rounds and writes the first of each pair of columns to half its column. Every other lane takes the value
  /// of its neighbour as well, and writes two.
  template <class Element, int Pitch>
  __device__ void storeHalved(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    sums().forEachPair([&](float &left, float &, int i, int j) {
      float next;
      asm volatile("shfl.sync.bfly.b32 %0, %1, 1, 0x1f, 0xffffffff;" : "=f"(next) : "f"(left));
      const int toColumn = (column + j) / 2;
      if (laneId() % 2 != 0 || row + i >= matrix.count || toColumn >= Pitch)
        return;
      Element *to = matrix.first + static_cast<long long>(row + i) * Pitch + toColumn;
      const unsigned low = roundTo(left, Element{}), high = roundTo(next, Element{});
      if (Pitch % 2 == 0) {
        *reinterpret_cast<unsigned *>(to) = low | high << 16;
      } else {
        to[0].bits = static_cast<unsigned short>(low);
        if (toColumn + 1 < Pitch)
          to[1].bits = static_cast<unsigned short>(high);
      }
    });
  }
  /// Element (i, j) of even i to (row + j, (column + i) / 2).
  template <class Element, int Pitch>
  __device__ void storeHalvedTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    sums().forEachPair([&](float &left, float &right, int i, int j) {
      const int toColumn = (column + i) / 2;
      if (laneId() / 4 % 2 != 0 || toColumn >= Pitch)
        return;
      Element *to = matrix.first + static_cast<long long>(row + j) * Pitch + toColumn;
      if (row + j < matrix.count)
        to[0].bits = roundTo(left, Element{});
      if (row + j + 1 < matrix.count)
        to[Pitch].bits = roundTo(right, Element{});
    });
  }

  /// Rounds and writes to rows [row, ...) and columns [column, ...); outside the matrix nothing is written.
  template <class Element, int Pitch>
  __device__ void store(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    sums().forEachPair([&](float &left, float &right, int i, int j) {
      if (row + i >= matrix.count || column + j >= Pitch)
        return;
      Element *to = matrix.first + (row + i) * Pitch + column + j;
      const unsigned low = roundTo(left, Element{}), high = roundTo(right, Element{});
      if (Pitch % 2 == 0) {
        *reinterpret_cast<unsigned *>(to) = low | high << 16;
      } else {
        to[0].bits = static_cast<unsigned short>(low);
        if (column + j + 1 < Pitch)
          to[1].bits = static_cast<unsigned short>(high);
      }
    });
  }

  /// Rounds and writes element (i, j) of the sums to (row + j, column + i). Lanes of neighbouring rows
  /// exchange one value, so that each writes two neighbouring columns.
  template <class Element, int Pitch>
  __device__ void storeTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    const int odd = laneId() / 4 % 2;
    sums().forEachPair([&](float &left, float &right, int i, int j) {
      const float other = fromNeighbourRow(odd ? left : right);
      const unsigned low = roundTo(odd ? other : left, Element{}),
                     high = roundTo(odd ? right : other, Element{});
      const int toRow = row + j + odd, toColumn = column + i - odd;
      if (toRow >= matrix.count || toColumn >= Pitch)
        return;
      Element *to = matrix.first + static_cast<long long>(toRow) * Pitch + toColumn;
      if (Pitch % 2 == 0) {
        *reinterpret_cast<unsigned *>(to) = low | high << 16;
      } else {
        to[0].bits = static_cast<unsigned short>(low);
        if (toColumn + 1 < Pitch)
          to[1].bits = static_cast<unsigned short>(high);
      }
    });
  }
};

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
struct Accumulators : Epilogue<Accumulators<Mma, Down, Across>> {
  static constexpr int pairCount = Down * Across * 2;

  float parts[Down][Across][4] = {};

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

  template <class Visit>
  __device__ void forEachPair(Visit visit) {
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int half = 0; half < 2; ++half)
          visit(parts[i][j][2 * half], parts[i][j][2 * half + 1], i * 16 + half * 8 + laneId() / 4,
                j * 8 + laneId() % 4 * 2);
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
