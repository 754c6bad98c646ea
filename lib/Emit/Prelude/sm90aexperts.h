
// Persistent workgroups that walk the tiles of experts, for sm_90a.

namespace {

/// What shared memory holds of the experts: tiles of all before each and, at the end, of all of them; its
/// first row; the end of its rows.
template <class Counts>
DEVICE int *expertNumbers(Counts &counts, int row) {
  return reinterpret_cast<int *>(&counts.at(row, 0));
}

/// By the first warp of the workgroup; a barrier must follow.
template <class Layout, int TileRows, int TileColumns, int Columns, class Counts>
DEVICE void countExpertTiles(Counts &counts, const int *table, int rows) {
  constexpr int columnTiles = (Columns + TileColumns - 1) / TileColumns;
  constexpr int rounds = (Layout::experts + waveSize - 1) / waveSize;
  if (waveId() != 0)
    return;
  int tiles = 0;
#pragma unroll 1
  for (int round = 0; round < rounds; ++round) {
    const int expert = round * waveSize + laneId();
    int count = 0, first = 0, end = 0;
    if (expert < Layout::experts) {
      first = Layout::first(table, rows, expert);
      end = Layout::end(table, rows, expert);
      count = end > first ? (end - first + TileRows - 1) / TileRows * columnTiles : 0;
    }
    const int sum = tiles + prefixSum(count);
    if (expert < Layout::experts) {
      expertNumbers(counts, 0)[expert] = sum - count;
      expertNumbers(counts, 1)[expert] = first;
      expertNumbers(counts, 2)[expert] = end;
    }
    tiles = laneValue(sum, waveSize - 1);
  }
  if (laneId() == 0)
    expertNumbers(counts, 0)[Layout::experts] = tiles;
}

template <int Experts, class Counts>
DEVICE int expertTileCount(Counts &counts) {
  return expertNumbers(counts, 0)[Experts];
}

/// By any thread on its own: the expert before whose tiles no more than `tile` of them stand, the last one of
/// those with as many, since the others have none.
template <int Experts, int TileRows, int TileColumns, int Columns, int BandRows, class Counts>
DEVICE ExpertTile expertTileAt(Counts &counts, int tile) {
  const int *const before = expertNumbers(counts, 0);
  int expert = 0, past = Experts;
#pragma unroll 1
  while (past - expert > 1) {
    const int middle = (expert + past) / 2;
    (before[middle] <= tile ? expert : past) = middle;
  }
  const int first = expertNumbers(counts, 1)[expert], end = expertNumbers(counts, 2)[expert];
  const Origin origin = tileAt<TileRows, TileColumns, Columns, BandRows>(tile - before[expert], end - first);
  return {expert, first + origin.row, end, origin.column};
}

/// `Panels` tiles side by side to rows of the matrix, 16 bytes of a thread of the group at once.
template <int Panels, class Tile, class Element, int Pitch>
DEVICE void storePanels(Tile *panels, const GlobalRows<Element, Pitch> &matrix, int row, int column) {
  constexpr int rowChunks = Tile::rowChunks, rowStep = warpgroupSize / rowChunks;
  constexpr int length = lengthOf<Element>;
  static_assert(Pitch % length == 0 && Tile::rows % rowStep == 0, "rows of whole chunks");
  const int thread = threadId() % warpgroupSize, chunk = thread % rowChunks;
#pragma unroll
  for (int panel = 0; panel < Panels; ++panel) {
    const int toColumn = column + (panel * rowChunks + chunk) * length;
#pragma unroll
    for (int i = 0; i < Tile::rows; i += rowStep) {
      const int tileRow = thread / rowChunks + i;
      if (row + tileRow >= matrix.count || toColumn >= Pitch)
        continue;
      const Chunk words = panels[panel].at(tileRow, chunk);
      asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(
                       matrix.first + static_cast<long long>(row + tileRow) * Pitch + toColumn),
                   "r"(words.words[0]), "r"(words.words[1]), "r"(words.words[2]), "r"(words.words[3])
                   : "memory");
    }
  }
}

} // namespace
