// Persistent workgroups that walk the tiles of experts.
#include "dialects/Kernel/OpChecks.h"
#include "dialects/Kernel/Placement.h"

using namespace mlir;

namespace codesign::kernel {

LogicalResult CountExpertTilesOp::verify() {
  if (failed(verifyPlacement(*this)))
    return failure();
  TileType table = getTable().getType(), counts = getCounts().getType();
  if (static_cast<int64_t>(getExperts()) < 1)
    return emitOpError("has at least one expert");
  if (table.getSpace() != Space::Global || !table.getElementType().isInteger(32) || table.getRows() != 1 ||
      table.getColumns() != getTableLength())
    return emitOpError() << "takes a table of 1x" << getTableLength() << "xi32 in global memory, not "
                         << table;
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

static constexpr int64_t sumsPerRow = 4; // fp32 in 16 bytes

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
  if (getFragment().getType().getRole() != Role::Accumulator)
    return emitOpError("works on accumulators");
  if (failed(verifyFragment(*this, getFragment().getType())))
    return failure();
  TileType partials = getPartials().getType(), arrivals = getArrivals().getType();
  if (partials.getSpace() != Space::Global || !partials.getElementType().isF32() ||
      partials.getColumns() != sumsPerRow)
    return emitOpError() << "writes to ?x4xf32 in global memory, not " << partials;
  if (arrivals.getSpace() != Space::Global || !arrivals.getElementType().isInteger(32) ||
      arrivals.getColumns() != 1)
    return emitOpError() << "counts in ?x1xi32 in global memory, not " << arrivals;
  return success();
}

} // namespace codesign::kernel
