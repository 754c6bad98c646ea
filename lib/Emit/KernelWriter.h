// Walks one kernel and writes its body, one statement per operation.
#pragma once

#include "Expression.h"
#include "SourceConstants.h"
#include "Target.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace codesign::emit {

/// Sources and their headers are wrapped at about so many columns.
constexpr size_t lineLength = 110;

class KernelWriter {
public:
  KernelWriter(kernel::FuncOp function, const Target &target)
      : function(function), target(target), constants(SourceConstants::of(function)) {}

  /// Named constants, the instruction and the kernel itself. Stops at the first op that cannot be written.
  llvm::Error write(llvm::raw_ostream &to);

private:
  /// A C++ variable that holds register values: fragments and staged tiles are updated in place.
  struct Variable {
    mlir::Value current; // the value it holds now
    int depth = 0;       // nesting of the scope that declares it
  };

  void reserveNames();
  llvm::Error checkNames();
  llvm::Error writeInstruction(llvm::raw_ostream &to);
  void writeShared(llvm::raw_ostream &to);
  std::string ringLength(int64_t slots) const { return number(slots, {"stages"}); }
  std::string slotsOf(kernel::AllocOp ring) const;
  std::string bytesText(kernel::ExpectBytesOp op);
  llvm::Error writeSignature();

  /// "SwizzledTile<bf16, tileM, tileK>" or "PaddedTile<bf16, 256, 32, 8>" of a ring of that name.
  std::string tileClass(kernel::TileType type, llvm::StringRef ring);
  std::string tileClass(mlir::Value slot);
  /// "GlobalRows<bf16, layerK>", with how far apart rows start where that is more than they are long.
  std::string rowLength(kernel::TileType type, llvm::StringRef matrix, bool rowsAreK = false);
  /// What a fetch leaves in registers, "bf16, tileM, tileK, threads", and copies past them.
  std::string stagedShape(kernel::StagedType type, llvm::StringRef name);
  std::string stagedClass(kernel::StagedType type, llvm::StringRef name);
  std::string copyClass(kernel::CopyAsyncOp copy);
  std::string waveRowsClass(kernel::CopyWaveRowsOp copy);
  std::string operandsClass(kernel::FragmentType type);
  std::string scaledInstructions(int64_t rows);
  /// "ScalePlaces<Mma, mmasM>"; on NVIDIA devices with the rows that a lane has,
  /// "ScalePlaces<GroupRows<mmasM>>".
  std::string scalePlacesClass(kernel::LocateScalesOp op);
  /// "BlockScales<Mma, mmasM>", of a warpgroup "GroupScales<mmasM>"; ", 2" where columns take turns.
  std::string scalesClass(kernel::ScalesType type);
  /// "Mma, mmasN, mmasM".
  std::string accumulatorsShape(kernel::FragmentType type);
  /// The rows of the output: m, or the layer's.
  std::string rowsText(mlir::Value rows);
  /// Rows and columns of the tile that a placement deals, and the columns of its matrix.
  std::string placedShape(llvm::ArrayRef<int64_t> tile, int64_t columns);
  /// Along the first or the second dimension of the sums.
  std::string instructions(int64_t count, bool first) const;
  std::string number(int64_t value, llvm::ArrayRef<llvm::StringRef> names) const {
    return constants.text(value, names);
  }
  std::string threads() { return number(function.getThreadCount(), {"threads"}); }
  std::string copyingThreads() { return number(function.getCopyingThreads(), {"threads", "warpgroupSize"}); }
  /// Of a warp-specialised kernel the warpgroups that multiply.
  std::string waves() { return number(function.getWaveCount(), {"waves", "groupsM * groupsN"}); }
  std::string clusterSize() { return number(function.getClusterSize(), {"clusterSize"}); }
  llvm::Error writeBlock(mlir::Block &block);
  llvm::Error writeOperation(mlir::Operation *op);
  llvm::Error fail(mlir::Operation *op, const llvm::Twine &reason);
  /// Success, or that rows with gaps are not written for the target.
  llvm::Error checkRows(mlir::Operation *op, kernel::TileType rows);

