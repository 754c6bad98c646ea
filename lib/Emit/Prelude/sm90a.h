
// Warp-specialised kernels, for sm_90a: the copy engine, mbarriers, products from shared memory.

#ifndef __CUDACC__
#define __grid_constant__ __attribute__((grid_constant))
#define __cluster_dims__(x, y, z) __attribute__((cluster_dims(x, y, z)))
#endif

namespace {

constexpr int warpgroupSize = 128;

/// A matrix as the copy engine sees it; the driver writes it (cuTensorMapEncodeTiled).
struct alignas(64) TensorMap {
  unsigned long long words[16];
};

DEVICE int workgroupCount() {
#ifdef __NVCC__
  return gridDim.x;
#else
  return __nvvm_read_ptx_sreg_nctaid_x();
#endif
}

//----------------------------------------------------------------------------- roles and clusters

/// The first warpgroup copies, one lane of it; the others multiply.
DEVICE bool isProducer() {
  return threadId() < warpgroupSize;
}
DEVICE bool isProducerLane() {
  return threadId() == 0;
}
/// Number of this consumer warpgroup.
DEVICE int group() {
  return threadId() / warpgroupSize - 1;
}
template <int Registers>
DEVICE void releaseRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Registers));
}
template <int Registers>
DEVICE void claimRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Registers));
}

/// Output tiles of a launch.
template <int TileRows, int TileColumns, int Columns>
DEVICE int tileCount(int rows) {
  return (rows + TileRows - 1) / TileRows * ((Columns + TileColumns - 1) / TileColumns);
}

struct ClusterPosition {
  int index, count, rank;
};
/// Clusters are Size consecutive workgroups.
template <int Size>
DEVICE ClusterPosition clusterPosition() {
  return {workgroupId() / Size, workgroupCount() / Size, workgroupId() % Size};
}
/// All threads of the cluster; warps need not be converged.
template <int Size>
DEVICE void clusterBarrier() {
  if (Size == 1)
    asm volatile("barrier.sync 0;" ::: "memory");
  else
    asm volatile("barrier.cluster.arrive.release;\n"
                 "barrier.cluster.wait.acquire;" ::
                     : "memory");
}
/// All threads of one consumer warpgroup. Barrier 0 is the workgroup's.
DEVICE void groupBarrier() {
  asm volatile("bar.sync %0, 128;" ::"r"(group() + 1) : "memory");
}
template <int Rows, int Columns, int GroupsAcross>
DEVICE Origin groupTile() {
  return {group() / GroupsAcross * Rows, group() % GroupsAcross * Columns};
}

//----------------------------------------------------------------------------- mbarriers

/// A ring of mbarriers: use t waits for phase t / Count of barrier t % Count, of which the hardware keeps the
/// parity.
template <int Count>
struct Mbarriers {
  unsigned first;

  __device__ explicit Mbarriers(const char *memory) : first(sharedAddress(memory)) {}

  __device__ unsigned at(int use) const { return first + use % Count * 8; }

  /// By one thread; a cluster barrier must follow.
  __device__ void initialise(int arrivals) const {
    if (threadId() != 0)
      return;
    for (int i = 0; i < Count; ++i)
      asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at(i)), "r"(arrivals) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;\n"
                 "fence.proxy.async;" ::
                     : "memory");
  }
  __device__ void await(int use) const { awaitParity(at(use), use / Count & 1); }
  /// The phase before; the first round passes, because a new barrier counts as past an odd phase.
  __device__ void awaitPrevious(int use) const { awaitParity(at(use), (use / Count & 1) ^ 1); }
  /// Arrives, and makes the phase wait for so many bytes of copies.
  __device__ void expectBytes(int use, int bytes) const {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at(use)), "r"(bytes)
                 : "memory");
  }
  /// Every warp arrives once on the barrier of each workgroup of the cluster.
  template <int ClusterSize>
  __device__ void arrive(int use) const {
    if (laneId() >= ClusterSize)
      return;
    if (ClusterSize == 1)
      asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(at(use)) : "memory");
    else
      asm volatile("{\n"
                   ".reg .b32 remote;\n"
                   "mapa.shared::cluster.u32 remote, %0, %1;\n"
                   "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote];\n"
                   "}" ::"r"(at(use)),
                   "r"(laneId())
                   : "memory");
  }

private:
  static __device__ void awaitParity(unsigned barrier, int parity) {
    asm volatile("{\n"
                 ".reg .pred done;\n"
                 "again:\n"
                 "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
                 "@!done bra again;\n"
                 "}" ::"r"(barrier),
                 "r"(parity)
                 : "memory");
  }
};

//----------------------------------------------------------------------------- the copy engine

