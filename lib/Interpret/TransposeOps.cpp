// Operands that are transposed on their way to LDS.
#include "Interpreter.h"
#include <cstring>

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

/// Row-major bytes, whichever thread holds them.
Error Interpreter::run(FetchAcrossOp op) {
  llvm::Expected<int64_t> column = uniform(op, op.getColumn());
  if (!column)
    return column.takeError();
  const Tile tile = values[op.getRows()].tile;
  const ArrayRef<int64_t> shape = op.getType().getShape();
  const int64_t size = tile.matrix->elementBytes(), pitch = tile.matrix->columns;
  Staged staged(shape[0] * shape[1] * size);
  for (int64_t i = 0; i < shape[0]; ++i)
    for (int64_t j = 0; j < shape[1]; ++j)
      if (i < tile.rowLimit && *column + j < pitch)
        std::memcpy(&staged[(i * shape[1] + j) * size],
                    &tile.matrix->bytes[((tile.firstRow + i) * pitch + *column + j) * size], size);
  values[op.getResult()].staged = std::move(staged);
  return Error::success();
}

Error Interpreter::run(DepositTransposedOp op) {
  const StagedBlocksType type = op.getStaged().getType();
  const Staged &staged = values[op.getStaged()].staged;
  const Tile tile = values[op.getTile()].tile;
  const int64_t depth = type.getShape()[0], columns = type.getShape()[1];
  const int64_t size = type.getElementType().getIntOrFloatBitWidth() / 8;
  const BlockExtents extents = transposedBlock(type.getElementType());
  const int64_t blocksAcross = columns / extents.columns;
  for (int64_t row = 0; row < columns; ++row)
    for (int64_t first = 0; first < depth; first += extents.rows) {
      const int64_t block = first / extents.rows * blocksAcross + row / extents.columns;
      const int wave = block % threads / function.getTarget().getWaveSize();
      if (!executes(wave))
        continue;
      uint8_t chunk[chunkBytes];
      for (int64_t k = 0; k < extents.rows; ++k)
        std::memcpy(chunk + k * size, &staged[((first + k) * columns + row) * size], size);
      const int64_t byte = tile.firstByte + op.getTile().getType().getByteOffset(row, first);
      if (Error error = shared.write(byte, chunk, wave))
        return at(op, std::move(error));
    }
  return Error::success();
}

Error Interpreter::run(DepthTilesOp op) {
  llvm::Expected<int64_t> length = uniform(op, op.getLength());
  if (!length)
    return length.takeError();
  const int64_t tiles = llvm::divideCeil(*length, static_cast<int64_t>(op.getTile()));
  values[op.getResult()].index.assign(waves, std::max<int64_t>(static_cast<int64_t>(op.getLeast()), tiles));
  return Error::success();
}

} // namespace codesign
