// Operations of kernels whose waves stream operands from global memory and share k.
#include "Interpreter.h"
#include <cstring>

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

namespace {

constexpr int64_t sumsPerRow = 4; // fp32 in 16 bytes

/// Where sums [row · 4, row · 4 + 4) of `lane` stand in a slot: rows of neighbouring lanes are neighbours.
int64_t slotByte(int64_t row, int64_t lane, int64_t lanes) {
  return (row * lanes + lane) * chunkBytes;
}

} // namespace

Error Interpreter::run(WaveIndexOp op) {
  Index index;
  for (int64_t wave = 0; wave < waves; ++wave)
    index.push_back(wave);
  values[op.getResult()].index = index;
  return Error::success();
}

Error Interpreter::run(FetchFragmentOp op) {
  FragmentType type = op.getType();
  const Tile tile = values[op.getRows()].tile;
  const DataType element = *dataTypeOf(type.getElementType());
  const int64_t elementBytes = bitWidth(element) / 8, length = chunkBytes / elementBytes;
  const Index &row = values[op.getRow()].index, &column = values[op.getColumn()].index;
  for (int64_t wave = 0; wave < waves; ++wave)
    if (tile.shuffled && (row[wave] % shuffledRows || column[wave] * elementBytes % shuffledBytes))
      return fail(op, "begins inside a block of shuffled rows");
  Fragment fragment(waves * type.getShape()[0] * type.getShape()[1]);
  Error error = Error::success();
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    const int64_t fromRow = row[wave] + first, fromColumn = column[wave] + second;
    if (op.getInside() && fromColumn >= tile.matrix->columns && !error)
      error = fail(op, "reads past a row's end, against its promise");
    if (error)
      return;
    uint8_t chunk[chunkBytes];
    readChunk(tile, fromRow, fromColumn / length * length, chunk);
    uint32_t bits = 0;
    std::memcpy(&bits, chunk + fromColumn % length * elementBytes, elementBytes);
    fragment[slot] = decodeElement(element, bits);
  });
  if (error)
    return error;
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

Error Interpreter::run(CopyWaveRowsOp op) {
  TileType type = op.getTile().getType();
  const Tile from = values[op.getRows()].tile, to = values[op.getTile()].tile;
  const Index &row = values[op.getRow()].index, &column = values[op.getColumn()].index;
  const int64_t length = chunkLength(type.getElementType()), rowChunks = type.getColumns() / length,
                rows = op.getRows().getType().getRows();
  for (int64_t wave = 0; wave < waves; ++wave)
    for (int64_t chunk = 0; chunk < rows * rowChunks; ++chunk) {
      const int64_t fromRow = chunk / rowChunks, tileColumn = chunk % rowChunks * length,
                    fromColumn = column[wave] + tileColumn;
      if ((op.getInside() || op.getWhole()) && fromColumn >= from.matrix->columns)
        return fail(op, "reads past a row's end, against its promise");
      if (op.getWhole() && fromRow >= from.rowLimit)
        return fail(op, "reads past the last row, against its promise");
      if (row[wave] + fromRow >= type.getRows())
        return fail(op, "writes past the tile");
      uint8_t data[chunkBytes];
      readChunk(from, fromRow, fromColumn, data);
      const int64_t byte = to.firstByte + type.getByteOffset(row[wave] + fromRow, tileColumn);
      if (Error error = shared.copyAsync(copies, byte, data, static_cast<int>(wave)))
        return at(op, std::move(error));
    }
  return Error::success();
}

Error Interpreter::run(DepositSumsOp op) {
  FragmentType type = op.getFragment().getType();
  const Operand operand(type, architecture);
  const Fragment &fragment = values[op.getFragment()].fragment;
  const int64_t lanes = operand.lanes(), perGroup = operand.elementsPerGroup(),
                groups = operand.countFirst() * operand.countSecond();
  const int64_t slotBytes = op.getSlots().getType().getSlotType().getSizeInBytes();
  const int64_t base = values[op.getSlots()].tile.firstByte;
  for (int64_t wave = 0; wave < waves; ++wave)
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t lane = 0; lane < lanes; ++lane)
        for (int64_t e = 0; e < perGroup; e += sumsPerRow) {
          const float *sums = &fragment[((wave * groups + group) * lanes + lane) * perGroup + e];
          uint8_t row[chunkBytes];
          std::memcpy(row, sums, chunkBytes);
          const int64_t byte =
              base + wave * slotBytes + slotByte((group * perGroup + e) / sumsPerRow, lane, lanes);
          if (Error error = shared.write(byte, row, static_cast<int>(wave)))
            return at(op, std::move(error));
        }
  return Error::success();
}

Error Interpreter::run(CollectSumsOp op) {
  FragmentType type = op.getResult().getType();
  const Operand operand(type, architecture);
  const int64_t lanes = operand.lanes(), perGroup = operand.elementsPerGroup(),
                groups = operand.countFirst() * operand.countSecond();
  const int64_t shares = op.getShareCount();
  const int64_t slotBytes = op.getSlots().getType().getSlotType().getSizeInBytes();
  const int64_t base = values[op.getSlots()].tile.firstByte;
  Fragment fragment(waves * groups * lanes * perGroup);
  Index first, second;
  for (int64_t wave = 0; wave < waves; ++wave) {
    const int64_t share = wave < shares ? wave : 0;
    first.push_back(share * type.getShape()[0]);
    second.push_back(wave < shares ? 0 : type.getShape()[1]);
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t lane = 0; lane < lanes; ++lane)
        for (int64_t e = 0; e < perGroup; e += sumsPerRow) {
          float *sums = &fragment[((wave * groups + group) * lanes + lane) * perGroup + e];
          const int64_t row = ((share * groups + group) * perGroup + e) / sumsPerRow;
          for (int64_t from = 0; from < waves; ++from) {
            float part[sumsPerRow];
            uint8_t bytes[chunkBytes];
            if (Error error = shared.read(base + from * slotBytes + slotByte(row, lane, lanes), bytes,
                                          static_cast<int>(wave)))
              return at(op, std::move(error));
            std::memcpy(part, bytes, chunkBytes);
            for (int64_t i = 0; i < sumsPerRow; ++i)
              sums[i] += part[i];
          }
        }
  }
  values[op.getResult()].fragment = std::move(fragment);
  values[op.getFirst()].index = first;
  values[op.getSecond()].index = second;
  return Error::success();
}

} // namespace codesign
