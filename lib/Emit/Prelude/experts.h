
namespace {

/// Rows of D that belong to one expert, and the first column of a tile; no expert past the last tile.
struct ExpertTile {
  int expert, row, end, column;
};

/// The rows of expert e are those from table[e] to table[e + 1].
template <int Experts>
struct ContiguousRows {
  static constexpr int experts = Experts;
  DEVICE int first(const int *table, int, int expert) { return table[expert]; }
  DEVICE int end(const int *table, int rows, int expert) { return minimum(table[expert + 1], rows); }
};

/// Each expert has the same share of the rows, of which the first table[e] count.
template <int Experts>
struct MaskedRows {
  static constexpr int experts = Experts;
  DEVICE int first(const int *, int rows, int expert) { return rows / Experts * expert; }
  DEVICE int end(const int *table, int rows, int expert) {
    return first(table, rows, expert) + minimum(table[expert], rows / Experts);
  }
};

/// The tile of this workgroup where the tiles of one expert follow those of the one before. Each lane counts
/// the tiles of an expert; the first sum above the tile's number is that of its expert.
template <class Layout, int TileRows, int TileColumns, int Columns, int BandRows, int Chiplets = 1,
          int RunLength = 1>
DEVICE ExpertTile expertTile(const int *table, int rows) {
  constexpr int columnTiles = (Columns + TileColumns - 1) / TileColumns;
  constexpr int rounds = (Layout::experts + waveSize - 1) / waveSize;
  int sums[rounds]; // tiles of this lane's expert and all before it
  int tiles = 0;
#pragma unroll
  for (int round = 0; round < rounds; ++round) {
    const int expert = round * waveSize + laneId();
    int count = 0;
    if (expert < Layout::experts) {
      const int own = Layout::end(table, rows, expert) - Layout::first(table, rows, expert);
      count = own > 0 ? (own + TileRows - 1) / TileRows * columnTiles : 0;
    }
    sums[round] = tiles + prefixSum(count);
    tiles = laneValue(sums[round], waveSize - 1);
  }
  const int tile = dealtTile<Chiplets, RunLength>(tiles);
  if (tile >= tiles)
    return {-1, 0, 0, 0};
  int expert = 0, before = 0; // tiles of the experts before
#pragma unroll
  for (int round = 0; round < rounds; ++round) {
    const int passed = countLanes(sums[round] <= tile);
    if (passed > 0)
      before = laneValue(sums[round], passed - 1);
    expert += passed;
  }
  const int first = Layout::first(table, rows, expert), end = Layout::end(table, rows, expert);
  const Origin origin = tileAt<TileRows, TileColumns, Columns, BandRows>(tile - before, end - first);
  return {expert, first + origin.row, end, origin.column};
}

} // namespace
