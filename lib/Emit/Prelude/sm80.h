// Device primitives of the kernels in this folder, for sm_80 and later: cp.async, ldmatrix, mma.sync.
// Freestanding: nvcc compiles it, and so does clang without the CUDA headers.
#pragma once

#ifndef __CUDACC__
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(threads, residency) __attribute__((launch_bounds(threads, residency)))
#endif
#define DEVICE __device__ static inline __attribute__((always_inline))
#define INLINED __device__ inline __attribute__((always_inline)) // of members that clang calls else

namespace {

struct bf16 {
  unsigned short bits;
};
struct f16 {
  unsigned short bits;
};
struct fp8 {
  unsigned char bits;
};
struct alignas(16) Chunk {
  unsigned words[4]; // 16 bytes: the widest unit that global and shared memory exchange
};

constexpr int waveSize = 32;
constexpr int chunkLength = 8; // 16-bit elements in a chunk
template <class T>
constexpr int bytesOf = static_cast<int>(sizeof(T));
template <class T>
constexpr int lengthOf = 16 / bytesOf<T>; // elements in a chunk

DEVICE int threadId() {
#ifdef __NVCC__
  return threadIdx.x;
#else
  return __nvvm_read_ptx_sreg_tid_x();
#endif
}
DEVICE int workgroupId() {
#ifdef __NVCC__
  return blockIdx.x;
#else
  return __nvvm_read_ptx_sreg_ctaid_x();
#endif
}
DEVICE int laneId() {
  return threadId() % waveSize;
}
DEVICE int waveId() {
  return threadId() / waveSize;
}
/// Eight rows of an operand or of sums take a wave, four lanes each: the row of a lane, and its place in it.
DEVICE int rowOfLane() {
  return laneId() / 4;
}
DEVICE int laneInRow() {
  return laneId() % 4;
}
DEVICE int minimum(int a, int b) {
  return a < b ? a : b;
}
DEVICE int maximum(int a, int b) {
  return a > b ? a : b;
}

DEVICE void barrier() {
  asm volatile("bar.sync 0;" ::: "memory");
}

/// Shared memory as the 32-bit address that ldmatrix and cp.async take. The compiler sees through this
/// conversion, so addresses are not made generic first.
DEVICE unsigned sharedAddress(const void *pointer) {
#ifdef __NVCC__
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
#else
  return static_cast<unsigned>((unsigned long long)(__attribute__((address_space(3))) const void *)pointer);
#endif
}

DEVICE float widen(bf16 value) {
  float wide;
  asm("mov.b32 %0, {%2, %1};" : "=f"(wide) : "h"(value.bits), "h"(static_cast<unsigned short>(0)));
  return wide;
}
DEVICE float widen(f16 value) {
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(value.bits));
  return wide;
}

/// e to the power x, by the instruction for powers of two.
DEVICE float exponential(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x * 1.4426950408889634f));
  return result;
}

/// The number, which neither compiler knows, though all lanes must agree on it: they take asm statements for
/// nothing, and would write out a loop of a hundred steps of them. ptxas sees through an empty one.
DEVICE int unknown(int number) {
  asm("shfl.sync.idx.b32 %0, %0, 0, 31, 0xffffffff;" : "+r"(number));
  return number;
}

/// The compiler moves no memory access across.
DEVICE void schedulingFence() {
  asm volatile("" ::: "memory");
}

struct Origin {
  int row, column;
};

