// Persistent workgroups that walk the tiles of experts: what they keep of them in shared memory.
#include "Agent.h"
#include "ExpertTable.h"
#include "dialects/Kernel/Placement.h"
#include <cstring>

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

namespace {

/// The rows of what kernel.count_expert_tiles writes.
enum CountsRow : int64_t { TilesBefore, FirstRow, RowsEnd };

} // namespace

int64_t Agent::countAt(mlir::Value counts, int64_t row, int64_t expert) {
  int32_t number = 0;
  const int64_t byte =
      values[counts].tile.firstByte + cast<TileType>(counts.getType()).getByteOffset(row, expert);
  std::memcpy(&number, &memory.bytes[byte], sizeof number);
  return number;
}

Error Agent::readCounts(Operation *op, mlir::Value counts) {
  const unsigned access = newAccess();
  for (Half &half : halves) {
    if (Error error = memory.read(values[counts].tile.firstByte,
                                  cast<TileType>(counts.getType()).getSizeInBytes(), access, half.knowledge,
                                  /*engine=*/false))
      return at(op, std::move(error));
    half.knowledge.over.set(access);
  }
  return Error::success();
}

Error Agent::run(CountExpertTilesOp op) {
  if (group >= 0)
    return Error::success();
  const int64_t experts = static_cast<int64_t>(op.getExperts()), rowCount = number(op.getRows());
  const llvm::SmallVector<int64_t> numbers = expertNumbers(*values[op.getTable()].tile.matrix);
  if (const char *wrong = wrongExpertTable(op.getLayout(), experts, numbers, rowCount))
    return fail(op, wrong);
  const TileType type = op.getCounts().getType();
  const int64_t firstByte = values[op.getCounts()].tile.firstByte;
  const unsigned access = newAccess();
  if (Error error = memory.write(firstByte, type.getSizeInBytes(), access, halves[0].knowledge))
    return at(op, std::move(error));
  halves[0].knowledge.over.set(access);
  auto put = [&](int64_t row, int64_t expert, int64_t value) {
    const auto bits = static_cast<int32_t>(value);
    std::memcpy(&memory.bytes[firstByte + type.getByteOffset(row, expert)], &bits, sizeof bits);
  };
  const int64_t columnTiles = llvm::divideCeil(op.getColumns(), op.getTile()[1]);
  int64_t tiles = 0;
  for (int64_t expert = 0; expert < experts; ++expert) {
    const bool contiguous = op.getLayout() == ExpertLayout::Contiguous;
    const int64_t first = contiguous ? numbers[expert] : expert * (rowCount / experts);
    const int64_t end = contiguous ? numbers[expert + 1] : first + numbers[expert];
    put(TilesBefore, expert, tiles);
    put(FirstRow, expert, first);
    put(RowsEnd, expert, end);
    tiles += llvm::divideCeil(end - first, op.getTile()[0]) * columnTiles;
  }
  put(TilesBefore, experts, tiles);
  return Error::success();
}

Error Agent::run(ExpertTileCountOp op) {
  if (Error error = readCounts(op, op.getCounts()))
    return error;
  values[op.getResult()].index.assign(
      1, countAt(op.getCounts(), TilesBefore, static_cast<int64_t>(op.getExperts())));
  return Error::success();
}

Error Agent::run(ExpertTileAtOp op) {
  if (Error error = readCounts(op, op.getCounts()))
    return error;
  const int64_t tile = number(op.getIndex());
  int64_t expert = 0;
  while (countAt(op.getCounts(), TilesBefore, expert + 1) <= tile)
    if (++expert == static_cast<int64_t>(op.getExperts()))
      return fail(op, "asks for a tile past the last");
  const int64_t first = countAt(op.getCounts(), FirstRow, expert),
                end = countAt(op.getCounts(), RowsEnd, expert);
  const auto [row, column] = tileInBands(
      tile - countAt(op.getCounts(), TilesBefore, expert), llvm::divideCeil(end - first, op.getTile()[0]),
      llvm::divideCeil(op.getColumns(), op.getTile()[1]), static_cast<int64_t>(op.getBand()));
  values[op.getExpert()].index.assign(1, expert);
  values[op.getRow()].index.assign(1, first + row * op.getTile()[0]);
  values[op.getEnd()].index.assign(1, end);
  values[op.getColumn()].index.assign(1, column * op.getTile()[1]);
  return Error::success();
}

Error Agent::run(StorePanelsOp op) {
  const TileType panel = op.getRing().getType().getSlotType();
  const Tile to = values[op.getRows()].tile;
  const unsigned access[] = {newAccess(), newAccess()};
  for (int64_t i = 0; i < static_cast<int64_t>(op.getCount()); ++i) {
    const int64_t first =
        values[op.getRing()].tile.firstByte + (number(op.getPanel()) + i) * panel.getSizeInBytes();
    for (int half : {0, 1})
      if (Error error = memory.read(first, panel.getSizeInBytes(), access[half], halves[half].knowledge,
                                    /*engine=*/false))
        return at(op, std::move(error));
    copyPanel(first, panel, to, number(op.getRow()), number(op.getColumn()) + i * panel.getColumns());
  }
  for (int half : {0, 1})
    halves[half].knowledge.over.set(access[half]);
  return Error::success();
}

/// The barrier of the group.
void Agent::meetBeforeCount() {
  halves[0].knowledge.join(halves[1].knowledge);
  halves[1].knowledge = halves[0].knowledge;
}

/// Groups take turns at waits only, so one of them is the last to arrive.
Error Agent::run(SumGroupPartsOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  Matrix &partials = *values[op.getPartials()].tile.matrix, &arrivals = *values[op.getArrivals()].tile.matrix;
  const int64_t parts = static_cast<int64_t>(op.getParts()), rows = op.getRowsPerGroup();
  const int64_t place = number(op.getTile()) * function.getWaveCount() + group, columns = partials.columns;
  if (partials.rows < (place + 1) * parts * rows || arrivals.rows <= place)
    return fail(op, "has too small a workspace");
  auto visit = [&](int64_t ofPart, auto use) {
    for (int64_t i = 0; i < rows * columns; ++i)
      use(fragment[i], (place * parts + ofPart) * rows + i / columns, i % columns);
  };
  visit(number(op.getPart()),
        [&](float sum, int64_t row, int64_t column) { partials.set(row, column, sum); });
  const auto before = static_cast<int64_t>(arrivals.at(place, 0));
  if (before < 0 || before >= parts)
    return fail(op, "finds arrivals that were not zero before the launch");
  arrivals.set(place, 0, static_cast<float>((before + 1) % parts));
  meetBeforeCount();
  skips = before + 1 < parts;
  if (skips)
    return Error::success();
  std::fill(fragment.begin(), fragment.end(), 0.0f);
  for (int64_t part = 0; part < parts; ++part)
    visit(part, [&](float &sum, int64_t row, int64_t column) { sum += partials.at(row, column); });
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

} // namespace codesign
