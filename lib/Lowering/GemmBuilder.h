// Builds the kernels whose waves share the tile: operands from global memory to LDS, products out of LDS.
#pragma once

#include "BlockScales.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace codesign {

/// Builds one GEMM kernel; the members are what every step of it needs.
class GemmBuilder {
public:
  GemmBuilder(mlir::MLIRContext &context, const GemmProblem &problem, const GemmKernel &schedule)
      : problem(problem), schedule(schedule), builder(mlir::UnknownLoc::get(&context), &context),
        element(kernel::mlirTypeOf(&context, problem.type)),
        transposed(vendorOf(schedule.architecture) == Vendor::Amd),
        asynchronous(vendorOf(schedule.architecture) == Vendor::Nvidia || schedule.directCopies),
        transposesOnRead(asynchronous || readsTransposed(problem, schedule)),
        overRows(problem.layout == GemmLayout::TN), countAtLaunch(overRows || schedule.streamWorkgroups > 0),
        kTiles(overRows ? 0 : schedule.kTiles(problem.k)) {}

  mlir::OwningOpRef<mlir::ModuleOp> build();

private:
  /// A matrix operand on its way from global memory to fragments.
  struct Stream {
    std::string name;
    mlir::Value matrix, rows, ring;
    int64_t tileRows = 0;
    int64_t waveRows = 0;
    kernel::Role role = kernel::Role::A;
    mlir::Value staged; // through registers: the tile fetched ahead
    // Past LDS: the operands of each step, fetched a tile ahead into the registers that the last products
    // left.
    llvm::SmallVector<mlir::Value> parts;
    mlir::Value waveRow; // first row of this wave's part
    // With interleaved loops: the tile fetched ahead in parts of so many rows, and the operands that both
    // halves of the wave's rows are multiplied with.
    llvm::SmallVector<mlir::Value> pieces;
    int64_t pieceRows = 0;
    mlir::Value low, high;
    // Where k runs along the rows of the matrix: the end of k, and the tile's first column.
    bool across = false;
    mlir::Value depth, column;
  };

  mlir::Value constant(int64_t value) { return mlir::arith::ConstantIndexOp::create(builder, value); }
  mlir::Value named(llvm::StringRef name, int64_t value) {
    return kernel::ConstantOp::create(builder, name, value);
  }
  kernel::FragmentType fragment(int64_t first, int64_t second, mlir::Type type, kernel::Role role,
                                int64_t pack) {
    return kernel::FragmentType::get(builder.getContext(), {first, second}, type, role,
                                     builder.getStringAttr(schedule.instruction), pack);
  }
  kernel::TileType global(int64_t rows, int64_t columns) { return globalTile(rows, columns, element); }
  /// kTiles - count, written that way.
  mlir::Value tilesLessThan(mlir::Value count) {
    return mlir::arith::SubIOp::create(builder, kTileCount, count);
  }
  mlir::Value tilesLessThan(int64_t count) { return tilesLessThan(constant(count)); }
  /// The tile whose copies are asked for while this one is multiplied.
  mlir::Value ahead(mlir::Value tile) {
    return mlir::arith::AddIOp::create(builder, tile, named("ahead", schedule.stages - 1));
  }
  mlir::Attribute sharedLayout(const Stream &stream) const;
  bool severalTiles(int64_t count) const { return countAtLaunch || kTiles > count; }
  void startPiece();

  void cutRows(Stream &stream, mlir::Value first, mlir::Value extent);
  void allocate(Stream &stream);
  mlir::Value slot(const Stream &stream, mlir::Value tile);
  /// The tile of k that this workgroup counts as `tile`.
  mlir::Value tileOfAll(mlir::Value tile) {
    return place.firstTile ? mlir::Value(mlir::arith::AddIOp::create(builder, place.firstTile, tile)) : tile;
  }
  /// First column of a K tile.
  mlir::Value columnOf(mlir::Value tile) {
    return mlir::arith::MulIOp::create(builder, tileOfAll(tile), tileK);
  }
  mlir::Value sum(mlir::Value tile, int64_t term) {
    return builder.createOrFold<mlir::arith::AddIOp>(tile, constant(term));
  }
  /// comment() of the first of the operations that `create` puts at the insertion point.
  void explained(llvm::StringRef text, llvm::function_ref<void()> create) {
    mlir::Operation *before = builder.getInsertionPoint() == builder.getBlock()->begin()
                                  ? nullptr
                                  : &*std::prev(builder.getInsertionPoint());
    mlir::Block *block = builder.getBlock();
    create();
    comment(before ? before->getNextNode() : &block->front(), text);
  }

