#include "GemmBuilder.h"
#include "WgmmaLowering.h"
#include "codesign/Support/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

Attribute GemmBuilder::sharedLayout(const Stream &stream) const {
  MLIRContext *context = builder.getContext();
  if (stream.across && !transposesOnRead)
    return BlockSwizzledAttr::get(context);
  if (stream.across && transposed)
    return TransposableAttr::get(context);
  if (schedule.padding > 0)
    return RowMajorAttr::get(context, schedule.padding);
  return SwizzledAttr::get(context);
}

/// Cuts the workgroup's rows out of the matrix.
void GemmBuilder::cutRows(Stream &stream, Value first, Value extent) {
  stream.rows = RowsOp::create(builder, weightTile(stream.tileRows, problem, element), stream.name + "Rows",
                               stream.matrix, first, extent);
}

void GemmBuilder::allocate(Stream &stream) {
  SmallVector<int64_t> shape = {schedule.stages, stream.tileRows, schedule.tileK};
  if (stream.across && transposesOnRead) // as it lies in memory: transposed on the way to the operands
    std::swap(shape[1], shape[2]);
  stream.ring = AllocOp::create(
      builder, TileType::get(builder.getContext(), shape, element, Space::Shared, sharedLayout(stream)),
      stream.name + "Tile");
}

Value GemmBuilder::slot(const Stream &stream, Value tile) {
  return SlotOp::create(builder, cast<TileType>(stream.ring.getType()).getSlotType(), stream.ring, tile);
}

/// The rows that are the k of a tile.
Value GemmBuilder::rowsOfDepth(const Stream &stream, Value tile) {
  auto matrix = cast<TileType>(stream.matrix.getType());
  return RowsOp::create(builder, global(schedule.tileK, matrix.getColumns()), stream.name + "Rows",
                        stream.matrix, columnOf(tile), stream.depth);
}

void GemmBuilder::fetch(Value tile, ArrayRef<Stream *> streams) {
  for (Stream *stream : streams) {
    if (stream->across && transposesOnRead) {
      auto type = StagedType::get(builder.getContext(), {schedule.tileK, stream->tileRows}, element);
      stream->staged =
          FetchOp::create(builder, type, stream->name + "Next", rowsOfDepth(*stream, tile), stream->column);
      continue;
    }
    if (stream->across) {
      auto type = StagedBlocksType::get(builder.getContext(), {schedule.tileK, stream->tileRows}, element);
      stream->staged = FetchAcrossOp::create(builder, type, stream->name + "Next", rowsOfDepth(*stream, tile),
                                             stream->column);
      continue;
    }
    auto type = StagedType::get(builder.getContext(), {stream->tileRows, schedule.tileK}, element);
    stream->staged = FetchOp::create(builder, type, stream->name + "Next", stream->rows, columnOf(tile));
  }
}

void GemmBuilder::deposit(Value tile, ArrayRef<Stream *> streams) {
  for (Stream *stream : streams)
    if (stream->across && !transposesOnRead)
      DepositTransposedOp::create(builder, stream->staged, slot(*stream, tile));
    else
      DepositOp::create(builder, stream->staged, slot(*stream, tile));
}

void GemmBuilder::copyAsync(Value tile) {
  for (Stream *stream : {&a, &w})
    if (stream->across)
      CopyAsyncOp::create(builder, rowsOfDepth(*stream, tile), stream->column, slot(*stream, tile));
    else
      CopyAsyncOp::create(builder, stream->rows, columnOf(tile), slot(*stream, tile));
  CommitCopiesOp::create(builder);
}

/// This wave's operands of one step.
Value GemmBuilder::load(const Stream &stream, Value tile, Value column) {
  return LoadFragmentOp::create(
      builder, fragment(stream.waveRows, stepDepth(), element, stream.role, schedule.pack),
      stream.name + "Part", slot(stream, tile), stream.waveRow, column, stream.across && transposesOnRead);
}

Value GemmBuilder::product(Value left, Value right, Value accumulator) {
  if (hasBlockScales())
    return MmaScaledOp::create(builder, left, right, scales, accumulator, isPingPong());
  return MmaOp::create(builder, left, right, accumulator);
}

Value GemmBuilder::multiplyStep(Value accumulator, Value tile, Value column,
                                llvm::function_ref<void()> betweenLoadsAndMma) {
  Value first = load(transposed ? w : a, tile, column);
  Value second = load(transposed ? a : w, tile, column);
  if (betweenLoadsAndMma)
    betweenLoadsAndMma();
  return product(first, second, accumulator);
}

