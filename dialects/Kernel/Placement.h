// How the tiles of an output are walked, whatever decides which output that is.
#pragma once

#include "dialects/Kernel/Kernel.h"

namespace codesign::kernel {

/// The tile that a workgroup takes, where chiplets receive workgroups in turn and each is to have runs of
/// consecutive tiles. Numbers past the last whole block of runs keep their place.
int64_t dealtTile(int64_t workgroup, int64_t tiles, int64_t chiplets, int64_t run);

/// Row and column, in tiles, of a tile of a grid that is walked in bands of tile rows, down columns in each.
std::pair<int64_t, int64_t> tileInBands(int64_t tile, int64_t tileRows, int64_t tileColumns, int64_t band);

/// The most rows of tiles that the rows of all experts may take. Contiguous: each expert that has rows may
/// begin a tile that it does not fill. Masked: every expert may be full.
int64_t expertTileRows(ExpertLayout layout, int64_t experts, int64_t rowCount, int64_t tileRows);

/// Success if extents and order are positive.
mlir::LogicalResult verifyPlacement(PlacementOpInterface op);

} // namespace codesign::kernel
