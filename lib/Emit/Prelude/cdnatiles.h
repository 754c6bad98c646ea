
// Tiles: which one a workgroup and a wave compute, and how operands lie in memory and LDS. For CDNA3 and
// CDNA4.

namespace {

/// Asks a read of LDS to transpose: k runs along the rows of the tile. CDNA4 only.
struct Across {};
/// Asks a load to check for columns past a row's end.
struct Clipped {};
/// The row of a tile at which a part of it begins.
template <int Row>
struct FromRow {};

/// The number of this workgroup's tile. The hardware deals workgroups to the chiplets in turn; here each
/// chiplet is dealt runs of RunLength tiles, so that its L2 holds the rows and columns they share.
template <int Chiplets = 1, int RunLength = 1>
DEVICE int dealtTile(int tiles) {
  const int id = workgroupId();
  constexpr int block = Chiplets * RunLength; // ids past the last whole block keep their place
  if (Chiplets == 1 || id >= tiles / block * block)
    return id;
  const int local = id / Chiplets;
  return local / RunLength * block + id % Chiplets * RunLength + local % RunLength;
}

/// The output tile of this workgroup.
template <int TileRows, int TileColumns, int Columns, int BandRows, int Chiplets = 1, int RunLength = 1>
DEVICE Origin tileOrder(int rows) {
  const int tiles = (rows + TileRows - 1) / TileRows * ((Columns + TileColumns - 1) / TileColumns);
  return tileAt<TileRows, TileColumns, Columns, BandRows>(dealtTile<Chiplets, RunLength>(tiles), rows);
}

/// A lane's value of another lane, with 0 where the step reaches past the row of 16 lanes or Rows is not set.
template <int Step, int Rows = 0xf>
DEVICE int shifted(int value) {
  return __builtin_amdgcn_update_dpp(0, value, Step, Rows, 0xf, false);
}
/// The sum of this lane's value and those of the lanes before it.
DEVICE int prefixSum(int value) {
  value += shifted<0x111>(value); // row_shr:1
  value += shifted<0x112>(value);
  value += shifted<0x114>(value);
  value += shifted<0x118>(value);
  value += shifted<0x142, 0xa>(value);       // row_bcast:15, the sum of a row to the next one
  return value + shifted<0x143, 0xc>(value); // row_bcast:31, that of two rows to the others
}
DEVICE int laneValue(int value, int lane) {
  return __builtin_amdgcn_readlane(value, lane);
}
DEVICE int countLanes(bool condition) {
  return __builtin_popcountll(__builtin_amdgcn_ballot_w64(condition));
}

/// Position of this wave's Rows x Columns part in a tile shared by waves, WavesAcross of them side by side.
template <int Rows, int Columns, int WavesAcross>
DEVICE Origin waveTile() {
  return {waveId() / WavesAcross * Rows, waveId() % WavesAcross * Columns};
}

/// So many bytes of memory through a buffer descriptor: past the last, loads give zero and stores are
/// dropped.
DEVICE __amdgpu_buffer_rsrc_t bufferOf(const void *first, int bytes) {
  constexpr int rawBuffer = 0x00027000; // word 3 of the descriptor: 32-bit data, no swizzle
  return __builtin_amdgcn_make_buffer_rsrc(const_cast<void *>(first), 0, bytes, rawBuffer);
}
/// The number that stands `offset` bytes from place `first` of a buffer.
DEVICE float loadFloat(__amdgpu_buffer_rsrc_t buffer, int offset, int first = 0) {
  return __builtin_bit_cast(float, __builtin_amdgcn_raw_buffer_load_b32(buffer, offset, first, 0));
}

/// Consecutive rows of a row-major matrix, of Length elements that start Pitch apart, through a buffer
/// descriptor: past the last row loads give zero and stores are dropped, without a branch.
template <class T, int Length, int Pitch = Length>
struct GlobalRows {
  __amdgpu_buffer_rsrc_t buffer;

  __device__ GlobalRows(const T *matrix, int firstRow, int tileRows, int rows) {
    const T *const first = matrix + static_cast<long>(firstRow) * Pitch;
    const int left = rows < firstRow ? 0 : rows - firstRow; // a reduction may be shorter than two tiles of it
    const int bytes = minimum(tileRows, left) * Pitch * bytesOf<T>;
    buffer = bufferOf(first, bytes);
  }
};

/// The same of a matrix that is stored as matrix instructions take it: in blocks of 16 rows by 64 bytes, each
/// in the order of the lanes that load it, row by row down a column of 16-byte chunks. Whole blocks only.
template <class T, int Pitch>
struct ShuffledRows : GlobalRows<T, Pitch> {
  using GlobalRows<T, Pitch>::GlobalRows;
  static constexpr int blockRows = 16, blockColumns = 64 / bytesOf<T>, blockBytes = 1024;
};

/// Rows that stand anywhere in a matrix, as tiles of class Loaded take them: row i of the tile is row
/// list[first + i] of `count`, or first + i where there is no list. A lane looks up what it loads once.
template <class Loaded, int Length, int Pitch = Length>
struct GatheredRows {
  using T = typename Loaded::Element;
  static constexpr int nowhere = -65536; // past every buffer's end, with what is added for a column

  __amdgpu_buffer_rsrc_t buffer;
  int offsets[Loaded::laneRows]; // in bytes

  __device__ GatheredRows(const T *matrix, int count, const int *list, int first, int end) {
    constexpr int size = sizeof(T);
    const int rows = minimum(Loaded::rows, end - first);
    const T *const start = list ? matrix : matrix + static_cast<long>(first) * Pitch;
    const unsigned bytes = static_cast<unsigned>(list ? count : rows) * (Pitch * size);
    buffer = bufferOf(start, bytes);
#pragma unroll
    for (int i = 0; i < Loaded::laneRows; ++i) {
      const int row = Loaded::laneRow(i);
      int source = row;
      if (list && row < rows)
        source = list[first + row];
      offsets[i] = row < rows ? static_cast<int>(static_cast<unsigned>(source) * (Pitch * size)) : nowhere;
    }
  }
};

/// A tile in LDS. Each row is cut in 16-byte chunks whose order is XORed with the row, so that the lanes of
/// one LDS phase, which read one or two columns of chunks, touch every bank once.
template <class T, int Rows, int Columns>
struct SwizzledTile {
  static constexpr int rowChunks = Columns / chunkLength<T>;
  static constexpr int rowsPerBankCycle = rowChunks >= 8 ? 1 : 8 / rowChunks; // rows in 128 bytes of banks
  static constexpr int mask = rowChunks >= 8 ? 7 : rowChunks - 1;

  Chunk<T> chunks[Rows * rowChunks];

  /// The chunk that stands at the place of `chunk`, and the place of that.
  DEVICE int swapped(int row, int chunk) { return chunk ^ (row / rowsPerBankCycle & mask); }
  __device__ Chunk<T> &at(int row, int chunk) { return chunks[row * rowChunks + swapped(row, chunk)]; }
};

/// The same with Padding free elements after each row instead of the permutation.
template <class T, int Rows, int Columns, int Padding>
struct PaddedTile {
  static constexpr int rows = Rows;
  static constexpr int pitch = (Columns + Padding) / chunkLength<T>;

  Chunk<T> chunks[Rows * pitch];

  __device__ Chunk<T> &at(int row, int chunk) { return chunks[row * pitch + chunk]; }
};

/// e to the power x, by the instruction for powers of two.
DEVICE float exponential(float x) {
  return __builtin_amdgcn_exp2f(x * 1.4426950408889634f);
}

} // namespace
