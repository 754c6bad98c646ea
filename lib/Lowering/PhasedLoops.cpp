// Main loops that lay out which products run beside which memory operations: of waves that take turns, and of
// one wave.
#include "GemmBuilder.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

SmallVector<GemmBuilder::Stream *, 2> GemmBuilder::streamsOfStep(int64_t step) {
  if (schedule.tileK == stepDepth())
    return {&a, &w};
  return step == 0   ? SmallVector<Stream *, 2>{&a}
         : step == 1 ? SmallVector<Stream *, 2>{&w}
                     : SmallVector<Stream *, 2>{};
}

/// One K tile: for each step of k a memory phase, with what is to come of later tiles in the first and
/// `beforeNextTile` at the end of the last, and a matrix phase. The barrier at its end is left to the caller.
Value GemmBuilder::multiplyInPhases(Value accumulator, Value tile, llvm::function_ref<void(int64_t)> refill,
                                    llvm::function_ref<void()> beforeNextTile) {
  const int64_t depth = stepDepth();
  for (int64_t column = 0; column < schedule.tileK; column += depth) {
    if (column > 0)
      comment(BarrierOp::create(builder), "the halves of the waves change over");
    Value left, right;
    explained("memory phase: operands of this step, and what moves of the tiles to come", [&] {
      left = load(w, tile, constant(column));
      right = load(a, tile, constant(column));
    });
    refill(column / depth);
    if (column + depth == schedule.tileK && beforeNextTile)
      beforeNextTile();
    comment(BarrierOp::create(builder),
            "matrix phase: the operands have arrived, so that products wait for nothing");
    PriorityOp::create(builder, 1);
    accumulator = product(left, right, accumulator);
    PriorityOp::create(builder, 0);
  }
  return accumulator;
}

/// The ring of asynchronous copies, stages - 1 of which have been asked for. A tile has to be there two
/// phases before it is read: one half of the waves may be behind in waiting for its copies.
Value GemmBuilder::asyncCopiesInPhases(Value accumulator) {
  const int64_t inFlight = schedule.stages - 1;
  comment(WaitCopiesOp::create(builder, inFlight - 1), "the first tile has arrived");
  BarrierOp::create(builder);
  FallBehindOp::create(builder);
  auto over = [&](Value from, Value to, bool steady) {
    auto loop = createLoop("kTile", from, to, constant(1), accumulator, /*unroll=*/false);
    Value tile = loop.getInductionVar();
    Value next = multiplyInPhases(
        loop.getRegionIterArg(0), tile,
        [&](int64_t step) {
          if (steady && step == 0)
            copyAsync(ahead(tile));
        },
        [&] {
          comment(WaitCopiesOp::create(builder, steady ? inFlight - 1 : 0),
                  "the next tile, two phases before it is read: the other half may be a phase behind in its "
                  "wait");
        });
    comment(BarrierOp::create(builder), "the halves of the waves change over");
    scf::YieldOp::create(builder, next);
    builder.setInsertionPointAfter(loop);
    accumulator = loop.getResult(0);
  };
  Value steadyTiles = tilesLessThan(named("ahead", inFlight));
  if (kTiles > inFlight)
    over(constant(0), steadyTiles, true);
  explained("the tiles that are left in the ring", [&] { over(steadyTiles, kTileCount, false); });
  CatchUpOp::create(builder);
  return accumulator;
}

//===----------------------------------------------------------------------===//
// Interleaved: one wave on a SIMD, whose products of one half of its rows hide the reads of the other
//===----------------------------------------------------------------------===//

/// The parts of a tile that all threads fetch with one load each, so that every phase has a few of them.
void GemmBuilder::cutInPieces(Stream &stream) {
  const int64_t rowBytes = schedule.tileK * element.getIntOrFloatBitWidth() / 8;
  const int64_t threads = schedule.wavesM * schedule.wavesN * waveSize(schedule.architecture);
  stream.pieceRows = threads * chunkBytes / rowBytes;
  stream.pieces.resize(stream.tileRows / stream.pieceRows);
}

void GemmBuilder::fetchPiece(Stream &stream, int64_t piece, Value tile) {
  auto type = StagedType::get(builder.getContext(), {stream.pieceRows, schedule.tileK}, element);
  stream.pieces[piece] = FetchOp::create(builder, type, stream.name + "Next" + std::to_string(piece),
                                         stream.rows, columnOf(tile), piece * stream.pieceRows);
}

void GemmBuilder::depositPiece(Stream &stream, int64_t piece, Value tile) {
  DepositOp::create(builder, stream.pieces[piece], slot(stream, tile), piece * stream.pieceRows);
}

/// Half of this wave's rows of one operand, for one step of k.
Value GemmBuilder::loadHalf(const Stream &stream, bool high, Value tile, int64_t column) {
  const int64_t rows = stream.waveRows / 2;
  Value row = stream.waveRow;
  if (high)
    row = arith::AddIOp::create(builder, row, named(&stream == &w ? "halfN" : "halfM", rows));
  return LoadFragmentOp::create(builder, fragment(rows, stepDepth(), element, stream.role, schedule.pack),
                                stream.name + (high ? "High" : "Low"), slot(stream, tile), row,
                                constant(column));
}

