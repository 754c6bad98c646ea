#include "dialects/Kernel/Placement.h"

using namespace mlir;

namespace codesign::kernel {

int64_t dealtTile(int64_t workgroup, int64_t tiles, int64_t chiplets, int64_t run) {
  const int64_t block = chiplets * run;
  if (chiplets == 1 || workgroup >= tiles / block * block)
    return workgroup;
  const int64_t local = workgroup / chiplets;
  return local / run * block + workgroup % chiplets * run + local % run;
}

std::pair<int64_t, int64_t> tileInBands(int64_t tile, int64_t tileRows, int64_t tileColumns, int64_t band) {
  const int64_t number = tile / (band * tileColumns), inBand = tile % (band * tileColumns);
  const int64_t bandRows = std::min(tileRows - number * band, band);
  return {number * band + inBand % bandRows, inBand / bandRows};
}

int64_t expertTileRows(ExpertLayout layout, int64_t experts, int64_t rowCount, int64_t tileRows) {
  if (layout == ExpertLayout::Contiguous)
    return (rowCount + std::min(experts, rowCount) * (tileRows - 1)) / tileRows;
  return experts * static_cast<int64_t>(llvm::divideCeil(rowCount / experts, tileRows));
}

LogicalResult verifyPlacement(PlacementOpInterface op) {
  if (op.getTile().size() != 2 || op.getTile()[0] < 1 || op.getTile()[1] < 1)
    return op->emitOpError("the tile has two positive extents");
  const auto positive = [](uint64_t value) { return static_cast<int64_t>(value) >= 1; };
  if (!positive(op.getColumns()) || !positive(op.getBand()) || !positive(op.getChiplets()) ||
      !positive(op.getRun()))
    return op->emitOpError("columns, band, chiplets and run are positive");
  return success();
}

LogicalResult TileOrderOp::verify() {
  return verifyPlacement(*this);
}

int64_t TileOrderOp::getWorkgroupCount(int64_t rowCount) {
  return llvm::divideCeil(rowCount, getTile()[0]) * llvm::divideCeil(getColumns(), getTile()[1]);
}

std::pair<int64_t, int64_t> TileOrderOp::getOrigin(int64_t workgroup, int64_t rowCount) {
  const int64_t tileRows = llvm::divideCeil(rowCount, getTile()[0]);
  const int64_t tileColumns = llvm::divideCeil(getColumns(), getTile()[1]);
  const int64_t tile = dealtTile(workgroup, tileRows * tileColumns, getChiplets(), getRun());
  const auto [row, column] = tileInBands(tile, tileRows, tileColumns, getBand());
  return {row * getTile()[0], column * getTile()[1]};
}

} // namespace codesign::kernel
