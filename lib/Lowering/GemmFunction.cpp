#include "GemmFunction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

TileType globalTile(int64_t rows, int64_t columns, Type element, int64_t leading) {
  const int64_t padding = leading > 0 ? leading - columns : 0;
  return TileType::get(element.getContext(), {rows, columns}, element, Space::Global,
                       RowMajorAttr::get(element.getContext(), padding));
}

TileType weightTile(int64_t rows, const GemmProblem &problem, Type element) {
  if (!problem.shuffledWeights)
    return globalTile(rows, problem.k, element, problem.leadingW);
  return TileType::get(element.getContext(), {rows, problem.k}, element, Space::Global,
                       ShuffledAttr::get(element.getContext()));
}

/// The types and names of the fp32 scales that the problem has.
static void appendScaleArguments(MLIRContext *context, const GemmProblem &problem,
                                 SmallVectorImpl<Type> &types, SmallVectorImpl<StringRef> &names) {
  const Type f32 = Float32Type::get(context);
  const bool perToken = problem.scaling == Scaling::PerToken;
  if (problem.scaling == Scaling::Block128) {
    const int64_t steps = llvm::divideCeil(problem.k, scaledBlock);
    types.push_back(TileType::get(context, {ShapedType::kDynamic, steps}, f32, Space::Global,
                                  ColumnMajorAttr::get(context)));
    types.push_back(
        globalTile(problem.weightScaleRows() * std::max<int64_t>(1, problem.experts), steps, f32));
    names.append({"aScale", "wScale"});
  } else if (problem.scaling != Scaling::None) {
    types.push_back(globalTile(perToken ? ShapedType::kDynamic : 1, 1, f32));
    types.push_back(globalTile(1, perToken ? problem.weightRows() : 1, f32));
    names.append({"aScale", "wScale"});
  }
}

/// W, or what stands in its place.
static TileType weightsTile(const GemmProblem &problem, Type element) {
  switch (problem.layout) {
  case GemmLayout::NN:
    return globalTile(problem.k, problem.n, element);
  case GemmLayout::TN:
    return globalTile(ShapedType::kDynamic, problem.n, element);
  case GemmLayout::NT:
    break;
  }
  return weightTile(problem.weightRows(), problem, element);
}

/// Partial sums of squares that the waves of a kernel leave of each row.
static int64_t rowSquaresColumns(const GemmProblem &problem, const GemmKernel &schedule) {
  return llvm::divideCeil(problem.n, schedule.waveColumns());
}

