// The operands of one launch in the simulator's memory, and what comes back of a tile.
#pragma once

#include "ExpertRows.h"
#include "codesign/Interpret/GemmReference.h"
#include "codesign/Package/Package.h"
#include "codesign/Ptx/Ptx.h"
#include "llvm/Support/MathExtras.h"

namespace codesign {

/// A tile of D, and the expert that its rows belong to.
struct TilePlace {
  int64_t row, rows, column, columns, expert;
};

class LaunchOperands {
public:
  /// Random operands of a launch on m rows, whose workgroups of `waves` compute `tiles` tiles; all that it is
  /// to write is poisoned. Package and engine must outlive this.
  LaunchOperands(const PackagedGemm &gemm, const PackagedKernel &kernel, int64_t waves, int64_t m,
                 int64_t tiles, const std::vector<OwnedRows> &owned, RandomEngine &engine);

  simulate::DeviceMemory &deviceMemory() { return memory; }
  const std::vector<ptx::Argument> &launchArguments() const { return arguments; }
  /// Columns of the product that one of D comes from.
  int64_t productColumns() const { return shrink; }

  /// Elements of D, and of `count` of them those that are no longer what they were filled with.
  uint64_t resultElements() { return memory.region(d).sizeBytes / elementBytes; }
  uint64_t countWritten(uint64_t first, uint64_t count);
  /// For each place of partial sums how many workgroups have arrived there; empty where none share tiles.
  llvm::ArrayRef<int32_t> arrivalCounts();

  /// What the launch has written of a tile, and of the sums of squares of its rows.
  Matrix resultOf(const TilePlace &tile);
  Matrix squaresOf(const TilePlace &tile);
  /// The scales of its rows and blocks of columns, where they follow from the result.
  Matrix blockScalesOf(const TilePlace &tile);
  /// What the tile should be.
  GemmReference referenceOf(const TilePlace &tile);

private:
  void pass(uint64_t address) { arguments.push_back(ptx::pointer(address)); }
  void pass(uint64_t address, const PackagedBox &box, int64_t rows, int64_t columns, uint64_t bytes);
  void allocateProduct();
  void allocateEpilogue(const std::vector<OwnedRows> &owned);
  void allocateRotations();
  void allocatePartialSums(int64_t waves, int64_t tiles);
  uint64_t allocateShuffled();
  uint64_t allocatePadded(llvm::StringRef name, uint64_t dense, int64_t rows, int64_t leading);
  int64_t squaresColumns() const { return llvm::divideCeil(gemm.n, kernel.squaresWidth); }

  Matrix leftOf(const TilePlace &tile);
  Matrix rightOf(const TilePlace &tile);
  Matrix rowsOfA(int64_t row, int64_t rows) { return listedRows(a, gemm.type, gemm.k, row, rows); }
  Matrix listedRows(uint64_t address, DataType type, int64_t length, int64_t row, int64_t rows);
  Matrix scalesOfRows(int64_t row, int64_t rows);

  const PackagedGemm &gemm;
  const PackagedKernel &kernel;
  const int64_t m;
  RandomEngine &engine;
  const int64_t shrink = gemm.gated ? 2 : 1;
  const int64_t sources = gemm.gathered ? m / 2 + 1 : m; // rows of A: tokens, each routed to two experts
  const bool perBlock = gemm.scaling == Scaling::Block128;
  const int64_t scaleColumns = perBlock ? llvm::divideCeil(gemm.k, kernel::scaledBlock) : 1;
  const int64_t outputBlocks = llvm::divideCeil(gemm.outputColumns(), kernel::scaledBlock);
  const int64_t blockColumns = kernel::scaledBlock * shrink; // of gates and up that take turns
  const int64_t blockRows = kernel::scaleRowsOf(gemm.n, shrink);
  const uint64_t elementBytes = bitWidth(gemm.productType()) / 8;
  /// Of D, before the launch: a NaN.
  const uint8_t poison = gemm.productType() == DataType::F8E4M3FNUZ ? 0x80 : 0xff;
  std::vector<int32_t> list; // of rows of A
  Matrix angles;             // the table of rotations: tens of megabytes, so copied once
  simulate::DeviceMemory memory;
  std::vector<ptx::Argument> arguments;
  uint64_t a = 0, w = 0, aScale = 0, wScale = 0, bias = 0, residual = 0, weights = 0, positions = 0,
           squares = 0, dScale = 0, arrivals = 0, d = 0;
};

} // namespace codesign
