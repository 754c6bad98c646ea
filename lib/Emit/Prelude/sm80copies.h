
// From global memory to registers, and past them to shared memory, for sm_80 and later.

namespace {

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
