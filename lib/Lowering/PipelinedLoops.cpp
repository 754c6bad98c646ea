// Main loops whose order the compiler is left: tiles through registers to LDS, or past them.
#include "GemmBuilder.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

/// The tiles of the piece before are in LDS until all waves have read them.
void GemmBuilder::startPiece() {
  if (piece.rounds)
    comment(BarrierOp::create(builder), "the tiles of the piece before have been read");
}

/// LDS double buffering: while tile t is multiplied out of one slot, tile t + 1 (in registers since the last
/// step) is written to the other and tile t + 2 is requested, a whole step before it is needed.
Value GemmBuilder::throughRegisters(Value accumulator) {
  const bool single = schedule.stages == 1;
  const int64_t ofBlock = tilesOfBlock();
  // Everything a step does apart from its products; with one slot, the readers must be done first. The tile
  // is number `inBlock` of those that share their scales, and there may be another block behind it.
  auto multiply = [&](Value sumSoFar, Value tile, bool hasNext, bool hasAfterNext, int64_t inBlock,
                      bool hasNextBlock) {
    if (hasBlockScales() && inBlock == 0)
      scales = CombineScalesOp::create(builder, "scales", fetchedScales);
    auto refillScales = [&] {
      if (hasBlockScales() && inBlock == 0 && hasNextBlock)
        fetchScales(sum(tile, ofBlock));
    };
    auto refill = [&] {
      refillScales();
      if (hasNext)
        deposit(sum(tile, 1));
      if (hasAfterNext)
        fetch(sum(tile, 2));
    };
    auto refillBetween = [&] {
      if (!single)
        refill();
    };
    auto refillInStep = [&](int64_t step) {
      if (step == 0)
        refillScales();
      if (hasNext)
        deposit(sum(tile, 1), streamsOfStep(step));
      // Or clang asks for tiles before it reads this one, which then waits for room in the memory path.
      if (hasBlockScales() && hasAfterNext)
        SchedulingFenceOp::create(builder);
      if (hasAfterNext)
        fetch(sum(tile, 2), streamsOfStep(step));
    };
    Value result = isPingPong()              ? multiplyInPhases(sumSoFar, tile, refillInStep, {})
                   : problem.shuffledWeights ? multiplyTileOfParts(sumSoFar, tile, hasNext, refillBetween)
                                             : multiplyTile(sumSoFar, tile, refillBetween);
    if (single && hasNext) {
      comment(BarrierOp::create(builder),
              "one slot: the next tile replaces this one when all waves have read it");
      refill();
    }
    if (hasNext)
      comment(BarrierOp::create(builder), isPingPong() ? "the next tile is in LDS two phases from here"
                                          : single ? "the next tile is in LDS"
                                                   : "this tile has been read, and the next one is in LDS");
    return result;
  };
  explained(severalTiles(1)
                ? "the first tile goes through registers to LDS; the second stays in registers for a step"
                : "the only tile goes through registers to LDS",
            [&] {
              if (hasBlockScales())
                fetchScales(constant(0));
              fetch(constant(0));
            });
  if (problem.shuffledWeights)
    w.parts.resize(schedule.tileK / stepDepth());
  for (size_t step = 0; step < w.parts.size(); ++step)
    fetchPart(static_cast<int64_t>(step), constant(0));
  startPiece();
  deposit(constant(0));
  if (severalTiles(1))
    fetch(constant(1));
  BarrierOp::create(builder);
  if (isPingPong())
    FallBehindOp::create(builder);
  // The last two tiles ask for less than the others, and rounds of the loop are whole blocks.
  assert((!countAtLaunch || ofBlock == 1) && "tiles that share scales are counted here");
  const int64_t left = countAtLaunch ? 2 : kTiles < 2 ? kTiles : 2 + (kTiles - 2) % ofBlock;
  if (severalTiles(left)) {
    SmallVector<Value *> carried = {&accumulator};
    for (Stream *stream : sharedStreams())
      carried.push_back(&stream->staged);
    for (Value &part : w.parts)
      carried.push_back(&part);
    if (hasBlockScales())
      carried.push_back(&fetchedScales);
    auto values = llvm::to_vector(llvm::map_range(carried, [](Value *value) { return *value; }));
    auto loop =
        createLoop("kTile", constant(0), tilesLessThan(left), constant(ofBlock), values, /*unroll=*/false);
    comment(loop, "tile kTile is multiplied, the next one goes from registers to LDS, the one after is asked "
                  "for: loads have a "
                  "whole step to arrive");
    auto assign = [&](auto &&from) {
      for (auto [value, now] : llvm::zip_equal(carried, from))
        *value = now;
    };
    assign(loop.getRegionIterArgs());
    for (int64_t tile = 0; tile < ofBlock; ++tile)
      accumulator = multiply(accumulator, sum(loop.getInductionVar(), tile), true, true, tile, true);
    scf::YieldOp::create(builder,
                         llvm::to_vector(llvm::map_range(carried, [](Value *value) { return *value; })));
    builder.setInsertionPointAfter(loop);
    assign(loop.getResults());
  }
  auto multiplyRest = [&] {
    for (int64_t tile = 0; tile < left; ++tile)
      accumulator = multiply(accumulator, tilesLessThan(left - tile), tile + 1 < left, tile + 2 < left,
                             tile % ofBlock, tile + ofBlock < left);
  };
  if (severalTiles(1))
    explained(left == 2 ? "the last two tiles: nothing is left to ask for"
                        : "the last three tiles: after the first nothing is left to ask for",
              multiplyRest);
  else
    multiplyRest();
  if (isPingPong())
    CatchUpOp::create(builder);
  return accumulator;
}

