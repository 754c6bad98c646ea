#include "WgmmaLowering.h"
#include "GemmFunction.h"
#include "codesign/Support/Diagnostics.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

namespace {

constexpr int64_t warpsPerGroup = 4;
constexpr int64_t swizzleBytes = 128, narrowestSwizzleBytes = 32;
// What each consumer gives to the warps that copy: a thread keeps an offset for every 16 rows of a list.
constexpr int64_t registersForExperts = 8, registersForLists = 16, registersForLongLists = 24,
                  rowsOfLongList = 256;

class WgmmaBuilder {
public:
  WgmmaBuilder(MLIRContext &context, const GemmProblem &problem, const GemmKernel &schedule)
      : problem(problem), schedule(schedule), builder(UnknownLoc::get(&context), &context),
        element(mlirTypeOf(&context, problem.type)), outElement(mlirTypeOf(&context, problem.outputType())),
        kTileCount(schedule.kTiles(problem.k)), groups(schedule.wavesM * schedule.wavesN),
        groupM(schedule.tileM / schedule.wavesM), groupN(schedule.tileN / schedule.wavesN),
        clusterSize(schedule.clusterM * schedule.clusterN) {
    a = {"a", schedule.tileM, schedule.clusterN > 1 ? clusterSize : 1, overRows(), {}, {}};
    w = {"w", schedule.tileN, schedule.clusterM > 1 ? clusterSize : 1, problem.layout != GemmLayout::NT, {},
         {}};
  }

  OwningOpRef<ModuleOp> build();

private:
  /// A matrix on its way to shared memory. `sharers` workgroups of the cluster need the same tile: each
  /// copies its share to all.
  struct Stream {
    std::string name;
    int64_t rows = 0;
    int64_t sharers = 1;
    bool across = false; // k runs along the rows of the matrix, and `rows` along its columns
    Value map, ring;
  };

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(builder, value); }
  /// A number that the source gives a name.
  Value named(StringRef name, Value value) {
    if (isa_and_nonnull<arith::ArithDialect>(value.getDefiningOp() ? value.getDefiningOp()->getDialect()
                                                                   : nullptr) &&
        !value.getDefiningOp<arith::ConstantIndexOp>())
      value.getDefiningOp()->setDiscardableAttr("kernel.name", builder.getStringAttr(name));
    return value;
  }
  Value add(Value left, Value right) { return builder.createOrFold<arith::AddIOp>(left, right); }
  Value multiply(Value left, Value right) { return builder.createOrFold<arith::MulIOp>(left, right); }
  TensorMapType mapType(Type element, int64_t rows, int64_t columns, int64_t boxRows, int64_t boxColumns) {
    return TensorMapType::get(builder.getContext(), {rows, columns}, element, {boxRows, boxColumns});
  }
  Value allocate(StringRef name, Type element, int64_t slots, int64_t rows, int64_t columns) {
    auto type = TileType::get(builder.getContext(), {slots, rows, columns}, element, Space::Shared,
                              SwizzledAttr::get(builder.getContext()));
    return AllocOp::create(builder, type, name);
  }
  Value allocate(const Stream &stream) {
    if (!stream.across)
      return allocate(stream.name + "Tile", element, schedule.stages, stream.rows, schedule.tileK);
    auto type = TileType::get(builder.getContext(), {schedule.stages, schedule.tileK, stream.rows}, element,
                              Space::Shared, PanelsAttr::get(builder.getContext()));
    return AllocOp::create(builder, type, stream.name + "Tile");
  }
  /// Of a matrix of so many rows; along its k it has `depth` elements.
  TensorMapType mapType(const Stream &stream, int64_t rows, int64_t depth) {
    if (stream.across)
      return mapType(element, depth, rows, schedule.tileK, swizzleBytes / elementBytes());
    return mapType(element, rows, depth, stream.rows / stream.sharers, schedule.tileK);
  }
  /// The sum is over the rows of both operands.
  bool overRows() const { return problem.layout == GemmLayout::TN; }
  /// Rows of the output.
  Value outputRows() { return overRows() ? constant(problem.k) : function.m; }
  Value slot(const Stream &stream, Value use) {
    return SlotOp::create(builder, cast<TileType>(stream.ring.getType()).getSlotType(), stream.ring, use);
  }
  FragmentType sumsType() {
    return FragmentType::get(builder.getContext(), {groupM, groupN}, builder.getF32Type(), Role::Accumulator,
                             builder.getStringAttr(schedule.instruction), 1);
  }
  /// Whether the output passes through panels in shared memory: whole ones of 16 or 8 bits, rows that start
  /// at multiples of 16 bytes, and no gate, which leaves every other column.
  bool hasPanels() const {
    return !problem.gated && !problem.unrounded && groupN * outBytes() % narrowestSwizzleBytes == 0 &&
           problem.n * outBytes() % chunkBytes == 0;
  }
  /// Whether the copy engine writes it from there: rows of an expert may end inside of a box.
  bool engineStores() const { return hasPanels() && problem.experts == 0; }
  int64_t elementBytes() const { return bitWidth(problem.type) / 8; }
  int64_t outBytes() const { return bitWidth(problem.outputType()) / 8; }
  /// The instruction sums 8-bit products with fewer bits than fp32 has: after each step they go to other
  /// sums.
  bool addsProducts() const { return isFloat8(problem.type); }
  bool hasBlockScales() const { return problem.scaling == Scaling::Block128; }
  /// The widest swizzle span that divides a group's columns.
  int64_t panelColumns() const {
    int64_t span = swizzleBytes;
    while (groupN * outBytes() % span)
      span /= 2;
    return span / outBytes();
  }

