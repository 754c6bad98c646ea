
// Operand registers of mma.sync, for sm_80 and later.

namespace {

/// Four 8 x 8 matrices; lane l gives the address of row l % 8 of matrix l / 8.
DEVICE void loadMatrices(unsigned (&to)[4], const Chunk &row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(sharedAddress(&row))
               : "memory");
}
DEVICE void loadMatrices(unsigned (&to)[2], const Chunk &row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
               : "=r"(to[0]), "=r"(to[1])
               : "r"(sharedAddress(&row))
               : "memory");
}

/// The same, and a lane gets two elements of a column in place of two of a row.
DEVICE void loadTransposed(unsigned (&to)[4], const Chunk &row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(sharedAddress(&row))
               : "memory");
}
DEVICE void loadTransposed(unsigned (&to)[2], const Chunk &row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(to[0]), "=r"(to[1])
               : "r"(sharedAddress(&row))
               : "memory");
}

/// The first operands of CountDown x CountDeep instructions, of 16 rows each.
template <class Mma, int CountDown, int CountDeep>
struct LeftOperands {
  unsigned parts[CountDown][CountDeep][4];

  template <class Tile>
  __device__ LeftOperands(Tile &tile, int row, int k) {
    load(tile, row, k);
  }
  template <class Tile>
  __device__ void load(Tile &tile, int row, int k) {
#pragma unroll
    for (int i = 0; i < CountDown; ++i)
#pragma unroll
      for (int j = 0; j < CountDeep; ++j)
        loadMatrices(parts[i][j],
                     tile.at(row + i * 16 + laneId() % 16, k / chunkLength + j * 2 + laneId() / 16));
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
    for (int i = 0; i < CountDown; ++i)
#pragma unroll
      for (int j = 0; j < CountDeep; ++j)
        loadTransposed(parts[i][j],
                       tile.at(k + j * 16 + lane.depth, (row + i * 16 + lane.row) / chunkLength));
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
template <class Mma, int CountDown, int CountDeep>
struct RightOperands {
  using Element = typename Mma::Element;
  static constexpr int rows = CountDown * 8, laneRows = CountDown;

  unsigned parts[CountDown][CountDeep][2];

  /// The row of row block i that this lane loads.
  DEVICE int laneRow(int i) { return i * 8 + laneId() / 4; }

  template <class Tile>
  __device__ RightOperands(Tile &tile, int row, int k) {
    load(tile, row, k);
  }
  template <class Tile>
  __device__ void load(Tile &tile, int row, int k) {
    const int lane = laneId();
#pragma unroll
    for (int j = 0; j < CountDeep; ++j) {
#pragma unroll
      for (int i = 0; i + 1 < CountDown; i += 2) {
        unsigned pair[4];
        loadMatrices(pair,
                     tile.at(row + i * 8 + lane / 16 * 8 + lane % 8, k / chunkLength + j * 2 + lane / 8 % 2));
        parts[i][j][0] = pair[0];
        parts[i][j][1] = pair[1];
        parts[i + 1][j][0] = pair[2];
        parts[i + 1][j][1] = pair[3];
      }
      if (CountDown % 2 != 0)
        loadMatrices(parts[CountDown - 1][j],
                     tile.at(row + (CountDown - 1) * 8 + lane % 8, k / chunkLength + j * 2 + lane / 8 % 2));
    }
  }

  /// From a tile whose rows are k.
  template <class Tile>
  __device__ RightOperands(Tile &tile, int row, int k, Across) {
    load(tile, row, k, Across{});
  }
  template <class Tile>
  __device__ void load(Tile &tile, int row, int k, Across) {
    const TurnedPlace lane = rightPlace(laneId());
#pragma unroll
    for (int j = 0; j < CountDeep; ++j) {
#pragma unroll
      for (int i = 0; i + 1 < CountDown; i += 2) {
        unsigned pair[4];
        loadTransposed(pair, tile.at(k + j * 16 + lane.depth, (row + i * 8 + lane.row) / chunkLength));
        parts[i][j][0] = pair[0];
        parts[i][j][1] = pair[1];
        parts[i + 1][j][0] = pair[2];
        parts[i + 1][j][1] = pair[3];
      }
      if (CountDown % 2 != 0)
        loadTransposed(parts[CountDown - 1][j],
                       tile.at(k + j * 16 + lane.depth, (row + (CountDown - 1) * 8) / chunkLength));
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