/// The output tile of this workgroup: tiles are walked in bands of BandRows tile rows, so that the workgroups
/// that run at one time share rows and columns in L2. (Chiplets and run length belong to other targets.)
template <int TileRows, int TileColumns, int Columns, int BandRows>
DEVICE Origin tileAt(int index, int rows) {
  constexpr int columnTiles = (Columns + TileColumns - 1) / TileColumns;
  const int rowTiles = (rows + TileRows - 1) / TileRows;
  const int band = index / (BandRows * columnTiles), inBand = index % (BandRows * columnTiles);
  const int bandRows = minimum(rowTiles - band * BandRows, BandRows);
  return {(band * BandRows + inBand % bandRows) * TileRows, inBand / bandRows * TileColumns};
}
template <int Chiplets = 1, int RunLength = 1>
DEVICE int dealtTile(int) {
  static_assert(Chiplets == 1, "one die");
  return workgroupId();
}
template <int TileRows, int TileColumns, int Columns, int BandRows, int Chiplets = 1, int RunLength = 1>
DEVICE Origin tileOrder(int rows) {
  return tileAt<TileRows, TileColumns, Columns, BandRows>(dealtTile<Chiplets, RunLength>(0), rows);
}

/// Tiles of a reduction whose length is known at launch, at least so many: past its end operands are zero.
template <int Tile, int Least>
DEVICE int depthTiles(int length) {
  return maximum((length + Tile - 1) / Tile, Least);
}

/// The sum of this lane's value and those of the lanes before it.
DEVICE int prefixSum(int value) {
#pragma unroll
  for (int step = 1; step < waveSize; step *= 2) {
    int before;
    asm volatile("shfl.sync.up.b32 %0, %1, %2, 0, 0xffffffff;" : "=r"(before) : "r"(value), "r"(step));
    value += laneId() >= step ? before : 0;
  }
  return value;
}
DEVICE int laneValue(int value, int lane) {
  int result;
  asm volatile("shfl.sync.idx.b32 %0, %1, %2, 31, 0xffffffff;" : "=r"(result) : "r"(value), "r"(lane));
  return result;
}
DEVICE int countLanes(bool condition) {
  int count;
  asm volatile("{ .reg .pred p; .reg .b32 b; setp.ne.u32 p, %1, 0; vote.sync.ballot.b32 b, p, 0xffffffff; "
               "popc.b32 %0, b; }"
               : "=r"(count)
               : "r"(static_cast<unsigned>(condition)));
  return count;
}

/// Position of this wave's Rows x Columns part in a tile shared by waves, WavesAcross of them side by side.
template <int Rows, int Columns, int WavesAcross>
DEVICE Origin waveTile() {
  return {waveId() / WavesAcross * Rows, waveId() % WavesAcross * Columns};
}

/// Consecutive rows of a row-major matrix with Pitch elements per row; `count` of them exist.
template <class T, int Pitch>
struct GlobalRows {
  T *first;
  int count;

  __device__ GlobalRows(const T *matrix, int firstRow, int tileRows, int rows)
      : first(const_cast<T *>(matrix) + static_cast<long long>(firstRow) * Pitch),
        count(minimum(tileRows, rows - firstRow)) {}
};

/// A tile in shared memory. Each row is cut in 16-byte chunks whose order is XORed with the row, so that the
/// eight rows of one ldmatrix phase, which share a column of chunks, touch every bank once.
template <class T, int Rows, int Columns>
struct SwizzledTile {
  using Element = T;
  static constexpr int rows = Rows, rowBytes = Columns * bytesOf<T>, rowChunks = rowBytes / 16;
  static constexpr int rowsPerBankCycle = rowChunks >= 8 ? 1 : 8 / rowChunks; // rows in 128 bytes of banks
  static constexpr int mask = rowChunks >= 8 ? 7 : rowChunks - 1;

  Chunk chunks[Rows * rowChunks];

  __device__ Chunk &at(int row, int chunk) {
    return chunks[row * rowChunks + (chunk ^ (row / rowsPerBankCycle & mask))];
  }
};

/// The same with Padding free elements after each row instead of the permutation.
template <class T, int Rows, int Columns, int Padding>
struct PaddedTile {
  using Element = T;
  static constexpr int rows = Rows, rowBytes = (Columns + Padding) * bytesOf<T>;
  static constexpr int rowChunks = Columns * bytesOf<T> / 16, pitch = rowBytes / 16;

  Chunk chunks[Rows * pitch];

  __device__ Chunk &at(int row, int chunk) { return chunks[row * pitch + chunk]; }
};

