// Products of few rows: every weight is used once, so it goes from global memory straight to registers, or to
// shared memory that belongs to one wave.
#include "BlockScales.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

namespace {

class StreamingBuilder {
public:
  StreamingBuilder(MLIRContext &context, const GemmProblem &problem, const GemmKernel &schedule)
      : problem(problem), schedule(schedule), builder(UnknownLoc::get(&context), &context),
        element(mlirTypeOf(&context, problem.type)), waveDepth(schedule.tileK / schedule.wavesK),
        ahead(std::min<int64_t>(schedule.stages, schedule.kTiles(problem.k))),
        kTiles(llvm::alignTo(schedule.kTiles(problem.k), schedule.directCopies ? 1 : ahead)) {}

  OwningOpRef<ModuleOp> build();

private:
  /// A matrix operand: its rows and, for each step under way, the fragment that is loaded for it, or the ring
  /// that it is copied to.
  struct Stream {
    std::string name;
    Value rows, ring, waveRow;
    FragmentType type;
    SmallVector<Value> parts;
  };

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(builder, value); }
  Value named(StringRef name, int64_t value) { return ConstantOp::create(builder, name, value); }
  /// The tile whose loads follow when this one has been multiplied.
  Value later(Value tile) { return arith::AddIOp::create(builder, tile, named("ahead", ahead)); }
  FragmentType fragment(int64_t first, int64_t second, Type type, Role role, int64_t pack) {
    return FragmentType::get(builder.getContext(), {first, second}, type, role,
                             builder.getStringAttr(schedule.instruction), pack);
  }
  /// First column of this wave's part of a tile of k.
  Value columnOf(Value tile);
  void fetch(int64_t part, Value tile);
  Value fetchScales(StringRef name, Value column) {
    return blockScales.fetch(builder, name, arith::DivUIOp::create(builder, column, constant(scaledBlock)));
  }
  Value multiply(Value sums, int64_t part);
  bool hasBlockScales() const { return problem.scaling == Scaling::Block128; }
  bool isInside() const { return schedule.splitK * kTiles * schedule.tileK == problem.k; }
  /// Everything that is fetched ahead, in one order.
  SmallVector<Value *> fetched();
  Value mainLoop(Value sums);

  // With direct copies:
  void allocate(Stream &stream);
  Value slot(const Stream &stream, Value tile);
  /// A tile of k to the slot of tile `at`.
  void copy(Value tile, Value at);
  Value multiplyCopied(Value sums, Value tile, int64_t left, bool another);
  Value loopOfCopies(Value sums);

  const GemmProblem &problem;
  const GemmKernel &schedule;
  ImplicitLocOpBuilder builder;
  Type element;
  int64_t waveDepth; // of k that a wave multiplies per step
  int64_t ahead;     // steps whose loads are under way
  int64_t kTiles;    // in registers a multiple of that; past the end both operands are zero
  Stream a, w;
  SmallVector<Value> scales; // of the block of k that each part holds
  BlockScales blockScales;
  PartPlace place;
  Value tileK, kTileCount, wave, waveColumn;
};

Value StreamingBuilder::multiply(Value sums, int64_t part) {
  if (!hasBlockScales())
    return MmaOp::create(builder, w.parts[part], a.parts[part], sums);
  Value combined = CombineScalesOp::create(builder, "scales", scales[part]);
  return MmaScaledOp::create(builder, w.parts[part], a.parts[part], combined, sums);
}

SmallVector<Value *> StreamingBuilder::fetched() {
  SmallVector<Value *> values;
  for (auto *list : {&w.parts, &a.parts, &scales})
    for (Value &value : *list)
      values.push_back(&value);
  return values;
}

Value StreamingBuilder::columnOf(Value tile) {
  if (place.firstTile)
    tile = arith::AddIOp::create(builder, place.firstTile, tile);
  return arith::AddIOp::create(builder, arith::MulIOp::create(builder, tile, tileK), waveColumn);
}

void StreamingBuilder::fetch(int64_t part, Value tile) {
  Value column = columnOf(tile);
  for (Stream *stream : {&w, &a})
    stream->parts[part] =
        FetchFragmentOp::create(builder, stream->type, stream->name + "Parts" + std::to_string(part),
                                stream->rows, constant(0), column, isInside());
  if (hasBlockScales())
    scales[part] = fetchScales("scales" + std::to_string(part), column);
  // Compilers would delay the loads to save registers, and with them the time that hides their latency.
  SchedulingFenceOp::create(builder);
}

