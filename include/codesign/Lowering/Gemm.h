// A linear layer and its schedule become one kernel.
#pragma once

#include "codesign/Hardware/Profile.h"
#include "codesign/Schedule/GemmSchedule.h"
#include "codesign/Support/DataType.h"
#include "codesign/Support/Epilogues.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
#include <algorithm>
#include <optional>
#include <string>

namespace codesign {

/// D[m, n] = activation(scales · (A[m, k] · W[n, k]ᵀ) + bias[n]) + residual[m, n], all matrices row-major,
/// sums in fp32. n and k are fixed when the kernel is written, m when it is launched.
struct GemmProblem {
  /// The kernel's symbol; a C identifier.
  std::string symbol;
  /// Of A and W. Bias, residual and D have the same type, or bf16 where it is an 8-bit one; D may be
  /// quantised.
  DataType type = DataType::BF16;
  int64_t n = 0;
  int64_t k = 0;
  /// NN: W[k, n], D = A · W, as in the gradient of a layer's input. TN: W[m, n], and D[k, n] = Aᵀ · W is the
  /// sum over the m rows of both, as in the gradient of its weights. 16-bit operands, without experts or
  /// split.
  GemmLayout layout = GemmLayout::NT;
  bool bias = false;
  std::optional<kernel::Activation> activation = std::nullopt;
  /// Rows 2j and 2j + 1 of W, and elements of the bias, make column j of D: activation(gate) · up. D then has
  /// n / 2 columns.
  bool gated = false;
  /// Added after the activation; of D's shape, and may be D itself.
  bool residual = false;
  /// Of 8-bit A and W; two fp32 arguments after W. PerTensor: aScale[1], wScale[1]; PerToken: aScale[m],
  /// wScale[n]; Block128: aScale[ceil(k / 128), m], whose rows are blocks of k, and wScale[ceil(n / 128),
  /// ceil(k / 128)]. Where the layer is gated, rows 2b and 2b + 1 of wScale are those of block b of the
  /// gate's n / 2 rows and of up's: [2 · ceil(n / 256), ceil(k / 128)].
  Scaling scaling = Scaling::None;
  /// With experts, each row of A and D belongs to one of them, which has n rows of W (of wScale, elements of
  /// the bias) of its own: W[experts, n, k]. An i32 argument before D says which: `offsets[experts + 1]`,
  /// where expert e has the rows [offsets[e], offsets[e + 1]) of m, or, masked, `counts[experts]`, where each
  /// has m / experts rows of which the first counts[e] are computed.
  int64_t experts = 0;
  kernel::ExpertLayout expertLayout = kernel::ExpertLayout::Contiguous;

  /// Of contiguous experts, not in clusters: an i32 argument `aList[m]` and a number `aCount` before m; row i
  /// of A, and its scales, are those of A[aList[i]] of aCount rows, or A[i] where aList is null.
  bool gathered = false;
  /// W is stored in the order of matrix instructions (#kernel.shuffled) and goes from global memory straight
  /// to registers. AMD devices only; n must be a multiple of 16, rows of W of 64 bytes.
  bool shuffledWeights = false;
  /// Distances of rows of A and of W in elements; 0: k, without gaps. Of AMD devices and layout NT, W in
  /// rows; multiples of 16 bytes. What lies between rows is never read. At odd multiples of 256 bytes the
  /// rows of a step lie in all channels of an L2.
  int64_t leadingA = 0, leadingW = 0;
  /// An fp32 argument `rowWeights[m]` before D: what follows the activation is multiplied by its row's.
  bool weighted = false;

  /// Two arguments before D: i32 `positions[m]` and fp32 `rotations[positions, headColumns]`, cosine and sine
  /// of each pair in turn. Without activation.
  std::optional<RotaryEmbedding> rotary = std::nullopt;
  /// An fp32 argument `rowSquares[m, ceil(n / width)]` before D: the sums of squares of `width` columns each
  /// of D's rows, before they are rounded; the kernel's waves are that wide. Without gate.
  bool rowSquares = false;
  /// D has this 8-bit type, the device's own E4M3, and an fp32 argument `dScale[1]` follows the others before
  /// D and what belongs to it: the last step divides by the scale and saturates; NaN stays NaN.
  std::optional<DataType> quantised = std::nullopt;
  /// The scales of a quantised D follow from its values, one for each row and 128 columns, and the kernel
  /// writes them: dScale[ceil(columns of D / 128), m], as the next product takes its aScale. A block's scale
  /// is its largest magnitude, no less than kernel::smallestMaximum, times the reciprocal of the largest
  /// number of the type; NaN does not count there.
  bool quantisedBlocks = false;

  /// D is fp32: rows that others add up before they are rounded, as those of a token (TokenSum.h).
  bool unrounded = false;