  void createFunction(ModuleOp module);
  scf::ForOp loop(StringRef name, Value from, Value to, ValueRange carried = {});
  scf::ForOp loop(StringRef name, int64_t from, Value to, ValueRange carried = {}) {
    return loop(name, constant(from), to, carried);
  }
  scf::ForOp copyLoop(Value from, Value to);
  scf::ForOp copyLoop(int64_t from, Value to) { return copyLoop(constant(from), to); }
  /// The tiles of experts are counted once, before the roles part.
  void countExpertTiles();
  SmallVector<int64_t> clusterTile() const {
    return {schedule.tileM * schedule.clusterM, schedule.tileN * schedule.clusterN};
  }
  /// A tile of the cluster, as its first workgroup sees it.
  WorkgroupTile tileAt(Value number);
  /// Opens the loop over this cluster's tiles; gives the number of the first use of the rings, and this
  /// workgroup's tile.
  struct Round {
    scf::ForOp loop;
    Value firstUse;
    WorkgroupTile tile;
    Value number, part;     // where several workgroups share k: of the tile, and of its part
    Value steps;            // tiles of k
    Value piece, firstTile; // of a Stream-K launch, and its first tile of k
  };
  /// The tile of k that a workgroup counts as `step`.
  Value tileOfK(const Round &round, Value step) {
    if (round.firstTile)
      return add(round.firstTile, step);
    return round.part ? add(multiply(round.part, kTiles), step) : step;
  }
  Round openRound();
  /// The use of the rings that a step of a round is: they go on from tile to tile.
  Value useOf(const Round &round, Value step) { return named("use", add(round.firstUse, step)); }
  void awaitFree(Value use) {
    comment(AwaitOp::create(builder, true, empty, use), "what the slot held before has been read");
  }
  void produce();
  /// The same where all threads of the warpgroup copy A's rows, which a list names.
  void produceGathered(const Round &round);
  void copy(const Stream &stream, Value origin, Value kColumn, Value use);
  void consume();
  Value addSteps(Value sums, const Round &round, WaveTileOp group);
  Value product(Value sums, Value use, WaveTileOp group);
  void epilogue(Value sums, const Round &round, WaveTileOp group);

