// Steps that look at more than one column of a row.
#include "Interpreter.h"

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

Error Interpreter::run(RotateOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  const FragmentType type = op.getFragment().getType();
  const bool transposed = op.getTransposed();
  const int64_t width = type.getShape()[transposed ? 0 : 1], rowCount = type.getShape()[transposed ? 1 : 0];
  const Tile positions = values[op.getPositions()].tile;
  const Matrix &table = *values[op.getTable()].tile.matrix;
  const Index &row = values[op.getRow()].index, &column = values[op.getColumn()].index;
  std::vector<float> sums(waves * width * rowCount);
  auto sumAt = [&](int64_t wave, int64_t i, int64_t j) -> float & {
    return sums[(wave * width + j) * rowCount + i];
  };
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    sumAt(wave, transposed ? second : first, transposed ? first : second) = fragment[slot];
  });
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    const int64_t i = transposed ? second : first, j = transposed ? first : second;
    const int64_t at = column[wave] + j, pair = at % table.columns / 2 * 2, inTile = row[wave] + i;
    if (at >= static_cast<int64_t>(op.getColumns()))
      return;
    int64_t position = 0;
    if (inTile < positions.rowLimit)
      position = static_cast<int32_t>(positions.matrix->bitsAt(positions.firstRow + inTile, 0));
    const bool known = position >= 0 && position < table.rows;
    const float cosine = known ? table.at(position, pair) : 0,
                sine = known ? table.at(position, pair + 1) : 0;
    const float other = sumAt(wave, i, j ^ 1);
    fragment[slot] =
        j % 2 == 0 ? fragment[slot] * cosine - other * sine : other * sine + fragment[slot] * cosine;
  });
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

Error Interpreter::run(RowSquaresOp op) {
  const FragmentType type = op.getFragment().getType();
  const Fragment &fragment = values[op.getFragment()].fragment;
  const bool transposed = op.getTransposed();
  const Tile partials = values[op.getPartials()].tile;
  const Index &row = values[op.getRow()].index, &column = values[op.getColumn()].index;
  const int64_t width = op.getWidth(), rowCount = type.getShape()[transposed ? 1 : 0];
  std::vector<float> squares(waves * rowCount);
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    const int64_t i = transposed ? second : first, j = transposed ? first : second;
    if (column[wave] + j < static_cast<int64_t>(op.getColumns()))
      squares[wave * rowCount + i] += fragment[slot] * fragment[slot];
  });
  for (int64_t wave = 0; wave < waves; ++wave)
    for (int64_t i = 0; i < rowCount; ++i)
      if (row[wave] + i < partials.rowLimit && column[wave] / width < partials.matrix->columns)
        partials.matrix->set(partials.firstRow + row[wave] + i, column[wave] / width,
                             squares[wave * rowCount + i]);
  return Error::success();
}

} // namespace codesign
