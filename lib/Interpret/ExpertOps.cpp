// Products whose rows belong to experts.
#include "ExpertTable.h"

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

llvm::SmallVector<int64_t> expertNumbers(const Matrix &table) {
  llvm::SmallVector<int64_t> numbers;
  for (int64_t i = 0; i < table.columns; ++i)
    numbers.push_back(static_cast<int32_t>(table.bitsAt(0, i)));
  return numbers;
}

const char *wrongExpertTable(ExpertLayout layout, int64_t experts, llvm::ArrayRef<int64_t> numbers,
                             int64_t rowCount) {
  if (layout == ExpertLayout::Contiguous)
    return llvm::is_sorted(numbers) && numbers.front() >= 0 && numbers.back() <= rowCount
               ? nullptr
               : "offsets of experts go down, or past the rows";
  const int64_t capacity = rowCount / experts;
  const bool fit = llvm::all_of(numbers, [&](int64_t count) { return count >= 0 && count <= capacity; });
  return fit ? nullptr : "an expert has more rows than fit in its part";
}

Error Interpreter::run(ExpertTileOp op) {
  llvm::Expected<int64_t> rows = uniform(op, op.getRows());
  if (!rows)
    return rows.takeError();
  const llvm::SmallVector<int64_t> numbers = expertNumbers(*values[op.getTable()].tile.matrix);
  if (const char *wrong =
          wrongExpertTable(op.getLayout(), static_cast<int64_t>(op.getExperts()), numbers, *rows))
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

Error Interpreter::run(SumListedRowsOp op) {
  llvm::Expected<int64_t> count = uniform(op, op.getCount()), column = uniform(op, op.getColumn());
  if (!count || !column)
    return llvm::joinErrors(count.takeError(), column.takeError());
  const Matrix &matrix = *values[op.getMatrix()].tile.matrix;
  if (*count > matrix.rows)
    return fail(op, "extends past the matrix");
  const Tile lists = values[op.getLists()].tile, to = values[op.getTo()].tile;
  const int64_t end = std::min(to.matrix->columns, *column + op.getWidth());
  for (int64_t i = 0; i < std::min(to.rowLimit, lists.rowLimit); ++i)
    for (int64_t j = *column; j < end; ++j) {
      float sum = 0;
      for (int64_t entry = 0; entry < op.getEntries(); ++entry) {
        const int64_t row = static_cast<int32_t>(lists.matrix->bitsAt(lists.firstRow + i, entry));
        sum += row >= 0 && row < *count ? matrix.at(row, j) : 0.0f;
      }
      to.matrix->set(to.firstRow + i, j, sum);
    }
  return Error::success();
}

} // namespace codesign
