// Persistent workgroups that walk the tiles of experts.
#include "dialects/Kernel/OpChecks.h"
#include "dialects/Kernel/Placement.h"

using namespace mlir;

namespace codesign::kernel {

LogicalResult CountExpertTilesOp::verify() {
  if (failed(verifyPlacement(*this)) ||
      failed(verifyExpertTable(*this, getTable().getType(), static_cast<int64_t>(getExperts()),
                               getTableLength())))
    return failure();
  TileType counts = getCounts().getType();
  if (counts.getSpace() != Space::Shared || counts.isRing() || !counts.getElementType().isInteger(32) ||
      counts.getRows() != 3 || counts.getColumns() <= static_cast<int64_t>(getExperts()))
    return emitOpError() << "writes three rows of more than " << getExperts() << " i32 in LDS, not "
                         << counts;
  return success();
}

/// Persistent workgroups are not dealt to chiplets.
uint64_t CountExpertTilesOp::getChiplets() {
  return 1;
}
uint64_t CountExpertTilesOp::getRun() {
  return 1;
}

int64_t CountExpertTilesOp::getWorkgroupCount(int64_t rowCount) {
  return expertTileRows(getLayout(), static_cast<int64_t>(getExperts()), rowCount, getTile()[0]) *
         llvm::divideCeil(getColumns(), getTile()[1]);
}

LogicalResult StorePanelsOp::verify() {
  TileType ring = getRing().getType(), rows = getRows().getType();
  if (failed(verifyGlobalRows(*this, rows)))
    return failure();
  if (ring.getSpace() != Space::Shared || !ring.isRing() || ring.getElementType() != rows.getElementType())
    return emitOpError() << "takes panels of " << rows.getElementType() << " in LDS, not " << ring;
  if (getCount() == 0 || static_cast<int64_t>(getCount()) > ring.getSlots())
    return emitOpError("stores panels that the ring does not have");
  if (rows.getColumns() % chunkLength(rows.getElementType()))
    return emitOpError() << rows << " has rows that start at no multiple of 16 bytes";
  return success();
}

int64_t SumGroupPartsOp::getRowsPerGroup() {
  ArrayRef<int64_t> shape = getFragment().getType().getShape();
  return shape[0] * shape[1] / sumsPerRow;
}

int64_t SumGroupPartsOp::getBytesPerWorkgroup() {
  return kernelOf(*this).getWaveCount() * getRowsPerGroup() * chunkBytes;
}

LogicalResult SumGroupPartsOp::verify() {
  if (static_cast<int64_t>(getParts()) < 2)
    return emitOpError("adds at least two parts");
  return verifySharedSums(*this, getFragment().getType(), getPartials().getType(), getArrivals().getType());
}

} // namespace codesign::kernel
