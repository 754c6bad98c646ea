
// What a lane holds of sums, and the steps between them and the output, for CDNA3 and CDNA4.

namespace {

/// A lane's share of the sums of Down x Across instructions: rows of the left operand, which are output
/// columns, by rows of the right one, which are output rows. In each block of four rows a lane holds one
/// column: element e is row 4 * (lane / size) + e % 4 + 4 * (e / 4) * (64 / size).
template <class Mma, int Down, int Across>
struct LaneSums {
  static constexpr int size = Mma::size;
  static constexpr int quads = size * size / waveSize / 4; // runs of four rows in a lane
  static constexpr int quadCount = Down * Across * quads;

  typename Mma::Accumulator parts[Down][Across] = {};

  /// The first row of that run of four in row block i.
  DEVICE int rowOf(int i, int quad) { return i * size + quad * (4 * waveSize / size) + laneId() / size * 4; }
  /// Calls visit(part, first element in it, row, column) for each run of four rows that this lane holds.
  template <class Visit>
  __device__ void forEachQuad(Visit visit) {
#pragma unroll
    for (int i = 0; i < Down; ++i)
      visitRow(i, visit);
  }
  /// The same a row of instructions at a time, for visits that load or compute much: the compiler would begin
  /// more of them at once than registers hold.
  template <class Visit>
  __device__ void forEachQuadInTurn(Visit visit) {
#pragma unroll
    for (int i = 0; i < Down; ++i) {
      visitRow(i, visit);
      schedulingFence();
    }
  }
  template <class Visit>
  __device__ void visitRow(int i, Visit visit) {
#pragma unroll
    for (int j = 0; j < Across; ++j)
#pragma unroll
      for (int quad = 0; quad < quads; ++quad)
        visit(parts[i][j], 4 * quad, rowOf(i, quad), j * size + laneId() % size);
  }
};

template <class Mma, int Down, int Across>
struct EpilogueSteps : LaneSums<Mma, Down, Across> {
  using Sums = LaneSums<Mma, Down, Across>;
  using Sums::parts, Sums::size;

  template <class Function>
  __device__ void map(Function function) {
    this->forEachQuadInTurn([&](auto &part, int first, int, int) {
#pragma unroll
      for (int e = 0; e < 4; ++e)
        part[first + e] = function(part[first + e]);
    });
  }

  /// Adds bias[column + i] to row i of the sums, which is an output column; the bias has Columns elements.
  template <int Columns, class Element>
  __device__ void addBiasDown(const Element *bias, int column) {
    const GlobalRows<Element, Columns> row(bias, 0, 1, 1); // zero past its end
    this->forEachQuadInTurn([&](auto &part, int first, int i, int) {
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const int offset = (column + i + e) * bytesOf<Element>;
        const unsigned short value = __builtin_amdgcn_raw_buffer_load_b16(row.buffer, offset, 0, 0);
        part[first + e] += static_cast<float>(__builtin_bit_cast(Element, value));
      }
    });
  }

  /// Multiplies row i of the sums, which is an output column, by scales[column + i] of Columns, in parts of
  /// Each.
  template <int Columns, int Each = Columns>
  __device__ void scaleDown(const float *scales, int column) {
    const GlobalRows<float, Columns> row(scales, 0, 1, 1);
    this->forEachQuadInTurn([&](auto &part, int first, int i, int) {
      const auto factors = loadScales<Each>(row, column + i);
#pragma unroll
      for (int e = 0; e < 4; ++e)
        part[first + e] *= factors[e];
    });
  }

  /// Multiplies column j of the sums, which is an output row, by the scale of row + j.
  template <class Rows>
  __device__ void scaleColumns(const Rows &scales, int row) {
#pragma unroll
    for (int j = 0; j < Across; ++j) {
      const float factor = loadScale(scales, row + j * size + laneId() % size);
#pragma unroll
      for (int i = 0; i < Down; ++i)
        parts[i][j] *= factor;
    }
    schedulingFence(); // what follows would load before the factors are used up
  }

  /// Of each pair of rows, which are output columns: gate(first) * second, in the first.
  template <class Gate>
  __device__ void gateDown(Gate gate) {
    this->forEachQuad([&](auto &part, int first, int, int) {
#pragma unroll
      for (int e = 0; e < 4; e += 2)
        part[first + e] = gate(part[first + e]) * part[first + e + 1];
    });
  }

  /// Adds the element at (row + j, column + i) of the matrix to element (i, j) of the sums.
  template <class Element, int Pitch>
  __device__ void addTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    addRuns<4, 1>(matrix, row, column);
  }
  /// Adds the element at (row + j, (column + i) / 2) to the even rows i.
  template <class Element, int Pitch>
  __device__ void addHalvedTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    addRuns<2, 2>(matrix, row, column);
  }
  template <int Length, int Stride, class Element, int Pitch>
  __device__ void addRuns(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    this->forEachQuadInTurn([&](auto &part, int first, int i, int j) {
      const auto run = loadRun<Length>(matrix, row + j, (column + i) / Stride);
#pragma unroll
      for (int e = 0; e < Length; ++e)
        part[first + e * Stride] += static_cast<float>(run[e]);
    });
  }
};

} // namespace