/// The map's box at (row, column) of the matrix to the tile, from its row `toRow` on.
template <class Tile, int Count>
DEVICE void copyTensor(Tile &tile, int toRow, const TensorMap &map, int row, int column,
                       const Mbarriers<Count> &barriers, int use) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
               "[%0], [%1, {%2, %3}], [%4];" ::"r"(sharedAddress(&tile) + toRow * Tile::rowBytes),
               "l"(&map), "r"(column), "r"(row), "r"(barriers.at(use))
               : "memory");
}
/// The same box to the same place in every workgroup of the cluster.
template <int ClusterSize, class Tile, int Count>
DEVICE void copyTensorToAll(Tile &tile, int toRow, const TensorMap &map, int row, int column,
                            const Mbarriers<Count> &barriers, int use) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster "
      "[%0], [%1, {%2, %3}], [%4], %5;" ::"r"(sharedAddress(&tile) + toRow * Tile::rowBytes),
      "l"(&map), "r"(column), "r"(row), "r"(barriers.at(use)),
      "h"(static_cast<unsigned short>((1 << ClusterSize) - 1))
      : "memory");
}
/// What this thread wrote to shared memory becomes visible to the copy engine.
DEVICE void fenceAsync() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
/// `Panels` tiles side by side to the matrix, by the first lane of the group.
template <int Panels, class Tile>
DEVICE void storeTensor(Tile *panels, const TensorMap &map, int row, int column) {
  if (threadId() % warpgroupSize != 0)
    return;
  constexpr int columns = Tile::rowChunks * chunkLength;
#pragma unroll
  for (int i = 0; i < Panels; ++i)
    asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1, %2}], [%3];" ::"l"(&map),
                 "r"(column + i * columns), "r"(row), "r"(sharedAddress(&panels[i]))
                 : "memory");
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}
/// The lane that stores waits until shared memory has been read.
DEVICE void waitStores() {
  if (threadId() % warpgroupSize == 0)
    asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
}

//----------------------------------------------------------------------------- products

/// The number, which the compiler cannot know: it takes asm statements for nothing, and would write out a
/// loop of a hundred steps of them.
DEVICE int unknown(int number) {
  asm("" : "+r"(number));
  return number;
}

/// How wgmma finds an operand whose k is contiguous, in rows of RowBytes under the swizzle of that span:
/// start address and distance of groups of eight rows in units of 16 bytes; the distance along k is not used.
template <int RowBytes>
__device__ constexpr unsigned long long matrixDescriptor(unsigned address) {
  static_assert(RowBytes == 128 || RowBytes == 64 || RowBytes == 32, "a swizzle spans 32, 64 or 128 bytes");
  constexpr unsigned long long swizzle = RowBytes == 128 ? 1 : RowBytes == 64 ? 2 : 3;
  return (address & 0x3ffff) >> 4 | 1ull << 16 | static_cast<unsigned long long>(8 * RowBytes >> 4) << 32 |
         swizzle << 62;
}
static_assert(matrixDescriptor<128>(0) == 0x4000004000010000, "CuTe's descriptor of the same operand");

DEVICE unsigned roundPair(float left, float right, bf16) {
  unsigned pair;
  asm("cvt.rn.bf16x2.f32 %0, %2, %1;" : "=r"(pair) : "f"(left), "f"(right));
  return pair;
}
DEVICE unsigned roundPair(float left, float right, f16) {
  unsigned pair;
  asm("cvt.rn.f16x2.f32 %0, %2, %1;" : "=r"(pair) : "f"(left), "f"(right));
  return pair;
}

/// A scale for each row of the sums that a lane holds.
template <int Down>
struct RowScales {
  float rows[Down][2];
};
/// The scales of one block of k on their way: those of the lane's rows, and that of its group's columns.
template <int Down>
struct GroupScales {
  float rows[Down][2], columns;

  template <class... Place>
  __device__ GroupScales(const Place &...place) {
    load(place...);
  }
  /// Requests block `step` of the rows from `row` on and of column block `block`. Past the last
  /// step, where nobody uses them, the last ones come again.
  template <int Steps>
  __device__ void load(const GlobalRows<float, Steps> &rowScales, int row,
                       const GlobalRows<float, Steps> &columnScales, int block, int step) {
    auto scale = [&](const GlobalRows<float, Steps> &matrix, int i) {
      const long long at = static_cast<long long>(i) * Steps + minimum(step, Steps - 1);
      return i < matrix.count ? matrix.first[at] : 0.0f;
    };
    const int first = row + threadId() % warpgroupSize / waveSize * 16 + laneId() / 4;
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int half = 0; half < 2; ++half)
        rows[i][half] = scale(rowScales, first + i * 64 + half * 8);
    columns = scale(columnScales, block);
  }
  __device__ RowScales<Down> product() const {
    RowScales<Down> result;
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int half = 0; half < 2; ++half)
        result.rows[i][half] = rows[i][half] * columns;
    return result;
  }
};

