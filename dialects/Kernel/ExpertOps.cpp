// Products whose rows belong to experts.
#include "dialects/Kernel/OpChecks.h"
#include "dialects/Kernel/Placement.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace codesign::kernel {

LogicalResult verifyExpertTable(Operation *op, TileType table, int64_t experts, int64_t length) {
  if (experts < 1)
    return op->emitOpError("has at least one expert");
  if (table.getSpace() != Space::Global || !table.getElementType().isInteger(32) || table.getRows() != 1 ||
      table.getColumns() != length)
    return op->emitOpError() << "takes a table of 1x" << length << "xi32 in global memory, not " << table;
  return success();
}

LogicalResult ExpertTileOp::verify() {
  if (failed(verifyPlacement(*this)))
    return failure();
  return verifyExpertTable(*this, getTable().getType(), static_cast<int64_t>(getExperts()), getTableLength());
}

int64_t ExpertTileOp::getWorkgroupCount(int64_t rowCount) {
  return expertTileRows(getLayout(), static_cast<int64_t>(getExperts()), rowCount, getTile()[0]) *
         llvm::divideCeil(getColumns(), getTile()[1]);
}

ExpertTileOp::Place ExpertTileOp::getPlace(int64_t workgroup, int64_t rowCount, ArrayRef<int64_t> numbers) {
  const int64_t tileColumns = llvm::divideCeil(getColumns(), getTile()[1]);
  const int64_t experts = static_cast<int64_t>(getExperts()), capacity = rowCount / experts;
  struct Rows {
    int64_t first, end, tileRows;
  };
  SmallVector<Rows> ofExperts;
  int64_t tiles = 0;
  for (int64_t expert = 0; expert < experts; ++expert) {
    const bool contiguous = getLayout() == ExpertLayout::Contiguous;
    const int64_t first = contiguous ? numbers[expert] : expert * capacity;
    const int64_t end = contiguous ? numbers[expert + 1] : first + numbers[expert];
    ofExperts.push_back({first, end, static_cast<int64_t>(llvm::divideCeil(end - first, getTile()[0]))});
    tiles += ofExperts.back().tileRows * tileColumns;
  }
  int64_t tile = dealtTile(workgroup, tiles, getChiplets(), getRun());
  for (auto [expert, rows] : llvm::enumerate(ofExperts)) {
    if (tile < rows.tileRows * tileColumns) {
      const auto [row, column] = tileInBands(tile, rows.tileRows, tileColumns, getBand());
      return {static_cast<int64_t>(expert), rows.first + row * getTile()[0], rows.end, column * getTile()[1]};
    }
    tile -= rows.tileRows * tileColumns;
  }
  return {};
}

LogicalResult verifyRowList(Operation *op, TileType list) {
  if (list.getSpace() != Space::Global || list.getColumns() != 1 || !list.getElementType().isInteger(32))
    return op->emitOpError() << "takes a list of ?x1xi32 in global memory, not " << list;
  return success();
}

LogicalResult GatherRowsOp::verify() {
  if (failed(verifyName(*this, getName())) ||
      failed(verifyGlobalRows(*this, getType(), {.shuffled = false, .padded = true})))
    return failure();
  TileType matrix = getMatrix().getType(), list = getList().getType();
  if (matrix.getSpace() != Space::Global || matrix.getColumns() != getType().getColumns() ||
      matrix.getElementType() != getType().getElementType() || matrix.getLayout() != getType().getLayout())
    return emitOpError("gathers rows of the same length, type and order out of a global matrix");
  if (failed(verifyRowList(*this, list)))
    return failure();
  Type shape;
  for (Operation *user : getResult().getUsers()) {
    if (isa<ScaleRowsOp>(user)) // which looks up each row where it needs it
      continue;
    // A lane looks its rows up once, so all that is fetched has one shape and begins with the first row.
    auto fragment = dyn_cast<FetchFragmentOp>(user);
    auto copy = dyn_cast<CopyAsyncOp>(user);
    auto ofWave = dyn_cast<CopyWaveRowsOp>(user);
    if (!isa<FetchOp>(user) && !fragment && !copy && !ofWave)
      return emitOpError("is for fetches, copies and scales of rows only");
    if (fragment && !matchPattern(fragment.getRow(), m_Zero()))
      return emitOpError("is fetched from the first row on");
    const Type taken = copy     ? Type(copy.getTile().getType())
                       : ofWave ? Type(ofWave.getTile().getType())
                                : user->getResult(0).getType();
    if (shape && shape != taken)
      return emitOpError("is fetched in one shape");
    shape = taken;
  }
  return success();
}

int64_t SumListedRowsOp::getWidth() {
  FuncOp kernel = kernelOf(*this);
  return kernel.getWaves()[1] * kernel.getTarget().getWaveSize() * laneColumns;
}

LogicalResult SumListedRowsOp::verify() {
  if (failed(verifyGlobalRows(*this, getLists().getType())) ||
      failed(verifyGlobalRows(*this, getTo().getType())))
    return failure();
  FuncOp kernel = kernelOf(*this);
  if (!kernel)
    return emitOpError("stands outside a kernel.func");
  const TileType matrix = getMatrix().getType(), lists = getLists().getType(), to = getTo().getType();
  if (matrix.getSpace() != Space::Global || matrix.isShuffled() || !matrix.getElementType().isF32() ||
      matrix.getColumns() != to.getColumns())
    return emitOpError() << "adds up rows of fp32, as long as those of " << to << ", not " << matrix;
  if (!to.getElementType().isBF16() && !to.getElementType().isF16())
    return emitOpError() << "rounds to 16 bits, not to " << to.getElementType();
  if (!lists.getElementType().isInteger(32) || lists.getRows() != to.getRows())
    return emitOpError() << "takes a list of i32 for each row of " << to << ", not " << lists;
  if (to.getRows() != kernel.getWaves()[0])
    return emitOpError() << to << " has no row for each of " << kernel.getWaves()[0] << " waves";
  return success();
}

} // namespace codesign::kernel
