#include "LaunchOperands.h"

#include <cmath>
#include <cstring>

namespace codesign {

LaunchOperands::LaunchOperands(const PackagedGemm &gemm, const PackagedKernel &kernel, int64_t m,
                               int64_t tiles, const std::vector<OwnedRows> &owned, RandomEngine &engine)
    : gemm(gemm), kernel(kernel), m(m), engine(engine) {
  allocateProduct();
  allocateEpilogue(owned);
  if (kernel.sharesTiles())
    allocatePartialSums(tiles);
  d = allocatePoisoned(memory, "d", uint64_t(gemm.outputRows(m) * gemm.outputColumns()) * elementBytes,
                       poison);
  arguments.pointer(d);
  if (gemm.gathered)
    arguments.value<int32_t>(int32_t(sources));
  arguments.value<int32_t>(int32_t(m));
}

/// Both operands and their scales.
void LaunchOperands::allocateProduct() {
  a = allocateRandom(memory, "a", gemm.type, uint64_t(sources * gemm.k), engine);
  const int64_t elements = gemm.layout == "tn" ? m * gemm.n : gemm.weightRows() * gemm.k;
  w = allocateRandom(memory, "w", gemm.type, uint64_t(elements), engine);
  arguments.pointer(allocatePadded("a", a, sources, gemm.leadingA));
  arguments.pointer(gemm.shuffledWeights ? allocateShuffled()
                                         : allocatePadded("w", w, gemm.weightRows(), gemm.leadingW));
  if (gemm.scaling == Scaling::None)
    return;
  const bool perTensor = gemm.scaling == Scaling::PerTensor;
  const int64_t ofW = perBlock ? blockRows * std::max<int64_t>(1, gemm.experts) : gemm.weightRows();
  aScale = allocateRandom(memory, "a_scale", DataType::F32, perTensor ? 1 : uint64_t(sources * scaleColumns),
                          engine);
  wScale =
      allocateRandom(memory, "w_scale", DataType::F32, perTensor ? 1 : uint64_t(ofW * scaleColumns), engine);
  arguments.pointer(aScale).pointer(wScale);
}

/// What the sums are multiplied by, added to or written beside, and whose rows are whose.
void LaunchOperands::allocateEpilogue(const std::vector<OwnedRows> &owned) {
  if (gemm.bias) {
    bias = allocateRandom(memory, "bias", gemm.wideType(), uint64_t(gemm.weightRows()), engine);
    arguments.pointer(bias);
  }
  if (gemm.residual) {
    residual = allocateRandom(memory, "residual", gemm.wideType(),
                              uint64_t(gemm.outputRows(m) * gemm.outputColumns()), engine);
    arguments.pointer(residual);
  }
  if (gemm.experts > 0)
    arguments.pointer(memory.allocateValues<int32_t>("expert_rows", expertTable(gemm, owned)));
  if (gemm.gathered) {
    for (int64_t row = 0; row < m; ++row)
      list.push_back(int32_t(engine() % uint64_t(sources)));
    arguments.pointer(memory.allocateValues<int32_t>("a_rows", list));
  }
  if (gemm.weighted) {
    weights = allocateRandom(memory, "row_weights", DataType::F32, uint64_t(m), engine);
    arguments.pointer(weights);
  }
  if (gemm.rotary.columns > 0)
    allocateRotations();
  if (gemm.rowSquares) {
    squares = allocatePoisoned(memory, "row_squares", uint64_t(m * squaresColumns()) * sizeof(float));
    arguments.pointer(squares);
  }
  if (gemm.quantisedBlocks) {
    dScale = allocatePoisoned(memory, "d_block_scale", uint64_t(m * outputBlocks) * sizeof(float));
    arguments.pointer(dScale);
  } else if (gemm.quantised()) {
    // Sums of k products of numbers below 1: a few of them saturate.
    const float scale = std::sqrt(float(gemm.k)) / 512;
    dScale = memory.allocateValues<float>("d_scale", std::vector<float>{scale});
    arguments.pointer(dScale);
  }
}

/// Angles of all positions, and a position for each row.
void LaunchOperands::allocateRotations() {
  std::uniform_real_distribution<float> angle(-4, 4);
  std::vector<float> table;
  for (int64_t pair = 0; pair < gemm.rotary.positions * gemm.rotary.headColumns / 2; ++pair) {
    const float turn = angle(engine);
    table.push_back(std::cos(turn));
    table.push_back(std::sin(turn));
  }
  std::vector<int32_t> ofRows;
  for (int64_t row = 0; row < m; ++row)
    ofRows.push_back(int32_t(engine() % uint64_t(gemm.rotary.positions)));
  positions = memory.allocateValues<int32_t>("positions", ofRows);
  const uint64_t rotations = memory.allocateValues<float>("rotations", table);
  angles = rowsOf(memory, rotations, DataType::F32, gemm.rotary.headColumns, 0, gemm.rotary.positions);
  arguments.pointer(positions).pointer(rotations);
}

/// Where workgroups that share tiles leave sums for each other, and count who has come.
void LaunchOperands::allocatePartialSums(int64_t tiles) {
  const int64_t sharers = kernel.streamK.workgroups; // 0: of each tile
  const int64_t counts = (sharers > 0 ? sharers : tiles) * kernel.threads / lanes;
  const int64_t places =
      sharers > 0 ? kernel::StreamKWork::placesPerWorkgroup * sharers : tiles * kernel.splitK;
  const uint64_t partials = allocatePoisoned(memory, "partials", uint64_t(places * kernel.partialBytes));
  arrivals = memory.allocateValues<int32_t>("arrivals", std::vector<int32_t>(size_t(counts)));
  arguments.pointer(partials).pointer(arrivals);
}

/// The weights again, in the order in which the kernel takes them.
uint64_t LaunchOperands::allocateShuffled() {
  const int64_t rowBytes = gemm.k * bitWidth(gemm.type) / 8;
  const uint64_t address = memory.allocate("w_shuffled", uint64_t(gemm.weightRows() * rowBytes));
  uint8_t *to = memory.region(address).data();
  const uint8_t *from = memory.region(w).data();
  for (int64_t row = 0; row < gemm.weightRows(); ++row)
    for (int64_t byte = 0; byte < rowBytes; byte += kernel::chunkBytes, from += kernel::chunkBytes)
      std::memcpy(to + kernel::shuffledOffset(row, byte, rowBytes), from, kernel::chunkBytes);
  return address;
}

/// The rows of k again, `leading` elements apart, with NaN between them; the same where they have no gaps.
uint64_t LaunchOperands::allocatePadded(llvm::StringRef name, uint64_t dense, int64_t rows, int64_t leading) {
  if (leading == 0)
    return dense;
  const Matrix padded = paddedRows(rowsOf(memory, dense, gemm.type, gemm.k, 0, rows), leading);
  return memory.allocateCopy((name + "_padded").str(), padded.bytes);
}

} // namespace codesign
