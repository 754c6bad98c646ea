#include "BlockScales.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

BlockScales::BlockScales(ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                         const GemmFunction &function, const WorkgroupTile &tile, Value row, int64_t rows,
                         Value column)
    : rows(rows), turns(problem.scaleTurns()) {
  if (problem.scaling != Scaling::Block128)
    return;
  auto number = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, value); };
  places = LocateScalesOp::create(builder, ScalePlacesType::get(builder.getContext(), rows), "aScales",
                                  function.aScale, function.rowsOfA(), function.gatherList,
                                  builder.createOrFold<arith::AddIOp>(tile.row, row), tile.rowEnd);
  auto all = cast<TileType>(function.wScale.getType());
  const int64_t blocks = problem.weightScaleRows();
  Value first = number(0), end = number(blocks);
  if (tile.expert) {
    first = arith::MulIOp::create(builder, tile.expert, end);
    end = arith::AddIOp::create(builder, first, end);
  }
  ofColumns = RowsOp::create(builder, globalTile(blocks, all.getColumns(), all.getElementType()),
                             "wScaleRows", function.wScale, first, end);
  block = arith::DivUIOp::create(builder, column, number(turns * scaledBlock));
  if (turns > 1)
    block = arith::MulIOp::create(builder, block, number(turns));
}

Value BlockScales::fetch(ImplicitLocOpBuilder &builder, StringRef name, Value step) const {
  return FetchScalesOp::create(builder, ScalesType::get(builder.getContext(), rows, turns), name, places,
                               ofColumns, block, step);
}

} // namespace codesign
