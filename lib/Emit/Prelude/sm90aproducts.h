
// Products from shared memory and their sums, for sm_90a.

namespace {

/// How an operand lies in its tile.
template <class Tile>
struct OperandIn : DepthInRows<Tile::rowBytes> {};
template <class T, int Depth, int Rows>
struct OperandIn<PanelTile<T, Depth, Rows>> : DepthInPanels<Depth> {};

/// The rows of a lane of a warpgroup: two of each 64.
template <int Down>
struct GroupRows {
  static constexpr int count = 2 * Down;
  DEVICE int first() { return threadId() % warpgroupSize / waveSize * 16 + rowOfLane(); }
  DEVICE int next(int i) { return i / 2 * 64 + i % 2 * 8; } // so many after the first
};

/// A scale for each row of the sums that a lane holds, or one for its even columns and one for its odd ones.
template <int Down, int Turns>
struct RowScales {
  float rows[Down][2][Turns];
};

/// The scales of one block of k on their way: those of the lane's rows, and those of its group's columns.
template <int Down, int Turns = 1>
struct GroupScales {
  float rows[Down][2], columns[Turns];

  template <class... Place>
  __device__ GroupScales(const Place &...place) {
    load(place...);
  }
  /// Requests block `step` of k of the rows, and of the columns from column block `block` on. Past the last
  /// step, where nobody uses them, the last ones come again.
  template <class Places, int Steps>
  __device__ void load(const Places &places, const GlobalRows<float, Steps> &columnScales, int block,
                       int step) {
    const int known = minimum(step, Steps - 1);
#pragma unroll
    for (int i = 0; i < 2 * Down; ++i)
      rows[i / 2][i % 2] = places.load(i, known);
#pragma unroll
    for (int turn = 0; turn < Turns; ++turn)
      columns[turn] = block + turn < columnScales.count
                          ? columnScales.first[static_cast<long long>(block + turn) * Steps + known]
                          : 0.0f;
  }
  __device__ RowScales<Down, Turns> product() const {
    RowScales<Down, Turns> result;
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int half = 0; half < 2; ++half)
#pragma unroll
        for (int turn = 0; turn < Turns; ++turn)
          result.rows[i][half][turn] = rows[i][half] * columns[turn];
    return result;
  }
};

/// The sums of one warpgroup: Down x Across instructions of 64 x Mma::columns.
template <class Mma, int Down, int Across>
struct GroupAccumulators : StoreSteps<64, Mma::columns, Down, Across> {
  using StoreSteps<64, Mma::columns, Down, Across>::parts;

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
    using A = OperandIn<TileA>;
    using B = OperandIn<TileB>;
    static_assert(A::steps == B::steps, "the same depth");
    const unsigned long long left = A::descriptor(sharedAddress(&a) + A::offset(row));
    const unsigned long long right = B::descriptor(sharedAddress(&b) + B::offset(column));
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (int k = 0; k < A::steps; ++k)
#pragma unroll
      for (int i = 0; i < Down; ++i)
#pragma unroll
        for (int j = 0; j < Across; ++j) {
          const unsigned long long rows = left + (A::offset(i * 64) + k * A::stepBytes) / 16,
                                   columns = right + (B::offset(j * Mma::columns) + k * B::stepBytes) / 16;
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
  /// The same, each row times its scale, or its columns' in turn.
  template <int Turns>
  __device__ void add(const GroupAccumulators &products, const RowScales<Down, Turns> &scales) {
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int v = 0; v < Mma::columns / 2; ++v)
          parts[i][j][v] += products.parts[i][j][v] * scales.rows[i][v / 2 % 2][v % Turns];
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
    if constexpr (sizeof(typename Tile::Element) == 1)
      stageBytes(panels);
    else
      stageMatrices(panels);
  }
  template <class Tile>
  __device__ void stageMatrices(Tile *panels) {
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
  /// stmatrix moves 16 bits, which are two neighbours here, and those that it wants in one register are in
  /// two lanes: each writes its own. Eight rows of a swizzled chunk column have no bank in common.
  template <class Tile>
  __device__ void stageBytes(Tile *panels) {
    this->forEachPair([&](float &left, float &right, int row, int column) {
      const int chunk = column / 16, inChunk = column % 16;
      Chunk &to = panels[chunk / Tile::rowChunks].at(row, chunk % Tile::rowChunks);
      asm volatile("st.shared.b16 [%0], %1;" ::"r"(sharedAddress(&to) + inChunk),
                   "h"(static_cast<unsigned short>(roundPair(left, right, typename Tile::Element{})))
                   : "memory");
    });
  }
};

} // namespace
