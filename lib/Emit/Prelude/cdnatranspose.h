
// Operands whose k runs along the rows of their matrix: transposed in registers between global memory and
// LDS, or, on CDNA4, by the reads of LDS.

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

/// A tile in LDS whose rows are k, as in global memory. Half of a wave reads the same 16 bytes of sixteen
/// rows at once, or 32 of eight rows of 16-bit elements; chunks are XORed with the row's number among those,
/// as far as blocks of a power of two divide a row.
template <class T, int Rows, int Columns>
struct TransposableTile {
  static constexpr int rowChunks = Columns / chunkLength<T>, size = sizeof(T);
  static constexpr int units = 16 / size, rowUnits = rowChunks / size; // of a read: in the banks, in a row
  static constexpr int powerOfTwo = rowUnits & -rowUnits, block = powerOfTwo < units ? powerOfTwo : units;

  Chunk<T> chunks[Rows * rowChunks];

  DEVICE int swapped(int row, int chunk) {
    const int number = size == 1 ? row % 8 | row / 16 % 2 * 8 : row % 4 | row / 8 % 2 * 4;
    return chunk ^ number / (units / block) * size;
  }
  __device__ Chunk<T> &at(int row, int chunk) { return chunks[row * rowChunks + swapped(row, chunk)]; }

  /// What this lane is handed of the rows and columns that sixteen lanes point at, 8 bytes each: a column.
  /// The rows are `down` further on, where the permutation is the same.
  __device__ Vector<T, 8 / size> columnAt(int row, int column, int down) {
    using Shared = __attribute__((address_space(3))) char;
    const unsigned first = static_cast<unsigned>(column);
    Shared *const place =
        (Shared *)&at(row, first / chunkLength<T>) + down * rowChunks * 16 + first % chunkLength<T> * size;
    if constexpr (size == 1) {
      using Words = __attribute__((address_space(3))) Vector<int, 2>;
      return __builtin_bit_cast(Vector<T, 8>, __builtin_amdgcn_ds_read_tr8_b64_v2i32((Words *)place));
    } else {
      using Halves = __attribute__((address_space(3))) Vector<short, 4>;
      return __builtin_bit_cast(Vector<T, 4>, __builtin_amdgcn_ds_read_tr16_b64_v4i16((Halves *)place));
    }
  }
};

/// Four elements of a row on their way from global memory: two words of 16-bit elements, one of bytes.
template <int Size>
struct RowPiece;

template <>
struct RowPiece<2> {
  using Type = Vector<unsigned, 2>;
  DEVICE Type load(__amdgpu_buffer_rsrc_t buffer, int offset, int scalarOffset) {
    return __builtin_bit_cast(Type, __builtin_amdgcn_raw_buffer_load_b64(buffer, offset, scalarOffset, 0));
  }
};

template <>
struct RowPiece<1> {
  using Type = unsigned;
  DEVICE Type load(__amdgpu_buffer_rsrc_t buffer, int offset, int scalarOffset) {
    return __builtin_bit_cast(Type, __builtin_amdgcn_raw_buffer_load_b32(buffer, offset, scalarOffset, 0));
  }
};

/// Two words of which v_perm takes the lower halves, or the upper ones.
DEVICE unsigned lowHalves(unsigned first, unsigned second) {
  return __builtin_amdgcn_perm(second, first, 0x05040100);
}
DEVICE unsigned highHalves(unsigned first, unsigned second) {
  return __builtin_amdgcn_perm(second, first, 0x07060302);
}

/// Eight rows of four 16-bit elements, a column after the other.
DEVICE void transposeBlock(const Vector<unsigned, 2> (&rows)[8], Vector<unsigned, 4> (&columns)[4]) {
#pragma unroll
  for (int pair = 0; pair < 4; ++pair)
#pragma unroll
    for (int word = 0; word < 2; ++word) {
      columns[2 * word][pair] = lowHalves(rows[2 * pair][word], rows[2 * pair + 1][word]);
      columns[2 * word + 1][pair] = highHalves(rows[2 * pair][word], rows[2 * pair + 1][word]);
    }
}

/// Sixteen rows of four bytes: bytes of neighbouring rows are joined first, then those pairs.
DEVICE void transposeBlock(const unsigned (&rows)[16], Vector<unsigned, 4> (&columns)[4]) {
#pragma unroll
  for (int four = 0; four < 4; ++four) {
    const unsigned *row = &rows[4 * four];
    const unsigned low = __builtin_amdgcn_perm(row[1], row[0], 0x05010400),
                   high = __builtin_amdgcn_perm(row[1], row[0], 0x07030602),
                   nextLow = __builtin_amdgcn_perm(row[3], row[2], 0x05010400),
                   nextHigh = __builtin_amdgcn_perm(row[3], row[2], 0x07030602);
    columns[0][four] = lowHalves(low, nextLow);
    columns[1][four] = highHalves(low, nextLow);
    columns[2][four] = lowHalves(high, nextHigh);
    columns[3][four] = highHalves(high, nextHigh);
  }
}

/// Depth rows of k by Columns, on their way from global memory to LDS. A thread holds blocks of a chunk of
/// rows by four columns; neighbours stand side by side, so that loads cover whole lines.
template <class T, int Depth, int Columns, int Threads>
struct StagedBlocks {
  static constexpr int deep = chunkLength<T>, across = Columns / 4, blocks = across * (Depth / deep);
  static constexpr int count = (blocks + Threads - 1) / Threads;
  static constexpr bool partial = blocks % Threads != 0; // the last pass leaves some threads idle
  static constexpr int nowhere = -1 - 0x7fffffff; // past every buffer's end, with what is added for a row
  using Piece = RowPiece<sizeof(T)>;

  typename Piece::Type rows[count][deep];

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
      const int row = block / across * deep, tileColumn = block % across * 4;
      int offset = (row * Pitch + tileColumn) * size;
      if (Pitch % Columns != 0 && column + tileColumn >= Pitch)
        offset = nowhere;
      if (partial && block >= blocks)
        offset = nowhere;
      asm volatile("" : "+v"(offset)); // or the offsets of all rows stay in registers over the loop
#pragma unroll
      for (int r = 0; r < deep; ++r)
        rows[i][r] = Piece::load(matrix.buffer, offset + r * Pitch * size, column * size);
    }
  }

  template <class Tile>
  __device__ void store(Tile &tile) const {
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const int block = i * Threads + threadId();
      Vector<unsigned, 4> columns[4];
      transposeBlock(rows[i], columns);
      if (!partial || block < blocks)
#pragma unroll
        for (int e = 0; e < 4; ++e)
          tile.at(block % across * 4 + e, block / across) = __builtin_bit_cast(Chunk<T>, columns[e]);
    }
  }
};

} // namespace
