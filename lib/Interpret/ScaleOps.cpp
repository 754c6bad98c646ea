// Products whose scales change along k.
#include "Interpreter.h"

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

Error Interpreter::run(FetchScalesOp op) {
  const Tile rows = values[op.getRows()].tile, blocks = values[op.getBlocks()].tile;
  const Index &row = values[op.getRow()].index, &block = values[op.getBlock()].index,
              &step = values[op.getStep()].index;
  const int64_t count = op.getType().getRows();
  auto at = [](const Tile &tile, int64_t place, int64_t column) {
    const bool inside = place < tile.rowLimit && column < tile.matrix->columns;
    return inside ? tile.matrix->at(tile.firstRow + place, column) : 0.0f;
  };
  Fragment scales;
  for (int64_t wave = 0; wave < waves; ++wave)
    for (int64_t i = 0; i < count; ++i)
      scales.push_back(at(rows, row[wave] + i, step[wave]) * at(blocks, block[wave], step[wave]));
  values[op.getResult()].fragment = std::move(scales);
  return Error::success();
}

/// Their product was taken when they were fetched: here nothing is under way.
Error Interpreter::run(CombineScalesOp op) {
  Fragment scales = values[op.getScales()].fragment; // a copy first: a new value may move the others
  values[op.getResult()].fragment = std::move(scales);
  return Error::success();
}

Error Interpreter::run(MmaScaledOp op) {
  FragmentType type = op.getAccumulator().getType();
  Fragment sums = takeFragment(op.getAccumulator()), products(sums.size());
  multiply(op.getA(), op.getB(), type, products);
  const Fragment &scales = values[op.getScales()].fragment;
  const int64_t count = op.getScales().getType().getRows();
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t, int64_t second) {
    sums[slot] += products[slot] * scales[wave * count + second];
  });
  values[op.getResult()].fragment = std::move(sums);
  return Error::success();
}

} // namespace codesign