  llvm::Error emit(kernel::TileOrderOp op);
  llvm::Error emit(kernel::ExpertTileOp op);
  llvm::Error emit(kernel::GatherRowsOp op);
  llvm::Error emit(kernel::WaveTileOp op);
  llvm::Error emit(kernel::GroupOp op);
  llvm::Error emit(kernel::RowsOp op);
  llvm::Error emit(kernel::AllocOp op);
  llvm::Error emit(kernel::SlotOp op);
  llvm::Error emit(kernel::FetchOp op);
  llvm::Error emit(kernel::DepositOp op);
  llvm::Error emit(kernel::DepositTransposedOp op);
  llvm::Error emit(kernel::CopyAsyncOp op);
  llvm::Error emit(kernel::CopyWaveRowsOp op);
  llvm::Error emit(kernel::CommitCopiesOp op);
  llvm::Error emit(kernel::WaitCopiesOp op);
  llvm::Error emit(kernel::LoadFragmentOp op);
  llvm::Error emit(kernel::ZeroOp op);
  llvm::Error emit(kernel::MmaOp op);
  llvm::Error emit(kernel::MmaPartOp op);
  llvm::Error emit(kernel::LocateScalesOp op);
  llvm::Error emit(kernel::FetchScalesOp op);
  llvm::Error emit(kernel::CombineScalesOp op);
  llvm::Error emit(kernel::MmaScaledOp op);
  llvm::Error emit(kernel::AddBiasOp op);
  llvm::Error emit(kernel::ScaleColumnsOp op);
  llvm::Error emit(kernel::ScaleRowsOp op);
  llvm::Error emit(kernel::ActivationOp op);
  llvm::Error emit(kernel::GateOp op);
  llvm::Error emit(kernel::AddMatrixOp op);
  llvm::Error emit(kernel::QuantiseOp op);
  llvm::Error emit(kernel::ReuseOp op);
  llvm::Error emit(kernel::DepositMaximaOp op);
  llvm::Error emit(kernel::QuantiseBlocksOp op);
  llvm::Error emit(kernel::StoreOp op);
  llvm::Error emit(kernel::RotateOp op);
  llvm::Error emit(kernel::RowSquaresOp op);
  llvm::Error emit(kernel::FetchAcrossOp op);
  llvm::Error emit(kernel::DepthTilesOp op);
  llvm::Error emit(kernel::PartOp op);
  llvm::Error emit(kernel::SumPartsOp op);
  llvm::Error emit(kernel::StreamKOp op);
  llvm::Error emit(kernel::StreamKPieceOp op);
  llvm::Error emit(kernel::SumPiecesOp op);
  llvm::Error emit(kernel::WaveIndexOp op);
  llvm::Error emit(kernel::FetchFragmentOp op);
  llvm::Error emit(kernel::CollectSumsOp op);
  llvm::Error emit(mlir::scf::ForOp op);
  llvm::Error emit(kernel::ClusterPositionOp op);
  llvm::Error emit(kernel::TileCountOp op);
  llvm::Error emit(kernel::RolesOp op);
  llvm::Error emit(kernel::MbarriersOp op);
  llvm::Error emit(kernel::ExpectBytesOp op);
  llvm::Error emit(kernel::SumListedRowsOp op);
  llvm::Error emit(kernel::CopyTensorOp op);
  /// A fetch or a deposit of a part of a tile, and what moves with it: one line.
  static bool isPartMove(mlir::Operation *op);
  llvm::Error writePartMoves(mlir::Operation *op);
  /// A statement that one lane executes, where all threads of its warpgroup play the role.
  void writeForOneLane(mlir::Operation *op, const std::string &statement);
  llvm::Error emit(kernel::StoreTensorOp op);
  llvm::Error emit(kernel::WgmmaOp op);
  llvm::Error emit(kernel::WaitProductsOp op);
  llvm::Error emit(kernel::AddProductsOp op);
  llvm::Error emit(kernel::CountExpertTilesOp op);
  llvm::Error emit(kernel::ExpertTileCountOp op);
  llvm::Error emit(kernel::ExpertTileAtOp op);
  llvm::Error emit(kernel::StorePanelsOp op);
  llvm::Error emit(kernel::SumGroupPartsOp op);
  std::string asyncStatement(mlir::Operation *op);
  std::string pendingCopies(kernel::WaitCopiesOp wait);
  llvm::Error writeRegion(mlir::Region &region);
  /// Forgets what the scope that ends here declared.
  void leaveScope(const llvm::StringMap<int> &takenOutside);

