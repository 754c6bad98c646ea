// Device primitives of the kernels in this folder, for gfx942 (CDNA3) and gfx950 (CDNA4): raw buffers, LDS,
// MFMA. Freestanding: compiler builtins only, so that hipcc compiles it and so does plain clang with
// -nogpulib -nogpuinc.
#pragma once

#ifndef __global__
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#endif
#define DEVICE __device__ static inline __attribute__((always_inline))
#define WORKGROUP(threads, wavesPerSimd)                                                                     \
  __attribute__((amdgpu_flat_work_group_size(threads, threads), amdgpu_waves_per_eu(wavesPerSimd)))

namespace {

using bf16 = __bf16;
using f16 = _Float16;
template <class T, int Count>
using Vector = T __attribute__((ext_vector_type(Count)));
template <class T>
constexpr int chunkLength = 16 / static_cast<int>(sizeof(T));
template <class T>
using Chunk =
    Vector<T, chunkLength<T>>; // 16 bytes: the widest unit that global memory, LDS and registers exchange

constexpr int waveSize = 64;
constexpr int outside = -1; // as an unsigned buffer offset it lies past every buffer's end

DEVICE int threadId() {
  return __builtin_amdgcn_workitem_id_x();
}
DEVICE int laneId() {
  return threadId() % waveSize;
}
DEVICE int waveId() {
  return __builtin_amdgcn_readfirstlane(threadId() / waveSize);
}
DEVICE int workgroupId() {
  return __builtin_amdgcn_workgroup_id_x();
}
DEVICE int minimum(int a, int b) {
  return a < b ? a : b;
}

/// The bf16 instructions take their operands as integers.
DEVICE Vector<short, 4> bits(Vector<bf16, 4> value) {
  return __builtin_bit_cast(Vector<short, 4>, value);
}

/// All waves meet. LDS traffic before is ordered before what follows; global loads stay in flight.
DEVICE void barrier() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup", "local");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup", "local");
}

/// The compiler moves nothing across.
DEVICE void schedulingFence() {
  __builtin_amdgcn_sched_barrier(0);
}

struct Origin {
  int row, column;
};

/// Asks a load to check for columns past a row's end.
struct Clipped {};

/// The output tile of this workgroup. Tiles are walked in bands of BandRows tile rows. The hardware deals
/// workgroups to the chiplets in turn; here each chiplet is dealt runs of RunLength tiles, so that its L2
/// holds the rows and columns they share.
template <int TileRows, int TileColumns, int Columns, int BandRows, int Chiplets, int RunLength>
DEVICE Origin tileOrder(int rows) {
  constexpr int columnTiles = (Columns + TileColumns - 1) / TileColumns;
  const int rowTiles = (rows + TileRows - 1) / TileRows;
  int id = workgroupId();
  if constexpr (Chiplets > 1) {
    constexpr int block = Chiplets * RunLength; // ids past the last whole block keep their place
    if (id < rowTiles * columnTiles / block * block) {
      const int local = id / Chiplets;
      id = local / RunLength * block + id % Chiplets * RunLength + local % RunLength;
    }
  }
  const int band = id / (BandRows * columnTiles), inBand = id % (BandRows * columnTiles);
  const int bandRows = minimum(rowTiles - band * BandRows, BandRows);
  return {(band * BandRows + inBand % bandRows) * TileRows, inBand / bandRows * TileColumns};
}

/// Position of this wave's Rows x Columns part in a tile shared by waves, WavesAcross of them side by side.
template <int Rows, int Columns, int WavesAcross>
DEVICE Origin waveTile() {
  return {waveId() / WavesAcross * Rows, waveId() % WavesAcross * Columns};
}

/// Consecutive rows of a row-major matrix with Pitch elements per row, through a buffer descriptor:
/// past the last row loads give zero and stores are dropped, without a branch.
template <class T, int Pitch>
struct GlobalRows {
  __amdgpu_buffer_rsrc_t buffer;

  __device__ GlobalRows(const T *matrix, int firstRow, int tileRows, int rows) {
    constexpr int rawBuffer = 0x00027000; // word 3 of the descriptor: 32-bit data, no swizzle
    T *const first = const_cast<T *>(matrix) + static_cast<long>(firstRow) * Pitch;
    const int bytes = minimum(tileRows, rows - firstRow) * Pitch * static_cast<int>(sizeof(T));
    buffer = __builtin_amdgcn_make_buffer_rsrc(first, 0, bytes, rawBuffer);
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

  __device__ Chunk<T> &at(int row, int chunk) {
    return chunks[row * rowChunks + (chunk ^ (row / rowsPerBankCycle & mask))];
  }
};

/// The same with Padding free elements after each row instead of the permutation.
template <class T, int Rows, int Columns, int Padding>
struct PaddedTile {
  static constexpr int rows = Rows;
  static constexpr int pitch = (Columns + Padding) / chunkLength<T>;

  Chunk<T> chunks[Rows * pitch];

