// Results of 8 bits.
#include "Interpreter.h"
#include <algorithm>
#include <cstring>
#include <limits>

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

constexpr int64_t maximaPerChunk = chunkBytes / sizeof(float);

/// Rounding is the store's.
Error Interpreter::run(QuantiseOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  const float factor = 1 / values[op.getScale()].tile.matrix->at(0, 0);
  const float largest = largestFinite(*dataTypeOf(op.getElement()));
  for (float &value : fragment)
    value = std::clamp(value * factor, -largest, largest); // NaN is neither less nor greater
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

Error Interpreter::writeShared(int64_t byte, const uint8_t *from, int64_t wave) {
  return shared.write(byte, from, static_cast<int>(firstWave() + wave));
}

Error Interpreter::readShared(int64_t byte, uint8_t *to, int64_t wave) {
  return shared.read(byte, to, static_cast<int>(firstWave() + wave));
}

Error Interpreter::run(ReuseOp op) {
  const Tile ring = values[op.getRing()].tile;
  values[op.getResult()].tile = ring;
  return Error::success();
}

template <class Op>
std::vector<float> Interpreter::maximaOf(Op op) {
  const FragmentType type = op.getFragment().getType();
  const Fragment &fragment = values[op.getFragment()].fragment;
  const Index &column = values[op.getColumn()].index;
  const bool transposed = op.getTransposed(), halved = op.getHalved();
  const int64_t rows = type.getShape()[transposed ? 1 : 0],
                blocks = llvm::divideCeil(op.getWidth(), scaledBlock);
  std::vector<float> maxima(waves * rows * blocks);
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    const int64_t i = transposed ? second : first, j = transposed ? first : second;
    if ((halved && j % 2) || column[wave] + j >= static_cast<int64_t>(op.getColumns()))
      return;
    float &largest = maxima[(wave * rows + i) * blocks + (halved ? j / 2 : j) / scaledBlock];
    largest = std::fmax(largest, std::fabs(fragment[slot])); // the other one, where one is NaN
  });
  return maxima;
}

Error Interpreter::run(DepositMaximaOp op) {
  const TileType type = op.getMaxima().getType();
  const int64_t rows = op.getFragment().getType().getShape()[op.getTransposed() ? 1 : 0];
  const std::vector<float> maxima = maximaOf(op);
  const int64_t base = values[op.getMaxima()].tile.firstByte;
  const Index &part = values[op.getPart()].index, &row = values[op.getRow()].index;
  for (int64_t wave = 0; wave < waves; ++wave)
    for (int64_t i = 0; i < rows; i += maximaPerChunk) {
      uint8_t chunk[chunkBytes];
      std::memcpy(chunk, &maxima[wave * rows + i], chunkBytes);
      if (part[wave] >= type.getRows() || row[wave] + i >= type.getColumns())
        return fail(op, "writes past the tile");
      if (Error error = writeShared(base + type.getByteOffset(part[wave], row[wave] + i), chunk, wave))
        return at(op, std::move(error));
    }
  return Error::success();
}

Error Interpreter::run(QuantiseBlocksOp op) {
  const FragmentType type = op.getFragment().getType();
  const bool transposed = op.getTransposed(), halved = op.getHalved();
  const int64_t rows = type.getShape()[transposed ? 1 : 0], width = op.getWidth(),
                blocks = llvm::divideCeil(width, scaledBlock);
  std::vector<float> maxima = maximaOf(op);
  const Index &column = values[op.getColumn()].index;
  if (op.getMaxima()) {
    std::fill(maxima.begin(), maxima.end(), 0.0f);
    const TileType tile = op.getMaxima().getType();
    const int64_t base = values[op.getMaxima()].tile.firstByte, sharing = scaledBlock / width;
    const Index &part = values[op.getPart()].index, &row = values[op.getRow()].index;
    for (int64_t wave = 0; wave < waves; ++wave)
      for (int64_t of = part[wave] / sharing * sharing, end = of + sharing; of < end; ++of)
        for (int64_t i = 0; i < rows; i += maximaPerChunk) {
          float chunk[maximaPerChunk];
          uint8_t bytes[chunkBytes];
          if (Error error = readShared(base + tile.getByteOffset(of, row[wave] + i), bytes, wave))
            return at(op, std::move(error));
          std::memcpy(chunk, bytes, chunkBytes);
          for (int64_t e = 0; e < maximaPerChunk; ++e)
            maxima[wave * rows + i + e] = std::fmax(maxima[wave * rows + i + e], chunk[e]);
        }
  }
  const float largest = largestFinite(*dataTypeOf(op.getElement())),
              smallest = op.getSmallest().convertToFloat();
  const Value &places = values[op.getScales()];
  for (int64_t wave = 0; wave < waves; ++wave)
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t block = 0; block < blocks; ++block) {
        float &scale = maxima[(wave * rows + i) * blocks + block];
        scale = std::clamp(scale, smallest, std::numeric_limits<float>::max()) * (1 / largest);
        const int64_t first = column[wave] / (halved ? 2 : 1), to = first / scaledBlock + block;
        const int64_t source = places.index[wave * rows + i];
        if (first % scaledBlock == 0 && source >= 0 && to < places.tile.matrix->rows)
          places.tile.matrix->set(to, source, scale);
      }
  Fragment fragment = takeFragment(op.getFragment());
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    const int64_t i = transposed ? second : first, j = transposed ? first : second;
    const float factor = 1 / maxima[(wave * rows + i) * blocks + (halved ? j / 2 : j) / scaledBlock];
    fragment[slot] = std::clamp(fragment[slot] * factor, -largest, largest);
  });
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

} // namespace codesign
