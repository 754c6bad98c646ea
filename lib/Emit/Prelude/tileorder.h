
// The order of tiles.

namespace {

struct Origin {
  int row, column;
};

/// The tile with this number: tiles are walked in bands of BandRows tile rows, down columns in each, so that
/// the workgroups that run at one time share rows and columns in L2.
template <int TileRows, int TileColumns, int Columns, int BandRows>
DEVICE Origin tileAt(int index, int rows) {
  constexpr int columnTiles = (Columns + TileColumns - 1) / TileColumns;
  const int rowTiles = (rows + TileRows - 1) / TileRows;
  const int band = index / (BandRows * columnTiles), inBand = index % (BandRows * columnTiles);
  const int bandRows = minimum(rowTiles - band * BandRows, BandRows);
  return {(band * BandRows + inBand % bandRows) * TileRows, inBand / bandRows * TileColumns};
}

} // namespace