  __device__ Chunk<T> &at(int row, int chunk) { return chunks[row * pitch + chunk]; }
};

/// A tile on its way from global memory to LDS, spread over the registers of all threads.
template <class T, int Rows, int Columns, int Threads>
struct StagedTile {
  static constexpr int rowChunks = Columns / chunkLength<T>;
  static constexpr int count = (Rows * rowChunks + Threads - 1) / Threads;
  static constexpr bool partial = Rows * rowChunks % Threads != 0; // the last pass leaves some threads idle

  Chunk<T> chunks[count];

  template <int Pitch>
  __device__ StagedTile(const GlobalRows<T, Pitch> &matrix, int column) {
    load(matrix, column);
  }

  /// Requests columns [column, column + Columns); those past a row's end are zero.
  template <int Pitch>
  __device__ void load(const GlobalRows<T, Pitch> &matrix, int column) {
    constexpr int size = sizeof(T);
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const int index = i * Threads + threadId();
      const int row = index / rowChunks, tileColumn = index % rowChunks * chunkLength<T>;
      int offset = (row * Pitch + tileColumn) * size;
      if (Pitch % Columns != 0 && column + tileColumn >= Pitch)
        offset = outside;
      if (partial && row >= Rows)
        offset = outside;
      const auto words = __builtin_amdgcn_raw_buffer_load_b128(matrix.buffer, offset, column * size, 0);
      chunks[i] = __builtin_bit_cast(Chunk<T>, words);
    }
  }

  template <class Tile>
  __device__ void store(Tile &tile) const {
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const int index = i * Threads + threadId();
      if (!partial || index < Rows * rowChunks)
        tile.at(index / rowChunks, index % rowChunks) = chunks[i];
    }
  }
};

/// Operands of CountDown x CountDeep instructions, or pairs of them. A lane holds eight consecutive k of one
/// row, enough for one instruction of gfx950 or two of gfx942; both operands take k in the same order, so the
/// order does not matter.
template <class Mma, int CountDown, int CountDeep>
struct Operands {
  static constexpr int chunksDeep = waveSize / Mma::size; // chunks of k that the lanes of one read cover
  static constexpr int length = chunkLength<typename Mma::Element>;

  Chunk<typename Mma::Element> parts[CountDown][CountDeep];

