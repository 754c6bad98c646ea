
// Operand registers of mma.sync, for sm_80 and later.

namespace {

/// Four 8 x 8 matrices; lane l gives the address of row l % 8 of matrix l / 8.
DEVICE void loadMatrices(unsigned (&to)[4], unsigned row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(row)
               : "memory");
}
DEVICE void loadMatrices(unsigned (&to)[2], unsigned row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
               : "=r"(to[0]), "=r"(to[1])
               : "r"(row)
               : "memory");
}

/// The same, and a lane gets two elements of a column in place of two of a row.
DEVICE void loadTransposed(unsigned (&to)[4], unsigned row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(row)
               : "memory");
}
DEVICE void loadTransposed(unsigned (&to)[2], unsigned row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(to[0]), "=r"(to[1])
               : "r"(row)
               : "memory");
}

/// Layouts repeat every eight rows: so many rows further on, the same chunk is so many bytes further on. One
/// address and constants then serve many loads.
template <class Tile>
DEVICE constexpr int rowsFurther(int rows) {
  return rows * Tile::rowBytes;
}

/// The first operands of CountDown x CountDeep instructions, of 16 rows each.
template <class Mma, int CountDown, int CountDeep = 1>
struct LeftOperands {
  unsigned parts[CountDown][CountDeep][4];

  LeftOperands() = default;
  template <class Tile>
  __device__ LeftOperands(Tile &tile, int row, int k) {
    load(tile, row, k);
  }
  template <class Tile>
  __device__ void load(Tile &tile, int row, int k) {
#pragma unroll
    for (int j = 0; j < CountDeep; ++j) {
      const unsigned first = sharedAddress(
          &tile.at(row + laneId() % 16, k / lengthOf<typename Mma::Element> + j * 2 + laneId() / 16));
#pragma unroll
      for (int i = 0; i < CountDown; ++i)
        loadMatrices(parts[i][j], first + rowsFurther<Tile>(i * 16));
    }
  }

  /// From a tile whose rows are k.
  template <class Tile>
  __device__ LeftOperands(Tile &tile, int row, int k, Across) {
    load(tile, row, k, Across{});
  }
  template <class Tile>
  __device__ void load(Tile &tile, int row, int k, Across) {
    const TurnedPlace lane = leftPlace(laneId());
#pragma unroll
    for (int i = 0; i < CountDown; ++i) {
      const unsigned first = sharedAddress(&tile.at(lane.depth, (row + i * 16 + lane.row) / chunkLength));
#pragma unroll
      for (int j = 0; j < CountDeep; ++j)
        loadTransposed(parts[i][j], first + rowsFurther<Tile>(k + j * 16));
    }
  }

  /// Weights from global memory straight to registers; every element is used once.
  template <int Pitch, class... Checks>
  __device__ LeftOperands(const GlobalRows<typename Mma::Element, Pitch> &matrix, int row, int k,
                          Checks... checks) {
    load(matrix, row, k, checks...);
  }
  template <int Pitch, class... Checks>
  __device__ void load(const GlobalRows<typename Mma::Element, Pitch> &matrix, int row, int k,
                       Checks... checks) {
    static_assert(CountDeep % 2 == 0, "a load fills the operands of two instructions");
    constexpr int depth = 2 * lengthOf<typename Mma::Element>; // of an instruction
#pragma unroll
    for (int j = 0; j < CountDeep; j += 2)
#pragma unroll
      for (int i = 0; i < CountDown; ++i) {
        const Chunk upper = loadOperand<Reuse::None>(matrix, row + i * 16, k, j * depth, checks...);
        const Chunk lower = loadOperand<Reuse::None>(matrix, row + i * 16 + 8, k, j * depth, checks...);
#pragma unroll
        for (int part = 0; part < 2; ++part) {
          parts[i][j + part][0] = upper.words[2 * part];
          parts[i][j + part][1] = lower.words[2 * part];
          parts[i][j + part][2] = upper.words[2 * part + 1];
          parts[i][j + part][3] = lower.words[2 * part + 1];
        }
      }
  }
};

/// The second operands: rows of the weights, eight to an instruction, fetched for two instructions at a time.
template <class Mma, int CountDown, int CountDeep = 1>
struct RightOperands {
  using Element = typename Mma::Element;
  static constexpr int rows = CountDown * 8, laneRows = CountDown;

