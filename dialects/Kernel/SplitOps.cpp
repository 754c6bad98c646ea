// Workgroups that share the K loop of one tile.
#include "dialects/Kernel/OpChecks.h"

using namespace mlir;

namespace codesign::kernel {

LogicalResult verifySharedSums(Operation *op, FragmentType fragment, TileType partials, TileType arrivals) {
  if (fragment.getRole() != Role::Accumulator)
    return op->emitOpError("works on accumulators");
  if (failed(verifyFragment(op, fragment)))
    return failure();
  if (partials.getSpace() != Space::Global || !partials.getElementType().isF32() ||
      partials.getColumns() != sumsPerRow)
    return op->emitOpError() << "writes to ?x4xf32 in global memory, not " << partials;
  if (arrivals.getSpace() != Space::Global || !arrivals.getElementType().isInteger(32) ||
      arrivals.getColumns() != 1)
    return op->emitOpError() << "counts in ?x1xi32 in global memory, not " << arrivals;
  return success();
}

LogicalResult PartOp::verify() {
  if (static_cast<int64_t>(getParts()) < 2)
    return emitOpError("is one of at least two");
  return success();
}

int64_t SumPartsOp::getParts() {
  return static_cast<int64_t>(getPart().getDefiningOp<PartOp>().getParts());
}

int64_t SumPartsOp::getRowsPerWave() {
  ArrayRef<int64_t> shape = getFragment().getType().getShape();
  return shape[0] * shape[1] / sumsPerRow;
}

int64_t SumPartsOp::getBytesPerWorkgroup() {
  return kernelOf(*this).getWaveCount() * getRowsPerWave() * chunkBytes;
}

LogicalResult SumPartsOp::verify() {
  if (!getPart().getDefiningOp<PartOp>())
    return emitOpError("takes its part from kernel.part");
  return verifySharedSums(*this, getFragment().getType(), getPartials().getType(), getArrivals().getType());
}

} // namespace codesign::kernel