  const GemmProblem &problem;
  const GemmKernel &schedule;
  ImplicitLocOpBuilder builder;
  Type element, outElement;
  int64_t kTileCount, groups, groupM, groupN, clusterSize;
  Stream a, w;
  GemmFunction function;
  Value panels, panelsPerGroup, full, empty, tileK, kTiles;
  Value expertTiles; // where they are counted; null without experts
  ClusterPositionOp cluster;
};

void WgmmaBuilder::createFunction(ModuleOp module) {
  constexpr int64_t atLaunch = ShapedType::kDynamic;
  OperandTypes operands = {.a = problem.gathered ? Type()
                                : overRows()     ? Type(mapType(a, problem.k, atLaunch))
                                                 : Type(mapType(a, atLaunch, problem.k)),
                           .w = mapType(w, problem.weightRows(), overRows() ? atLaunch : problem.k)};
  if (engineStores())
    operands.out = mapType(outElement, overRows() ? problem.k : atLaunch, problem.n, groupM, panelColumns());
  function = createGemmFunction(builder, module, problem, schedule, operands);
  if (clusterSize > 1)
    function.function.setCluster(clusterSize);
  a.map = function.a;
  w.map = function.w;
}

/// A loop that copies: written out, it is only longer.
scf::ForOp WgmmaBuilder::copyLoop(Value from, Value to) {
  auto steps = loop("kTile", from, to);
  steps->setDiscardableAttr("kernel.rolled", builder.getUnitAttr());
  return steps;
}

scf::ForOp WgmmaBuilder::loop(StringRef name, Value from, Value to, ValueRange carried) {
  return createNamedLoop(builder, name, from, to, constant(1), carried, /*unroll=*/false);
}

void WgmmaBuilder::countExpertTiles() {
  const Type i32 = builder.getIntegerType(32);
  const int64_t columns = llvm::alignTo(problem.experts + 1, chunkLength(i32));
  auto ring = TileType::get(builder.getContext(), {1, 3, columns}, i32, Space::Shared,
                            RowMajorAttr::get(builder.getContext(), 0));
  Value alloc = AllocOp::create(builder, ring, "expertTiles");
  expertTiles = SlotOp::create(builder, ring.getSlotType(), alloc, constant(0));
  CountExpertTilesOp::create(builder, problem.expertLayout, function.table, function.m, problem.experts,
                             problem.n, clusterTile(), schedule.band, expertTiles);
}

WorkgroupTile WgmmaBuilder::tileAt(Value number) {
  if (!expertTiles) {
    Value rows = outputRows();
    auto order = TileOrderOp::create(builder, rows, problem.n, clusterTile(), schedule.band, int64_t(1),
                                     int64_t(1), number);
    return {.row = order.getRow(), .rowEnd = rows, .column = order.getColumn()};
  }
  auto tile = ExpertTileAtOp::create(builder, expertTiles, problem.experts, number, problem.n, clusterTile(),
                                     schedule.band);
  return {.row = tile.getRow(),
          .rowEnd = tile.getEnd(),
          .column = tile.getColumn(),
          .expert = tile.getExpert(),
          .firstWeight = multiply(tile.getExpert(), constant(problem.n))};
}

