// How one GEMM kernel of codesign's own is tiled and ordered on a target, and whether that is possible there.
// Plain data: Cost prices it in closed form, Lowering turns it into kernel IR.
#pragma once

#include "codesign/Hardware/Profile.h"
#include "codesign/Isa/MatrixInstruction.h"
#include <optional>
#include <string>
#include <vector>

namespace codesign {

/// The shape of the main loop. The names are those of a profile's `kernel_families`.
enum class GemmFamily : uint8_t {
  MfmaLdsDoubleBuffer,  // CDNA: one or two LDS buffers, the next tile in flight in registers
  MfmaWeightStream,     // CDNA, few rows: waves share k and load both operands straight to registers
  WgmmaTmaPersistent,   // Hopper: one TMA producer warpgroup, consumer warpgroups, persistent workgroups
  MmaCpAsyncMultistage, // Ampere and later: cp.async ring of stages, ldmatrix, mma.sync
  MmaWeightStream,      // the same by mma.sync, straight to registers or to shared memory of each wave's own
};

/// How A (m × k) and B (k × n) lie in memory, C is row-major. Letters as in BLAS, for row-major storage.
enum class GemmLayout : uint8_t {
  NT, // A k-contiguous, B k-contiguous (stored n × k): a linear layer forward, x · Wᵀ
  NN, // A k-contiguous, B n-contiguous: gradient of the input, dY · W
  TN, // A m-contiguous, B n-contiguous: gradient of the weights, dYᵀ · X
};

/// How the rows of a tile are kept free of bank conflicts.
enum class SharedLayout : uint8_t {
  Padded,   // `paddingBytes` after every row
  Swizzled, // 16-byte pieces of a row exchanged by an XOR with the row number
};

/// How the waves of a workgroup go through the main loop of an MFMA kernel.
enum class MainLoop : uint8_t {
  InStep,      // all alike; the compiler orders the products of a step and its memory operations
  PingPong,    // two waves on each SIMD, one a phase behind: while one multiplies, the other uses memory
  Interleaved, // one wave on each SIMD, whose products are mixed with reads and loads for the next ones
};

struct GemmSchedule {
  GemmFamily family = GemmFamily::MfmaLdsDoubleBuffer;
  Architecture architecture = Architecture::Gfx942;
  /// MatrixInstruction::name in the architecture's table.
  std::string instruction;
  GemmLayout layout = GemmLayout::NT;
  DataType outputType = DataType::BF16;
  /// The part of C that a workgroup computes, and the depth of one pipeline step.
  int macroTileM = 0;
  int macroTileN = 0;
  int macroTileK = 0;
  /// Execution groups of the instruction (waves, warps, consumer warpgroups) that share the macro tile.
  int wavesM = 1;
  int wavesN = 1;
  /// Waves that share the depth of a step instead, macroTileK / wavesK each (where weights are streamed).
  int wavesK = 1;
  /// Buffers in LDS or shared memory; where weights are streamed, steps whose loads are under way.
  int stages = 1;
  /// Workgroups that share the K loop of one tile (1: none); with streamK the split follows the work instead.
  int splitK = 1;
  bool streamK = false;
  /// Tile rows visited before the next tile column (L2 reuse); 1 is plain row order.
  int groupM = 1;
  /// Consecutive tiles that workgroups of one die (XCD) get; 1 leaves the hardware's round robin.
  int dieRun = 1;
  /// Thread-block cluster with TMA multicast; 1 × 1 without.
  int clusterM = 1;
  int clusterN = 1;
  /// Each 128 of k has scales that its products are multiplied by before they are added (8-bit operands).
  bool blockScaled = false;
  /// MFMA families: weights are stored in the order of the instruction, in blocks of 16 rows by 64 bytes, and
  /// go from global memory straight to registers. Waves one above the other then load the same ones.
  bool shuffledWeights = false;
  /// MFMA through LDS: tiles go from global memory to LDS past the registers, stages − 1 of them under way.
  /// MmaWeightStream: both operands go to rows of shared memory that belong to one wave, `stages` steps of
  /// them.
  bool directToShared = false;
  MainLoop loop = MainLoop::InStep;
  SharedLayout sharedLayout = SharedLayout::Padded;
  int paddingBytes = 0;

  bool operator==(const GemmSchedule &) const = default;