Value GemmBuilder::productOfHalves(bool highW, bool highA, Value accumulator) {
  const SmallVector<int64_t> at = {highW ? w.waveRows / 2 : 0, highA ? a.waveRows / 2 : 0};
  return MmaPartOp::create(builder, highW ? w.high : w.low, highA ? a.high : a.low, accumulator, at);
}

/// One K tile in four phases for each step of k. A phase multiplies what earlier ones have read, reads what
/// the next ones will multiply into the registers that are free since the phase before, and moves a part of
/// the tiles to come. So the products of a step begin two phases late, and those of the last step end behind
/// the loop.
Value GemmBuilder::interleavedTile(Value accumulator, Value tile, bool first, bool hasNext,
                                   bool hasAfterNext) {
  const int64_t steps = schedule.tileK / stepDepth(), phases = 4 * steps;
  const int64_t pieces = static_cast<int64_t>(a.pieces.size() + w.pieces.size());
  int64_t moved = 0;
  auto moveUntil = [&](int64_t end) {
    for (; moved < end; ++moved) {
      const int64_t ofA = static_cast<int64_t>(a.pieces.size());
      Stream &stream = moved < ofA ? a : w;
      const int64_t piece = moved < ofA ? moved : moved - ofA;
      if (hasNext)
        depositPiece(stream, piece, sum(tile, 1));
      if (hasAfterNext)
        fetchPiece(stream, piece, sum(tile, 2));
    }
  };
  for (int64_t phase = 0; phase < phases; ++phase) {
    const int64_t column = phase / 4 * stepDepth();
    bool highW = true, highA = false;
    switch (phase % 4) {
    case 0:
      w.low = loadHalf(w, false, tile, column);
      break;
    case 1:
      a.low = loadHalf(a, false, tile, column);
      highA = true;
      break;
    case 2:
      a.high = loadHalf(a, true, tile, column);
      highW = false;
      break;
    case 3:
      w.high = loadHalf(w, true, tile, column);
      highW = false;
      highA = true;
      break;
    }
    moveUntil((phase + 1) * pieces / phases);
    if (first && phase < 2) {
      SchedulingFenceOp::create(builder);
      continue;
    }
    // Phase 1 has just read the lower half of A anew; its product is that with the upper one, and so on.
    accumulator = productOfHalves(highW, highA, accumulator);
    InterleaveOp::create(builder);
  }
  if (hasNext)
    BarrierOp::create(builder);
  return accumulator;
}

Value GemmBuilder::interleaved(Value accumulator) {
  for (Stream *stream : {&a, &w})
    cutInPieces(*stream);
  auto forEachPiece = [&](auto visit) {
    for (Stream *stream : {&a, &w})
      for (size_t piece = 0; piece < stream->pieces.size(); ++piece)
        visit(*stream, static_cast<int64_t>(piece));
  };
  explained(
      "the first tile goes through registers to LDS, in parts of one load for each thread; the second stays "
      "in registers",
      [&] { forEachPiece([&](Stream &stream, int64_t piece) { fetchPiece(stream, piece, constant(0)); }); });
  forEachPiece([&](Stream &stream, int64_t piece) { depositPiece(stream, piece, constant(0)); });
  if (kTiles > 1)
    forEachPiece([&](Stream &stream, int64_t piece) { fetchPiece(stream, piece, constant(1)); });
  BarrierOp::create(builder);
  explained("the first tile, whose first two phases have nothing to multiply yet",
            [&] { accumulator = interleavedTile(accumulator, constant(0), true, kTiles > 1, kTiles > 2); });
  if (kTiles > 3) {
    SmallVector<Value *> carried = {&accumulator, &w.low, &w.high, &a.low, &a.high};
    forEachPiece([&](Stream &stream, int64_t piece) { carried.push_back(&stream.pieces[piece]); });
    auto values = [&] {
      return llvm::to_vector(llvm::map_range(carried, [](Value *value) { return *value; }));
    };
    auto assign = [&](auto &&from) {
      for (auto [value, now] : llvm::zip_equal(carried, from))
        *value = now;
    };
    auto loop = createLoop("kTile", constant(1), tilesLessThan(2), constant(1), values(), /*unroll=*/false);
    comment(
        loop,
        "a phase multiplies what earlier ones have read, reads a half of this wave's rows for later ones, "
        "and moves a part of the two tiles to come; one barrier a tile");
    assign(loop.getRegionIterArgs());
    accumulator = interleavedTile(accumulator, loop.getInductionVar(), false, true, true);
    scf::YieldOp::create(builder, values());
    builder.setInsertionPointAfter(loop);
    assign(loop.getResults());
  }
  for (int64_t left = std::min<int64_t>(2, kTiles - 1); left > 0; --left)
    explained(
        left > 1 ? "the last tile but one: nothing is left to ask for"
                 : "the last tile: only products and reads",
        [&] { accumulator = interleavedTile(accumulator, tilesLessThan(left), false, left > 1, false); });
  explained("the products of the last two phases", [&] {
    for (bool highA : {false, true})
      accumulator = productOfHalves(true, highA, accumulator);
  });
  return accumulator;
}

} // namespace codesign
