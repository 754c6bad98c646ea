// What the kernels of all GEMM families have in common: the function with its arguments, and the epilogue.
#pragma once

#include "codesign/Lowering/Gemm.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <functional>

namespace codesign {

/// The kernel.func of a GEMM, its arguments by meaning; null where the problem has none.
struct GemmFunction {
  kernel::FuncOp function;
  mlir::Value a, w, aScale, wScale, bias, residual, table, gatherList, rowWeights, positions, rotations,
      rowSquares, dScale, partials, arrivals, out, gatherCount, m;
  /// Of A, gathered or not.
  mlir::Value rowsOfA() const { return gatherCount ? gatherCount : m; }
};

/// Of A, W and D, where they are not matrices in global memory but what a copy engine takes.
struct OperandTypes {
  mlir::Type a = {}, w = {}, out = {};
};

/// Appends the function to the module; the builder stands at its start afterwards.
GemmFunction createGemmFunction(mlir::ImplicitLocOpBuilder &builder, mlir::ModuleOp module,
                                const GemmProblem &problem, const GemmKernel &schedule,
                                const OperandTypes &operands = {});

/// The part of the output that a workgroup computes: first row, end of the rows that it may touch, first
/// column; and the same of W, whose rows are columns of the output.
struct WorkgroupTile {
  mlir::Value row = {}, rowEnd = {}, column = {};
  mlir::Value weightRow = {}, weightEnd = {};
  mlir::Value expert = {}, firstWeight = {}; // and its first row of W; null without experts
};
WorkgroupTile createWorkgroupTile(mlir::ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                                  const GemmKernel &schedule, const GemmFunction &function);

/// The workgroup's rows of A, gathered where the problem says so.
mlir::Value createRowsOfA(mlir::ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                          const GemmKernel &schedule, const GemmFunction &function,
                          const WorkgroupTile &tile);

/// fp32 in 16 bytes: a row of what workgroups and waves leave for others.
inline constexpr int64_t sumsPerRow = 4;

/// A matrix in global memory, row-major; rows start `leading` elements apart, or without gaps.
kernel::TileType globalTile(int64_t rows, int64_t columns, mlir::Type element, int64_t leading = 0);

/// The same of W, in the order that the problem says.
kernel::TileType weightTile(int64_t rows, const GemmProblem &problem, mlir::Type element);

/// Why an operation is there, for the reader of the source.
void comment(mlir::Operation *op, llvm::StringRef text);

/// What `create` puts at the insertion point, for step 0, 1, … to `count`, of which it is given the number:
/// the source may write steps that differ in nothing else as a loop.
void createRepeats(mlir::ImplicitLocOpBuilder &builder, int64_t count,
                   llvm::function_ref<void(int64_t step, mlir::Value number)> create);

/// A loop whose counter has a name in the emitted source; the builder stands at the start of its body
/// afterwards.
mlir::scf::ForOp createNamedLoop(mlir::ImplicitLocOpBuilder &builder, llvm::StringRef name, mlir::Value from,
                                 mlir::Value to, mlir::Value step, mlir::ValueRange carried, bool unroll);

/// The part of k that a workgroup multiplies: its number and its first tile of k; null where it has all.
struct PartPlace {
  mlir::Value part = {}, firstTile = {};
};
PartPlace createPart(mlir::ImplicitLocOpBuilder &builder, const GemmKernel &schedule, mlir::Value kTileCount);
/// The sums of all workgroups that share the tile; the same value where none do.
mlir::Value createSumOfParts(mlir::ImplicitLocOpBuilder &builder, const GemmFunction &function,
                             const PartPlace &place, mlir::Value sums);

/// Of a Stream-K launch, whose workgroups go through pieces of tiles: the loop over them, and the tile, the
/// first tile of k, the number of them of one and of those before; null without.
struct PieceOfWork {
  mlir::scf::ForOp rounds = {};
  mlir::Value piece = {}, firstTile = {}, tiles = {}, tilesBefore = {};
  WorkgroupTile tile;
};
/// Pieces have `least` tiles of k or more. The builder stands in the loop afterwards.
PieceOfWork createPieces(mlir::ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                         const GemmKernel &schedule, const GemmFunction &function, int64_t least);

/// Where a fragment of sums belongs: its workgroup's tile, its own first row in that, and the first column of
/// the product.
struct OutputPlace {
  WorkgroupTile tile;
  mlir::Value row, column;
  bool transposed = false; // the fragment's rows are output columns
  /// For what waves side by side tell each other: the fragment's first column in the workgroup's tile, makes
  /// room for such a tile in LDS, and lets all of them wait until the others have written to it.
  mlir::Value columnInTile = {};
  std::function<mlir::Value(kernel::TileType)> roomForMaxima = {};
  std::function<void()> meet = {};
};

/// The rows of an argument that belong to the workgroup's tile.
mlir::Value createTileRows(mlir::ImplicitLocOpBuilder &builder, const GemmKernel &schedule,
                           const OutputPlace &place, llvm::StringRef name, mlir::Value matrix);
/// What comes between the sums and the store: scales, bias, activation or gate, weights of rows, residual.
mlir::Value createEpilogueSteps(mlir::ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                                const GemmKernel &schedule, const GemmFunction &function, mlir::Value sums,
                                const OutputPlace &place);
/// The store from registers.
void createStore(mlir::ImplicitLocOpBuilder &builder, const GemmProblem &problem, const GemmKernel &schedule,
                 const GemmFunction &function, mlir::Value sums, const OutputPlace &place);
/// Both.
void createEpilogue(mlir::ImplicitLocOpBuilder &builder, const GemmProblem &problem,
                    const GemmKernel &schedule, const GemmFunction &function, mlir::Value sums,
                    const OutputPlace &place);

/// Whether operands whose k runs along rows lie in LDS as in global memory and are transposed by the reads of
/// CDNA4, not in registers before.
bool readsTransposed(const GemmProblem &problem, const GemmKernel &schedule);

/// The kernel whose waves share k. The schedule has passed checkGemm.
mlir::OwningOpRef<mlir::ModuleOp> buildStreamingGemm(mlir::MLIRContext &context, const GemmProblem &problem,
                                                     const GemmKernel &schedule);

} // namespace codesign