  /// Blocks of W's rows whose scales its columns of the product take in turn.
  int64_t scaleTurns() const { return gated ? 2 : 1; }
  /// Rows of wScale for one matrix of weights, of Block128.
  int64_t weightScaleRows() const { return kernel::scaleRowsOf(n, scaleTurns()); }
  /// Rows of W.
  int64_t weightRows() const { return n * std::max<int64_t>(1, experts); }
  /// Of bias and residual, and of D unless it is quantised or not rounded.
  DataType wideType() const { return isFloat8(type) ? DataType::BF16 : type; }
  DataType outputType() const { return unrounded ? DataType::F32 : quantised.value_or(wideType()); }
  int64_t outputColumns() const { return outputColumns(n); }
  /// That so many of the product make.
  int64_t outputColumns(int64_t columns) const { return gated ? columns / 2 : columns; }
  /// Blocks of D's columns that have scales of their own.
  int64_t outputBlocks() const { return (outputColumns() + kernel::scaledBlock - 1) / kernel::scaledBlock; }
  /// Rows of D for m rows of A.
  int64_t outputRows(int64_t m) const { return layout == GemmLayout::TN ? k : m; }
};

/// What a kernel may use on its device; from the hardware profile.
struct TargetLimits {
  int64_t sharedBytes = 0;      // LDS per workgroup
  int64_t registersPerLane = 0; // 32-bit
  int64_t chiplets = 1;         // dies that workgroups are dealt to in turn
};

/// A GEMM kernel, decided down to the instruction.
struct GemmKernel {
  Architecture architecture = Architecture::Gfx942;
  TargetLimits limits;
  /// Name of a MatrixInstruction.
  std::string instruction;
  int64_t tileM = 0, tileN = 0, tileK = 0; // of one workgroup
  int64_t wavesM = 1, wavesN = 1;
  /// With more than one, the waves share k instead of the tile: each loads its own part of both operands from
  /// global memory to registers, and their sums are added at the end. `tileK` counts the parts of all waves;
  /// `stages` is the number of steps whose loads are under way at once.
  int64_t wavesK = 1;
  /// Slots of the LDS ring. AMD: 1 or 2, copied through registers. NVIDIA, and AMD with direct copies: 2 or
  /// more.
  int64_t stages = 2;
  /// AMD: tiles go from global memory to LDS past the registers. Not with shuffled weights or block scales,
  /// whose loads would be counted with theirs. NVIDIA, where waves share k: operands go past the registers to
  /// rows of shared memory that belong to one wave, `stages` steps of them.
  bool directCopies = false;
  /// How the waves go through the main loop. AMD, of tiles in two slots or more, without shuffled weights,
  /// block scales, split k or sums over m.
  MainLoop loop = MainLoop::InStep;
  /// Tile rows that are walked together, column by column.
  int64_t band = 1;
  /// Consecutive tiles dealt to one chiplet.
  int64_t run = 1;
  /// Instruction operands that one 16-byte LDS read fills: 2 for 16-bit MFMA, 1 for mma.sync.
  int64_t pack = 1;
  /// Elements left free after each LDS row; 0 for the XOR swizzle.
  int64_t padding = 0;

  /// Workgroups that a compute unit is to hold at once; bounds the registers that the compiler may use.
  int64_t residency = 1;

  /// With wgmma, `wavesM` and `wavesN` count consumer warpgroups. Workgroups of a cluster that share a tile
  /// of W (clusterM, one above the other) or of A (clusterN, side by side) multicast it; one of the two is 1.
  int64_t clusterM = 1, clusterN = 1;
  /// Registers of a lane after the producer warpgroup has handed its own to the consumers; 0: as launched.
  int64_t producerRegisters = 0, consumerRegisters = 0;

  /// Workgroups that share the K loop of one tile. More than one take two more arguments before D: fp32
  /// `partials`, splitK times the tiles, and i32 `arrivals`, one for each wave (with wgmma, warpgroup) of
  /// each tile, which are zero before and after a launch. Not with clusters or experts.
  int64_t splitK = 1;

  /// Workgroups of a Stream-K launch, which share the steps of k of all tiles; 0: workgroups have tiles of
  /// their own. The same two arguments: `partials` of two tiles for each workgroup, `arrivals` for each wave
  /// of each workgroup (with wgmma, warpgroup). k-contiguous operands through LDS, in step; no split,
  /// clusters or experts.
  int64_t streamWorkgroups = 0;
  /// Whether tiles are summed up of what several workgroups leave in memory.
  bool sharesTiles() const { return splitK > 1 || streamWorkgroups > 0; }

  /// Keep the LDS reads of one step of k out of the step before, and what follows the sums out of the last
  /// one: the registers do not hold both.
  bool fencedSteps = false;

  /// Tiles of k that one workgroup multiplies.
  int64_t kTiles(int64_t k) const { return (k + tileK - 1) / tileK / splitK; }
  /// Tiles of k that a piece of a Stream-K launch has at least: what the loop has under way.
  int64_t leastTilesOfPiece() const { return std::max<int64_t>(2, stages - 1); }
  /// Columns of the output that a wave holds at the end.
  int64_t waveColumns() const;
  /// Elements of k multiplied per step: the instruction's depth times the pack.
  int64_t depthPerStep() const;
};

/// What kernels may use on a device.
TargetLimits targetLimits(const Profile &profile);

/// The kernel that a schedule describes, or what about it is not emitted yet (Stream-K of schedules that
/// cutsTiles refuses, layouts other than NT on NVIDIA devices, which no plan chooses). The layout belongs to
/// the problem.
llvm::Expected<GemmKernel> gemmKernel(const GemmSchedule &schedule, const Profile &profile);

/// Success, or why this kernel cannot be written: k not 16-byte aligned, waves that do not divide the tile, …
llvm::Error checkGemm(const GemmProblem &problem, const GemmKernel &schedule);

/// A module with one kernel.func, verified. Errors are checkGemm's and the verifier's (LDS over the limit,
/// instruction illegal on the target, shape no multiple of it). n and k need not be multiples of the tile.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
lowerGemm(mlir::MLIRContext &context, const GemmProblem &problem, const GemmKernel &schedule);

} // namespace codesign