WgmmaBuilder::Round WgmmaBuilder::openRound() {
  if (schedule.streamWorkgroups > 0) {
    const PieceOfWork work = createPieces(builder, problem, schedule, function, /*least=*/1);
    return {.loop = work.rounds,
            .firstUse = work.tilesBefore,
            .tile = work.tile,
            .number = {},
            .part = {},
            .steps = work.tiles,
            .piece = work.piece,
            .firstTile = work.firstTile};
  }
  Value tiles = expertTiles ? Value(ExpertTileCountOp::create(builder, expertTiles, problem.experts))
                            : Value(TileCountOp::create(builder, outputRows(), problem.n, clusterTile()));
  if (schedule.splitK > 1)
    tiles = multiply(tiles, constant(schedule.splitK));
  // Tiles of this cluster: index, index + count, …
  Value last = arith::SubIOp::create(builder, add(tiles, cluster.getCount()), constant(1));
  Value rounds = arith::DivUIOp::create(builder, arith::SubIOp::create(builder, last, cluster.getIndex()),
                                        cluster.getCount());
  Round round;
  round.steps = kTiles;
  round.loop = loop("round", 0, named("rounds", rounds));
  Value number = round.loop.getInductionVar();
  Value work = add(cluster.getIndex(), multiply(number, cluster.getCount()));
  if (schedule.splitK > 1) {
    named("item", work);
    round.part = named("part", arith::RemUIOp::create(builder, work, constant(schedule.splitK)));
    work = round.number =
        named("tileIndex", arith::DivUIOp::create(builder, work, constant(schedule.splitK)));
  }
  round.tile = tileAt(work);
  auto inCluster = [&](Value origin, int64_t extent, int64_t count) {
    return count == 1 ? origin : add(origin, multiply(cluster.getRank(), constant(extent)));
  };
  round.tile.row = inCluster(round.tile.row, schedule.tileM, schedule.clusterM);
  round.tile.column = inCluster(round.tile.column, schedule.tileN, schedule.clusterN);
  if (schedule.clusterM > 1)
    named("row", round.tile.row);
  if (schedule.clusterN > 1)
    named("column", round.tile.column);
  // A box may hold rows of the next expert: what they make is not stored.
  round.tile.weightRow = expertTiles ? add(round.tile.firstWeight, round.tile.column) : round.tile.column;
  round.firstUse = named("firstUse", multiply(number, kTiles));
  return round;
}

void WgmmaBuilder::copy(const Stream &stream, Value origin, Value kColumn, Value use) {
  Value share = constant(0);
  if (stream.sharers > 1)
    share = named(stream.name + "Share", multiply(cluster.getRank(), constant(stream.rows / stream.sharers)));
  Value row = stream.sharers > 1 ? add(origin, share) : origin, column = kColumn;
  if (stream.across)
    std::swap(row, column);
  CopyTensorOp::create(builder, stream.sharers > 1, stream.map, row, column, slot(stream, use), share, full,
                       use);
}

/// A thread waits for its own copies, makes them visible to the matrix cores, and then says so: `lag` steps
/// after it has asked for them. With two slots more than that in the ring, it asks for a tile while the
/// products of the step before are under way.
void WgmmaBuilder::produceGathered(const Round &round) {
  const int64_t lag = std::min(schedule.stages - 2, kTileCount);
  Value rows = createRowsOfA(builder, problem, schedule, function, round.tile);
  auto fill = [&](Value step) {
    Value use = useOf(round, step), kColumn = multiply(step, tileK);
    awaitFree(use);
    CopyAsyncOp::create(builder, rows, kColumn, slot(a, use));
    CommitCopiesOp::create(builder);
    ExpectBytesOp::create(builder, full, use, schedule.tileN * schedule.tileK * elementBytes());
    copy(w, round.tile.weightRow, kColumn, use);
  };
  auto handOver = [&](Value step) { ArriveOp::create(builder, full, add(round.firstUse, step)); };
  auto first = copyLoop(0, constant(lag));
  comment(first, "rows of a list are copied by all threads of this warpgroup, boxes of W by one of them");
  fill(first.getInductionVar());
  builder.setInsertionPointAfter(first);
  if (kTileCount > lag) {
    auto steps = copyLoop(lag, kTiles);
    fill(steps.getInductionVar());
    comment(WaitCopiesOp::create(builder, lag),
            "rows asked for " + std::string(lag == 1 ? "a step" : std::to_string(lag) + " steps") +
                " before are there: shown to the matrix cores, then handed over");
    FenceAsyncOp::create(builder);
    handOver(arith::SubIOp::create(builder, steps.getInductionVar(), constant(lag)));
    builder.setInsertionPointAfter(steps);
  }
  comment(WaitCopiesOp::create(builder, 0), "the rows of the last steps");
  FenceAsyncOp::create(builder);
  if (lag == 1)
    return handOver(arith::SubIOp::create(builder, kTiles, constant(1)));
  auto rest = copyLoop(arith::SubIOp::create(builder, kTiles, constant(lag)), kTiles);
  handOver(rest.getInductionVar());
}

