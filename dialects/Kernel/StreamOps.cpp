// Verifiers of the operations of KernelStreamOps.td.
#include "dialects/Kernel/OpChecks.h"
#include "dialects/Kernel/Operand.h"

using namespace mlir;

namespace codesign::kernel {

namespace {

/// Lanes that load one block of a shuffled matrix.
constexpr int64_t waveLanesOfBlock = shuffledRows * shuffledBytes / chunkBytes;

/// A ring of one slot per wave, a row of 16 bytes per four sums of a lane.
LogicalResult verifySlots(Operation *op, TileType slots) {
  FuncOp kernel = kernelOf(op);
  if (!kernel || slots.getSpace() != Space::Shared || !slots.isRing() ||
      slots.getSlots() != kernel.getWaveCount() || slots.getColumns() != sumsPerRow ||
      !slots.getElementType().isF32() || slots.getPitch() != sumsPerRow)
    return op->emitOpError("takes a ring in LDS of one slot for each wave, in rows of four sums");
  return success();
}

LogicalResult verifySums(Operation *op, FragmentType type) {
  if (type.getRole() != Role::Accumulator)
    return op->emitOpError("works on accumulators");
  return verifyFragment(op, type);
}

} // namespace

LogicalResult FetchFragmentOp::verify() {
  if (failed(verifyName(*this, getName())) ||
      failed(verifyGlobalRows(*this, getRows().getType(), {.shuffled = true, .padded = true})) ||
      failed(verifyFragment(*this, getType())))
    return failure();
  TileType rows = getRows().getType();
  FragmentType type = getType();
  if (type.getRole() == Role::Accumulator || rows.getElementType() != type.getElementType() ||
      type.getShape()[0] > rows.getRows())
    return emitOpError() << "loads " << type << " from " << rows;
  if (failed(verifyAlignedRows(*this, rows)))
    return failure();
  const Operand operand(type, *parseArchitecture(kernelOf(*this).getTarget().getArchitecture().getValue()));
  if (operand.runsPerLane() == 0)
    return emitOpError() << "a lane of " << type << " does not hold 16 consecutive bytes";
  if (rows.isShuffled() && (operand.stepFirst() != shuffledRows || operand.lanes() != waveLanesOfBlock))
    return emitOpError() << "blocks of " << shuffledRows << " rows are not how " << type << " lies in lanes";
  return success();
}

int64_t CopyWaveRowsOp::getLoadsPerLane() {
  const TileType tile = getTile().getType();
  const int64_t bytes =
      getRows().getType().getRows() * tile.getColumns() * tile.getElementType().getIntOrFloatBitWidth() / 8;
  return bytes / (chunkBytes * kernelOf(*this).getTarget().getWaveSize());
}

LogicalResult CopyWaveRowsOp::verify() {
  FuncOp kernel = kernelOf(*this);
  TileType rows = getRows().getType(), tile = getTile().getType();
  if (!kernel || failed(verifyGlobalRows(*this, rows)) || failed(verifyAlignedRows(*this, rows)))
    return failure();
  const Architecture architecture = *parseArchitecture(kernel.getTarget().getArchitecture().getValue());
  if (vendorOf(architecture) != Vendor::Nvidia)
    return emitOpError() << "is not for " << toString(architecture) << ", whose lanes land side by side";
  if (tile.getSpace() != Space::Shared || tile.isRing() || rows.getElementType() != tile.getElementType() ||
      tile.getRows() != rows.getRows() * kernel.getWaveCount())
    return emitOpError() << "copies " << rows << " for each of " << kernel.getWaveCount()
                         << " waves, not into " << tile;
  const int64_t rowBytes = tile.getColumns() * tile.getElementType().getIntOrFloatBitWidth() / 8;
  const int64_t pass = chunkBytes * kernel.getTarget().getWaveSize(); // bytes
  if (rowBytes % chunkBytes || pass % rowBytes || rows.getRows() * rowBytes % pass || rows.getRows() % 8)
    return emitOpError() << "cannot deal rows of " << rowBytes << " bytes to the lanes of a wave";
  return success();
}

LogicalResult DepositSumsOp::verify() {
  if (failed(verifySums(*this, getFragment().getType())) || failed(verifySlots(*this, getSlots().getType())))
    return failure();
  ArrayRef<int64_t> shape = getFragment().getType().getShape();
  if (getSlots().getType().getRows() * sumsPerRow != shape[0] * shape[1])
    return emitOpError() << getFragment().getType() << " does not fill a slot of " << getSlots().getType();
  return success();
}

int64_t CollectSumsOp::getShareCount() {
  ArrayRef<int64_t> shape = getResult().getType().getShape();
  return getSlots().getType().getRows() * sumsPerRow / (shape[0] * shape[1]);
}

LogicalResult CollectSumsOp::verify() {
  if (failed(verifyName(*this, getName())) || failed(verifySums(*this, getResult().getType())) ||
      failed(verifySlots(*this, getSlots().getType())))
    return failure();
  ArrayRef<int64_t> shape = getResult().getType().getShape();
  const int64_t shares = getShareCount();
  if (shares < 1 || shares > kernelOf(*this).getWaveCount() ||
      shares * shape[0] * shape[1] != getSlots().getType().getRows() * sumsPerRow)
    return emitOpError() << "shares of " << getResult().getType() << " do not divide " << getSlots().getType()
                         << " among the waves";
  return success();
}

} // namespace codesign::kernel