  template <class... Place>
  __device__ Operands(Place &&...place) {
    load(place...);
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
  /// Requests rows [row, row + CountDown * size) from global memory, in the order of k that an LDS read
  /// gives. Clipped: columns past a row's end are zero; otherwise there are none.
  template <int Pitch, class... Checks>
  __device__ void load(const GlobalRows<typename Mma::Element, Pitch> &matrix, int row, int k, Checks...) {
    constexpr int size = sizeof(typename Mma::Element);
    const int laneRow = laneId() % Mma::size, laneColumn = laneId() / Mma::size * length;
#pragma unroll
    for (int i = 0; i < CountDown; ++i)
#pragma unroll
      for (int j = 0; j < CountDeep; ++j) {
        const int column = j * chunksDeep * length + laneColumn;
        int offset = ((row + i * Mma::size + laneRow) * Pitch + column) * size;
        if (sizeof...(Checks) > 0 && k + column >= Pitch)
          offset = outside;
        const auto words = __builtin_amdgcn_raw_buffer_load_b128(matrix.buffer, offset, k * size, 0);
        parts[i][j] = __builtin_bit_cast(Chunk<typename Mma::Element>, words);
      }
  }
};
template <class Mma, int CountDown, int CountDeep>
using LeftOperands = Operands<Mma, CountDown, CountDeep>;
template <class Mma, int CountDown, int CountDeep>
using RightOperands = Operands<Mma, CountDown, CountDeep>;

struct Relu {
  __device__ float operator()(float x) const { return x > 0 ? x : x != x ? x : 0; }
};
DEVICE float exponential(float x) {
  return __builtin_amdgcn_exp2f(x * 1.4426950408889634f);
}
struct Silu {
  __device__ float operator()(float x) const { return x / (1 + exponential(-x)); }
};
struct GeluTanh {
  // 0.5 x (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
  __device__ float operator()(float x) const {
    return x / (1 + exponential(-1.5957691216057308f * (x + 0.044715f * x * x * x)));
  }
};
struct Gelu {
  // x (1 + erf(x / sqrt(2))) / 2; erf by Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7
  __device__ float operator()(float x) const {
    const float u = x * 0.70710678f, size = u < 0 ? -u : u;
    const float t = 1 / (1 + 0.3275911f * size);
    const float series =
        ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    const float tail = series * exponential(-size * size); // 1 - erf(|u|)
    return 0.5f * x * (u < 0 ? tail : 2 - tail);
  }
};

/// Length consecutive elements of a row, 4 or 2; zero outside the matrix. Rows that start at multiples of the
/// run take one access, others one for each element.
template <int Length, class T, int Pitch>
DEVICE Vector<T, Length> loadRun(const GlobalRows<T, Pitch> &matrix, int row, int column) {
  const int offset = (row * Pitch + column) * static_cast<int>(sizeof(T));
  Vector<T, Length> run;
  if constexpr (Pitch % Length != 0) {
#pragma unroll
    for (int e = 0; e < Length; ++e) {
      const int place = column + e < Pitch ? offset + e * static_cast<int>(sizeof(T)) : outside;
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
  const int offset = (row * Pitch + column) * static_cast<int>(sizeof(T));
  if constexpr (Pitch % Length != 0) {
    const auto halves = __builtin_bit_cast(Vector<unsigned short, Length>, run);
#pragma unroll
    for (int e = 0; e < Length; ++e)
      __builtin_amdgcn_raw_buffer_store_b16(
          halves[e], matrix.buffer, column + e < Pitch ? offset + e * static_cast<int>(sizeof(T)) : outside,
          0, 0);
  } else if constexpr (Length == 4) {
    const auto words = __builtin_bit_cast(Vector<unsigned, 2>, run);
    __builtin_amdgcn_raw_buffer_store_b64(words, matrix.buffer, column < Pitch ? offset : outside, 0, 0);
  } else {
    __builtin_amdgcn_raw_buffer_store_b32(__builtin_bit_cast(unsigned, run), matrix.buffer,
                                          column < Pitch ? offset : outside, 0, 0);
  }
}

/// The sums of one wave: Down x Across instructions, rows of the left operand by rows of the right one. In
/// each block of four rows a lane holds one column: element e is row 4 * (lane / size) + e % 4 + 4 * (e / 4)
/// * (64 / size).
template <class Mma, int Down, int Across>
struct Accumulators {
  using Element = typename Mma::Element;
  static constexpr int size = Mma::size;
  static constexpr int quads = size * size / waveSize / 4; // runs of four rows in a lane

  typename Mma::Accumulator parts[Down][Across] = {};

  template <int Deep>
  __device__ void multiply(const Operands<Mma, Down, Deep> &a, const Operands<Mma, Across, Deep> &b) {
#pragma unroll
    for (int k = 0; k < Deep; ++k)
#pragma unroll
      for (int i = 0; i < Down; ++i)
#pragma unroll
        for (int j = 0; j < Across; ++j)
          parts[i][j] = Mma::apply(a.parts[i][k], b.parts[j][k], parts[i][j]);
  }

  /// Calls visit(part, first element in it, row, column) for each run of four rows that this lane holds.
  template <class Visit>
  __device__ void forEachQuad(Visit visit) {
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int quad = 0; quad < quads; ++quad)
          visit(parts[i][j], 4 * quad, i * size + quad * (4 * waveSize / size) + laneId() / size * 4,
                j * size + laneId() % size);
  }

  template <class Function>
  __device__ void map(Function function) {
    forEachQuad([&](auto &part, int first, int, int) {
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
  template <int Columns>
  __device__ void addBiasDown(const Element *bias, int column) {
    const GlobalRows<Element, Columns> row(bias, 0, 1, 1); // zero past its end
    forEachQuad([&](auto &part, int first, int i, int) {
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const int offset = (column + i + e) * static_cast<int>(sizeof(Element));
        const unsigned short value = __builtin_amdgcn_raw_buffer_load_b16(row.buffer, offset, 0, 0);
        part[first + e] += static_cast<float>(__builtin_bit_cast(Element, value));
      }
    });
  }

  /// Of each pair of rows, which are output columns: gate(first) * second, in the first.
  template <class Gate>
  __device__ void gate(Gate gate) {
    forEachQuad([&](auto &part, int first, int, int) {
#pragma unroll
      for (int e = 0; e < 4; e += 2)
        part[first + e] = gate(part[first + e]) * part[first + e + 1];
    });
  }

  /// Adds the element at (row + j, column + i) of the matrix to element (i, j) of the sums.
  template <int Pitch>
  __device__ void addTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    addRuns<4, 1>(matrix, row, column);
  }
  /// Adds the element at (row + j, (column + i) / 2) to the even rows i.
  template <int Pitch>
  __device__ void addHalved(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    addRuns<2, 2>(matrix, row, column);
  }
  template <int Length, int Stride, int Pitch>
  __device__ void addRuns(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    forEachQuad([&](auto &part, int first, int i, int j) {
      const auto run = loadRun<Length>(matrix, row + j, (column + i) / Stride);
#pragma unroll
      for (int e = 0; e < Length; ++e)
        part[first + e * Stride] += static_cast<float>(run[e]);
    });
  }

  /// Rounds and writes element (i, j) of the sums to (row + j, column + i); outside the matrix nothing is
  /// written.
  template <int Pitch>
  __device__ void storeTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    forEachQuad([&](auto &part, int first, int i, int j) {
      const Vector<float, 4> quad = {part[first], part[first + 1], part[first + 2], part[first + 3]};
      storeRun(matrix, row + j, column + i, __builtin_convertvector(quad, Vector<Element, 4>));
    });
  }
  /// Rounds and writes the even rows i of the sums to (row + j, (column + i) / 2).
  template <int Pitch>
  __device__ void storeHalved(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    forEachQuad([&](auto &part, int first, int i, int j) {
      const Vector<float, 2> pair = {part[first], part[first + 2]};
      storeRun(matrix, row + j, (column + i) / 2, __builtin_convertvector(pair, Vector<Element, 2>));
    });
  }
};

} // namespace
