// What the steps after the sums ask of their operands.
#include "codesign/Isa/Architecture.h"
#include "dialects/Kernel/OpChecks.h"

using namespace mlir;

namespace codesign::kernel {

/// Lanes of MFMA hold four consecutive rows of the sums, so both columns of a pair are in one of them.
static LogicalResult verifyPairs(Operation *op) {
  const Architecture architecture = *parseArchitecture(kernelOf(op).getTarget().getArchitecture().getValue());
  if (vendorOf(architecture) != Vendor::Amd)
    return op->emitOpError() << "has no form for the sums of " << toString(architecture);
  return success();
}

LogicalResult AddBiasOp::verify() {
  TileType bias = getBias().getType();
  if (bias.getSpace() != Space::Global || bias.getRows() != 1)
    return emitOpError("the bias is a global tile of one row");
  if (getFragment().getType().getRole() != Role::Accumulator)
    return emitOpError("works on accumulators");
  return verifyFragment(*this, getFragment().getType());
}

LogicalResult GateOp::verify() {
  if (getFragment().getType().getRole() != Role::Accumulator)
    return emitOpError("works on accumulators");
  if (failed(verifyFragment(*this, getFragment().getType())))
    return failure();
  return verifyPairs(*this);
}

LogicalResult AddMatrixOp::verify() {
  if (getFragment().getType().getRole() != Role::Accumulator)
    return emitOpError("works on accumulators");
  if (failed(verifyGlobalRows(*this, getRows().getType())) ||
      failed(verifyFragment(*this, getFragment().getType())))
    return failure();
  return verifyPairs(*this);
}

LogicalResult StoreOp::verify() {
  if (getHalved() && !getTransposed())
    return emitOpError("halves transposed sums only");
  if (getFragment().getType().getRole() != Role::Accumulator)
    return emitOpError("writes accumulators");
  if (failed(verifyGlobalRows(*this, getRows().getType())) ||
      failed(verifyFragment(*this, getFragment().getType())))
    return failure();
  return getHalved() ? verifyPairs(*this) : success();
}

} // namespace codesign::kernel
