// What results of 8 bits ask of the device and of what follows them.
#include "codesign/Isa/Architecture.h"
#include "dialects/Kernel/OpChecks.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace codesign::kernel {

std::optional<DataType> quantisedType(Architecture architecture) {
  switch (architecture) {
  case Architecture::Gfx942:
    return DataType::F8E4M3FNUZ;
  case Architecture::Gfx950:
  case Architecture::Sm90a:
    return DataType::F8E4M3;
  default:
    return std::nullopt;
  }
}

LogicalResult verifyQuantised(Operation *op, FragmentType fragment, Type element, Value result) {
  if (fragment.getRole() != Role::Accumulator)
    return op->emitOpError("works on accumulators");
  if (failed(verifyFragment(op, fragment)))
    return failure();
  const Architecture architecture = *parseArchitecture(kernelOf(op).getTarget().getArchitecture().getValue());
  const std::optional<DataType> type = quantisedType(architecture);
  if (!type)
    return op->emitOpError() << toString(architecture) << " has no instruction that rounds to 8 bits";
  if (dataTypeOf(element) != type)
    return op->emitOpError() << toString(architecture) << " rounds to " << toString(*type) << ", not to "
                             << element;
  if (!llvm::all_of(result.getUsers(), [](Operation *user) { return isa<StoreOp, StageOp>(user); }))
    return op->emitOpError("is the last step before the store: what follows would work on scaled numbers");
  return success();
}

LogicalResult QuantiseOp::verify() {
  TileType scale = getScale().getType();
  if (scale.getSpace() != Space::Global || !scale.getElementType().isF32() || scale.getRows() != 1 ||
      scale.getColumns() != 1)
    return emitOpError() << "takes one fp32 of global memory as its scale, not " << scale;
  return verifyQuantised(*this, getFragment().getType(), getElement(), getResult());
}

Type quantisedElementOf(Value fragment) {
  if (auto quantise = fragment.getDefiningOp<QuantiseOp>())
    return quantise.getElement();
  if (auto quantise = fragment.getDefiningOp<QuantiseBlocksOp>())
    return quantise.getElement();
  return {};
}

LogicalResult ReuseOp::verify() {
  TileType ring = getRing().getType(), tile = getResult().getType();
  if (failed(verifyName(*this, getName())))
    return failure();
  if (ring.getSpace() != Space::Shared || tile.getSpace() != Space::Shared || tile.isRing() ||
      !getRing().getDefiningOp<AllocOp>())
    return emitOpError("makes a tile in LDS of what kernel.alloc has given");
  if (tile.getSizeInBytes() > ring.getSizeInBytes())
    return emitOpError() << tile << " has " << tile.getSizeInBytes() << " bytes, " << ring << " only "
                         << ring.getSizeInBytes();
  return success();
}

/// Accumulators with whole blocks of output columns or even parts of one.
static LogicalResult verifyBlocks(Operation *op, FragmentType fragment, int64_t width, bool transposed,
                                  bool halved, int64_t columns) {
  if (failed(verifyOutputColumns(op, fragment, transposed)))
    return failure();
  if (columns < 1 || (halved && columns % 2))
    return op->emitOpError() << "has " << columns << " columns of the product";
  if (width % scaledBlock && scaledBlock % width)
    return op->emitOpError() << width << " output columns of a wave are neither whole blocks of "
                             << scaledBlock << " nor an even part of one";
  return success();
}

/// A row of fp32 in LDS for each wave side by side.
static LogicalResult verifyMaxima(Operation *op, TileType maxima, int64_t rows) {
  auto layout = dyn_cast<RowMajorAttr>(maxima.getLayout());
  if (maxima.getSpace() != Space::Shared || maxima.isRing() || !maxima.getElementType().isF32() || !layout ||
      layout.getPadding() != 0)
    return op->emitOpError() << "takes maxima as rows of fp32 in LDS, not " << maxima;
  if (rows % sumsPerRow || maxima.getColumns() % rows || maxima.getRows() < 1)
    return op->emitOpError() << maxima << " is not shared out among waves of " << rows << " rows";
  return success();
}

LogicalResult DepositMaximaOp::verify() {
  const FragmentType fragment = getFragment().getType();
  if (failed(verifyBlocks(*this, fragment, getWidth(), getTransposed(), getHalved(), getColumns())))
    return failure();
  return verifyMaxima(*this, getMaxima().getType(), fragment.getShape()[getTransposed() ? 1 : 0]);
}

LogicalResult QuantiseBlocksOp::verify() {
  const FragmentType fragment = getFragment().getType();
  const int64_t width = getWidth(), columns = getColumns(),
                rows = fragment.getShape()[getTransposed() ? 1 : 0];
  if (failed(verifyBlocks(*this, fragment, width, getTransposed(), getHalved(), columns)) ||
      failed(verifyQuantised(*this, fragment, getElement(), getResult())))
    return failure();
  auto places = getScales().getDefiningOp<LocateScalesOp>();
  if (!places || places.getList())
    return emitOpError("writes scales of rows that follow one another, which kernel.locate_scales has found");
  if (places.getType().getRows() != rows)
    return emitOpError() << "writes scales of " << rows << " rows to the places of "
                         << places.getType().getRows();
  const int64_t outputColumns = columns / (getHalved() ? 2 : 1),
                blocks = llvm::divideCeil(outputColumns, scaledBlock),
                known = places.getMatrix().getType().getColumns();
  if (known != blocks)
    return emitOpError() << outputColumns << " columns have " << blocks << " blocks, the scales have "
                         << known;
  if (!(getSmallest().convertToFloat() > 0))
    return emitOpError("divides by the scale of a block: the smallest maximum is positive");
  const bool shares = width < scaledBlock;
  if (shares != (getMaxima() != nullptr) || shares != (getPart() != nullptr) ||
      shares != (getRow() != nullptr))
    return emitOpError() << (shares ? "needs what the other waves of a block have found"
                                    : "finds the maxima of its blocks by itself");
  if (!shares)
    return success();
  if (static_cast<int64_t>(getMaxima().getType().getRows()) % (scaledBlock / width))
    return emitOpError() << getMaxima().getType().getRows() << " waves side by side of " << width
                         << " columns have no whole blocks of " << scaledBlock;
  return verifyMaxima(*this, getMaxima().getType(), rows);
}

} // namespace codesign::kernel
