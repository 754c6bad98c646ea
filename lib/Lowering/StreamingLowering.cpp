// Products of few rows: every weight is used once, so it goes from global memory straight to registers.
#include "GemmFunction.h"
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
        kTiles(llvm::alignTo(schedule.kTiles(problem.k), ahead)) {}

  OwningOpRef<ModuleOp> build();

private:
  /// A matrix operand: its rows and, for each step under way, the fragment that is loaded for it.
  struct Stream {
    std::string name;
    Value rows;
    FragmentType type;
    SmallVector<Value> parts;
  };

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(builder, value); }
  FragmentType fragment(int64_t first, int64_t second, Type type, Role role, int64_t pack) {
    return FragmentType::get(builder.getContext(), {first, second}, type, role,
                             builder.getStringAttr(schedule.instruction), pack);
  }
  void fetch(int64_t part, Value tile);
  Value multiply(Value sums, int64_t part);
  bool hasBlockScales() const { return problem.scaling == Scaling::Block128; }
  /// Everything that is fetched ahead, in one order.
  SmallVector<Value *> fetched();
  Value mainLoop(Value sums);

  const GemmProblem &problem;
  const GemmKernel &schedule;
  ImplicitLocOpBuilder builder;
  Type element;
  int64_t waveDepth; // of k that a wave multiplies per step
  int64_t ahead;     // steps whose loads are under way
  int64_t kTiles;    // a multiple of that; past the end both operands are zero
  Stream a, w;
  SmallVector<Value> scales; // of the block of k that each part holds
  BlockScaleRows scaleRows;
  PartPlace place;
  Value tileK, kTileCount, waveColumn, scaleBlock;
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

void StreamingBuilder::fetch(int64_t part, Value tile) {
  if (place.firstTile)
    tile = builder.createOrFold<arith::AddIOp>(place.firstTile, tile);
  Value column = arith::AddIOp::create(builder, builder.createOrFold<arith::MulIOp>(tile, tileK), waveColumn);
  for (Stream *stream : {&w, &a})
    stream->parts[part] =
        FetchFragmentOp::create(builder, stream->type, stream->name + std::to_string(part), stream->rows,
                                constant(0), column, schedule.splitK * kTiles * schedule.tileK == problem.k);
  if (hasBlockScales())
    scales[part] =
        FetchScalesOp::create(builder, ScalesType::get(builder.getContext(), schedule.tileM),
                              "scales" + std::to_string(part), scaleRows.a, constant(0), scaleRows.w,
                              scaleBlock, arith::DivUIOp::create(builder, column, constant(scaledBlock)));
  // Compilers would delay the loads to save registers, and with them the time that hides their latency.
  SchedulingFenceOp::create(builder);
}

/// While the parts of one step are multiplied, those of the next `ahead` − 1 are on their way; each is
/// requested again as soon as it has been used.
Value StreamingBuilder::mainLoop(Value sums) {
  for (int64_t part = 0; part < ahead; ++part)
    fetch(part, constant(part));
  if (kTiles > ahead) {
    SmallVector<Value> carried = {sums};
    for (Value *value : fetched())
      carried.push_back(*value);
    Value end = arith::SubIOp::create(builder, kTileCount, constant(ahead));
    auto loop = createNamedLoop(builder, "kTile", constant(0), end, constant(ahead), carried, false);
    // nvcc would unroll it and need registers for the loads of all iterations.
    if (vendorOf(schedule.architecture) == Vendor::Nvidia)
      loop->setDiscardableAttr("kernel.rolled", builder.getUnitAttr());
    auto handOver = [&](auto values) {
      for (auto [value, now] : llvm::zip_equal(fetched(), llvm::drop_begin(values)))
        *value = now;
    };
    handOver(loop.getRegionIterArgs());
    Value next = loop.getRegionIterArg(0);
    for (int64_t part = 0; part < ahead; ++part) {
      next = multiply(next, part);
      fetch(part, arith::AddIOp::create(builder, loop.getInductionVar(), constant(ahead + part)));
    }
    SmallVector<Value> yielded = {next};
    for (Value *value : fetched())
      yielded.push_back(*value);
    scf::YieldOp::create(builder, yielded);
    builder.setInsertionPointAfter(loop);
    sums = loop.getResult(0);
    handOver(loop.getResults());
  }
  for (int64_t part = 0; part < ahead; ++part)
    sums = multiply(sums, part);
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
  Value wave = WaveIndexOp::create(builder);
  waveColumn = arith::MulIOp::create(builder, wave, ConstantOp::create(builder, "waveDepth", waveDepth));
  auto open = [&](Stream &stream, StringRef name, int64_t tileRows, Value rows, Role role) {
    stream.name = name.str();
    stream.type = fragment(tileRows, waveDepth, element, role, schedule.pack);
    stream.parts.resize(ahead);
    stream.rows = rows;
  };
  open(a, "a", schedule.tileM, createRowsOfA(builder, problem, schedule, function, tile), Role::B);
  open(w, "w", schedule.tileN,
       RowsOp::create(builder, weightTile(schedule.tileN, problem, element), "wRows", function.w,
                      tile.weightRow, tile.weightEnd),
       Role::A);

  scaleRows = createBlockScaleRows(builder, problem, schedule, function, tile);
  if (hasBlockScales()) {
    scales.resize(ahead);
    scaleBlock = arith::DivUIOp::create(builder, tile.column, constant(scaledBlock));
  }

  Type f32 = Float32Type::get(builder.getContext());
  const int64_t instructionRows = findMatrixInstruction(schedule.architecture, schedule.instruction)->m;
  const int64_t shares = std::gcd(schedule.wavesK, schedule.tileN / instructionRows);
  auto slots = TileType::get(builder.getContext(),
                             {schedule.wavesK, schedule.tileM * schedule.tileN / sumsPerRow, sumsPerRow}, f32,
                             Space::Shared, RowMajorAttr::get(builder.getContext(), 0));
  Value exchange = AllocOp::create(builder, slots, "waveSums");
  Value sums =
      ZeroOp::create(builder, fragment(schedule.tileN, schedule.tileM, f32, Role::Accumulator, 1), "sums");
  sums = mainLoop(sums);
  DepositSumsOp::create(builder, sums, exchange);
  BarrierOp::create(builder);
  auto total = CollectSumsOp::create(
      builder,
      TypeRange{fragment(schedule.tileN / shares, schedule.tileM, f32, Role::Accumulator, 1),
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
