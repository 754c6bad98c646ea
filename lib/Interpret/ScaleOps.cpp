// Products whose scales change along k.
#include "Interpreter.h"

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

Error Interpreter::run(LocateScalesOp op) {
  llvm::Expected<int64_t> count = uniform(op, op.getCount());
  if (!count)
    return count.takeError();
  Tile tile = values[op.getMatrix()].tile; // a row of it has the scales of a block of k
  if (tile.matrix->columns != *count)
    return fail(op, "the matrix has another number of rows");
  tile.listed = *count;
  if (op.getList() && values[op.getList()].tile.matrix->rows > 0)
    tile.list = values[op.getList()].tile.matrix;
  const Index &first = values[op.getFirst()].index, &extent = values[op.getExtent()].index;
  Index sources;
  for (int64_t wave = 0; wave < waves; ++wave)
    for (int64_t row = first[wave]; row < first[wave] + op.getType().getRows(); ++row)
      sources.push_back(row < extent[wave] ? tile.sourceOf(row) : -1);
  Value &result = values[op.getResult()];
  result.tile = tile;
  result.index = std::move(sources);
  return Error::success();
}

Error Interpreter::run(FetchScalesOp op) {
  const Value &places = values[op.getPlaces()];
  const Tile blocks = values[op.getBlocks()].tile;
  const Index &block = values[op.getBlock()].index, &step = values[op.getStep()].index;
  const int64_t count = op.getType().getRows(), turns = op.getType().getTurns();
  Fragment scales;
  for (int64_t wave = 0; wave < waves; ++wave)
    for (int64_t i = 0; i < count; ++i)
      for (int64_t of = block[wave]; of < block[wave] + turns; ++of) {
        const int64_t source = places.index[wave * count + i], k = step[wave];
        const bool exists = source >= 0 && of < blocks.rowLimit && k < blocks.matrix->columns;
        scales.push_back(
            exists ? places.tile.matrix->at(k, source) * blocks.matrix->at(blocks.firstRow + of, k) : 0.0f);
      }
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
  const ScalesType of = op.getScales().getType();
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    sums[slot] +=
        products[slot] * scales[(wave * of.getRows() + second) * of.getTurns() + first % of.getTurns()];
  });
  values[op.getResult()].fragment = std::move(sums);
  return Error::success();
}

} // namespace codesign