/// Asks a load to check for columns past a row's end.
struct Clipped {};

/// Whether a line that is loaded is worth a place in the first cache.
enum class Reuse { None, Some };

/// 16 bytes from global memory to registers. Loads keep their order.
template <Reuse reuse>
DEVICE Chunk loadChunk(const void *address) {
  Chunk to;
  if (reuse == Reuse::None)
    asm volatile("ld.global.nc.L1::no_allocate.L2::256B.v4.b32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to.words[0]), "=r"(to.words[1]), "=r"(to.words[2]), "=r"(to.words[3])
                 : "l"(address));
  else
    asm volatile("ld.global.nc.v4.b32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to.words[0]), "=r"(to.words[1]), "=r"(to.words[2]), "=r"(to.words[3])
                 : "l"(address));
  return to;
}

template <class Loaded, int Pitch>
struct GatheredRows;

/// This lane's 16 bytes of eight rows, four lanes side by side: what it holds of the depth of two
/// instructions, m16n8k16 or, of 8-bit operands, m16n8k32. Both operands take k in this order, so the order
/// does not matter. A row past the last one is read as the last: its sums are not stored.
template <Reuse reuse, class T, int Pitch, class... Checks>
DEVICE Chunk loadOperand(const GlobalRows<T, Pitch> &matrix, int row, int k, int step, Checks...) {
  const int laneRow = minimum(row + rowOfLane(), matrix.count - 1), laneColumn = laneInRow() * lengthOf<T>;
  const T *const lane = matrix.first + static_cast<long long>(laneRow) * Pitch + laneColumn;
  if (sizeof...(Checks) > 0 && k + step + laneColumn >= Pitch)
    return {};
  return loadChunk<reuse>(lane + k + step);
}

/// 16 bytes past the registers, zeros where `left` is not positive. The predicate, unlike a number of bytes,
/// costs one comparison and leaves the address alone.
DEVICE void copyChunkAsync(unsigned to, const void *from, int left) {
  asm volatile("{ .reg .pred absent; setp.le.s32 absent, %2, 0;\n"
               "cp.async.cg.shared.global [%0], [%1], 16, absent; }" ::"r"(to),
               "l"(from), "r"(left)
               : "memory");
}

/// Columns [column, column + width of the tile) of all rows to shared memory, past the registers. What lies
/// outside the matrix is filled with zeros. Belongs to the group that the next commitCopies() closes.
template <int Threads, class Tile, int Pitch>
DEVICE void copyAsync(Tile &tile, const GlobalRows<typename Tile::Element, Pitch> &matrix, int column) {
  constexpr int rowChunks = Tile::rowChunks, chunks = Tile::rows * rowChunks;
  constexpr int rowStep = Threads / rowChunks; // from one pass to the next
  static_assert(Threads % rowChunks == 0, "a thread keeps its column of chunks");
  const int firstRow = threadId() / rowChunks, chunk = threadId() % rowChunks;
  const bool inRow = Pitch % (rowChunks * chunkLength) == 0 || column + chunk * chunkLength < Pitch;
  const int rowsLeft = inRow ? matrix.count - firstRow : 0;
  const auto *source = matrix.first + firstRow * Pitch + column + chunk * chunkLength;
  const unsigned target = sharedAddress(&tile.at(firstRow, chunk));
#pragma unroll
  for (int i = 0; i < (chunks + Threads - 1) / Threads; ++i) {
    const int row = i * rowStep;
    if (chunks % Threads != 0 && firstRow + row >= Tile::rows)
      break;
    // Layouts repeat every eight rows: then all addresses are one base and a constant.
    const unsigned address =
        rowStep % 8 == 0 ? target + row * Tile::rowBytes : sharedAddress(&tile.at(firstRow + row, chunk));
    copyChunkAsync(address, source + row * Pitch, rowsLeft - row);
  }
}
DEVICE void commitCopies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int Pending>
DEVICE void waitCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

} // namespace