GemmFunction createGemmFunction(ImplicitLocOpBuilder &builder, ModuleOp module, const GemmProblem &problem,
                                const GemmKernel &schedule, const OperandTypes &operands) {
  MLIRContext *context = builder.getContext();
  const Type element = mlirTypeOf(context, problem.type),
             wideElement = mlirTypeOf(context, problem.wideType());
  SmallVector<Type> types = {
      operands.a ? operands.a : globalTile(ShapedType::kDynamic, problem.k, element, problem.leadingA),
      operands.w ? operands.w : weightsTile(problem, element)};
  SmallVector<StringRef> names = {"a", "w"};
  const int64_t outputRows = problem.layout == GemmLayout::TN ? problem.k : ShapedType::kDynamic;
  appendScaleArguments(context, problem, types, names);
  if (problem.bias) {
    types.push_back(globalTile(1, problem.weightRows(), wideElement));
    names.push_back("bias");
  }
  if (problem.residual) {
    types.push_back(globalTile(outputRows, problem.outputColumns(), wideElement));
    names.push_back("residual");
  }
  const bool masked = problem.expertLayout == ExpertLayout::Masked;
  if (problem.experts > 0) {
    types.push_back(globalTile(1, problem.experts + !masked, IntegerType::get(context, 32)));
    names.push_back(masked ? "counts" : "offsets");
  }
  if (problem.gathered) {
    types.push_back(globalTile(ShapedType::kDynamic, 1, IntegerType::get(context, 32)));
    names.push_back("aList");
  }
  if (problem.weighted) {
    types.push_back(globalTile(ShapedType::kDynamic, 1, Float32Type::get(context)));
    names.push_back("rowWeights");
  }
  if (problem.rotary) {
    types.push_back(globalTile(ShapedType::kDynamic, 1, IntegerType::get(context, 32)));
    types.push_back(
        globalTile(problem.rotary->positions, problem.rotary->headColumns, Float32Type::get(context)));
    names.append({"positions", "rotations"});
  }
  if (problem.rowSquares) {
    types.push_back(
        globalTile(ShapedType::kDynamic, rowSquaresColumns(problem, schedule), Float32Type::get(context)));
    names.push_back("rowSquares");
  }
  if (problem.quantised) {
    const Type f32 = Float32Type::get(context);
    types.push_back(problem.quantisedBlocks
                        ? TileType::get(context, {ShapedType::kDynamic, problem.outputBlocks()}, f32,
                                        Space::Global, ColumnMajorAttr::get(context))
                        : globalTile(1, 1, f32));
    names.push_back("dScale");
  }
  if (schedule.sharesTiles()) {
    types.push_back(globalTile(ShapedType::kDynamic, sumsPerRow, Float32Type::get(context)));
    types.push_back(globalTile(ShapedType::kDynamic, 1, IntegerType::get(context, 32)));
    names.append({"partials", "arrivals"});
  }
  types.push_back(operands.out ? operands.out
                               : globalTile(outputRows, problem.outputColumns(),
                                            mlirTypeOf(context, problem.outputType())));
  names.push_back("d");
  if (problem.gathered) {
    types.push_back(builder.getIndexType());
    names.push_back("aCount");
  }
  types.push_back(builder.getIndexType());
  names.push_back("m");
  builder.setInsertionPointToEnd(module.getBody());
  const TargetAttr target = TargetAttr::get(context, builder.getStringAttr(toString(schedule.architecture)),
                                            waveSize(schedule.architecture), schedule.limits.sharedBytes,
                                            schedule.limits.registersPerLane, schedule.limits.chiplets);
  GemmFunction result;
  result.function = FuncOp::create(builder, problem.symbol, FunctionType::get(context, types, {}), target,
                                   SmallVector<int64_t>{schedule.wavesM, schedule.wavesN * schedule.wavesK},
                                   builder.getStrArrayAttr(names), schedule.residency, ArrayAttr(),
                                   ArrayAttr(), IntegerAttr());
  Block *block = builder.createBlock(&result.function.getBody());
  for (Type type : types)
    block->addArgument(type, builder.getLoc());
  builder.setInsertionPointToStart(block);
  unsigned next = 0;
  result.a = block->getArgument(next++);
  result.w = block->getArgument(next++);
  if (problem.scaling != Scaling::None) {
    result.aScale = block->getArgument(next++);
    result.wScale = block->getArgument(next++);
  }
  if (problem.bias)
    result.bias = block->getArgument(next++);
  if (problem.residual)
    result.residual = block->getArgument(next++);
  if (problem.experts > 0)
    result.table = block->getArgument(next++);
  if (problem.gathered)
    result.gatherList = block->getArgument(next++);
  if (problem.weighted)
    result.rowWeights = block->getArgument(next++);
  if (problem.rotary) {
    result.positions = block->getArgument(next++);
    result.rotations = block->getArgument(next++);
  }
  if (problem.rowSquares)
    result.rowSquares = block->getArgument(next++);
  if (problem.quantised)
    result.dScale = block->getArgument(next++);
  if (schedule.sharesTiles()) {
    result.partials = block->getArgument(next++);
    result.arrivals = block->getArgument(next++);
  }
  result.out = block->getArgument(next++);
  if (problem.gathered)
    result.gatherCount = block->getArgument(next++);
  result.m = block->getArgument(next++);
  return result;
}

WorkgroupTile createWorkgroupTile(ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                                  const GemmKernel &schedule, const GemmFunction &function) {
  const SmallVector<int64_t> shape = {schedule.tileM, schedule.tileN};
  auto number = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, value); };
  if (problem.experts == 0) {
    Value rows = problem.layout == GemmLayout::TN ? number(problem.k) : function.m;
    auto order = TileOrderOp::create(builder, rows, problem.n, shape, schedule.band, schedule.limits.chiplets,
                                     schedule.run, Value());
    return {order.getRow(), rows, order.getColumn(), order.getColumn(), number(problem.n)};
  }
  auto tile = ExpertTileOp::create(builder, problem.expertLayout, function.table, function.m, problem.experts,
                                   problem.n, shape, schedule.band, schedule.limits.chiplets, schedule.run);
  Value layerN = ConstantOp::create(builder, "layerN", problem.n);
  Value first = arith::MulIOp::create(builder, tile.getExpert(), layerN);
  return {tile.getRow(),
          tile.getEnd(),
          tile.getColumn(),
          arith::AddIOp::create(builder, first, tile.getColumn()),
          arith::AddIOp::create(builder, first, layerN),
          tile.getExpert(),
          first};
}