/// A ring of asynchronous copies: stages − 1 tiles are under way while one is multiplied.
Value GemmBuilder::throughAsyncCopies(Value accumulator) {
  const int64_t inFlight = schedule.stages - 1;
  startPiece();
  explained("fill the ring: these tiles are under way before the first product",
            [&] { createRepeats(builder, inFlight, [&](int64_t, Value tile) { copyAsync(tile); }); });
  if (isPingPong())
    return asyncCopiesInPhases(accumulator);
  Value steadyTiles = tilesLessThan(named("ahead", inFlight));
  if (severalTiles(inFlight)) {
    auto loop = createLoop("kTile", constant(0), steadyTiles, constant(1), accumulator, /*unroll=*/false);
    // nvcc unrolls a dozen rounds whole, for which registers do not suffice.
    constexpr int64_t unrolledRounds = 16;
    const bool isNvidia = vendorOf(schedule.architecture) == Vendor::Nvidia;
    if (place.part || (isNvidia && !piece.rounds && !overRows && kTiles - inFlight <= unrolledRounds))
      loop->setDiscardableAttr("kernel.rolled", builder.getUnitAttr());
    comment(WaitCopiesOp::create(builder, inFlight - 1), "tile kTile has arrived, behind the barrier for all "
                                                         "threads, and the slot of the tile before is free");
    BarrierOp::create(builder);
    copyAsync(ahead(loop.getInductionVar()));
    Value next = multiplyTile(loop.getRegionIterArg(0), loop.getInductionVar(), {});
    scf::YieldOp::create(builder, next);
    builder.setInsertionPointAfter(loop);
    accumulator = loop.getResult(0);
  }
  comment(WaitCopiesOp::create(builder, 0), "the tiles that are left in the ring");
  BarrierOp::create(builder);
  auto rest = createLoop("kTile", steadyTiles, kTileCount, constant(1), accumulator, /*unroll=*/false);
  Value next = multiplyTile(rest.getRegionIterArg(0), rest.getInductionVar(), {});
  scf::YieldOp::create(builder, next);
  builder.setInsertionPointAfter(rest);
  return rest.getResult(0);
}

} // namespace codesign