  mlir::Value multiplyStep(mlir::Value accumulator, mlir::Value tile, mlir::Value column,
                           llvm::function_ref<void()> betweenLoadsAndMma);
  /// Of k that one step multiplies: with block scales, a block or a tile that is part of one.
  int64_t stepDepth() const {
    return hasBlockScales() ? std::min(kernel::scaledBlock, schedule.tileK) : schedule.depthPerStep();
  }
  /// Tiles of k that share the scales of a block.
  int64_t tilesOfBlock() const { return hasBlockScales() ? kernel::scaledBlock / stepDepth() : 1; }
  bool hasBlockScales() const { return problem.scaling == Scaling::Block128; }
  void fetchScales(mlir::Value tile);
  mlir::Value multiplyTile(mlir::Value accumulator, mlir::Value tile,
                           llvm::function_ref<void()> betweenLoadsAndMma);
  mlir::Value throughRegisters(mlir::Value accumulator);
  /// Operands whose tiles lie in LDS: W only where it is not shuffled.
  llvm::SmallVector<Stream *, 2> sharedStreams() {
    return problem.shuffledWeights ? llvm::SmallVector<Stream *, 2>{&a}
                                   : llvm::SmallVector<Stream *, 2>{&a, &w};
  }
  void fetchPart(int64_t step, mlir::Value tile);
  mlir::Value multiplyTileOfParts(mlir::Value accumulator, mlir::Value tile, bool hasNext,
                                  llvm::function_ref<void()> betweenLoadsAndMma);
  mlir::Value throughAsyncCopies(mlir::Value accumulator);
  mlir::Value load(const Stream &stream, mlir::Value tile, mlir::Value column);
  mlir::Value product(mlir::Value left, mlir::Value right, mlir::Value accumulator);
  bool isPingPong() const { return schedule.loop == MainLoop::PingPong; }
  mlir::Value multiplyInPhases(mlir::Value accumulator, mlir::Value tile,
                               llvm::function_ref<void(int64_t)> refill,
                               llvm::function_ref<void()> beforeNextTile);
  /// Of the tiles to come, those that move in this step of one: with several, each operand in its own.
  llvm::SmallVector<Stream *, 2> streamsOfStep(int64_t step);
  mlir::Value asyncCopiesInPhases(mlir::Value accumulator);
  void cutInPieces(Stream &stream);
  void fetchPiece(Stream &stream, int64_t piece, mlir::Value tile);
  void depositPiece(Stream &stream, int64_t piece, mlir::Value tile);
  mlir::Value loadHalf(const Stream &stream, bool high, mlir::Value tile, int64_t column);
  mlir::Value productOfHalves(bool highW, bool highA, mlir::Value accumulator);
  mlir::Value interleavedTile(mlir::Value accumulator, mlir::Value tile, bool first, bool hasNext,
                              bool hasAfterNext);
  mlir::Value interleaved(mlir::Value accumulator);
  mlir::Value rowsOfDepth(const Stream &stream, mlir::Value tile);
  void fetch(mlir::Value tile, llvm::ArrayRef<Stream *> streams);
  void fetch(mlir::Value tile) { fetch(tile, sharedStreams()); }
  void deposit(mlir::Value tile, llvm::ArrayRef<Stream *> streams);
  void deposit(mlir::Value tile) { deposit(tile, sharedStreams()); }
  void copyAsync(mlir::Value tile);
  mlir::scf::ForOp createLoop(llvm::StringRef name, mlir::Value from, mlir::Value to, mlir::Value step,
                              mlir::ValueRange carried, bool unroll) {
    return createNamedLoop(builder, name, from, to, step, carried, unroll);
  }

  const GemmProblem &problem;
  const GemmKernel &schedule;
  mlir::ImplicitLocOpBuilder builder;
  mlir::Type element;
  bool transposed;       // the product is computed as W·Aᵀ, so that a lane holds consecutive output columns
  bool asynchronous;     // global memory to LDS past the registers
  bool transposesOnRead; // operands whose k runs along rows, not before
  bool overRows;         // k is the number of rows, known at launch
  bool countAtLaunch;    // tiles of k of a workgroup, two at least
  int64_t kTiles;        // of an output tile or this workgroup's part of it, if known
  Stream a, w;
  mlir::Value tileK, kTileCount; // named constants
  PartPlace place;
  PieceOfWork piece;
  BlockScales blockScales;
  mlir::Value fetchedScales, scales; // of the next block of k, and of the one that is multiplied
};

} // namespace codesign