  /// The instruction's record. The schedule must be legal or at least name a known instruction.
  const MatrixInstruction &matrixInstruction() const;
  /// Rows and columns of C that one instruction computes. Streamed weights are its first operand, so that its
  /// m runs along n.
  int instructionM() const;
  int instructionN() const;
  /// Threads of a workgroup, the producer warpgroup of WgmmaTmaPersistent included.
  int threads() const;
  /// Waves (64 or 32 threads) of a workgroup.
  int waves() const;
  /// The part of the macro tile that one execution group computes.
  int waveTileM() const { return macroTileM / wavesM; }
  int waveTileN() const { return macroTileN / wavesN; }
  /// Instructions that one execution group issues per macro-tile step of depth macroTileK.
  int instructionsPerStep() const;
  /// Instruction depths that the 16 bytes of k that a lane reads at once fill: 2 for 16-bit MFMA with 8-byte
  /// operands and for mma.sync whose operands are streamed to registers, else 1.
  int depthsPerRead() const;
  /// "mfma_lds_double_buffer 256x256x64 2x4 waves
  /// v_mfma_f32_16x16x16_bf16 1 stage": one line for reports and headers.
  std::string describe() const;
};

/// Whether waves share k and load both operands from global memory for themselves.
bool streamsWeights(GemmFamily family);
/// Rows up to which such kernels are made: one tile covers them, so that every weight is read once.
constexpr int maxStreamedRows = 64;

/// Loads of a wave that bring one step's tiles to LDS past the registers: of 16 bytes a lane on CDNA4, of 4
/// on CDNA3.
int directLoadsPerStep(const GemmSchedule &schedule);

/// LDS or shared memory of one workgroup. Input buffers: stages × (A rows + B rows) × (row bytes + padding);
/// none where weights are streamed straight to registers.
struct SharedMemoryUse {
  int inputBytes = 0;
  int epilogueBytes = 0; // staging of C, or partial sums; 0 where it reuses the input buffers
  int barrierBytes = 0;
  int total() const { return inputBytes + epilogueBytes + barrierBytes; }
};
SharedMemoryUse sharedMemoryUse(const GemmSchedule &schedule);

/// Whether a persistent workgroup has room for what experts take beside that: three numbers of each of 1024
/// in LDS, and registers for where rows end. True for other families, which keep nothing.
bool hasRoomForExperts(const GemmSchedule &schedule, const Profile &profile);

/// Whether rows of A may be named by a list: of tiles that the copy engine fills, not in a cluster, and in a
/// ring of three slots or more. A slot comes back a step after its products, and rows that threads copy are
/// handed over a step after they were asked for. Of multistage tiles, those that leave registers for a row of
/// each copy.
bool takesListedRows(const GemmSchedule &schedule);

/// Registers of one thread by purpose. Accumulators and
/// fragments are exact counts, addressing is an estimate.
struct RegisterUse {
  int accumulators = 0; // macroTileM · macroTileN / threads, 32-bit
  int fragments = 0;    // A and B of the wave tile, for the depth that one 16-byte read fills
  int staging = 0;      // next tile on its way from global memory to LDS
  int addressing = 0;   // pointers, offsets, loop counters
  int products = 0;     // of one block of k before its scales, and these, where it has any
  int total() const { return accumulators + fragments + staging + addressing + products; }
};
RegisterUse registerUse(const GemmSchedule &schedule);
/// Registers below which the compilers hold the emitted kernel without spilling: registerUse plus what they
/// add for loads in flight and, with cp.async, for the addresses of each copy. Found by compiling the legal
/// schedules (clang 22, ptxas 13).
int compiledRegisters(const GemmSchedule &schedule);

/// Equal shares of whole instructions in which `waves` waves that share k add up `instructions` along a
/// tile's columns: as many as there are waves for.
int64_t shareCount(int64_t waves, int64_t instructions);

/// The most workgroups that may share the k of a tile: 1 in a cluster, and where a lane has so many sums that
/// compilers spill beside the parts of others.
int maxSplitK(const GemmSchedule &schedule);
/// Rows up to which own kernels split k, so that what launches need beside their operands has a bound.
constexpr int maxSplitRows = 4096;

/// Whether a Stream-K launch may cut the tiles of the schedule: MFMA or mma.sync out of LDS, in step,
/// k-contiguous, with no more sums of a lane than a split may have.
bool cutsTiles(const GemmSchedule &schedule);
/// Workgroups that a compute unit holds without the compiler having to spill, at least one.
int residentWorkgroups(const GemmSchedule &schedule, const Profile &profile);
/// Workgroups of a Stream-K launch: as many as the device holds at once.
int streamWorkgroups(const GemmSchedule &schedule, const Profile &profile);

/// How many workgroups a compute unit holds at once, and the resource that ends it.
struct Occupancy {
  int workgroupsPerComputeUnit = 0;
  int wavesPerSimd = 0;
  std::string limitedBy; // "LDS", "registers", "waves", "threads"
};
Occupancy occupancy(const GemmSchedule &schedule, const Profile &profile);

/// Why the schedule cannot run on the device, with both numbers ("LDS 73728 B > 65536 B"); empty if it can.
std::optional<std::string> illegalReason(const GemmSchedule &schedule, const Profile &profile);

/// Of k, and of columns, that one scale of a block-scaled weight holds for.
constexpr int scaledBlockExtent = 128;

/// Rows of a block of shuffled weights, and bytes of each.
constexpr int shuffledBlockRows = 16, shuffledBlockBytes = 64;

/// Every legal schedule for operands of this type, with scales of blocks or without, and for weights that are
/// shuffled or row-major, in a fixed order; splitK is 1, streamK false (they depend on the shape). Empty if
/// the profile has no kernel family for the type.
std::vector<GemmSchedule> legalGemmSchedules(const Profile &profile, DataType inputType, GemmLayout layout,
                                             bool blockScaled = false, bool shuffledWeights = false);

/// The workgroup order that minimises rows + columns of tiles in flight on one die: 1, 2, 4, 8 or 16.
int bestGroupM(const Profile &profile, int workgroupsPerComputeUnit);

/// "mfma_lds_double_buffer", …
llvm::StringRef toString(GemmFamily family);
std::optional<GemmFamily> parseGemmFamily(llvm::StringRef name);
/// "in-step", "ping-pong", "interleaved".
llvm::StringRef toString(MainLoop loop);
std::optional<MainLoop> parseMainLoop(llvm::StringRef name);
/// "NT", "NN", "TN".
llvm::StringRef toString(GemmLayout layout);
std::optional<GemmLayout> parseGemmLayout(llvm::StringRef name);

} // namespace codesign
