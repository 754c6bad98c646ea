// Builds persistent, warp-specialised kernels: what both roles need of one.
#pragma once

#include "GemmFunction.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace codesign {

constexpr int64_t warpsPerGroup = 4, warpSize = 32;
constexpr int64_t swizzleBytes = 128, narrowestSwizzleBytes = 32;

/// Builds one such kernel; the members are what every step of it needs.
class WgmmaBuilder {
public:
  WgmmaBuilder(mlir::MLIRContext &context, const GemmProblem &problem, const GemmKernel &schedule)
      : problem(problem), schedule(schedule), builder(mlir::UnknownLoc::get(&context), &context),
        element(kernel::mlirTypeOf(&context, problem.type)),
        outElement(kernel::mlirTypeOf(&context, problem.outputType())),
        kTileCount(schedule.kTiles(problem.k)), groups(schedule.wavesM * schedule.wavesN),
        groupM(schedule.tileM / schedule.wavesM), groupN(schedule.tileN / schedule.wavesN),
        clusterSize(schedule.clusterM * schedule.clusterN) {
    a = {"a", schedule.tileM, schedule.clusterN > 1 ? clusterSize : 1, overRows(), {}, {}};
    w = {"w", schedule.tileN, schedule.clusterM > 1 ? clusterSize : 1, problem.layout != GemmLayout::NT, {},
         {}};
  }

  mlir::OwningOpRef<mlir::ModuleOp> build();

private:
  /// A matrix on its way to shared memory. `sharers` workgroups of the cluster need the same tile: each
  /// copies its share to all.
  struct Stream {
    std::string name;
    int64_t rows = 0;
    int64_t sharers = 1;
    bool across = false; // k runs along the rows of the matrix, and `rows` along its columns
    mlir::Value map, ring;
  };

  mlir::Value constant(int64_t value) { return mlir::arith::ConstantIndexOp::create(builder, value); }
  /// A size that has a name in the source.
  mlir::Value size(llvm::StringRef name, int64_t value) {
    return kernel::ConstantOp::create(builder, name, value);
  }
  /// A number that the source gives a name.
  mlir::Value named(llvm::StringRef name, mlir::Value value);
  mlir::Value add(mlir::Value left, mlir::Value right) {
    return builder.createOrFold<mlir::arith::AddIOp>(left, right);
  }
  mlir::Value multiply(mlir::Value left, mlir::Value right) {
    return builder.createOrFold<mlir::arith::MulIOp>(left, right);
  }
  kernel::TensorMapType mapType(mlir::Type element, int64_t rows, int64_t columns, int64_t boxRows,
                                int64_t boxColumns) {
    return kernel::TensorMapType::get(builder.getContext(), {rows, columns}, element, {boxRows, boxColumns});
  }
  mlir::Value allocate(llvm::StringRef name, mlir::Type element, int64_t slots, int64_t rows,
                       int64_t columns) {
    auto type = kernel::TileType::get(builder.getContext(), {slots, rows, columns}, element,
                                      kernel::Space::Shared, kernel::SwizzledAttr::get(builder.getContext()));
    return kernel::AllocOp::create(builder, type, name);
  }
  mlir::Value allocate(const Stream &stream);
  /// Of a matrix of so many rows; along its k it has `depth` elements.
  kernel::TensorMapType mapType(const Stream &stream, int64_t rows, int64_t depth) {
    if (stream.across)
      return mapType(element, depth, rows, schedule.tileK, swizzleBytes / elementBytes());
    return mapType(element, rows, depth, stream.rows / stream.sharers, schedule.tileK);
  }
  /// The sum is over the rows of both operands.
  bool overRows() const { return problem.layout == GemmLayout::TN; }
  /// Rows of the output.
  mlir::Value outputRows() { return overRows() ? constant(problem.k) : function.m; }
  mlir::Value slot(const Stream &stream, mlir::Value use) {
    return kernel::SlotOp::create(builder, llvm::cast<kernel::TileType>(stream.ring.getType()).getSlotType(),
                                  stream.ring, use);
  }
  kernel::FragmentType sumsType() {
    return kernel::FragmentType::get(builder.getContext(), {groupM, groupN}, builder.getF32Type(),
                                     kernel::Role::Accumulator, builder.getStringAttr(schedule.instruction),
                                     1);
  }
  /// Whether the output passes through panels in shared memory: whole ones of 16 or 8 bits, rows that start
  /// at multiples of 16 bytes, and no gate, which leaves every other column.
  bool hasPanels() const {
    return !problem.gated && !problem.unrounded && groupN * outBytes() % narrowestSwizzleBytes == 0 &&
           problem.n * outBytes() % kernel::chunkBytes == 0;
  }
  /// Whether the copy engine writes it from there: rows of an expert may end inside of a box.
  bool engineStores() const { return hasPanels() && problem.experts == 0; }
  /// Whether groups side by side share the blocks of columns that results have scales for.
  bool sharesOutputBlocks() const {
    return problem.quantisedBlocks && problem.outputColumns(groupN) < kernel::scaledBlock;
  }
  int64_t elementBytes() const { return bitWidth(problem.type) / 8; }
  int64_t outBytes() const { return bitWidth(problem.outputType()) / 8; }
  /// The instruction sums 8-bit products with fewer bits than fp32 has: after each step they go to other
  /// sums.
  bool addsProducts() const { return isFloat8(problem.type); }
  bool hasBlockScales() const { return problem.scaling == Scaling::Block128; }
  /// Whether the compiler is told that the lanes of a warp agree on their role.
  bool hasUniformRoles() const;
  /// The widest swizzle span that divides a group's columns.
  int64_t panelColumns() const {
    int64_t span = swizzleBytes;
    while (groupN * outBytes() % span)
      span /= 2;
    return span / outBytes();
  }

