
// Stream-K: a fixed number of workgroups share the steps of k of all tiles.

namespace {

/// Steps [first, first + count) of the tile at (row, column). Where others have the rest, this is one of
/// `parts` parts, whose workgroups follow each other from position `opener` on. The workgroup's pieces before
/// have `before` steps.
struct Piece {
  int row, column, first, count, before;
  int opener, part, parts;
};

/// The work of the workgroup at a position. As long as tiles last for two rounds of all workgroups, it takes
/// a whole one. The steps of the last tiles, in units of Least or more, are dealt in equal runs, which begin
/// and end inside of tiles.
template <int TileRows, int TileColumns, int Columns, int BandRows, int Steps, int Least, int Workgroups>
struct StreamK {
  static constexpr int units = Steps / Least; // that a tile may be cut in

  int rows, position;
  int whole;        // tiles of this workgroup that are not cut
  int each, longer; // units of a run; so many runs have one more
  int pieces;       // of this workgroup

  __device__ StreamK(int rows, int position) : rows(rows), position(position) {
    const int tiles = (rows + TileRows - 1) / TileRows * ((Columns + TileColumns - 1) / TileColumns);
    const int rounds = tiles / Workgroups;
    whole = tiles % Workgroups == 0 || rounds == 0 ? rounds : rounds - 1;
    const int dealt = (tiles - whole * Workgroups) * units;
    each = dealt / Workgroups;
    longer = dealt % Workgroups;
    const int begin = firstUnit(position), end = firstUnit(position + 1);
    pieces = whole + (begin < end ? (end - 1) / units - begin / units + 1 : 0);
  }

  __device__ int firstUnit(int workgroup) const { return workgroup * each + minimum(workgroup, longer); }
  __device__ int positionOf(int unit) const {
    const int ofLonger = longer * (each + 1);
    return unit < ofLonger ? unit / (each + 1) : longer + (unit - ofLonger) / each;
  }

  /// The whole tiles first, then what the run has of each tile.
  __device__ Piece piece(int round) const {
    if (round < whole) {
      const Origin tile =
          tileAt<TileRows, TileColumns, Columns, BandRows>(round * Workgroups + position, rows);
      return {tile.row, tile.column, 0, Steps, round * Steps, position, 0, 1};
    }
    const int begin = firstUnit(position), end = firstUnit(position + 1);
    const int cut = begin / units + round - whole, firstOfTile = cut * units;
    const int from = begin < firstOfTile ? 0 : begin - firstOfTile, to = minimum(end - firstOfTile, units);
    const int first = from * Steps / units, count = to * Steps / units - first;
    const int ofOthers = begin / units * Steps + begin % units * Steps / units; // before the run
    const int before = (whole + cut) * Steps + first - ofOthers;
    const int opener = positionOf(firstOfTile), last = positionOf(firstOfTile + units - 1);
    const Origin tile = tileAt<TileRows, TileColumns, Columns, BandRows>(whole * Workgroups + cut, rows);
    return {tile.row, tile.column, first, count, before, opener, position - opener, last - opener + 1};
  }
};

/// Where the workgroup with that part of a tile leaves its sums: it has one place for the piece that begins a
/// tile and one for the piece that ends one.
DEVICE int placeOf(const Piece &piece, int part) {
  return 2 * (piece.opener + part) + (part == 0 ? 1 : 0);
}

/// What the last to arrive at a cut tile does: the sums of its parts, added in the order of k. `add(part)`
/// adds what that part has left.
template <class Sums, class Add>
DEVICE void addPieces(Sums &sums, const Piece &piece, Add add) {
  // Two sums are the same in either order; of more, the first comes first.
  if (piece.parts > 2)
    sums = Sums();
#pragma unroll 1
  for (int part = 0; part < piece.parts; ++part)
    if (piece.parts > 2 || part != piece.part)
      add(part);
}

} // namespace