void WgmmaBuilder::produce() {
  Round round = openRound();
  if (problem.gathered)
    return produceGathered(round);
  auto steps = copyLoop(0, round.steps);
  comment(steps, "as far ahead of the products as slots are free, across tiles too");
  Value use = useOf(round, steps.getInductionVar());
  Value kColumn = multiply(tileOfK(round, steps.getInductionVar()), tileK);
  awaitFree(use);
  ExpectBytesOp::create(builder, full, use,
                        (schedule.tileM + schedule.tileN) * schedule.tileK * elementBytes());
  copy(a, round.tile.row, kColumn, use);
  copy(w, round.tile.weightRow, kColumn, use);
}

Value WgmmaBuilder::product(Value sums, Value use, WaveTileOp group) {
  comment(AwaitOp::create(builder, false, full, use), "both operands of this step have arrived");
  return WgmmaOp::create(builder, addsProducts(), slot(a, use), group.getRow(), slot(w, use),
                         group.getColumn(), sums);
}

/// Each step's products from zero, then to the sums in fp32. While one warpgroup adds, another multiplies.
Value WgmmaBuilder::addSteps(Value sums, const Round &round, WaveTileOp group) {
  SmallVector<Value> carried = {sums, ZeroOp::create(builder, sumsType(), "products")};
  auto rowScales = createBlockScaleRows(builder, problem, schedule, function, round.tile);
  Value block;
  auto fetch = [&](Value step) -> Value {
    return FetchScalesOp::create(builder, ScalesType::get(builder.getContext(), groupM), "scalesNext",
                                 rowScales.a, group.getRow(), rowScales.w, block, tileOfK(round, step));
  };
  if (hasBlockScales()) {
    block = arith::DivUIOp::create(builder, add(round.tile.column, group.getColumn()), constant(scaledBlock));
    carried.push_back(fetch(constant(0)));
  }
  auto steps = loop("kTile", 0, round.steps, carried);
  steps->setDiscardableAttr("kernel.unknown_end", builder.getUnitAttr());
  comment(steps,
          "8-bit products are summed with fewer bits than fp32 has: those of a step start from zero and are "
          "added in fp32, while the other warpgroup multiplies");
  Value step = steps.getInductionVar(), use = useOf(round, step), scales, next;
  if (hasBlockScales()) {
    scales = CombineScalesOp::create(builder, "scales", steps.getRegionIterArg(2));
    next = fetch(add(step, constant(1)));
  }
  Value products = product(steps.getRegionIterArg(1), use, group);
  products = WaitProductsOp::create(builder, 0, products);
  ArriveOp::create(builder, empty, use);
  Value added = AddProductsOp::create(builder, steps.getRegionIterArg(0), products, scales);
  SmallVector<Value> yielded = {added, products};
  if (next)
    yielded.push_back(next);
  scf::YieldOp::create(builder, yielded);
  builder.setInsertionPointAfter(steps);
  return steps.getResult(0);
}

