
// Operands whose k runs along the rows of their matrix, for CDNA3 and CDNA4: transposed in registers between
// global memory and LDS.

namespace {

/// Tiles of a reduction whose length is known at launch, at least so many: past its end operands are zero.
template <int Tile, int Least>
DEVICE int depthTiles(int length) {
  const int tiles = (length + Tile - 1) / Tile;
  return tiles < Least ? Least : tiles;
}

/// A tile in LDS, in rows of 128 bytes. The chunks of a row are XORed with the row and with its block of
/// eight, so that lanes which write one chunk of every fourth row touch every bank once, as do those which
/// read neighbouring rows. The swap of two bits keeps apart what reads of CDNA4 touch at once.
template <class T, int Rows, int Columns>
struct BlockSwizzledTile {
  static constexpr int rowChunks = Columns / chunkLength<T>;
  static_assert(rowChunks == 8, "a row spans the banks once");

  Chunk<T> chunks[Rows * rowChunks];

  __device__ Chunk<T> &at(int row, int chunk) {
    const int block = row / 8 % 8, swapped = (block & 4) | (block & 1) << 1 | (block >> 1 & 1);
    return chunks[row * rowChunks + (chunk ^ row % 8 ^ swapped)];
  }
};

/// Depth rows of k by Columns, on their way from global memory to LDS. A thread holds blocks of eight rows by
/// four columns; neighbours stand side by side, so that loads cover whole lines.
template <class T, int Depth, int Columns, int Threads>
struct StagedBlocks {
  static constexpr int across = Columns / 4, blocks = across * (Depth / 8);
  static constexpr int count = (blocks + Threads - 1) / Threads;
  static constexpr bool partial = blocks % Threads != 0; // the last pass leaves some threads idle
  static constexpr int nowhere = -1 - 0x7fffffff; // past every buffer's end, with what is added for a row
  using Pair = Vector<unsigned, 2>;               // four elements of a row

  Pair rows[count][8];

  template <int Pitch>
  __device__ StagedBlocks(const GlobalRows<T, Pitch> &matrix, int column) {
    load(matrix, column);
  }

  /// Requests columns [column, column + Columns) of all rows; those past a row's end are zero.
  template <int Pitch>
  __device__ void load(const GlobalRows<T, Pitch> &matrix, int column) {
    constexpr int size = sizeof(T);
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const int block = i * Threads + threadId();
      const int row = block / across * 8, tileColumn = block % across * 4;
      int offset = (row * Pitch + tileColumn) * size;
      if (Pitch % Columns != 0 && column + tileColumn >= Pitch)
        offset = nowhere;
      if (partial && block >= blocks)
        offset = nowhere;
      asm volatile("" : "+v"(offset)); // or the offsets of all rows stay in registers over the loop
#pragma unroll
      for (int r = 0; r < 8; ++r)
        rows[i][r] = __builtin_bit_cast(
            Pair,
            __builtin_amdgcn_raw_buffer_load_b64(matrix.buffer, offset + r * Pitch * size, column * size, 0));
    }
  }

  /// Column `column` of a block: its eight elements, two of neighbouring rows in each word.
  __device__ Chunk<T> transposed(const Pair (&block)[8], int column) const {
    constexpr unsigned low = 0x05040100, high = 0x07060302; // halves of two words that v_perm takes
    Vector<unsigned, 4> words;
#pragma unroll
    for (int pair = 0; pair < 4; ++pair)
      words[pair] = __builtin_amdgcn_perm(block[2 * pair + 1][column / 2], block[2 * pair][column / 2],
                                          column % 2 == 0 ? low : high);
    return __builtin_bit_cast(Chunk<T>, words);
  }

  template <class Tile>
  __device__ void store(Tile &tile) const {
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const int block = i * Threads + threadId();
      if (!partial || block < blocks)
#pragma unroll
        for (int e = 0; e < 4; ++e)
          tile.at(block % across * 4 + e, block / across) = transposed(rows[i], e);
    }
  }
};

} // namespace
