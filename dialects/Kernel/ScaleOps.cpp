// What products with scales along k ask of their operands.
#include "dialects/Kernel/OpChecks.h"

using namespace mlir;

namespace codesign::kernel {

LogicalResult FetchScalesOp::verify() {
  TileType rows = getRows().getType(), blocks = getBlocks().getType();
  if (failed(verifyName(*this, getName())) || failed(verifyGlobalRows(*this, rows)) ||
      failed(verifyGlobalRows(*this, blocks)))
    return failure();
  if (!rows.getElementType().isF32() || !blocks.getElementType().isF32())
    return emitOpError("scales are fp32");
  if (rows.getColumns() != blocks.getColumns())
    return emitOpError() << "rows have scales for " << rows.getColumns() << " blocks of k, columns for "
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