/// Scales are on their way for a whole step: asked for before the tiles, so that waiting for them leaves
/// those under way.
void GemmBuilder::fetchScales(Value tile) {
  Value block = tileOfAll(tile);
  if (tilesOfBlock() > 1)
    block = builder.createOrFold<arith::DivUIOp>(block, constant(tilesOfBlock()));
  fetchedScales = blockScales.fetch(builder, "scalesNext", block);
}

/// One K tile. If copies of later tiles are to go between loads and products, that happens in a first step of
/// its own.
Value GemmBuilder::multiplyTile(Value accumulator, Value tile,
                                llvm::function_ref<void()> betweenLoadsAndMma) {
  const int64_t step = stepDepth();
  if (betweenLoadsAndMma || step == schedule.tileK)
    accumulator = multiplyStep(accumulator, tile, constant(0), betweenLoadsAndMma);
  if (step == schedule.tileK)
    return accumulator;
  Value stepK = named("stepK", step), from = betweenLoadsAndMma ? stepK : constant(0);
  auto loop = createLoop("k", from, tileK, stepK, accumulator, /*unroll=*/true);
  if (schedule.fencedSteps)
    SchedulingFenceOp::create(builder);
  Value next = multiplyStep(loop.getRegionIterArg(0), tile, loop.getInductionVar(), {});
  scf::YieldOp::create(builder, next);
  builder.setInsertionPointAfter(loop);
  return loop.getResult(0);
}

/// The operands of W for one step of a tile, from global memory.
void GemmBuilder::fetchPart(int64_t step, Value tile) {
  const int64_t depth = stepDepth();
  Value column = builder.createOrFold<arith::AddIOp>(columnOf(tile), constant(step * depth));
  w.parts[step] = FetchFragmentOp::create(
      builder, fragment(w.waveRows, depth, element, w.role, schedule.pack), "w" + std::to_string(step),
      w.rows, w.waveRow, column, schedule.splitK * kTiles * schedule.tileK == problem.k);
}

/// One K tile of shuffled weights: each step's are asked for anew as soon as they are multiplied.
Value GemmBuilder::multiplyTileOfParts(Value accumulator, Value tile, bool hasNext,
                                       llvm::function_ref<void()> betweenLoadsAndMma) {
  const int64_t depth = stepDepth();
  for (int64_t step = 0; step < static_cast<int64_t>(w.parts.size()); ++step) {
    Value rows = LoadFragmentOp::create(builder, fragment(a.waveRows, depth, element, a.role, schedule.pack),
                                        "aPart", slot(a, tile), a.waveRow, constant(step * depth));
    if (step == 0)
      betweenLoadsAndMma();
    accumulator = hasBlockScales()
                      ? Value(MmaScaledOp::create(builder, w.parts[step], rows, scales, accumulator))
                      : Value(MmaOp::create(builder, w.parts[step], rows, accumulator));
    if (hasNext)
      fetchPart(step, sum(tile, 1));
  }
  return accumulator;
}

