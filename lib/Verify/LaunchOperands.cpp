#include "LaunchOperands.h"

#include <cmath>
#include <cstring>

namespace codesign {

LaunchOperands::LaunchOperands(const PackagedGemm &gemm, const PackagedKernel &kernel, int64_t waves,
                               int64_t m, int64_t tiles, const std::vector<OwnedRows> &owned,
                               RandomEngine &engine)
    : gemm(gemm), kernel(kernel), m(m), engine(engine) {
  allocateProduct();
  allocateEpilogue(owned);
  if (kernel.sharesTiles())
    allocatePartialSums(waves, tiles);
  d = allocatePoisoned(memory, "d", uint64_t(gemm.outputRows(m) * gemm.outputColumns()) * elementBytes,
                       poison);
  pass(d, kernel.dBox, gemm.outputRows(m), gemm.outputColumns(), elementBytes);
  if (gemm.gathered)
    arguments.push_back(ptx::number(int32_t(sources)));
  arguments.push_back(ptx::number(int32_t(m)));
}

/// A pointer, or the tensor map that copies such boxes of the matrix.
void LaunchOperands::pass(uint64_t address, const PackagedBox &box, int64_t rows, int64_t columns,
                          uint64_t bytes) {
  if (box.rows == 0)
    return pass(address);
  const auto boxRowBytes = uint32_t(uint64_t(box.columns) * bytes);
  arguments.push_back(
      ptx::tensorMap({address, uint64_t(rows), uint64_t(columns), uint64_t(columns) * bytes,
                      uint32_t(box.rows), uint32_t(box.columns), uint32_t(bytes), boxRowBytes}));
}

/// Both operands and their scales.
void LaunchOperands::allocateProduct() {
  a = allocateRandom(memory, "a", gemm.type, uint64_t(sources * gemm.k), engine);
  const int64_t elements = gemm.layout == "tn" ? m * gemm.n : gemm.weightRows() * gemm.k;
  w = allocateRandom(memory, "w", gemm.type, uint64_t(elements), engine);
  const uint64_t bytes = bitWidth(gemm.type) / 8;
  pass(allocatePadded("a", a, sources, gemm.leadingA), kernel.aBox, sources, gemm.k, bytes);
  const bool turned = gemm.layout != "nt"; // rows of k, or of the m that are summed
  pass(gemm.shuffledWeights ? allocateShuffled() : allocatePadded("w", w, gemm.weightRows(), gemm.leadingW),
       kernel.wBox, turned ? elements / gemm.n : gemm.weightRows(), turned ? gemm.n : gemm.k, bytes);
  if (gemm.scaling == Scaling::None)
    return;
  const bool perTensor = gemm.scaling == Scaling::PerTensor;
  const int64_t ofW = perBlock ? blockRows * std::max<int64_t>(1, gemm.experts) : gemm.weightRows();
  aScale = allocateRandom(memory, "a_scale", DataType::F32, perTensor ? 1 : uint64_t(sources * scaleColumns),
                          engine);
  wScale =
      allocateRandom(memory, "w_scale", DataType::F32, perTensor ? 1 : uint64_t(ofW * scaleColumns), engine);
  pass(aScale);
  pass(wScale);
}

/// What the sums are multiplied by, added to or written beside, and whose rows are whose.
void LaunchOperands::allocateEpilogue(const std::vector<OwnedRows> &owned) {
  if (gemm.bias) {
    bias = allocateRandom(memory, "bias", gemm.wideType(), uint64_t(gemm.weightRows()), engine);
    pass(bias);
  }
  if (gemm.residual) {
    residual = allocateRandom(memory, "residual", gemm.wideType(),
                              uint64_t(gemm.outputRows(m) * gemm.outputColumns()), engine);
    pass(residual);
  }
  if (gemm.experts > 0)
    pass(memory.allocateValues<int32_t>("expert_rows", expertTable(gemm, owned)));
  if (gemm.gathered) {
    for (int64_t row = 0; row < m; ++row)
      list.push_back(int32_t(engine() % uint64_t(sources)));
    pass(memory.allocateValues<int32_t>("a_rows", list));
  }
  if (gemm.weighted) {
    weights = allocateRandom(memory, "row_weights", DataType::F32, uint64_t(m), engine);
    pass(weights);
  }
  if (gemm.rotary.columns > 0)
    allocateRotations();
  if (gemm.rowSquares) {
    squares = allocatePoisoned(memory, "row_squares", uint64_t(m * squaresColumns()) * sizeof(float));
    pass(squares);
  }
  if (gemm.quantisedBlocks) {
    dScale = allocatePoisoned(memory, "d_block_scale", uint64_t(m * outputBlocks) * sizeof(float));
    pass(dScale);
  } else if (gemm.quantised()) {
    // Sums of k products of numbers below 1: a few of them saturate.
    const float scale = std::sqrt(float(gemm.k)) / 512;
    dScale = memory.allocateValues<float>("d_scale", std::vector<float>{scale});
    pass(dScale);
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
  pass(positions);
  pass(rotations);
}

/// Where workgroups that share tiles leave sums for each other, and count who has come.
void LaunchOperands::allocatePartialSums(int64_t waves, int64_t tiles) {
  const int64_t sharers = kernel.streamK.workgroups; // 0: of each tile
  const int64_t counts = (sharers > 0 ? sharers : tiles) * waves;
  const int64_t places =
      sharers > 0 ? kernel::StreamKWork::placesPerWorkgroup * sharers : tiles * kernel.splitK;
  const uint64_t partials = allocatePoisoned(memory, "partials", uint64_t(places * kernel.partialBytes));
  arrivals = memory.allocateValues<int32_t>("arrivals", std::vector<int32_t>(size_t(counts)));
  pass(partials);
  pass(arrivals);
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