/// While the parts of one step are multiplied, those of the next `ahead` − 1 are on their way; each is
/// requested again as soon as it has been used.
Value StreamingBuilder::mainLoop(Value sums) {
  createRepeats(builder, ahead, [&](int64_t part, Value number) { fetch(part, number); });
  if (kTiles > ahead) {
    SmallVector<Value> carried = {sums};
    for (Value *value : fetched())
      carried.push_back(*value);
    Value end = arith::SubIOp::create(builder, kTileCount, named("ahead", ahead));
    auto loop = createNamedLoop(builder, "kTile", constant(0), end, named("ahead", ahead), carried, false);
    comment(loop, "as many steps are under way as registers hold: each is "
                  "multiplied in turn, and its registers ask "
                  "for the step that many later");
    // Compilers would unroll it, and nvcc need registers for the loads of all iterations.
    loop->setDiscardableAttr("kernel.rolled", builder.getUnitAttr());
    auto handOver = [&](auto values) {
      for (auto [value, now] : llvm::zip_equal(fetched(), llvm::drop_begin(values)))
        *value = now;
    };
    handOver(loop.getRegionIterArgs());
    Value next = loop.getRegionIterArg(0);
    createRepeats(builder, ahead, [&](int64_t part, Value number) {
      next = multiply(next, part);
      fetch(part, arith::AddIOp::create(builder, later(loop.getInductionVar()), number));
    });
    SmallVector<Value> yielded = {next};
    for (Value *value : fetched())
      yielded.push_back(*value);
    scf::YieldOp::create(builder, yielded);
    builder.setInsertionPointAfter(loop);
    sums = loop.getResult(0);
    handOver(loop.getResults());
  }
  createRepeats(builder, ahead, [&](int64_t part, Value) { sums = multiply(sums, part); });
  return sums;
}

void StreamingBuilder::allocate(Stream &stream) {
  const int64_t rows = stream.type.getShape()[0];
  auto ring = TileType::get(builder.getContext(), {ahead, schedule.wavesK * rows, waveDepth}, element,
                            Space::Shared, SwizzledAttr::get(builder.getContext()));
  stream.ring = AllocOp::create(builder, ring, stream.name + "Tile");
  stream.waveRow = arith::MulIOp::create(builder, wave, named(&stream == &w ? "tileN" : "tileM", rows));
}

Value StreamingBuilder::slot(const Stream &stream, Value tile) {
  return SlotOp::create(builder, cast<TileType>(stream.ring.getType()).getSlotType(), stream.ring, tile);
}

void StreamingBuilder::copy(Value tile, Value at) {
  Value column = columnOf(tile);
  for (Stream *stream : {&w, &a}) {
    const bool whole = isInside() && stream == &w && problem.n % schedule.tileN == 0;
    CopyWaveRowsOp::create(builder, stream->rows, column, slot(*stream, at), stream->waveRow,
                           isInside() && !whole, whole);
  }
  CommitCopiesOp::create(builder);
}

/// One step, when `left` later ones are still under way. Its slot is filled anew after its products, which
/// wait for what has been read of it.
Value StreamingBuilder::multiplyCopied(Value sums, Value tile, int64_t left, bool another) {
  WaitCopiesOp::create(builder, left);
  WaveBarrierOp::create(builder);
  Value combined = hasBlockScales() ? CombineScalesOp::create(builder, "scales", scales[0]) : Value();
  if (hasBlockScales() && (left > 0 || another))
    scales[0] = fetchScales("scalesNext", columnOf(builder.createOrFold<arith::AddIOp>(tile, constant(1))));
  auto load = [&](const Stream &stream) -> Value {
    return LoadFragmentOp::create(builder, stream.type, stream.name + "Part", slot(stream, tile),
                                  stream.waveRow, constant(0), /*across=*/false);
  };
  Value weights = load(w), rows = load(a);
  sums = combined ? Value(MmaScaledOp::create(builder, weights, rows, combined, sums))
                  : Value(MmaOp::create(builder, weights, rows, sums));
  if (another)
    copy(later(tile), tile);
  return sums;
}

