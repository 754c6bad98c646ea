// What operands that are transposed on their way to LDS ask for.
#include "codesign/Isa/Architecture.h"
#include "dialects/Kernel/OpChecks.h"

using namespace mlir;

namespace codesign::kernel {

LogicalResult FetchAcrossOp::verify() {
  TileType rows = getRows().getType();
  StagedBlocksType staged = getType();
  if (failed(verifyName(*this, getName())) || failed(verifyGlobalRows(*this, rows)))
    return failure();
  if (rows.getElementType() != staged.getElementType() || rows.getRows() != staged.getShape()[0])
    return emitOpError() << "fetches " << rows << " as " << staged;
  const BlockExtents block = transposedBlock(rows.getElementType());
  if (rows.getColumns() % block.columns)
    return emitOpError() << "rows of " << rows.getColumns() << " elements do not start at multiples of "
                         << block.columns * rows.getElementType().getIntOrFloatBitWidth() / 8 << " bytes";
  const Architecture architecture =
      *parseArchitecture(kernelOf(*this).getTarget().getArchitecture().getValue());
  if (vendorOf(architecture) != Vendor::Amd)
    return emitOpError() << toString(architecture) << " transposes on the way from LDS, not on the way to it";
  return success();
}

LogicalResult DepositTransposedOp::verify() {
  StagedBlocksType staged = getStaged().getType();
  TileType tile = getTile().getType();
  if (tile.getSpace() != Space::Shared || tile.isRing())
    return emitOpError() << "takes one LDS tile, not " << tile;
  if (staged.getShape()[0] != tile.getColumns() || staged.getShape()[1] != tile.getRows() ||
      staged.getElementType() != tile.getElementType())
    return emitOpError() << "deposits " << staged << " in " << tile;
  if (!isa<BlockSwizzledAttr>(tile.getLayout()))
    return emitOpError("writes without bank conflicts in #kernel.block_swizzled only");
  return success();
}

LogicalResult DepthTilesOp::verify() {
  if (static_cast<int64_t>(getTile()) < 1 || static_cast<int64_t>(getLeast()) < 1)
    return emitOpError("a tile has a positive depth, and there is one at least");
  return verifyName(*this, getName());
}

} // namespace codesign::kernel