Value createRowsOfA(ImplicitLocOpBuilder &builder, const GemmProblem &problem, const GemmKernel &schedule,
                    const GemmFunction &function, const WorkgroupTile &tile) {
  auto matrix = cast<TileType>(function.a.getType());
  const TileType rows = globalTile(schedule.tileM, problem.k, matrix.getElementType(), problem.leadingA);
  if (!problem.gathered)
    return RowsOp::create(builder, rows, "aRows", function.a, tile.row, tile.rowEnd);
  return GatherRowsOp::create(builder, rows, "aRows", function.a, function.gatherCount, function.gatherList,
                              tile.row, tile.rowEnd);
}

void comment(Operation *op, StringRef text) {
  op->setDiscardableAttr("kernel.comment", StringAttr::get(op->getContext(), text));
}

void createRepeats(ImplicitLocOpBuilder &builder, int64_t count,
                   llvm::function_ref<void(int64_t step, Value number)> create) {
  for (int64_t step = 0; step < count; ++step) {
    auto number = arith::ConstantIndexOp::create(builder, step);
    number->setDiscardableAttr("kernel.name", builder.getStringAttr("step"));
    create(step, number);
    for (Block::iterator op(number); op != builder.getInsertionPoint(); ++op)
      op->setDiscardableAttr("kernel.repeat", builder.getIndexAttr(step));
  }
}

scf::ForOp createNamedLoop(ImplicitLocOpBuilder &builder, StringRef name, Value from, Value to, Value step,
                           ValueRange carried, bool unroll) {
  auto loop = scf::ForOp::create(builder, from, to, step, carried);
  loop->setDiscardableAttr("kernel.name", builder.getStringAttr(name));
  if (unroll)
    loop->setDiscardableAttr("kernel.unroll", builder.getUnitAttr());
  builder.setInsertionPointToStart(loop.getBody());
  return loop;
}

PartPlace createPart(ImplicitLocOpBuilder &builder, const GemmKernel &schedule, Value kTileCount) {
  if (schedule.splitK == 1)
    return {};
  Value part = PartOp::create(builder, schedule.splitK);
  return {part, arith::MulIOp::create(builder, part, kTileCount)};
}

Value createSumOfParts(ImplicitLocOpBuilder &builder, const GemmFunction &function, const PartPlace &place,
                       Value sums) {
  return place.part
             ? Value(SumPartsOp::create(builder, sums, place.part, function.partials, function.arrivals))
             : sums;
}

PieceOfWork createPieces(ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                         const GemmKernel &schedule, const GemmFunction &function, int64_t least) {
  auto number = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, value); };
  Value pieces = StreamKOp::create(
      builder, function.m, problem.n, SmallVector<int64_t>{schedule.tileM, schedule.tileN}, schedule.band,
      schedule.limits.chiplets, schedule.run, schedule.kTiles(problem.k), least, schedule.streamWorkgroups);
  PieceOfWork work;
  work.rounds = createNamedLoop(builder, "round", number(0), pieces, number(1), {}, /*unroll=*/false);
  auto piece = StreamKPieceOp::create(builder, work.rounds.getInductionVar(), pieces);
  work.piece = piece.getPiece();
  work.firstTile = piece.getFirst();
  work.tiles = piece.getCount();
  work.tilesBefore = piece.getBefore();
  work.tile = {.row = piece.getRow(),
               .rowEnd = function.m,
               .column = piece.getColumn(),
               .weightRow = piece.getColumn(),
               .weightEnd = number(problem.n)};
  return work;
}

/// The column of the output as a row of W.
static Value weightColumn(ImplicitLocOpBuilder &builder, const OutputPlace &place) {
  return place.tile.expert ? Value(arith::AddIOp::create(builder, place.tile.firstWeight, place.column))
                           : place.column;
}

/// The sums times the scales of tensors or tokens, where the problem has such.
static Value createScales(ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                          const GemmKernel &schedule, const GemmFunction &function, Value sums,
                          const OutputPlace &place) {
  const bool perToken = problem.scaling == Scaling::PerToken;
  if (!perToken && problem.scaling != Scaling::PerTensor)
    return sums;
  auto scaleColumns = [&](Value scales) {
    Value column = perToken ? weightColumn(builder, place) : place.column;
    sums = ScaleColumnsOp::create(builder, sums, scales, column, place.transposed);
  };
  if (perToken) {
    const TileType type =
        globalTile(schedule.tileM, 1, cast<TileType>(function.aScale.getType()).getElementType());
    Value rows =
        problem.gathered
            ? Value(GatherRowsOp::create(builder, type, "aScaleRows", function.aScale, function.gatherCount,
                                         function.gatherList, place.tile.row, place.tile.rowEnd))
            : Value(RowsOp::create(builder, type, "aScaleRows", function.aScale, place.tile.row,
                                   place.tile.rowEnd));
    sums = ScaleRowsOp::create(builder, sums, rows, place.row, place.transposed);
  } else {
    scaleColumns(function.aScale);
  }
  scaleColumns(function.wScale);
  return sums;
}