/// Each wave copies its own operands to shared memory, `ahead` steps before it multiplies them. It shares
/// them with no other, so that its own waits and meetings order everything.
Value StreamingBuilder::loopOfCopies(Value sums) {
  if (hasBlockScales())
    scales[0] = fetchScales("scalesNext", columnOf(constant(0)));
  createRepeats(builder, ahead, [&](int64_t, Value tile) { copy(tile, tile); });
  if (kTiles > ahead) {
    SmallVector<Value> carried = {sums};
    if (hasBlockScales())
      carried.push_back(scales[0]);
    Value end = arith::SubIOp::create(builder, kTileCount, named("ahead", ahead));
    auto loop = createNamedLoop(builder, "kTile", constant(0), end, constant(1), carried, false);
    loop->setDiscardableAttr("kernel.rolled", builder.getUnitAttr());
    comment(loop, "each wave waits for its oldest step, multiplies it, and fills its slot with the "
                  "step that comes a whole ring later; no wave waits for another");
    if (hasBlockScales())
      scales[0] = loop.getRegionIterArg(1);
    SmallVector<Value> yielded = {
        multiplyCopied(loop.getRegionIterArg(0), loop.getInductionVar(), ahead - 1, true)};
    if (hasBlockScales())
      yielded.push_back(scales[0]);
    scf::YieldOp::create(builder, yielded);
    builder.setInsertionPointAfter(loop);
    sums = loop.getResult(0);
    if (hasBlockScales())
      scales[0] = loop.getResult(1);
  }
  for (int64_t left = ahead - 1; left >= 0; --left)
    sums = multiplyCopied(sums, constant(kTiles - 1 - left), left, false);
  return sums;
}

OwningOpRef<ModuleOp> StreamingBuilder::build() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getLoc());
  const GemmFunction function = createGemmFunction(builder, *module, problem, schedule);
  tileK = ConstantOp::create(builder, "tileK", schedule.tileK);
  const WorkgroupTile tile = createWorkgroupTile(builder, problem, schedule, function);
  if (kTiles > ahead || schedule.splitK > 1)
    kTileCount = ConstantOp::create(builder, "kTiles", kTiles);
  place = createPart(builder, schedule, kTileCount);
  wave = WaveIndexOp::create(builder);
  waveColumn = arith::MulIOp::create(builder, wave, named("waveDepth", waveDepth));
  auto open = [&](Stream &stream, StringRef name, int64_t tileRows, Value rows, Role role) {
    stream.name = name.str();
    stream.type = fragment(tileRows, waveDepth, element, role, schedule.pack);
    stream.rows = rows;
    if (!schedule.directCopies)
      stream.parts.resize(ahead);
    else
      allocate(stream);
  };
  open(a, "a", schedule.tileM, createRowsOfA(builder, problem, schedule, function, tile), Role::B);
  open(w, "w", schedule.tileN,
       RowsOp::create(builder, weightTile(schedule.tileN, problem, element), "wRows", function.w,
                      tile.weightRow, tile.weightEnd),
       Role::A);

  blockScales = BlockScales(builder, problem, function, tile, constant(0), schedule.tileM, tile.column);
  if (hasBlockScales())
    scales.resize(schedule.directCopies ? 1 : ahead);

  Type f32 = Float32Type::get(builder.getContext());
  auto slots = TileType::get(builder.getContext(),
                             {schedule.wavesK, schedule.tileM * schedule.tileN / sumsPerRow, sumsPerRow}, f32,
                             Space::Shared, RowMajorAttr::get(builder.getContext(), 0));
  Value exchange = AllocOp::create(builder, slots, "waveSums");
  Value sums =
      ZeroOp::create(builder, fragment(schedule.tileN, schedule.tileM, f32, Role::Accumulator, 1), "sums");
  sums = schedule.directCopies ? loopOfCopies(sums) : mainLoop(sums);
  DepositSumsOp::create(builder, sums, exchange);
  BarrierOp::create(builder);
  auto total = CollectSumsOp::create(
      builder,
      TypeRange{fragment(schedule.waveColumns(), schedule.tileM, f32, Role::Accumulator, 1),
                builder.getIndexType(), builder.getIndexType()},
      "total", exchange);
  Value outColumn = arith::AddIOp::create(builder, tile.column, total.getFirst());
  sums = createSumOfParts(builder, function, place, total.getResult());
  createEpilogue(builder, problem, schedule, function, sums,
                 {tile, total.getSecond(), outColumn, /*transposed=*/true});
  ReturnOp::create(builder);
  return module;
}

} // namespace

OwningOpRef<ModuleOp> buildStreamingGemm(MLIRContext &context, const GemmProblem &problem,
                                         const GemmKernel &schedule) {
  return StreamingBuilder(context, problem, schedule).build();
}

} // namespace codesign