  unsigned parts[CountDown][CountDeep][2];

  /// The row of row block i that this lane loads.
  DEVICE int laneRow(int i) { return i * 8 + rowOfLane(); }

  RightOperands() = default;
  template <class Tile>
  __device__ RightOperands(Tile &tile, int row, int k) {
    load(tile, row, k);
  }
  template <class Tile>
  __device__ void load(Tile &tile, int row, int k) {
    const int lane = laneId();
#pragma unroll
    for (int j = 0; j < CountDeep; ++j) {
      const unsigned first = sharedAddress(
          &tile.at(row + lane / 16 * 8 + lane % 8, k / lengthOf<Element> + j * 2 + lane / 8 % 2));
#pragma unroll
      for (int i = 0; i + 1 < CountDown; i += 2) {
        unsigned pair[4];
        loadMatrices(pair, first + rowsFurther<Tile>(i * 8));
        putPair(i, j, pair);
      }
      if (CountDown % 2 != 0)
        loadMatrices(parts[CountDown - 1][j], first + rowsFurther<Tile>((CountDown - 1) * 8));
    }
  }
  __device__ void putPair(int i, int j, const unsigned (&pair)[4]) {
    parts[i][j][0] = pair[0];
    parts[i][j][1] = pair[1];
    parts[i + 1][j][0] = pair[2];
    parts[i + 1][j][1] = pair[3];
  }

  /// From a tile whose rows are k.
  template <class Tile>
  __device__ RightOperands(Tile &tile, int row, int k, Across) {
    load(tile, row, k, Across{});
  }
  template <class Tile>
  __device__ void load(Tile &tile, int row, int k, Across) {
    const TurnedPlace lane = rightPlace(laneId());
    auto place = [&](int operandRow) {
      return sharedAddress(&tile.at(lane.depth, operandRow / chunkLength)) + rowsFurther<Tile>(k);
    };
#pragma unroll
    for (int i = 0; i + 1 < CountDown; i += 2) {
      const unsigned first = place(row + i * 8 + lane.row);
#pragma unroll
      for (int j = 0; j < CountDeep; ++j) {
        unsigned pair[4];
        loadTransposed(pair, first + rowsFurther<Tile>(j * 16));
        putPair(i, j, pair);
      }
    }
    if (CountDown % 2 != 0) {
      const unsigned first = place(row + (CountDown - 1) * 8);
#pragma unroll
      for (int j = 0; j < CountDeep; ++j)
        loadTransposed(parts[CountDown - 1][j], first + rowsFurther<Tile>(j * 16));
    }
  }

  /// Activations from global memory; other workgroups of the multiprocessor read them too.
  template <int Pitch, class... Checks>
  __device__ RightOperands(const GlobalRows<Element, Pitch> &matrix, int row, int k, Checks... checks) {
    fetch(matrix, row, k, checks...);
  }
  template <int Pitch, class... Checks>
  __device__ void load(const GlobalRows<Element, Pitch> &matrix, int row, int k, Checks... checks) {
    fetch(matrix, row, k, checks...);
  }
  /// The same rows from wherever they stand, all of the tile.
  template <int Pitch, class... Checks>
  __device__ RightOperands(const GatheredRows<RightOperands, Pitch> &matrix, int row, int k,
                           Checks... checks) {
    fetch(matrix, row, k, checks...);
  }
  template <int Pitch, class... Checks>
  __device__ void load(const GatheredRows<RightOperands, Pitch> &matrix, int row, int k, Checks... checks) {
    fetch(matrix, row, k, checks...);
  }
  template <class Matrix, class... Checks>
  __device__ void fetch(const Matrix &matrix, int row, int k, Checks... checks) {
    static_assert(CountDeep % 2 == 0, "a load fills the operands of two instructions");
    constexpr int depth = 2 * lengthOf<typename Mma::Element>; // of an instruction
#pragma unroll
    for (int j = 0; j < CountDeep; j += 2)
#pragma unroll
      for (int i = 0; i < CountDown; ++i) {
        const Chunk words = loadOperand<Reuse::Some>(matrix, row + i * 8, k, j * depth, checks...);
#pragma unroll
        for (int part = 0; part < 2; ++part) {
          parts[i][j + part][0] = words.words[2 * part];
          parts[i][j + part][1] = words.words[2 * part + 1];
        }
      }
  }
};

} // namespace
