// Stream-K: a fixed number of workgroups share the steps of k of all tiles.
#include "dialects/Kernel/OpChecks.h"
#include "dialects/Kernel/Placement.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include <algorithm>

using namespace mlir;

namespace codesign::kernel {

StreamKWork::StreamKWork(int64_t tiles, int64_t workgroups, int64_t steps, int64_t least)
    : workgroups(workgroups), steps(steps), units(steps / least) {
  assert(workgroups > 0 && least > 0 && units > 0);
  const int64_t rounds = tiles / workgroups;
  whole = tiles % workgroups == 0 ? rounds : std::max<int64_t>(rounds - 1, 0);
  const int64_t dealt = (tiles - whole * workgroups) * units;
  each = dealt / workgroups;
  longer = dealt % workgroups;
}

int64_t StreamKWork::firstUnit(int64_t position) const {
  return position * each + std::min(position, longer);
}

int64_t StreamKWork::positionOf(int64_t unit) const {
  const int64_t ofLonger = longer * (each + 1);
  return unit < ofLonger ? unit / (each + 1) : longer + (unit - ofLonger) / each;
}

int64_t StreamKWork::pieceCount(int64_t position) const {
  const int64_t begin = firstUnit(position), end = firstUnit(position + 1);
  return whole + (begin < end ? (end - 1) / units - begin / units + 1 : 0);
}

StreamKPiece StreamKWork::piece(int64_t position, int64_t round) const {
  if (round < whole)
    return {
        .tile = round * workgroups + position, .count = steps, .before = round * steps, .opener = position};
  const int64_t begin = firstUnit(position), end = firstUnit(position + 1);
  const int64_t cut = begin / units + round - whole, firstOfTile = cut * units;
  const int64_t from = std::max(begin - firstOfTile, int64_t(0)), to = std::min(end - firstOfTile, units);
  StreamKPiece piece;
  piece.tile = whole * workgroups + cut;
  piece.first = from * steps / units;
  piece.count = to * steps / units - piece.first;
  const int64_t ofOthers = begin / units * steps + begin % units * steps / units; // before the run
  piece.before = (whole + cut) * steps + piece.first - ofOthers;
  piece.opener = positionOf(firstOfTile);
  piece.part = position - piece.opener;
  piece.parts = positionOf(firstOfTile + units - 1) - piece.opener + 1;
  return piece;
}

LogicalResult StreamKOp::verify() {
  if (failed(verifyPlacement(*this)))
    return failure();
  const auto steps = static_cast<int64_t>(getSteps()), least = static_cast<int64_t>(getLeast());
  if (static_cast<int64_t>(getWorkgroups()) < 1)
    return emitOpError("is shared among one workgroup at least");
  if (least < 1 || least > steps)
    return emitOpError() << "cuts no pieces of " << least << " steps or more from tiles of " << steps;
  return success();
}

int64_t StreamKOp::getWorkgroupCount(int64_t) {
  return static_cast<int64_t>(getWorkgroups());
}

StreamKWork StreamKOp::getWork(int64_t rowCount) {
  const int64_t tiles =
      llvm::divideCeil(rowCount, getTile()[0]) * llvm::divideCeil(getColumns(), getTile()[1]);
  return {tiles, static_cast<int64_t>(getWorkgroups()), static_cast<int64_t>(getSteps()),
          static_cast<int64_t>(getLeast())};
}

std::pair<int64_t, int64_t> StreamKOp::getOrigin(int64_t tile, int64_t rowCount) {
  const auto [row, column] =
      tileInBands(tile, llvm::divideCeil(rowCount, getTile()[0]),
                  llvm::divideCeil(getColumns(), getTile()[1]), static_cast<int64_t>(getBand()));
  return {row * getTile()[0], column * getTile()[1]};
}

int64_t StreamKOp::getPosition(int64_t workgroup) {
  return dealtTile(workgroup, static_cast<int64_t>(getWorkgroups()), static_cast<int64_t>(getChiplets()),
                   static_cast<int64_t>(getRun()));
}

/// Every workgroup goes through its pieces once, in their order.
LogicalResult StreamKPieceOp::verify() {
  if (!getWork())
    return emitOpError("takes its pieces from kernel.stream_k");
  auto loop = dyn_cast<scf::ForOp>((*this)->getParentOp());
  if (!loop || getRound() != loop.getInductionVar() || !matchPattern(loop.getLowerBound(), m_Zero()) ||
      loop.getUpperBound() != getPieces() || !matchPattern(loop.getStep(), m_One()))
    return emitOpError("is the piece of a round of the loop over all pieces");
  return success();
}

int64_t SumPiecesOp::getRowsPerWave() {
  ArrayRef<int64_t> shape = getFragment().getType().getShape();
  return shape[0] * shape[1] / sumsPerRow;
}

int64_t SumPiecesOp::getBytesPerWorkgroup() {
  return kernelOf(*this).getWaveCount() * getRowsPerWave() * chunkBytes;
}

LogicalResult SumPiecesOp::verify() {
  if (!getPieceOp())
    return emitOpError("takes its piece from kernel.stream_k_piece");
  if ((*this)->getBlock() != getPieceOp()->getBlock())
    return emitOpError("ends the round of its piece, not a loop inside it");
  return verifySharedSums(*this, getFragment().getType(), getPartials().getType(), getArrivals().getType());
}

} // namespace codesign::kernel
