// Executes one workgroup of a kernel: all waves in step, operation by operation.
#pragma once

#include "SharedMemory.h"
#include "codesign/Interpret/Interpret.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"
#include <memory>

namespace codesign {

class Interpreter {
public:
  /// All `waves` of the workgroup in step; `part` tells apart the workgroups that share a tile's k.
  Interpreter(kernel::FuncOp function, llvm::ArrayRef<KernelArgument> arguments, int64_t workgroup,
              int64_t waves, int64_t part = 0);
  /// Some of its waves, which share LDS with the others.
  Interpreter(kernel::FuncOp function, llvm::ArrayRef<KernelArgument> arguments, int64_t workgroup,
              int64_t waves, int64_t part, std::shared_ptr<SharedContents> shared);
  virtual ~Interpreter() = default;

  llvm::Error run();

protected:
  /// One number per wave; most are the same in all of them.
  using Index = llvm::SmallVector<int64_t, 16>;
  /// Rows of a global matrix, or one slot of LDS.
  struct Tile {
    /// The row of the matrix that row i is; none (-1) where a list names one that the matrix lacks.
    int64_t sourceOf(int64_t i) const;
    Matrix *matrix = nullptr;
    int64_t firstRow = 0;
    int64_t rowLimit = 0; // rows of the tile that exist
    int64_t firstByte = 0;
    const Matrix *list = nullptr; // of rows of the matrix, where it is gathered
    int64_t listed = 0;           // rows that the list may name
    bool shuffled = false;        // #kernel.shuffled
  };
  /// Bytes of a tile in row-major order, whichever thread holds them.
  using Staged = std::vector<uint8_t>;
  /// Register elements by (wave, group along the first dimension, along the second, lane, element).
  using Fragment = std::vector<float>;
  struct Value {
    /// Of places of scales: of each wave, the row of the matrix for each of its rows, or none (-1).
    Index index;
    Tile tile;
    Staged staged;
    Fragment fragment;
  };

  llvm::Error runBlock(mlir::Block &block);
  virtual llvm::Error runOperation(mlir::Operation *op);
  /// An operation that waves in step do not have.
  virtual llvm::Error runOther(mlir::Operation *op);
  /// The first of the waves that this object executes.
  virtual int64_t firstWave() const { return 0; }
  /// Sixteen bytes of LDS, at a multiple of 16, by one of the waves.
  virtual llvm::Error writeShared(int64_t byte, const uint8_t *from, int64_t wave);
  virtual llvm::Error readShared(int64_t byte, uint8_t *to, int64_t wave);
  /// Those that count themselves together meet before.
  virtual void meetBeforeCount() {}
  llvm::Error fail(mlir::Operation *op, const llvm::Twine &reason);
  llvm::Error at(mlir::Operation *op, llvm::Error error);

  llvm::Error run(kernel::TileOrderOp op);
  llvm::Error run(kernel::ExpertTileOp op);
  llvm::Error run(kernel::GatherRowsOp op);
  llvm::Error run(kernel::SumListedRowsOp op);
  llvm::Error run(kernel::WaveTileOp op);
  llvm::Error run(kernel::RowsOp op);
  llvm::Error run(kernel::SlotOp op);
  llvm::Error run(kernel::FetchOp op);
  llvm::Error run(kernel::DepositOp op);
  llvm::Error run(kernel::CopyAsyncOp op);
  llvm::Error run(kernel::LoadFragmentOp op);
  llvm::Error run(kernel::ZeroOp op);
  llvm::Error run(kernel::MmaOp op);
  llvm::Error run(kernel::MmaPartOp op);
  llvm::Error run(kernel::LocateScalesOp op);
  llvm::Error run(kernel::FetchScalesOp op);
  llvm::Error run(kernel::CombineScalesOp op);
  llvm::Error run(kernel::MmaScaledOp op);
  llvm::Error run(kernel::AddBiasOp op);
  llvm::Error run(kernel::ScaleColumnsOp op);
  llvm::Error run(kernel::ScaleRowsOp op);
  llvm::Error run(kernel::ActivationOp op);
  llvm::Error run(kernel::GateOp op);
  llvm::Error run(kernel::AddMatrixOp op);
  llvm::Error run(kernel::QuantiseOp op);
  llvm::Error run(kernel::ReuseOp op);
  llvm::Error run(kernel::DepositMaximaOp op);
  llvm::Error run(kernel::QuantiseBlocksOp op);
  llvm::Error run(kernel::StoreOp op);
  llvm::Error run(kernel::RotateOp op);
  llvm::Error run(kernel::RowSquaresOp op);
  llvm::Error run(kernel::FetchAcrossOp op);
  llvm::Error run(kernel::DepositTransposedOp op);
  llvm::Error run(kernel::DepthTilesOp op);
  llvm::Error run(kernel::PartOp op);
  llvm::Error run(kernel::SumPartsOp op);
  llvm::Error run(kernel::StreamKOp op);
  llvm::Error run(kernel::StreamKPieceOp op);
  llvm::Error run(kernel::SumPiecesOp op);
  llvm::Error run(kernel::WaveIndexOp op);
  llvm::Error run(kernel::FetchFragmentOp op);
  llvm::Error run(kernel::CopyWaveRowsOp op);
  llvm::Error run(kernel::DepositSumsOp op);
  llvm::Error run(kernel::CollectSumsOp op);
  llvm::Error run(mlir::scf::ForOp op);

