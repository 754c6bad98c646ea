// What the steps that look along a row ask of their operands.
#include "codesign/Isa/Architecture.h"
#include "dialects/Kernel/OpChecks.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace codesign::kernel {

LogicalResult verifyOutputColumns(Operation *op, FragmentType fragment, bool transposed) {
  if (fragment.getRole() != Role::Accumulator)
    return op->emitOpError("works on accumulators");
  if (failed(verifyFragment(op, fragment)))
    return failure();
  const Architecture architecture = *parseArchitecture(kernelOf(op).getTarget().getArchitecture().getValue());
  if (vendorOf(architecture) == Vendor::Amd && !transposed)
    return op->emitOpError("finds output columns in the rows of transposed sums");
  return success();
}

LogicalResult RotateOp::verify() {
  TileType positions = getPositions().getType(), table = getTable().getType();
  if (failed(verifyOutputColumns(*this, getFragment().getType(), getTransposed())) ||
      failed(verifyGlobalRows(*this, positions)))
    return failure();
  if (!positions.getElementType().isInteger(32) || positions.getColumns() != 1)
    return emitOpError("each row has one position, an i32");
  if (table.getSpace() != Space::Global || !table.getElementType().isF32() ||
      ShapedType::isDynamic(table.getRows()))
    return emitOpError("the table has a row of fp32 for each of a known number of positions");
  // A lane turns the two pairs of four columns, which may not lie in two heads.
  if (table.getColumns() % 4)
    return emitOpError() << "heads of " << table.getColumns() << " columns are no multiple of 4";
  if (static_cast<int64_t>(getColumns()) < 1 || getColumns() % table.getColumns())
    return emitOpError() << getColumns() << " columns are no whole heads of " << table.getColumns();
  return success();
}

LogicalResult RowSquaresOp::verify() {
  TileType partials = getPartials().getType();
  if (failed(verifyOutputColumns(*this, getFragment().getType(), getTransposed())) ||
      failed(verifyGlobalRows(*this, partials)))
    return failure();
  if (!partials.getElementType().isF32())
    return emitOpError("sums of squares are fp32");
  const int64_t width = getWidth(), columns = getColumns();
  const int64_t parts = (columns + width - 1) / width;
  if (columns < 1 || partials.getColumns() != parts)
    return emitOpError() << "leaves " << parts << " sums of " << width << " columns in a row, which has "
                         << partials.getColumns();
  if (!llvm::all_of(getFragment().getUsers(),
                    [](Operation *user) { return isa<RowSquaresOp, StoreOp, StageOp>(user); }))
    return emitOpError("is the last step before the store: what follows would change the squares");
  return success();
}

} // namespace codesign::kernel