/// A tile's slot is given back when its products are done, which is known one step later: one group of
/// products is always under way.
void WgmmaBuilder::consume() {
  auto group = WaveTileOp::create(builder, SmallVector<int64_t>{groupM, groupN});
  Round round = openRound();
  Value sums = ZeroOp::create(builder, sumsType(), "sums");
  if (addsProducts()) {
    epilogue(addSteps(sums, round, group), round, group);
    builder.setInsertionPointAfter(round.loop);
    if (engineStores())
      WaitStoresOp::create(builder);
    return;
  }
  sums = product(sums, round.firstUse, group);
  if (overRows() || kTileCount > 1) {
    auto steps = loop("kTile", 1, round.steps, sums);
    comment(steps,
            "one group of products is always under way: a slot is given back a step after it was multiplied");
    Value use = useOf(round, steps.getInductionVar());
    Value next = product(steps.getRegionIterArg(0), use, group);
    next = WaitProductsOp::create(builder, 1, next);
    ArriveOp::create(builder, empty, arith::SubIOp::create(builder, use, constant(1)));
    scf::YieldOp::create(builder, next);
    builder.setInsertionPointAfter(steps);
    sums = steps.getResult(0);
  }
  auto last = WaitProductsOp::create(builder, 0, sums);
  comment(last, "the last step");
  sums = last;
  ArriveOp::create(builder, empty,
                   arith::SubIOp::create(builder, add(round.firstUse, round.steps), constant(1)));
  epilogue(sums, round, group);
  builder.setInsertionPointAfter(round.loop);
  if (engineStores())
    WaitStoresOp::create(builder);
}

void WgmmaBuilder::epilogue(Value sums, const Round &round, WaveTileOp group) {
  const OutputPlace place = {round.tile, group.getRow(), add(round.tile.column, group.getColumn()),
                             /*transposed=*/false};
  if (round.part)
    sums = SumGroupPartsOp::create(builder, sums, round.number, round.part, schedule.splitK,
                                   function.partials, function.arrivals);
  if (round.piece)
    sums = SumPiecesOp::create(builder, sums, round.piece, function.partials, function.arrivals);
  sums = createEpilogueSteps(builder, problem, schedule, function, sums, place);
  if (!hasPanels()) {
    createStore(builder, problem, schedule, function, sums, place);
    return;
  }
  const int64_t count = groupN / panelColumns();
  Value first = GroupOp::create(builder);
  if (count > 1)
    first = named("firstPanel", multiply(first, panelsPerGroup));
  const char *reason = "the panels are free: the tile before has left them";
  if (engineStores())
    comment(WaitStoresOp::create(builder), reason);
  auto free = GroupBarrierOp::create(builder);
  if (!engineStores())
    comment(free, reason);
  StageOp::create(builder, sums, panels, first);
  if (engineStores())
    comment(FenceAsyncOp::create(builder), "what was staged becomes visible to the copy engine");
  GroupBarrierOp::create(builder);
  if (engineStores())
    comment(StoreTensorOp::create(builder, panels, first, count, function.out,
                                  add(round.tile.row, group.getRow()), place.column),
            "the copy engine writes them while the next tile is multiplied");
  else
    StorePanelsOp::create(builder, panels, first, count,
                          createTileRows(builder, schedule, place, "dRows", function.out), group.getRow(),
                          place.column);
}