  /// Whether this object executes that wave of the workgroup.
  bool executes(int64_t wave) const { return wave >= firstWave() && wave < firstWave() + waves; }
  /// The value of an index that must be the same in all waves.
  llvm::Expected<int64_t> uniform(mlir::Operation *op, mlir::Value value);
  /// Makes the result rows [first, extent) of a tile, as many as its type has; an error past the tile's rows.
  llvm::Error cutRows(mlir::Operation *op, Tile tile, mlir::Value first, mlir::Value extent,
                      const char *pastEnd);
  /// Sixteen bytes of a row, zero where the matrix has none.
  void readChunk(const Tile &tile, int64_t row, int64_t column, uint8_t *to) const;
  /// Calls visit(wave, element, first, second) for every register element of a fragment.
  template <class Visit>
  void forEachElement(kernel::FragmentType type, Visit visit) const;
  Fragment takeFragment(mlir::Value value);
  /// The largest magnitude of what each wave holds of each row and block of output columns, by (wave, row,
  /// block): NaN does not count, nor do columns at or past the operation's last.
  template <class Op>
  std::vector<float> maximaOf(Op op);
  /// What this workgroup computes in a round.
  llvm::Expected<kernel::StreamKPiece> pieceOf(kernel::StreamKPieceOp op);
  /// sums + a · bᵀ of every wave, instruction by instruction; in the part of the sums from `at` on.
  void multiply(mlir::Value a, mlir::Value b, kernel::FragmentType sumsType, Fragment &sums,
                kernel::FragmentPosition at = {});

  kernel::FuncOp function;
  Architecture architecture;
  int64_t workgroup, part;
  int64_t waves, threads;
  std::shared_ptr<SharedContents> sharedMemory;
  SharedContents &shared;
  SharedContents::Copies copies;
  int64_t sharedTop = 0;
  bool ended = false; // the workgroup has no tile, or leaves the rest to others
  bool skips = false; // it leaves the rest of this iteration to others
  llvm::DenseMap<mlir::Value, Value> values;
};

template <class Visit>
void Interpreter::forEachElement(kernel::FragmentType type, Visit visit) const {
  const kernel::Operand operand(type, architecture);
  const int64_t perGroup = operand.elementsPerGroup();
  std::vector<kernel::FragmentPosition> positions(operand.lanes() * perGroup);
  for (size_t slot = 0; slot < positions.size(); ++slot)
    positions[slot] = operand.positionInGroup(slot / perGroup, slot % perGroup);
  size_t element = 0;
  for (int64_t wave = 0; wave < waves; ++wave)
    for (int64_t first = 0; first < operand.countFirst(); ++first)
      for (int64_t second = 0; second < operand.countSecond(); ++second)
        for (const kernel::FragmentPosition &position : positions)
          visit(wave, element++, first * operand.stepFirst() + position.first,
                second * operand.stepSecond() + position.second);
}

} // namespace codesign
