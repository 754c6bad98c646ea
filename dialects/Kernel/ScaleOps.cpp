// What products with scales along k ask of their operands.
#include "dialects/Kernel/OpChecks.h"

using namespace mlir;

namespace codesign::kernel {

LogicalResult LocateScalesOp::verify() {
  TileType matrix = getMatrix().getType();
  if (failed(verifyName(*this, getName())))
    return failure();
  if (!isa<ColumnMajorAttr>(matrix.getLayout()))
    return emitOpError() << "takes a column-major matrix, which " << matrix << " is not";
  return getList() ? verifyRowList(*this, getList().getType()) : success();
}

LogicalResult FetchScalesOp::verify() {
  TileType blocks = getBlocks().getType();
  if (failed(verifyName(*this, getName())) || failed(verifyGlobalRows(*this, blocks)))
    return failure();
  if (!blocks.getElementType().isF32())
    return emitOpError("scales are fp32");
  if (getPlaces().getType().getRows() != getType().getRows())
    return emitOpError() << "fetches " << getType().getRows() << " of the scales of "
                         << getPlaces().getType().getRows() << " rows";
  auto locate = getPlaces().getDefiningOp<LocateScalesOp>();
  if (!locate)
    return emitOpError("takes what locate_scales gives");
  const int64_t columns = locate.getMatrix().getType().getColumns();
  if (columns != blocks.getColumns())
    return emitOpError() << "rows have scales for " << columns << " blocks of k, columns for "
                         << blocks.getColumns();
  return success();
}

LogicalResult CombineScalesOp::verify() {
  return verifyName(*this, getName());
}

LogicalResult MmaScaledOp::verify() {
  FragmentType a = getA().getType(), b = getB().getType(), accumulator = getAccumulator().getType();
  if (failed(verifyProduct(*this, a, b, accumulator)))
    return failure();
  if (scaledBlock % a.getShape()[1])
    return emitOpError() << "multiplies " << a.getShape()[1] << " of k, no even part of a block of "
                         << scaledBlock;
  if (getScales().getType().getRows() != accumulator.getShape()[1])
    return emitOpError() << "has " << getScales().getType().getRows() << " scales for "
                         << accumulator.getShape()[1] << " rows of the output";
  return getMixed() ? verifyAmd(*this, "scheduling groups") : success();
}

} // namespace codesign::kernel
