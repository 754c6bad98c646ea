// What a launch has written of a tile, and what it should have.
#include "LaunchOperands.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>

namespace codesign {

uint64_t LaunchOperands::countWritten(uint64_t first, uint64_t count) {
  auto differ = [&](auto values, auto fill) {
    return count - uint64_t(llvm::count(values.slice(first, count), fill));
  };
  switch (elementBytes) {
  case 1:
    return differ(memory.values<uint8_t>(d), poison);
  case 2:
    return differ(memory.values<uint16_t>(d), uint16_t(0xffff));
  default:
    return differ(memory.values<uint32_t>(d), uint32_t(0xffffffff));
  }
}

llvm::ArrayRef<int32_t> LaunchOperands::arrivalCounts() {
  return arrivals == 0 ? llvm::ArrayRef<int32_t>() : memory.values<int32_t>(arrivals);
}

Matrix LaunchOperands::resultOf(const TilePlace &tile) {
  return blockOf(memory, d, gemm.productType(), gemm.outputColumns(), tile.row, tile.rows, tile.column,
                 tile.columns);
}

Matrix LaunchOperands::squaresOf(const TilePlace &tile) {
  const int64_t width = kernel.squaresWidth;
  return blockOf(memory, squares, DataType::F32, squaresColumns(), tile.row, tile.rows, tile.column / width,
                 llvm::divideCeil(tile.columns, width));
}

/// Rows [row, row + rows) of A, or of its scales, by the list where there is one.
Matrix LaunchOperands::listedRows(uint64_t address, DataType type, int64_t length, int64_t row,
                                  int64_t rows) {
  if (!gemm.gathered)
    return rowsOf(memory, address, type, length, row, rows);
  Matrix gathered(type, rows, length);
  const int64_t rowBytes = length * gathered.elementBytes();
  for (int64_t i = 0; i < rows; ++i)
    std::memcpy(&gathered.bytes[size_t(i * rowBytes)],
                memory.region(address).data() + list[size_t(row + i)] * rowBytes, size_t(rowBytes));
  return gathered;
}

/// The scales of those rows, side by side those of a row.
Matrix LaunchOperands::scalesOfRows(int64_t row, int64_t rows) {
  if (gemm.scaling == Scaling::PerTensor)
    return rowsOf(memory, aScale, DataType::F32, 1, 0, 1);
  if (!perBlock)
    return listedRows(aScale, DataType::F32, 1, row, rows);
  Matrix scales(DataType::F32, rows, scaleColumns);
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t source = gemm.gathered ? list[size_t(row + i)] : row + i;
    const Matrix column = blockOf(memory, aScale, DataType::F32, sources, 0, scaleColumns, source, 1);
    std::copy(column.bytes.begin(), column.bytes.end(),
              scales.bytes.begin() + i * scaleColumns * scales.elementBytes());
  }
  return scales;
}

/// What the tile multiplies, both with k along rows.
Matrix LaunchOperands::leftOf(const TilePlace &tile) {
  if (gemm.layout == "tn")
    return transposedOf(blockOf(memory, a, gemm.type, gemm.k, 0, m, tile.row, tile.rows));
  return rowsOfA(tile.row, tile.rows);
}
Matrix LaunchOperands::rightOf(const TilePlace &tile) {
  const int64_t first = tile.expert * gemm.n + tile.column * shrink, columns = tile.columns * shrink;
  if (gemm.layout == "nt")
    return rowsOf(memory, w, gemm.type, gemm.k, first, columns);
  return transposedOf(
      blockOf(memory, w, gemm.type, gemm.n, 0, gemm.layout == "tn" ? m : gemm.k, first, columns));
}

Matrix LaunchOperands::blockScalesOf(const TilePlace &tile) {
  const int64_t first = tile.column / kernel::scaledBlock;
  return transposedOf(blockOf(memory, dScale, DataType::F32, m, first,
                              llvm::divideCeil(tile.columns, kernel::scaledBlock), tile.row, tile.rows));
}

GemmReference LaunchOperands::referenceOf(const TilePlace &tile) {
  const int64_t columns = tile.columns * shrink; // of the product
  const int64_t firstWeight = tile.expert * gemm.n + tile.column * shrink;
  Matrix added, stream, rowScales, columnScales, rowWeights, outScale, ofRows;
  const bool rotary = gemm.rotary.columns > 0;
  if (rotary)
    ofRows = rowsOf(memory, positions, DataType::I32, 1, tile.row, tile.rows);
  const bool scaleIsGiven = gemm.quantised() && !gemm.quantisedBlocks;
  if (scaleIsGiven)
    outScale = rowsOf(memory, dScale, DataType::F32, 1, 0, 1);
  const bool scaled = gemm.scaling != Scaling::None, perTensor = gemm.scaling == Scaling::PerTensor;
  const int64_t firstColumn = tile.column * shrink, firstBlock = firstColumn / blockColumns;
  if (scaled)
    rowScales = scalesOfRows(tile.row, tile.rows);
  if (perBlock)
    columnScales =
        rowsOf(memory, wScale, DataType::F32, scaleColumns, tile.expert * blockRows + firstBlock * shrink,
               (llvm::divideCeil(firstColumn + columns, blockColumns) - firstBlock) * shrink);
  else if (scaled) {
    columnScales =
        rowsOf(memory, wScale, DataType::F32, 1, perTensor ? 0 : firstWeight, perTensor ? 1 : columns);
    std::swap(columnScales.rows, columnScales.columns);
  }
  if (gemm.bias)
    added = blockOf(memory, bias, gemm.wideType(), gemm.weightRows(), 0, 1, firstWeight, columns);
  if (gemm.weighted)
    rowWeights = rowsOf(memory, weights, DataType::F32, 1, tile.row, tile.rows);
  if (gemm.residual)
    stream = blockOf(memory, residual, gemm.wideType(), gemm.outputColumns(), tile.row, tile.rows,
                     tile.column, tile.columns);
  return gemmReference(leftOf(tile), rightOf(tile), tile.rows,
                       {.aScale = scaled ? &rowScales : nullptr,
                        .wScale = scaled ? &columnScales : nullptr,
                        .blockScales = perBlock,
                        .firstColumn = firstColumn % blockColumns,
                        .bias = gemm.bias ? &added : nullptr,
                        .activation = kernel::symbolizeActivation(gemm.activation),
                        .gated = gemm.gated,
                        .rowWeights = gemm.weighted ? &rowWeights : nullptr,
                        .residual = gemm.residual ? &stream : nullptr,
                        .positions = rotary ? &ofRows : nullptr,
                        .rotations = rotary ? &angles : nullptr,
                        .rotatedColumns = gemm.rotary.columns,
                        .firstRotated = tile.column,
                        .dScale = scaleIsGiven ? &outScale : nullptr,
                        .quantised = gemm.outputType});
}

} // namespace codesign
