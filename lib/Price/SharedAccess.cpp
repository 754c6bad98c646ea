#include "SharedAccess.h"
#include "codesign/Isa/MemoryInstruction.h"
#include "dialects/Kernel/Operand.h"

namespace codesign {

using namespace kernel;

namespace {

using Addresses = llvm::SmallVector<std::optional<uint32_t>, 64>;

/// Adds one wave instruction of `bytesPerLane` at these addresses.
llvm::Error add(SharedTraffic &traffic, Architecture architecture, int bytesPerLane, bool isWrite,
                const Addresses &addresses) {
  const SharedAccessPhases *phases = findSharedAccessPhases(architecture, bytesPerLane, isWrite);
  if (!phases)
    return llvm::createStringError(toString(architecture) + " has no LDS access of " +
                                   llvm::Twine(bytesPerLane) + " bytes per lane");
  const SharedAccessCost cost = sharedAccessCost(*phases, addresses);
  ++traffic.instructions;
  traffic.passes += cost.passes;
  traffic.idealPasses += cost.idealPasses;
  for (const std::optional<uint32_t> &address : addresses)
    traffic.bytes += address ? bytesPerLane : 0;
  return llvm::Error::success();
}

void multiply(SharedTraffic &traffic, int64_t waves) {
  traffic.bytes *= waves;
  traffic.passes *= waves;
  traffic.idealPasses *= waves;
}

/// The row and depth that lane `lane` points ldmatrix at, for operands of 16 (a) or two times 8 (b) rows by
/// two chunks of `length` of depth.
/// Of a tile whose rows are the depth, a row of it stands in place of a row of the operand.
FragmentPosition ldmatrixRow(Role role, int lane, bool across, int64_t length) {
  if (across)
    return role == Role::A ? FragmentPosition{lane / 8 % 2 * 8, lane / 16 * 8 + lane % 8}
                           : FragmentPosition{lane / 16 * 8, lane / 8 % 2 * 8 + lane % 8};
  if (role == Role::A)
    return {lane % 16, lane / 16 * length};
  return {lane / 16 * 8 + lane % 8, lane / 8 % 2 * length};
}

/// Where lane `lane` reads 8 bytes for the run of 16 bytes of k that begins at `depth` of its group: 16 lanes
/// read half of the run of 16 columns, and are handed a column each.
FragmentPosition transposedRead(int lane, int64_t depth, int64_t half, int64_t length) {
  const int64_t rows = length / 2, lanesPerRow = 16 / rows;
  return {lane % lanesPerRow * rows, depth + half * rows + lane % 16 / lanesPerRow};
}

/// All waves' reads of operands that CDNA4 transposes, 8 bytes a lane.
llvm::Expected<SharedTraffic> transposedReads(LoadFragmentOp load, Architecture architecture) {
  SharedTraffic traffic;
  const FragmentType type = load.getType();
  const TileType tile = load.getTile().getType();
  const Operand operand(type, architecture);
  const int64_t length = chunkLength(type.getElementType());
  for (int64_t first = 0; first < type.getShape()[0]; first += operand.stepFirst())
    for (int64_t second = 0; second < type.getShape()[1]; second += operand.stepSecond())
      for (int64_t run = 0; run < operand.runsPerLane(); ++run)
        for (int64_t half : {0, 1}) {
          Addresses addresses;
          for (int lane = 0; lane < operand.lanes(); ++lane) {
            const int64_t depth = operand.positionInGroup(lane, run * length).second;
            const FragmentPosition at = transposedRead(lane, depth, half, length);
            addresses.push_back(tile.getByteOffset(second + at.second, first + at.first));
          }
          if (llvm::Error error = add(traffic, architecture, chunkBytes / 2, false, addresses))
            return error;
        }
  return traffic;
}

} // namespace

llvm::Expected<SharedTraffic> fragmentReads(LoadFragmentOp load, Architecture architecture, int64_t waves) {
  SharedTraffic traffic;
  FragmentType type = load.getType();
  TileType tile = load.getTile().getType();
  const Operand operand(type, architecture);
  const int64_t elementBytes = type.getElementType().getIntOrFloatBitWidth() / 8;
  const bool nvidia = vendorOf(architecture) == Vendor::Nvidia;
  if (!nvidia && load.getAcross()) {
    llvm::Expected<SharedTraffic> reads = transposedReads(load, architecture);
    if (reads)
      multiply(*reads, waves);
    return reads;
  }
  // ldmatrix.x4 moves 16 bytes from each of 32 lanes: one a operand, or two b operands side by side.
  const int64_t rowsPerRead = nvidia ? 16 : operand.stepFirst();
  // Elsewhere a lane reads a group in runs of 16 bytes, or in one of fewer.
  const int64_t runs = nvidia ? 1 : std::max<int64_t>(1, operand.runsPerLane());
  const int bytesPerLane =
      nvidia ? chunkBytes : static_cast<int>(operand.elementsPerGroup() * elementBytes / runs);
  // Parts of different waves start at multiples of the period of every layout, so one wave stands for all.
  for (int64_t first = 0; first < type.getShape()[0]; first += rowsPerRead)
    for (int64_t second = 0; second < type.getShape()[1]; second += operand.stepSecond())
      for (int64_t run = 0; run < runs; ++run) {
        Addresses addresses;
        for (int lane = 0; lane < operand.lanes(); ++lane) {
          const FragmentPosition at =
              nvidia ? ldmatrixRow(type.getRole(), lane, load.getAcross(), chunkLength(type.getElementType()))
                     : operand.positionInGroup(lane, run * operand.elementsPerGroup() / runs);
          int64_t row = first + at.first, column = second + at.second;
          const bool there = row < type.getShape()[0];
          if (load.getAcross())
            std::swap(row, column);
          if (there)
            addresses.push_back(tile.getByteOffset(row, column));
          else
            addresses.push_back(std::nullopt);
        }
        if (llvm::Error error = add(traffic, architecture, bytesPerLane, false, addresses))
          return error;
      }
  multiply(traffic, waves);
  return traffic;
}

llvm::Expected<SharedTraffic> tileWrites(TileType tile, int64_t rows, Architecture architecture,
                                         int64_t threads) {
  SharedTraffic traffic;
  const int64_t length = chunkLength(tile.getElementType()), rowChunks = tile.getColumns() / length;
  const int64_t chunks = rows * rowChunks, lanes = waveSize(architecture);
  int64_t waveInstructions = 0;
  for (int64_t base = 0; base < chunks; base += lanes) {
    Addresses addresses;
    for (int64_t chunk = base; chunk < base + lanes; ++chunk)
      if (chunk < chunks)
        addresses.push_back(tile.getByteOffset(chunk / rowChunks, chunk % rowChunks * length));
      else
        addresses.push_back(std::nullopt);
    if (llvm::Error error = add(traffic, architecture, chunkBytes, true, addresses))
      return error;
    ++waveInstructions;
  }
  traffic.instructions = llvm::divideCeil(waveInstructions * lanes, threads);
  return traffic;
}

llvm::Expected<SharedTraffic> blockWrites(TileType tile, Architecture architecture, int64_t threads) {
  SharedTraffic traffic;
  const BlockExtents extents = transposedBlock(tile.getElementType());
  const int64_t across = tile.getRows() / extents.columns;
  const int64_t blocks = across * (tile.getColumns() / extents.rows), lanes = waveSize(architecture);
  int64_t waveInstructions = 0;
  for (int64_t base = 0; base < blocks; base += lanes)
    for (int64_t e = 0; e < extents.columns; ++e) {
      Addresses addresses;
      for (int64_t block = base; block < base + lanes; ++block)
        if (block < blocks)
          addresses.push_back(
              tile.getByteOffset(block % across * extents.columns + e, block / across * extents.rows));
        else
          addresses.push_back(std::nullopt);
      if (llvm::Error error = add(traffic, architecture, chunkBytes, true, addresses))
        return error;
      ++waveInstructions;
    }
  traffic.instructions = llvm::divideCeil(waveInstructions * lanes, threads);
  return traffic;
}

} // namespace codesign
