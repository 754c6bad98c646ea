// Results on their way out: from registers to panels of shared memory, and from those to memory.
#include "Agent.h"
#include <cstring>

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

static constexpr int64_t rowsPerWarp = 16, rowsPerInstruction = 64;

Error Agent::run(StageOp op) {
  const TileType ring = op.getRing().getType(), panel = ring.getSlotType();
  const DataType element = *dataTypeOf(ring.getElementType());
  const int64_t rowBytes = panel.getColumns() * bitWidth(element) / 8;
  const int64_t first = values[op.getRing()].tile.firstByte + number(op.getPanel()) * panel.getSizeInBytes();
  const unsigned access[] = {newAccess(), newAccess()};
  const int64_t panels = op.getFragment().getType().getShape()[1] / panel.getColumns();
  if (number(op.getPanel()) + panels > ring.getSlots())
    return fail(op, "stages past the ring");
  for (int64_t i = 0; i < panels * panel.getRows(); ++i) {
    const bool other = i % panel.getRows() % rowsPerInstruction >= rowsPerWarp;
    if (Error error = memory.write(first + i * rowBytes, rowBytes, access[other], halves[other].knowledge))
      return at(op, std::move(error));
  }
  for (bool other : {false, true}) {
    halves[other].knowledge.over.set(access[other]);
    halves[other].written.set(access[other]);
  }
  const Fragment &fragment = values[op.getFragment()].fragment;
  forEachElement(op.getFragment().getType(), [&](int64_t, size_t slot, int64_t row, int64_t column) {
    const uint32_t bits = encodeElement(element, fragment[slot]);
    const int64_t byte = first + column / panel.getColumns() * panel.getSizeInBytes() +
                         panel.getByteOffset(row, column % panel.getColumns());
    std::memcpy(&memory.bytes[byte], &bits, bitWidth(element) / 8);
  });
  return Error::success();
}

void Agent::copyPanel(int64_t firstByte, TileType panel, const Tile &to, int64_t row, int64_t column) {
  Matrix &matrix = *to.matrix;
  for (int64_t i = 0; i < panel.getRows(); ++i)
    for (int64_t j = 0; j < panel.getColumns(); ++j)
      if (row + i < to.rowLimit && column + j < matrix.columns)
        std::memcpy(
            &matrix.bytes[((to.firstRow + row + i) * matrix.columns + column + j) * matrix.elementBytes()],
            &memory.bytes[firstByte + panel.getByteOffset(i, j)], matrix.elementBytes());
}

Error Agent::run(StoreTensorOp op) {
  const TileType panel = op.getRing().getType().getSlotType();
  const Tile to = values[op.getMap()].tile;
  const unsigned access = newAccess();
  for (int64_t i = 0; i < static_cast<int64_t>(op.getCount()); ++i) {
    const int64_t first =
        values[op.getRing()].tile.firstByte + (number(op.getPanel()) + i) * panel.getSizeInBytes();
    if (Error error = memory.read(first, panel.getSizeInBytes(), access, halves[0].knowledge, true))
      return at(op, std::move(error));
    copyPanel(first, panel, to, number(op.getRow()), number(op.getColumn()) + i * panel.getColumns());
  }
  stores.push_back(access);
  return Error::success();
}

} // namespace codesign