Value createTileRows(ImplicitLocOpBuilder &builder, const GemmKernel &schedule, const OutputPlace &place,
                     StringRef name, Value matrix) {
  auto type = cast<TileType>(matrix.getType());
  return RowsOp::create(builder, globalTile(schedule.tileM, type.getColumns(), type.getElementType()), name,
                        matrix, place.tile.row, place.tile.rowEnd);
}

/// Blocks of the result with the scales that follow from them. Waves that share blocks of columns tell each
/// other what they hold.
static Value createBlockQuantisation(ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                                     const GemmKernel &schedule, const GemmFunction &function, Value sums,
                                     const OutputPlace &place) {
  const int64_t waveN = schedule.tileN / schedule.wavesN, waveM = schedule.tileM / schedule.wavesM;
  Value maxima, part, row;
  if (problem.outputColumns(waveN) < scaledBlock) {
    maxima = place.roomForMaxima(TileType::get(builder.getContext(), {schedule.wavesN, schedule.tileM},
                                               builder.getF32Type(), Space::Shared,
                                               RowMajorAttr::get(builder.getContext(), 0)));
    const bool inGroups = findMatrixInstruction(schedule.architecture, schedule.instruction)->kind ==
                          MatrixInstructionKind::Wgmma;
    part = arith::DivUIOp::create(builder, place.columnInTile,
                                  ConstantOp::create(builder, inGroups ? "groupN" : "waveN", waveN));
    row = place.row;
    DepositMaximaOp::create(builder, sums, maxima, part, row, place.column, problem.n, place.transposed,
                            problem.gated);
    place.meet();
  }
  auto places = LocateScalesOp::create(
      builder, ScalePlacesType::get(builder.getContext(), waveM), "dScales", function.dScale, function.m,
      Value(), builder.createOrFold<arith::AddIOp>(place.tile.row, place.row), place.tile.rowEnd);
  return QuantiseBlocksOp::create(builder, sums.getType(), sums, places, maxima, part, row, place.column,
                                  problem.n, llvm::APFloat(smallestMaximum),
                                  mlirTypeOf(builder.getContext(), *problem.quantised), place.transposed,
                                  problem.gated);
}

Value createEpilogueSteps(ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                          const GemmKernel &schedule, const GemmFunction &function, Value sums,
                          const OutputPlace &place) {
  sums = createScales(builder, problem, schedule, function, sums, place);
  if (problem.bias)
    sums = AddBiasOp::create(builder, sums, function.bias, weightColumn(builder, place), place.transposed);
  if (problem.rotary)
    sums = RotateOp::create(
        builder, sums, createTileRows(builder, schedule, place, "positionRows", function.positions),
        place.row, function.rotations, place.column, problem.rotary->columns, place.transposed);
  if (problem.gated)
    sums = GateOp::create(builder, *problem.activation, sums, place.transposed);
  else if (problem.activation)
    sums = ActivationOp::create(builder, *problem.activation, sums);
  if (problem.weighted)
    sums = ScaleRowsOp::create(builder, sums,
                               createTileRows(builder, schedule, place, "weightRows", function.rowWeights),
                               place.row, place.transposed);
  if (problem.residual)
    sums = AddMatrixOp::create(builder, sums,
                               createTileRows(builder, schedule, place, "residualRows", function.residual),
                               place.row, place.column, place.transposed, problem.gated);
  if (problem.rowSquares)
    RowSquaresOp::create(builder, sums,
                         createTileRows(builder, schedule, place, "squareRows", function.rowSquares),
                         place.row, place.column, problem.n, place.transposed);
  if (problem.quantisedBlocks)
    sums = createBlockQuantisation(builder, problem, schedule, function, sums, place);
  else if (problem.quantised)
    sums = QuantiseOp::create(builder, sums, function.dScale,
                              mlirTypeOf(builder.getContext(), *problem.quantised));
  return sums;
}

void createStore(ImplicitLocOpBuilder &builder, const GemmProblem &problem, const GemmKernel &schedule,
                 const GemmFunction &function, Value sums, const OutputPlace &place) {
  StoreOp::create(builder, sums, createTileRows(builder, schedule, place, "dRows", function.out), place.row,
                  place.column, place.transposed, problem.gated);
}

void createEpilogue(ImplicitLocOpBuilder &builder, const GemmProblem &problem, const GemmKernel &schedule,
                    const GemmFunction &function, Value sums, const OutputPlace &place) {
  sums = createEpilogueSteps(builder, problem, schedule, function, sums, place);
  createStore(builder, problem, schedule, function, sums, place);
}

} // namespace codesign