  // Steps that the IR has one after the other, where they differ in their number alone:
  using Repeat = llvm::SmallVector<mlir::Operation *>;
  bool beginsRepeats(mlir::Operation *op);
  /// Writes all of them as one loop; false where that is not what they are.
  llvm::Expected<bool> writeRepeats(mlir::Operation *op);
  bool areAlike(llvm::ArrayRef<Repeat> repeats);
  bool correspond(mlir::Value first, mlir::Value later, const Repeat &firstRepeat, const Repeat &before,
                  const Repeat &own, int64_t number);
  /// Declares what they leave in registers, an element for each.
  void declareArrays(const Repeat &repeat, int64_t count);
  /// "wParts[2]" of "wParts[step]".
  std::string elementText(llvm::StringRef ofFirst, int64_t number) const;

  /// A new identifier like `hint`; if it is taken, told apart by the loop that it stands in, or by a number.
  std::string fresh(llvm::StringRef hint);
  /// Declares `Type name(arguments);`, or reuses the variable of that hint whose value is no longer needed.
  void declareOrReload(mlir::Operation *op, mlir::Value result, llvm::StringRef hint, llvm::StringRef type,
                       llvm::StringRef arguments);
  std::string slotNumber(kernel::SlotOp op);
  /// Declares a number that its op wants to have a name.
  void nameValue(mlir::Operation *op);
  /// Lets `result` live in the variable of `operand`, whose last use `op` must be.
  llvm::Error updateInPlace(mlir::Operation *op, mlir::Value operand, mlir::Value result);
  bool isLastUse(mlir::Value value, mlir::Operation *op);

  std::string text(mlir::Value value) { return expressions[value].text; }
  const Expression &expression(mlir::Value value) { return expressions[value]; }
  llvm::raw_ostream &line();
  /// What an op carries as its reason.
  void comment(mlir::Operation *op);
  /// A comment of its own lines; what has been said in the kernel is not said again.
  void explain(llvm::StringRef text);

  kernel::FuncOp function;
  const Target &target;
  const SourceConstants constants;
  std::string body;
  llvm::raw_string_ostream out{body};
  llvm::DenseMap<mlir::Value, Expression> expressions;
  llvm::StringMap<Variable> variables;
  llvm::StringMap<int> taken;
  llvm::StringMap<std::string> partNames;    // of tiles that move in parts, by what their ops call them
  llvm::DenseSet<mlir::Operation *> written; // with an op before them
  llvm::StringSet<> said;                    // comments
  llvm::DenseMap<std::pair<mlir::Value, mlir::Block *>, std::string> slotNames;
  llvm::SmallVector<std::string> counters; // of the loops around, with a capital
  std::string sharedName;                  // of the struct of all shared memory, where it is one block
  std::string warpName;                    // of the warp's number, from where the roles part on
  llvm::StringMap<std::string> arrays;     // by what the ops call their elements
  std::string repeatCounter;               // of loops over repeated steps, if there are any
  bool repeating = false;                  // in such a loop
  int depth = 1;
};

/// Whether a constant is the number of one of several repeated steps.
bool isRepeatNumber(mlir::Operation *op);

/// The value of a constant, or of the sum or difference of two.
std::optional<int64_t> constantValue(mlir::Value value);

/// Text that is safe inside a // comment: no line ends or other control characters, no backslash.
std::string commentText(llvm::StringRef text);
/// The same as lines of a // comment that begin `indent` columns in, those after the first `hanging` more.
void writeComment(llvm::raw_ostream &out, llvm::StringRef text, int indent, int hanging);

} // namespace codesign::emit