/// The sums of one warpgroup: Down x Across instructions of 64 x Mma::columns.
template <class Mma, int Down, int Across>
struct GroupAccumulators : Epilogue<GroupAccumulators<Mma, Down, Across>> {
  static constexpr int pairCount = Down * Across * Mma::columns / 4;

  float parts[Down][Across][Mma::columns / 2] = {};

  /// The zeros are in registers before the first product starts.
  __device__ GroupAccumulators() { hold(); }

  /// Starts the products of rows [row, ...) of a and rows [column, ...) of b over the depth of the tiles, as
  /// one group.
  template <class TileA, class TileB>
  __device__ void multiply(TileA &a, int row, TileB &b, int column) {
    products<false>(a, row, b, column);
  }
  /// The same, with sums that count as zero before.
  template <class TileA, class TileB>
  __device__ void multiplyAnew(TileA &a, int row, TileB &b, int column) {
    products<true>(a, row, b, column);
  }
  template <bool Anew, class TileA, class TileB>
  __device__ void products(TileA &a, int row, TileB &b, int column) {
    constexpr int rowBytes = TileA::rowBytes, stepBytes = 32; // of k, per instruction
    const unsigned long long left = matrixDescriptor<rowBytes>(sharedAddress(&a) + row * rowBytes);
    const unsigned long long right = matrixDescriptor<rowBytes>(sharedAddress(&b) + column * rowBytes);
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (int k = 0; k < rowBytes / stepBytes; ++k)
#pragma unroll
      for (int i = 0; i < Down; ++i)
#pragma unroll
        for (int j = 0; j < Across; ++j) {
          const unsigned long long rows = left + (i * 64 * rowBytes + k * stepBytes) / 16,
                                   columns = right + (j * Mma::columns * rowBytes + k * stepBytes) / 16;
          if constexpr (!Anew)
            Mma::apply(parts[i][j], rows, columns);
          else if (k > 0)
            Mma::apply(parts[i][j], rows, columns);
          else
            Mma::applyAnew(parts[i][j], rows, columns);
        }
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
  }
  /// Waits until at most Pending groups are under way.
  template <int Pending>
  __device__ void wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Pending) : "memory");
    if (Pending == 0)
      hold();
  }

  /// Adds the products of a step of k, which are done.
  __device__ void add(const GroupAccumulators &products) {
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int v = 0; v < Mma::columns / 2; ++v)
          parts[i][j][v] += products.parts[i][j][v];
  }
  /// The same, each row times its scale.
  __device__ void add(const GroupAccumulators &products, const RowScales<Down> &scales) {
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int v = 0; v < Mma::columns / 2; ++v)
          parts[i][j][v] += products.parts[i][j][v] * scales.rows[i][v / 2 % 2];
  }

  template <class Visit>
  __device__ void forEachPair(Visit visit) {
    const int row = threadId() % warpgroupSize / waveSize * 16 + laneId() / 4, column = laneId() % 4 * 2;
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int pair = 0; pair < Mma::columns / 4; ++pair)
          visit(parts[i][j][2 * pair], parts[i][j][2 * pair + 1], row + i * 64 + pair % 2 * 8,
                column + j * Mma::columns + pair / 2 * 8);
  }

  /// Multiplies row i of the sums by the scale of row + i: two loads for 64 rows, before the products.
  __device__ void scaleRows(const GlobalRows<float, 1> &scales, int row) {
    const int first = row + threadId() % warpgroupSize / waveSize * 16 + laneId() / 4;
    float factors[Down][2];
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int at = first + i * 64 + half * 8;
        factors[i][half] = at < scales.count ? scales.first[at] : 0;
      }
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int v = 0; v < Mma::columns / 2; ++v)
          parts[i][j][v] *= factors[i][v / 2 % 2];
  }

  /// No use of the sums is moved across.
  __device__ void hold() {
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int v = 0; v < Mma::columns / 2; ++v)
          asm volatile("" : "+f"(parts[i][j][v])::"memory");
  }

  /// Rounds to shared memory: panels side by side, each with all rows of the sums.
  template <class Tile>
  __device__ void stage(Tile *panels) {
    using Element = typename Tile::Element;
    constexpr int panelChunks = Tile::rowChunks;
    const int row = threadId() % warpgroupSize / waveSize * 16 + laneId() % 16;
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int pair = 0; pair < Mma::columns / 16; ++pair) {
          const float *v = &parts[i][j][8 * pair];
          const int chunk = (j * Mma::columns + pair * 16) / chunkLength;
          asm volatile(
              "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(sharedAddress(
                  &panels[chunk / panelChunks].at(row + i * 64, chunk % panelChunks + laneId() / 16))),
              "r"(roundPair(v[0], v[1], Element{})), "r"(roundPair(v[2], v[3], Element{})),
              "r"(roundPair(v[4], v[5], Element{})), "r"(roundPair(v[6], v[7], Element{}))
              : "memory");
        }
  }
};

} // namespace
