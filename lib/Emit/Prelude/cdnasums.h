
// Sums and what follows the products, for CDNA3 and CDNA4.

namespace {

/// What another lane holds.
DEVICE float fromLane(float value, int lane) {
  return __builtin_bit_cast(float, __builtin_amdgcn_ds_bpermute(4 * lane, __builtin_bit_cast(int, value)));
}

/// Length consecutive elements of a row, 4 or 2; zero outside the matrix. Rows that start at multiples of the
/// run take one access, others one for each element.
template <int Length, class T, int Pitch>
DEVICE Vector<T, Length> loadRun(const GlobalRows<T, Pitch> &matrix, int row, int column) {
  const int offset = (row * Pitch + column) * bytesOf<T>;
  Vector<T, Length> run;
  if constexpr (Pitch % Length != 0) {
#pragma unroll
    for (int e = 0; e < Length; ++e) {
      const int place = column + e < Pitch ? offset + e * bytesOf<T> : outside;
      const unsigned short bits = __builtin_amdgcn_raw_buffer_load_b16(matrix.buffer, place, 0, 0);
      run[e] = __builtin_bit_cast(T, bits);
    }
  } else if constexpr (Length == 4) {
    const auto words =
        __builtin_amdgcn_raw_buffer_load_b64(matrix.buffer, column < Pitch ? offset : outside, 0, 0);
    run = __builtin_bit_cast(Vector<T, 4>, words);
  } else {
    const unsigned word =
        __builtin_amdgcn_raw_buffer_load_b32(matrix.buffer, column < Pitch ? offset : outside, 0, 0);
    run = __builtin_bit_cast(Vector<T, 2>, word);
  }
  return run;
}
/// The same for writing; what lies outside the matrix is dropped.
template <int Length, class T, int Pitch>
DEVICE void storeRun(const GlobalRows<T, Pitch> &matrix, int row, int column, Vector<T, Length> run) {
  const int offset = (row * Pitch + column) * bytesOf<T>;
  if constexpr (Pitch % Length != 0) {
    const auto halves = __builtin_bit_cast(Vector<unsigned short, Length>, run);
#pragma unroll
    for (int e = 0; e < Length; ++e)
      __builtin_amdgcn_raw_buffer_store_b16(halves[e], matrix.buffer,
                                            column + e < Pitch ? offset + e * bytesOf<T> : outside, 0, 0);
  } else if constexpr (Length == 4) {
    const auto words = __builtin_bit_cast(Vector<unsigned, 2>, run);
    __builtin_amdgcn_raw_buffer_store_b64(words, matrix.buffer, column < Pitch ? offset : outside, 0, 0);
  } else {
    __builtin_amdgcn_raw_buffer_store_b32(__builtin_bit_cast(unsigned, run), matrix.buffer,
                                          column < Pitch ? offset : outside, 0, 0);
  }
}

/// The same of fp32, which is stored as it is.
template <int Length, int Pitch>
DEVICE Vector<float, Length> loadRun(const GlobalRows<float, Pitch> &matrix, int row, int column) {
  const int offset = (row * Pitch + column) * bytesOf<float>;
  if constexpr (Pitch % Length == 0 && Length == 4) {
    const auto words =
        __builtin_amdgcn_raw_buffer_load_b128(matrix.buffer, column < Pitch ? offset : outside, 0, 0);
    return __builtin_bit_cast(Vector<float, 4>, words);
  } else {
    Vector<float, Length> run;
#pragma unroll
    for (int e = 0; e < Length; ++e)
      run[e] = loadFloat(matrix.buffer, column + e < Pitch ? offset + e * bytesOf<float> : outside);
    return run;
  }
}
template <int Length, int Pitch>
DEVICE void storeRun(const GlobalRows<float, Pitch> &matrix, int row, int column, Vector<float, Length> run) {
  const int offset = (row * Pitch + column) * bytesOf<float>;
  const auto words = __builtin_bit_cast(Vector<unsigned, Length>, run);
  if constexpr (Pitch % Length == 0 && Length == 4) {
    __builtin_amdgcn_raw_buffer_store_b128(words, matrix.buffer, column < Pitch ? offset : outside, 0, 0);
  } else {
#pragma unroll
    for (int e = 0; e < Length; ++e)
      __builtin_amdgcn_raw_buffer_store_b32(words[e], matrix.buffer,
                                            column + e < Pitch ? offset + e * bytesOf<float> : outside, 0, 0);
  }
}

/// The sums of one wave: Down x Across instructions, rows of the left operand by rows of the right one. In
/// each block of four rows a lane holds one column: element e is row 4 * (lane / size) + e % 4 + 4 * (e / 4)
/// * (64 / size).
template <class Mma, int Down, int Across>
struct Accumulators {
  static constexpr int size = Mma::size;
  static constexpr int quads = size * size / waveSize / 4; // runs of four rows in a lane
  static constexpr int quadCount = Down * Across * quads;

  typename Mma::Accumulator parts[Down][Across] = {};

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

  template <class Function>
  __device__ void map(Function function) {
    forEachQuadInTurn([&](auto &part, int first, int, int) {
#pragma unroll
      for (int e = 0; e < 4; ++e)
        part[first + e] = function(part[first + e]);
    });
  }

  /// Writes what this lane holds to its wave's slot, beside what its neighbours hold.
  template <class Slot, int Waves>
  __device__ void deposit(Slot (&slots)[Waves]) {
    int next = laneId();
    forEachQuad([&](auto &part, int first, int, int) {
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
    forEachQuad([&](auto &part, int first, int, int) {
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

  /// Adds bias[column + i] to row i of the sums, which is an output column; the bias has Columns elements.
  template <int Columns, class Element>
  __device__ void addBiasDown(const Element *bias, int column) {
    const GlobalRows<Element, Columns> row(bias, 0, 1, 1); // zero past its end
    forEachQuadInTurn([&](auto &part, int first, int i, int) {
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
    forEachQuadInTurn([&](auto &part, int first, int i, int) {
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
    forEachQuad([&](auto &part, int first, int, int) {
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
    forEachQuadInTurn([&](auto &part, int first, int i, int j) {
      const auto run = loadRun<Length>(matrix, row + j, (column + i) / Stride);
#pragma unroll
      for (int e = 0; e < Length; ++e)
        part[first + e * Stride] += static_cast<float>(run[e]);
    });
  }

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
          const int place = column + rowOf(i, quad);
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
    forEachQuad([&](auto &part, int first, int i, int j) {
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

  /// Rounds and writes element (i, j) of the sums to (row + j, column + i); outside the matrix nothing is
  /// written.
  template <class Element, int Pitch>
  __device__ void storeTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    forEachQuad([&](auto &part, int first, int i, int j) {
      const Vector<float, 4> quad = {part[first], part[first + 1], part[first + 2], part[first + 3]};
      storeRun(matrix, row + j, column + i, rounded<Element>(quad));
    });
  }
  /// Rounds and writes the even rows i of the sums to (row + j, (column + i) / 2).
  template <class Element, int Pitch>
  __device__ void storeHalvedTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    forEachQuad([&](auto &part, int first, int i, int j) {
      const Vector<float, 2> pair = {part[first], part[first + 2]};
      storeRun(matrix, row + j, (column + i) / 2, rounded<Element>(pair));
    });
  }
};

} // namespace