  void createFunction(mlir::ModuleOp module);
  mlir::scf::ForOp loop(llvm::StringRef name, mlir::Value from, mlir::Value to,
                        mlir::ValueRange carried = {});
  mlir::scf::ForOp loop(llvm::StringRef name, int64_t from, mlir::Value to, mlir::ValueRange carried = {}) {
    return loop(name, constant(from), to, carried);
  }
  mlir::scf::ForOp copyLoop(mlir::Value from, mlir::Value to);
  mlir::scf::ForOp copyLoop(int64_t from, mlir::Value to) { return copyLoop(constant(from), to); }
  /// The tiles of experts are counted once, before the roles part.
  void countExpertTiles();
  llvm::SmallVector<int64_t> clusterTile() const {
    return {schedule.tileM * schedule.clusterM, schedule.tileN * schedule.clusterN};
  }
  /// A tile of the cluster, as its first workgroup sees it.
  WorkgroupTile tileAt(mlir::Value number);
  /// Opens the loop over this cluster's tiles; gives the number of the first use of the rings, and this
  /// workgroup's tile.
  struct Round {
    mlir::scf::ForOp loop;
    mlir::Value firstUse;
    WorkgroupTile tile;
    mlir::Value number, part;     // where several workgroups share k: of the tile, and of its part
    mlir::Value steps;            // tiles of k
    mlir::Value piece, firstTile; // of a Stream-K launch, and its first tile of k
  };
  /// The tile of k that a workgroup counts as `step`.
  mlir::Value tileOfK(const Round &round, mlir::Value step) {
    if (round.firstTile)
      return add(round.firstTile, step);
    return round.part ? add(multiply(round.part, kTiles), step) : step;
  }
  Round openRound();
  /// The use of the rings that a step of a round is: they go on from tile to tile.
  mlir::Value useOf(const Round &round, mlir::Value step) { return named("use", add(round.firstUse, step)); }
  void awaitFree(mlir::Value use) {
    comment(kernel::AwaitOp::create(builder, true, empty, use), "what the slot held before has been read");
  }
  void produce();
  /// The same where all threads of the warpgroup copy A's rows, which a list names.
  void produceGathered(const Round &round);
  void copy(const Stream &stream, mlir::Value origin, mlir::Value kColumn, mlir::Value use);
  void consume();
  mlir::Value addSteps(mlir::Value sums, const Round &round, kernel::WaveTileOp group);
  mlir::Value product(mlir::Value sums, mlir::Value use, kernel::WaveTileOp group);
  void epilogue(mlir::Value sums, const Round &round, kernel::WaveTileOp group);

  const GemmProblem &problem;
  const GemmKernel &schedule;
  mlir::ImplicitLocOpBuilder builder;
  mlir::Type element, outElement;
  int64_t kTileCount, groups, groupM, groupN, clusterSize;
  Stream a, w;
  GemmFunction function;
  mlir::Value rowMaxima, maximaLeft; // of groups that share blocks of columns, for two tiles
  mlir::Value panels, panelsPerGroup, full, empty, tileK, kTiles;
  mlir::Value expertTiles; // where they are counted; null without experts
  kernel::ClusterPositionOp cluster;
};

} // namespace codesign
