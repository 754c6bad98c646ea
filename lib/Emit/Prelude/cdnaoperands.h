
// Operands of matrix instructions in registers, from LDS or global memory, for CDNA3 and CDNA4.

namespace {

/// Operands of CountDown instructions by CountDeep reads of 16 bytes of a row in each lane: two instructions
/// each, one of 16-bit operands on gfx950, or half of one of 8-bit operands there. Both operands take k in
/// the same order, so the order does not matter.
template <class Mma, int CountDown, int CountDeep>
struct Operands {
  static constexpr int chunksDeep = waveSize / Mma::size; // chunks of k that the lanes of one read cover
  static constexpr int length = chunkLength<typename Mma::Element>;
  using Element = typename Mma::Element;
  static constexpr int rows = CountDown * Mma::size, laneRows = CountDown;

  Chunk<typename Mma::Element> parts[CountDown][CountDeep];

  /// The row of row block i that this lane holds.
  DEVICE int laneRow(int i) { return i * Mma::size + laneId() % Mma::size; }

  Operands() = default;
  template <class... Place>
  __device__ Operands(Place &&...place) {
    load(place...);
  }
  /// What the instruction takes for row block i and step k of the depth.
  __device__ auto operand(int i, int k) const {
    if constexpr (Mma::chunks == 1) {
      return parts[i][k];
    } else {
      struct Pair {
        Chunk<typename Mma::Element> low, high;
      };
      return __builtin_bit_cast(Vector<int, 8>, Pair{parts[i][2 * k], parts[i][2 * k + 1]});
    }
  }
  template <class Tile>
  __device__ void load(Tile &tile, int row, int k) {
    const int laneRow = laneId() % Mma::size, laneChunk = laneId() / Mma::size;
#pragma unroll
    for (int i = 0; i < CountDown; ++i)
#pragma unroll
      for (int j = 0; j < CountDeep; ++j)
        parts[i][j] = tile.at(row + i * Mma::size + laneRow, k / length + j * chunksDeep + laneChunk);
  }
  /// The same where rows of the tile are k: 16 lanes read half of the 16 bytes of k that they need, of 16
  /// columns, and are handed a column each.
  template <class Tile>
  __device__ void load(Tile &tile, int row, int k, Across) {
    constexpr int depth = length / 2, lanesPerRow = 16 / depth;
    const int lane = laneId() % 16, laneDepth = laneId() / 16 * length + lane / lanesPerRow;
    const int column = row + lane % lanesPerRow * depth;
#pragma unroll
    for (int i = 0; i < CountDown; ++i)
#pragma unroll
      for (int j = 0; j < CountDeep; ++j) {
        struct Halves {
          Vector<Element, depth> low, high;
        };
        const int down = j * chunksDeep * length;
        const Halves halves = {tile.columnAt(k + laneDepth, column + i * 16, down),
                               tile.columnAt(k + laneDepth, column + i * 16, down + depth)};
        parts[i][j] = __builtin_bit_cast(Chunk<Element>, halves);
      }
  }
  /// Requests rows [row, row + CountDown * size) from global memory, in the order of k that an LDS read
  /// gives. Clipped: columns past a row's end are zero; otherwise there are none.
  template <int Length, int Pitch, class... Checks>
  __device__ void load(const GlobalRows<Element, Length, Pitch> &matrix, int row, int k, Checks...) {
    constexpr int size = sizeof(typename Mma::Element);
    const int laneRow = laneId() % Mma::size, laneColumn = laneId() / Mma::size * length;
#pragma unroll
    for (int i = 0; i < CountDown; ++i)
#pragma unroll
      for (int j = 0; j < CountDeep; ++j) {
        const int column = j * chunksDeep * length + laneColumn;
        int offset = ((row + i * Mma::size + laneRow) * Pitch + column) * size;
        if (sizeof...(Checks) > 0 && k + column >= Length)
          offset = outside;
        const auto words = __builtin_amdgcn_raw_buffer_load_b128(matrix.buffer, offset, k * size, 0);
        parts[i][j] = __builtin_bit_cast(Chunk<typename Mma::Element>, words);
      }
  }
  /// The same from a shuffled matrix: what a wave loads at once is one block.
  template <int Pitch, class... Checks>
  __device__ void load(const ShuffledRows<Element, Pitch> &matrix, int row, int k, Checks...) {
    using Matrix = ShuffledRows<Element, Pitch>;
    static_assert(Mma::size == Matrix::blockRows, "blocks have the rows of an instruction");
    constexpr int rowBlocks = Pitch / Matrix::blockColumns;
    const int lane = laneId() * bytesOf<Chunk<Element>>;
    const int rowBlock = row / Matrix::blockRows, block = k / Matrix::blockColumns;
#pragma unroll
    for (int i = 0; i < CountDown; ++i)
#pragma unroll
      for (int j = 0; j < CountDeep; ++j) {
        int offset = lane + j * Matrix::blockBytes;
        if (sizeof...(Checks) > 0 && block + j >= rowBlocks)
          offset = outside;
        const int first = ((rowBlock + i) * rowBlocks + block) * Matrix::blockBytes;
        const auto words = __builtin_amdgcn_raw_buffer_load_b128(matrix.buffer, offset, first, 0);
        parts[i][j] = __builtin_bit_cast(Chunk<Element>, words);
      }
  }
  /// The same rows from wherever they stand, all of the tile.
  template <int Length, int Pitch, class... Checks>
  __device__ void load(const GatheredRows<Operands, Length, Pitch> &matrix, int, int k, Checks...) {
    constexpr int size = sizeof(Element);
    const int laneColumn = laneId() / Mma::size * length;
#pragma unroll
    for (int i = 0; i < CountDown; ++i)
#pragma unroll
      for (int j = 0; j < CountDeep; ++j) {
        const int column = j * chunksDeep * length + laneColumn;
        int offset = matrix.offsets[i] + column * size;
        if (sizeof...(Checks) > 0 && k + column >= Length)
          offset = outside;
        const auto words = __builtin_amdgcn_raw_buffer_load_b128(matrix.buffer, offset, k * size, 0);
        parts[i][j] = __builtin_bit_cast(Chunk<Element>, words);
      }
  }
};
template <class Mma, int CountDown, int CountDeep = 1>
using LeftOperands = Operands<Mma, CountDown, CountDeep>;
template <class Mma, int CountDown, int CountDeep = 1>
using RightOperands = Operands<Mma, CountDown, CountDeep>;

} // namespace
