#include "codesign/Price/StreamK.h"

#include <algorithm>

namespace codesign {

using namespace kernel;

std::optional<StreamKPrice> priceStreamK(FuncOp function, int64_t rows) {
  SumPiecesOp sum;
  function.walk([&](SumPiecesOp op) { sum = op; });
  if (!sum)
    return std::nullopt;
  StreamKOp op = sum.getPieceOp().getWork();
  const StreamKWork work = op.getWork(rows);
  const int64_t bytes = sum.getBytesPerWorkgroup();
  StreamKPrice price;
  price.workspaceBytes = op.getPartialPlaces() * bytes;
  price.shortestSteps = INT64_MAX;
  for (int64_t position = 0; position < static_cast<int64_t>(op.getWorkgroups()); ++position) {
    int64_t steps = 0;
    for (int64_t round = 0; round < work.pieceCount(position); ++round) {
      const StreamKPiece piece = work.piece(position, round);
      steps += piece.count;
      price.tiles += piece.part == 0;
      if (piece.parts == 1)
        continue;
      price.sumsWrittenBytes += bytes;
      price.mostParts = std::max(price.mostParts, piece.parts);
      if (piece.part > 0)
        continue;
      ++price.cutTiles;
      // The last of two adds the other's sums to its own; of more, it reads all.
      price.sumsReadBytes += (piece.parts > 2 ? piece.parts : 1) * bytes;
    }
    price.longestSteps = std::max(price.longestSteps, steps);
    price.shortestSteps = std::min(price.shortestSteps, steps);
  }
  return price;
}

} // namespace codesign
