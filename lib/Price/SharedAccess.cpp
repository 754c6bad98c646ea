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
/// 16 of depth.
/// Of a tile whose rows are the depth, a row of it stands in place of a row of the operand.
FragmentPosition ldmatrixRow(Role role, int lane, bool across) {
  if (across)
    return role == Role::A ? FragmentPosition{lane / 8 % 2 * 8, lane / 16 * 8 + lane % 8}
                           : FragmentPosition{lane / 16 * 8, lane / 8 % 2 * 8 + lane % 8};
  if (role == Role::A)
    return {lane % 16, lane / 16 * 8};
  return {lane / 16 * 8 + lane % 8, lane / 8 % 2 * 8};
}

} // namespace

llvm::Expected<SharedTraffic> fragmentReads(LoadFragmentOp load, Architecture architecture, int64_t waves) {
  SharedTraffic traffic;
  FragmentType type = load.getType();
  TileType tile = load.getTile().getType();
  const Operand operand(type, architecture);
  const int64_t elementBytes = type.getElementType().getIntOrFloatBitWidth() / 8;
  const bool nvidia = vendorOf(architecture) == Vendor::Nvidia;
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
              nvidia ? ldmatrixRow(type.getRole(), lane, load.getAcross())
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
  const int64_t across = tile.getRows() / transposedBlock.columns;
  const int64_t blocks = across * (tile.getColumns() / transposedBlock.rows), lanes = waveSize(architecture);
  int64_t waveInstructions = 0;
  for (int64_t base = 0; base < blocks; base += lanes)
    for (int64_t e = 0; e < transposedBlock.columns; ++e) {
      Addresses addresses;
      for (int64_t block = base; block < base + lanes; ++block)
        if (block < blocks)
          addresses.push_back(tile.getByteOffset(block % across * transposedBlock.columns + e,
                                                 block / across * transposedBlock.rows));
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
