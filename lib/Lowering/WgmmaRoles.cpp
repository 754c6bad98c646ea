// What the roles of a persistent kernel do: copies of one, products and sums of the others.
#include "BlockScales.h"
#include "WgmmaBuilder.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

void WgmmaBuilder::copy(const Stream &stream, Value origin, Value kColumn, Value use) {
  Value share = constant(0);
  if (stream.sharers > 1)
    share = named(stream.name + "Share", multiply(cluster.getRank(), size(&stream == &w ? "shareN" : "shareM",
                                                                          stream.rows / stream.sharers)));
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
  auto first = copyLoop(0, size("lag", lag));
  comment(first, "rows of a list are copied by all threads of this warpgroup, boxes of W by one of them");
  fill(first.getInductionVar());
  builder.setInsertionPointAfter(first);
  if (kTileCount > lag) {
    auto steps = copyLoop(size("lag", lag), kTiles);
    fill(steps.getInductionVar());
    comment(WaitCopiesOp::create(builder, lag),
            "rows asked for " + std::string(lag == 1 ? "a step" : std::to_string(lag) + " steps") +
                " before are there: shown to the matrix cores, then handed over");
    FenceAsyncOp::create(builder);
    handOver(arith::SubIOp::create(builder, steps.getInductionVar(), size("lag", lag)));
    builder.setInsertionPointAfter(steps);
  }
  comment(WaitCopiesOp::create(builder, 0), "the rows of the last steps");
  FenceAsyncOp::create(builder);
  if (lag == 1)
    return handOver(arith::SubIOp::create(builder, kTiles, constant(1)));
  auto rest = copyLoop(arith::SubIOp::create(builder, kTiles, size("lag", lag)), kTiles);
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
  const BlockScales blockScales(builder, problem, function, round.tile, group.getRow(), groupM,
                                add(round.tile.column, group.getColumn()));
  auto fetch = [&](Value step) { return blockScales.fetch(builder, "scalesNext", tileOfK(round, step)); };
  if (hasBlockScales())
    carried.push_back(fetch(constant(0)));
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
  scf::ForOp rounds = round.loop;
  const Value tile = rounds.getInductionVar();
  auto roomForMaxima = [&](TileType type) -> Value { return SlotOp::create(builder, type, rowMaxima, tile); };
  auto meet = [&] {
    comment(ArriveOp::create(builder, maximaLeft, tile),
            "the groups beside have other columns of a block: each leaves the largest magnitudes of its own");
    AwaitOp::create(builder, false, maximaLeft, tile);
  };
  const OutputPlace place = {round.tile,
                             group.getRow(),
                             add(round.tile.column, group.getColumn()),
                             /*transposed=*/false,
                             group.getColumn(),
                             roomForMaxima,
                             meet};
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

} // namespace codesign
