// Products whose rows belong to experts.
#include "Interpreter.h"

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

/// The numbers of a table must be what its layout promises: rows in order, and not more than there are.
static const char *checkTable(ExpertTileOp op, llvm::ArrayRef<int64_t> numbers, int64_t rowCount) {
  if (op.getLayout() == ExpertLayout::Contiguous)
    return llvm::is_sorted(numbers) && numbers.front() >= 0 && numbers.back() <= rowCount
               ? nullptr
               : "offsets of experts go down, or past the rows";
  const int64_t capacity = rowCount / static_cast<int64_t>(op.getExperts());
  const bool fit = llvm::all_of(numbers, [&](int64_t count) { return count >= 0 && count <= capacity; });
  return fit ? nullptr : "an expert has more rows than fit in its part";
}

Error Interpreter::run(ExpertTileOp op) {
  llvm::Expected<int64_t> rows = uniform(op, op.getRows());
  if (!rows)
    return rows.takeError();
  const Matrix &table = *values[op.getTable()].tile.matrix;
  llvm::SmallVector<int64_t> numbers;
  for (int64_t i = 0; i < table.columns; ++i)
    numbers.push_back(static_cast<int32_t>(table.bitsAt(0, i)));
  if (const char *wrong = checkTable(op, numbers, *rows))
    return fail(op, wrong);
  const ExpertTileOp::Place place = op.getPlace(workgroup, *rows, numbers);
  ended = place.expert < 0;
  values[op.getExpert()].index.assign(waves, place.expert);
  values[op.getRow()].index.assign(waves, place.row);
  values[op.getEnd()].index.assign(waves, place.end);
  values[op.getColumn()].index.assign(waves, place.column);
  return Error::success();
}

Error Interpreter::run(GatherRowsOp op) {
  constexpr const char *pastEnd = "extends past the list or the matrix";
  llvm::Expected<int64_t> count = uniform(op, op.getCount());
  if (!count)
    return count.takeError();
  Tile tile = values[op.getMatrix()].tile;
  if (*count > tile.matrix->rows)
    return fail(op, pastEnd);
  tile.listed = *count;
  const Matrix *list = values[op.getList()].tile.matrix;
  if (list->rows > 0) {
    tile.list = list;
    tile.rowLimit = list->rows;
  }
  return cutRows(op, tile, op.getFirst(), op.getExtent(), pastEnd);
}

} // namespace codesign