OwningOpRef<ModuleOp> GemmBuilder::build() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getLoc());
  const GemmFunction function = createGemmFunction(builder, *module, problem, schedule);

  tileK = named("tileK", schedule.tileK);
  WorkgroupTile tile;
  if (schedule.streamWorkgroups > 0) {
    piece = createPieces(builder, problem, schedule, function, schedule.leastTilesOfPiece());
    tile = piece.tile;
    kTileCount = piece.tiles;
    place.firstTile = piece.firstTile;
  } else {
    // Parts of a sum over m are alike: what the last of them has too many of reads as zero.
    kTileCount =
        overRows ? Value(DepthTilesOp::create(builder, "kTiles", function.m, schedule.tileK * schedule.splitK,
                                              asynchronous ? schedule.stages - 1 : int64_t(2)))
                 : named("kTiles", kTiles);
    tile = createWorkgroupTile(builder, problem, schedule, function);
    place = createPart(builder, schedule, kTileCount);
  }
  const int64_t waveM = schedule.tileM / schedule.wavesM, waveN = schedule.tileN / schedule.wavesN;
  // What holds for all pieces stands before the loop over them.
  auto onceAWorkgroup = [&](auto create) {
    OpBuilder::InsertionGuard guard(builder);
    if (piece.rounds)
      builder.setInsertionPoint(piece.rounds);
    return create();
  };
  auto wave = onceAWorkgroup([&] { return WaveTileOp::create(builder, SmallVector<int64_t>{waveM, waveN}); });
  auto open = [&](Stream &stream, StringRef name, Value matrix, int64_t tileRows, int64_t waveRows,
                  Value waveRow, Role role) {
    stream.name = name.str();
    stream.matrix = matrix;
    stream.tileRows = tileRows;
    stream.waveRows = waveRows;
    stream.waveRow = waveRow;
    stream.role = role;
  };
  open(a, "a", function.a, schedule.tileM, waveM, wave.getRow(), transposed ? Role::B : Role::A);
  open(w, "w", function.w, schedule.tileN, waveN, wave.getColumn(), transposed ? Role::A : Role::B);
  w.across = problem.layout != GemmLayout::NT;
  a.across = overRows;
  if (a.across) {
    a.depth = function.m;
    a.column = tile.row;
  } else {
    a.rows = createRowsOfA(builder, problem, schedule, function, tile);
  }
  if (w.across) {
    w.depth = overRows ? function.m : constant(problem.k);
    w.column = tile.column;
  } else {
    cutRows(w, tile.weightRow, tile.weightEnd);
  }
  for (Stream *stream : sharedStreams())
    onceAWorkgroup([&] { allocate(*stream); });
  Value outColumn = arith::AddIOp::create(builder, tile.column, wave.getColumn());
  blockScales = BlockScales(builder, problem, function, tile, wave.getRow(), waveM, outColumn);

  Type f32 = Float32Type::get(builder.getContext());
  FragmentType sums = transposed ? fragment(waveN, waveM, f32, Role::Accumulator, 1)
                                 : fragment(waveM, waveN, f32, Role::Accumulator, 1);
  Value accumulator = ZeroOp::create(builder, sums, "sums");
  accumulator = schedule.loop == MainLoop::Interleaved ? interleaved(accumulator)
                : asynchronous                         ? throughAsyncCopies(accumulator)
                                                       : throughRegisters(accumulator);
  if (schedule.fencedSteps) // or what follows begins among the last products, beside their operands
    SchedulingFenceOp::create(builder);
  accumulator = piece.rounds ? Value(SumPiecesOp::create(builder, accumulator, piece.piece, function.partials,
                                                         function.arrivals))
                             : createSumOfParts(builder, function, place, accumulator);

  auto roomForMaxima = [&](TileType type) -> Value {
    comment(BarrierOp::create(builder),
            "the last tiles have been read: their LDS takes the largest magnitude "
            "of each row of a wave");
    return ReuseOp::create(builder, type, "rowMaxima", a.ring);
  };
  createEpilogue(builder, problem, schedule, function, accumulator,
                 {tile, wave.getRow(), outColumn, transposed, wave.getColumn(), roomForMaxima,
                  [&] { BarrierOp::create(builder); }});
  if (piece.rounds)
    builder.setInsertionPointAfter(piece.rounds);
  ReturnOp::create(builder);
  return module;
}

llvm::Expected<OwningOpRef<ModuleOp>> lowerGemm(MLIRContext &context, const GemmProblem &problem,
                                                const GemmKernel &schedule) {
  if (llvm::Error error = checkGemm(problem, schedule))
    return error;
  context.loadDialect<KernelDialect, arith::ArithDialect, scf::SCFDialect>();
  const bool persistent = findMatrixInstruction(schedule.architecture, schedule.instruction)->kind ==
                          MatrixInstructionKind::Wgmma;
  GemmKernel fitted = schedule;
  // No ring is longer than the tiles it holds, plus the slot being read.
  if (problem.layout != GemmLayout::TN)
    fitted.stages = std::min<int64_t>(schedule.stages, schedule.kTiles(problem.k) + 1);
  // A loop that runs once or never is written out, so that nothing else keeps the loads of all steps apart.
  constexpr int64_t shortTiles = 3, manySums = 128;
  const bool isShort = problem.layout != GemmLayout::TN && schedule.kTiles(problem.k) <= shortTiles;
  if (isShort && vendorOf(schedule.architecture) == Vendor::Amd &&
      schedule.tileM * schedule.tileN >=
          manySums * schedule.wavesM * schedule.wavesN * waveSize(schedule.architecture))
    fitted.fencedSteps = true;
  OwningOpRef<ModuleOp> module = persistent            ? buildWgmmaGemm(context, problem, schedule)
                                 : schedule.wavesK > 1 ? buildStreamingGemm(context, problem, schedule)
                                                       : GemmBuilder(context, problem, fitted).build();
  std::string reason;
  ScopedDiagnosticHandler capture(&context, [&](Diagnostic &diagnostic) {
    if (reason.empty())
      reason = diagnostic.str();
    return success();
  });
  if (failed(verify(*module)))
    return usageError(problem.symbol + ": " + reason);
  return module;
}

} // namespace codesign
