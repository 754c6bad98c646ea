// What the steps after the sums ask of their operands.
#include "codesign/Isa/Architecture.h"
#include "dialects/Kernel/OpChecks.h"

using namespace mlir;

namespace codesign::kernel {

static bool isOnAmd(Operation *op) {
  return vendorOf(*parseArchitecture(kernelOf(op).getTarget().getArchitecture().getValue())) == Vendor::Amd;
}

LogicalResult AddBiasOp::verify() {
  TileType bias = getBias().getType();
  if (bias.getSpace() != Space::Global || bias.getRows() != 1)
    return emitOpError("the bias is a global tile of one row");
  if (getFragment().getType().getRole() != Role::Accumulator)
    return emitOpError("works on accumulators");
  return verifyFragment(*this, getFragment().getType());
}

/// fp32 scales for accumulators.
static LogicalResult verifyScales(Operation *op, TileType scales, FragmentType fragment) {
  if (!scales.getElementType().isF32())
    return op->emitOpError("scales are fp32");
  if (fragment.getRole() != Role::Accumulator)
    return op->emitOpError("works on accumulators");
  return verifyFragment(op, fragment);
}

LogicalResult ScaleColumnsOp::verify() {
  TileType scales = getScales().getType();
  if (scales.getSpace() != Space::Global || scales.getRows() != 1)
    return emitOpError("the scales are a global tile of one row");
  return verifyScales(*this, scales, getFragment().getType());
}

LogicalResult ScaleRowsOp::verify() {
  TileType scales = getScales().getType();
  if (failed(verifyGlobalRows(*this, scales)))
    return failure();
  if (scales.getColumns() != 1)
    return emitOpError("each row has one scale");
  return verifyScales(*this, scales, getFragment().getType());
}

/// Lanes of MFMA hold four consecutive rows of the sums, so both columns of a pair are in one of them if the
/// sums are transposed.
LogicalResult GateOp::verify() {
  if (getFragment().getType().getRole() != Role::Accumulator)
    return emitOpError("works on accumulators");
  if (failed(verifyFragment(*this, getFragment().getType())))
    return failure();
  if (isOnAmd(*this) && !getTransposed())
    return emitOpError("finds pairs of columns in the rows of transposed sums");
  return success();
}

LogicalResult AddMatrixOp::verify() {
  if (getFragment().getType().getRole() != Role::Accumulator)
    return emitOpError("works on accumulators");
  if (failed(verifyGlobalRows(*this, getRows().getType())) ||
      failed(verifyFragment(*this, getFragment().getType())))
    return failure();
  if (isOnAmd(*this) && !getTransposed())
    return emitOpError("is added to transposed sums");
  return success();
}

LogicalResult StoreOp::verify() {
  if (getFragment().getType().getRole() != Role::Accumulator)
    return emitOpError("writes accumulators");
  if (failed(verifyGlobalRows(*this, getRows().getType())) ||
      failed(verifyFragment(*this, getFragment().getType())))
    return failure();
  if (isOnAmd(*this) && getHalved() && !getTransposed())
    return emitOpError("halves transposed sums only");
  const Type element = getRows().getType().getElementType();
  const Type quantised = quantisedElementOf(getFragment());
  if (quantised && quantised != element)
    return emitOpError() << "writes " << quantised << ", not " << element;
  if (!quantised && element.getIntOrFloatBitWidth() == 8)
    return emitOpError("writes 8 bits of sums that kernel.quantise has not saturated");
  return success();
}

} // namespace codesign::kernel
