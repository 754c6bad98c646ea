// The steps between the sums and the output.
#include "Interpreter.h"
#include <cmath>

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

static float activate(Activation function, float x) {
  switch (function) {
  case Activation::Relu:
    return x > 0 || std::isnan(x) ? x : 0;
  case Activation::Silu:
    return x / (1 + std::exp(-x));
  case Activation::Gelu:
    return 0.5f * x * std::erfc(-x * 0.70710678f);
  case Activation::GeluTanh:
    return x / (1 + std::exp(-1.5957691216057308f * (x + 0.044715f * x * x * x)));
  }
  return x;
}

Error Interpreter::run(AddBiasOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  const Matrix &bias = *values[op.getBias()].tile.matrix;
  const Index &column = values[op.getColumn()].index;
  forEachElement(op.getFragment().getType(), [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    const int64_t at = column[wave] + (op.getTransposed() ? first : second);
    if (at < bias.columns)
      fragment[slot] += bias.at(0, at);
  });
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

Error Interpreter::run(ScaleColumnsOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  const Matrix &scales = *values[op.getScales()].tile.matrix;
  const Index &column = values[op.getColumn()].index;
  forEachElement(op.getFragment().getType(), [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    const int64_t at = scales.columns == 1 ? 0 : column[wave] + (op.getTransposed() ? first : second);
    if (at < scales.columns)
      fragment[slot] *= scales.at(0, at);
  });
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

Error Interpreter::run(ScaleRowsOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  const Tile tile = values[op.getScales()].tile;
  const Index &row = values[op.getRow()].index;
  forEachElement(op.getFragment().getType(), [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    const int64_t at = row[wave] + (op.getTransposed() ? second : first);
    if (const int64_t source = at < tile.rowLimit ? tile.sourceOf(at) : -1; source >= 0)
      fragment[slot] *= tile.matrix->at(source, 0);
  });
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

Error Interpreter::run(ActivationOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  for (float &value : fragment)
    value = activate(op.getFunction(), value);
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

/// Gate and up may be in two lanes, so they are looked up by their place.
Error Interpreter::run(GateOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  FragmentType type = op.getFragment().getType();
  const int64_t columns = type.getShape()[1], size = type.getShape()[0] * columns;
  std::vector<float> sums(waves * size);
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    sums[wave * size + first * columns + second] = fragment[slot];
  });
  const int64_t step = op.getTransposed() ? columns : 1; // from a gate to its up
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    if ((op.getTransposed() ? first : second) % 2 == 0)
      fragment[slot] =
          activate(op.getFunction(), fragment[slot]) * sums[wave * size + first * columns + second + step];
  });
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

Error Interpreter::run(AddMatrixOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  const Tile tile = values[op.getRows()].tile;
  const Index &row = values[op.getRow()].index, &column = values[op.getColumn()].index;
  forEachElement(op.getFragment().getType(), [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    const int64_t fromRow = row[wave] + (op.getTransposed() ? second : first);
    const int64_t position = column[wave] + (op.getTransposed() ? first : second);
    const int64_t fromColumn = op.getHalved() ? position / 2 : position;
    if (fromRow < tile.rowLimit && fromColumn < tile.matrix->columns && !(op.getHalved() && position % 2))
      fragment[slot] += tile.matrix->at(tile.firstRow + fromRow, fromColumn);
  });
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

Error Interpreter::run(StoreOp op) {
  const Tile tile = values[op.getRows()].tile;
  const Fragment &fragment = values[op.getFragment()].fragment;
  const Index &row = values[op.getRow()].index, &column = values[op.getColumn()].index;
  forEachElement(op.getFragment().getType(), [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    const int64_t toRow = row[wave] + (op.getTransposed() ? second : first);
    const int64_t position = column[wave] + (op.getTransposed() ? first : second);
    const int64_t toColumn = op.getHalved() ? position / 2 : position;
    if (op.getHalved() && position % 2)
      return;
    if (toRow < tile.rowLimit && toColumn < tile.matrix->columns)
      tile.matrix->set(tile.firstRow + toRow, toColumn, fragment[slot]);
  });
  return Error::success();
}

} // namespace codesign