OwningOpRef<ModuleOp> WgmmaBuilder::build() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getLoc());
  createFunction(*module);
  tileK = ConstantOp::create(builder, "tileK", schedule.tileK);
  kTiles = overRows() ? Value(DepthTilesOp::create(builder, "kTiles", function.m, schedule.tileK, int64_t(1)))
                      : Value(ConstantOp::create(builder, "kTiles", kTileCount));
  if (hasPanels() && groupN > panelColumns())
    panelsPerGroup = ConstantOp::create(builder, "panelsPerGroup", groupN / panelColumns());
  cluster = ClusterPositionOp::create(builder);
  for (Stream *stream : {&a, &w})
    stream->ring = allocate(*stream);
  if (hasPanels())
    panels = allocate("dPanels", outElement, groups * (groupN / panelColumns()), groupM, panelColumns());
  if (problem.experts > 0)
    countExpertTiles();
  auto ring = MbarriersType::get(builder.getContext(), schedule.stages);
  // The lane that asks for boxes, and the warps that copy rows.
  full = MbarriersOp::create(builder, ring, "full", problem.gathered ? 1 + warpsPerGroup : int64_t(1));
  empty = MbarriersOp::create(builder, ring, "empty", groups * warpsPerGroup * clusterSize);
  comment(ClusterBarrierOp::create(builder), "nobody arrives at a barrier that is not initialised");
  // Looking up experts or pieces takes the lane that copies more registers; the consumers give them.
  const bool looksUp = problem.experts > 0 || schedule.streamWorkgroups > 0;
  const int64_t given = !looksUp || schedule.producerRegisters == 0 ? 0
                        : !problem.gathered                         ? registersForExperts
                        : schedule.tileM < rowsOfLongList           ? registersForLists
                                                                    : registersForLongLists;
  auto roles = RolesOp::create(builder, schedule.producerRegisters + given * groups,
                               schedule.consumerRegisters - given, problem.gathered);
  builder.createBlock(&roles.getProducer());
  produce();
  builder.createBlock(&roles.getConsumers());
  consume();
  builder.setInsertionPointAfter(roles);
  if (clusterSize > 1)
    comment(ClusterBarrierOp::create(builder),
            "no workgroup leaves while another may still copy to it or arrive at its barriers");
  ReturnOp::create(builder);
  // The pieces of a Stream-K launch go by the workgroup, and have steps of their own.
  for (Operation *unused : {cluster.getOperation(), kTiles.getDefiningOp()})
    if (unused->use_empty())
      unused->erase();
  return module;
}

} // namespace

llvm::Error checkWgmmaGemm(const GemmProblem &problem, const GemmKernel &schedule) {
  const MatrixInstruction &record = *findMatrixInstruction(schedule.architecture, schedule.instruction);
  if (record.a.space != OperandSpace::SharedMemory)
    return usageError(schedule.instruction + " takes A from registers; the kernels keep it in shared memory");
  if (schedule.tileK * bitWidth(problem.type) / 8 != swizzleBytes)
    return usageError("tileK = " + llvm::Twine(schedule.tileK) + ": rows of a tile must span 128 bytes");
  if (schedule.clusterM < 1 || schedule.clusterN < 1 || (schedule.clusterM > 1 && schedule.clusterN > 1))
    return usageError("a cluster shares one operand: " + llvm::Twine(schedule.clusterM) + " by " +
                      llvm::Twine(schedule.clusterN) + " workgroups are not written");
  if (schedule.tileM % (record.m * schedule.wavesM) || schedule.tileN % (record.n * schedule.wavesN))
    return usageError("whole instructions of " + schedule.instruction + " do not fill the tile");
  // A slot comes back a step after its products, and rows are handed over a step after they were asked for.
  if (problem.gathered && schedule.stages < 3)
    return usageError("rows of a list go through a ring of three slots or more");
  // Operands whose k runs along rows lie in panels, which instructions and workgroups of a cluster share out.
  const int64_t panel = swizzleBytes * 8 / bitWidth(problem.type);
  auto fillsPanels = [&](int64_t rows, int64_t sharers) { return rows % (panel * sharers) == 0; };
  if (problem.layout != GemmLayout::NT &&
      (record.n % panel || !fillsPanels(schedule.tileN, schedule.clusterM)))
    return usageError(schedule.instruction + " and a tile of " + llvm::Twine(schedule.tileN) +
                      " columns are no whole panels of " + llvm::Twine(panel) + " for each workgroup");
  if (problem.layout == GemmLayout::TN && !fillsPanels(schedule.tileM, schedule.clusterN))
    return usageError("a tile of " + llvm::Twine(schedule.tileM) + " rows is no whole panels of " +
                      llvm::Twine(panel) + " for each workgroup");
  return llvm::Error::success();
}

OwningOpRef<ModuleOp> buildWgmmaGemm(MLIRContext &context, const GemmProblem &problem,
                                     const GemmKernel &schedule) {
  return WgmmaBuilder(context, problem, schedule).build();
}

} // namespace codesign
