// Stream-K: a fixed number of workgroups share the steps of k of all tiles.
#include "Interpreter.h"

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

Error Interpreter::run(StreamKOp op) {
  llvm::Expected<int64_t> rows = uniform(op, op.getRows());
  if (!rows)
    return rows.takeError();
  values[op.getPieces()].index.assign(waves, op.getWork(*rows).pieceCount(op.getPosition(workgroup)));
  return Error::success();
}

llvm::Expected<StreamKPiece> Interpreter::pieceOf(StreamKPieceOp op) {
  llvm::Expected<int64_t> rows = uniform(op, op.getWork().getRows());
  if (!rows)
    return rows.takeError();
  llvm::Expected<int64_t> round = uniform(op, op.getRound());
  if (!round)
    return round.takeError();
  return op.getWork().getWork(*rows).piece(op.getWork().getPosition(workgroup), *round);
}

Error Interpreter::run(StreamKPieceOp op) {
  llvm::Expected<StreamKPiece> piece = pieceOf(op);
  if (!piece)
    return piece.takeError();
  const auto [row, column] =
      op.getWork().getOrigin(piece->tile, values[op.getWork().getRows()].index.front());
  values[op.getRow()].index.assign(waves, row);
  values[op.getColumn()].index.assign(waves, column);
  values[op.getFirst()].index.assign(waves, piece->first);
  values[op.getCount()].index.assign(waves, piece->count);
  values[op.getBefore()].index.assign(waves, piece->before);
  return Error::success();
}

/// Workgroups run one after the other, so the waves of one are all the last to arrive, or none is. Persistent
/// ones are executed a warpgroup at a time, each a wave of its own here.
Error Interpreter::run(SumPiecesOp op) {
  llvm::Expected<StreamKPiece> piece = pieceOf(op.getPieceOp());
  if (!piece)
    return piece.takeError();
  Fragment fragment = takeFragment(op.getFragment());
  Matrix &partials = *values[op.getPartials()].tile.matrix, &arrivals = *values[op.getArrivals()].tile.matrix;
  const int64_t rows = op.getRowsPerWave(), columns = partials.columns, allWaves = function.getWaveCount();
  const auto workgroups = static_cast<int64_t>(op.getPieceOp().getWork().getWorkgroups());
  if (partials.rows < op.getPieceOp().getWork().getPartialPlaces() * allWaves * rows ||
      arrivals.rows < workgroups * allWaves)
    return fail(op, "has too small a workspace");
  auto visit = [&](int64_t wave, int64_t part, auto function) {
    const int64_t place = StreamKWork::placeOf(piece->opener + part, part);
    for (int64_t i = 0; i < rows * columns; ++i)
      function(fragment[wave * rows * columns + i],
               (place * allWaves + firstWave() + wave) * rows + i / columns, i % columns);
  };
  int64_t last = 0;
  for (int64_t wave = 0; wave < waves && piece->parts > 1; ++wave) {
    visit(wave, piece->part, [&](float sum, int64_t row, int64_t column) { partials.set(row, column, sum); });
    const int64_t place = piece->opener * allWaves + firstWave() + wave;
    const auto before = static_cast<int64_t>(arrivals.at(place, 0));
    if (before < 0 || before >= piece->parts)
      return fail(op, "finds arrivals that were not zero before the launch");
    arrivals.set(place, 0, static_cast<float>((before + 1) % piece->parts));
    last += before + 1 == piece->parts;
  }
  if (piece->parts > 1 && last != 0 && last != waves)
    return fail(op, "is the last to arrive in some waves only");
  if (piece->parts > 1)
    meetBeforeCount();
  skips = piece->parts > 1 && last == 0;
  if (skips)
    return Error::success();
  for (int64_t wave = 0; wave < waves && piece->parts > 1; ++wave) {
    std::fill_n(fragment.begin() + wave * rows * columns, rows * columns, 0.0f);
    for (int64_t part = 0; part < piece->parts; ++part)
      visit(wave, part, [&](float &sum, int64_t row, int64_t column) { sum += partials.at(row, column); });
  }
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

} // namespace codesign
