#include "WgmmaLowering.h"
#include "WgmmaBuilder.h"
#include "codesign/Support/Diagnostics.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

// A group may be a tile ahead of the others: it leaves its maxima of one while they read those of the last.
constexpr int64_t tilesOfMaxima = 2;
// What each consumer gives to the warps that copy: a thread keeps an offset for every 16 rows of a list.
constexpr int64_t registersForExperts = 8, registersForLists = 16, registersForLongLists = 24,
                  rowsOfLongList = 256;

Value WgmmaBuilder::named(StringRef name, Value value) {
  if (isa_and_nonnull<arith::ArithDialect>(value.getDefiningOp() ? value.getDefiningOp()->getDialect()
                                                                 : nullptr) &&
      !value.getDefiningOp<arith::ConstantIndexOp>())
    value.getDefiningOp()->setDiscardableAttr("kernel.name", builder.getStringAttr(name));
  return value;
}

Value WgmmaBuilder::allocate(const Stream &stream) {
  if (!stream.across)
    return allocate(stream.name + "Tile", element, schedule.stages, stream.rows, schedule.tileK);
  auto type = TileType::get(builder.getContext(), {schedule.stages, schedule.tileK, stream.rows}, element,
                            Space::Shared, PanelsAttr::get(builder.getContext()));
  return AllocOp::create(builder, type, stream.name + "Tile");
}

/// ptxas 13 then keeps descriptors and uses of the rings in uniform registers, but asks for more of what is
/// read behind the sums at once, keeps the address of each byte stored, and spills where that is too much.
/// The bounds are those of what it spilled, among the schedules with the most sums for each epilogue, and of
/// a bias with a residual beside 128 sums in a cluster.
bool WgmmaBuilder::hasUniformRoles() const {
  // Sums of a lane. Of two warpgroups each has fewer registers than one alone.
  const int64_t besideEither = schedule.consumerRegisters > 0 && problem.residual ? 120 : 160;
  constexpr int64_t besideBoth = 96, besideBytesAndProducts = 80;
  const bool bytes = problem.quantised && !problem.gated,
             rows = problem.residual || problem.rowSquares || problem.rotary;
  const int64_t sums = groupM * groupN / (warpsPerGroup * warpSize);
  if (bytes && addsProducts())
    return sums <= besideBytesAndProducts;
  if (rows && (bytes || problem.bias))
    return sums <= besideBoth;
  return sums <= besideEither || !(bytes || rows);
}

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
          .firstWeight = multiply(tile.getExpert(), size("layerN", problem.n))};
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
    tiles = multiply(tiles, size("splitK", schedule.splitK));
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
    round.part = named("part", arith::RemUIOp::create(builder, work, size("splitK", schedule.splitK)));
    work = round.number =
        named("tileIndex", arith::DivUIOp::create(builder, work, size("splitK", schedule.splitK)));
  }
  round.tile = tileAt(work);
  auto inCluster = [&](Value origin, StringRef name, int64_t extent, int64_t count) {
    return count == 1 ? origin : add(origin, multiply(cluster.getRank(), size(name, extent)));
  };
  round.tile.row = inCluster(round.tile.row, "tileM", schedule.tileM, schedule.clusterM);
  round.tile.column = inCluster(round.tile.column, "tileN", schedule.tileN, schedule.clusterN);
  if (schedule.clusterM > 1)
    named("row", round.tile.row);
  if (schedule.clusterN > 1)
    named("column", round.tile.column);
  // A box may hold rows of the next expert: what they make is not stored.
  round.tile.weightRow = expertTiles ? add(round.tile.firstWeight, round.tile.column) : round.tile.column;
  round.firstUse = named("firstUse", multiply(number, kTiles));
  return round;
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
  if (sharesOutputBlocks()) {
    auto type =
        TileType::get(builder.getContext(), {tilesOfMaxima, schedule.wavesN, schedule.tileM},
                      builder.getF32Type(), Space::Shared, RowMajorAttr::get(builder.getContext(), 0));
    rowMaxima = AllocOp::create(builder, type, "rowMaxima");
  }
  if (problem.experts > 0)
    countExpertTiles();
  auto ring = MbarriersType::get(builder.getContext(), schedule.stages);
  // The lane that asks for boxes, and the warps that copy rows.
  full = MbarriersOp::create(builder, ring, "full", problem.gathered ? 1 + warpsPerGroup : int64_t(1));
  empty = MbarriersOp::create(builder, ring, "empty", groups * warpsPerGroup * clusterSize);
  if (sharesOutputBlocks())
    maximaLeft = MbarriersOp::create(builder, MbarriersType::get(builder.getContext(), tilesOfMaxima),
                                     "maximaLeft", groups * warpsPerGroup * clusterSize);
  comment(ClusterBarrierOp::create(builder), "nobody arrives at a barrier that is not initialised");
  // Looking up experts or pieces takes the lane that copies more registers; the consumers give them.
  const bool looksUp = problem.experts > 0 || schedule.streamWorkgroups > 0;
  const int64_t given = !looksUp || schedule.producerRegisters == 0 ? 0
                        : !problem.gathered                         ? registersForExperts
                        : schedule.tileM < rowsOfLongList           ? registersForLists
                                                                    : registersForLongLists;
  auto roles = RolesOp::create(builder, hasUniformRoles(), schedule.producerRegisters + given * groups,
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
