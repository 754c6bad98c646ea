// What a library's matrix products cost, as constants with a meaning, and how its memory is laid out.
#pragma once

#include "codesign/Cost/Constants.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Support/DataType.h"

namespace codesign {

/// Constants of one library on one device and type, in cycles of the profile's peak clock. fields() says what
/// each means. Fitted as a set: single values trade against one another.
struct GemmConstants {
  double mmaEfficiency = 0.92;
  double launch = 2.3e-6;
  double prologueCycles = 500;
  double epilogueCyclesPerLine = 5.0;
  double bandwidth = 0.84;
  double unitBytesPerClock = 68;
  double sharedEfficiency = 0.75;
  double stepOverheadCycles = 20;
  double waveRounding = 0.4;
  // How fast that goes as waves follow one another: workgroups drift apart and no longer end together.
  double waveDrift = 0;
  double droop = 0.18;
  double droopSeconds = 500e-6;
  double splitLaunch = 2.3e-6;
  double splitTraffic = 0.8;
  double splitWork = 1.0;
  double trafficRamp = 0.1e-3;
  double cacheShare = 0.75;
  double unitMemoryBytesPerClock = 10.5;
  double activationTraffic = 0.4;
  double stepLatencyCycles = 10;
  double outputOverlap = 0.15;
  // Between two tiles of one compute unit: first loads and store, where nothing else runs on it.
  double exposedTileCycles = 0;
  // A library of few kernels: the largest side of a tile, all sides being powers of two; 0: any tile.
  double largestTile = 0;
  // Kernels that read whole row blocks: time per 128 of k for every row that the last block of 128 lacks.
  double missingRowSeconds = 0;
  // A library that takes, above so many rows, the tile of 128 rows with the fewest waves, the fullest last
  // wave and the fewest columns among 16, 24, …, 128, as DeepGEMM does; 0: it takes what is fastest.
  double ruledRows = 0;
  // What such a tile costs besides where a block of 128 scaled columns does not divide into its columns; what
  // two side by side save that load their rows once; what each of the last row block reads of rows that are
  // not there.
  double unevenScaleCycles = 0;
  double pairGain = 0;
  double missingRowTraffic = 0;
  // Where rows of the operands start at multiples of 512 bytes: channels take turns every 256 bytes, so that
  // the rows of a step that come from beyond L2 meet in half of them or fewer. vLLM pads weights of such rows
  // by 256 bytes on ROCm.
  double rowConflictCycles = 0;
  // The pass that quantises activations, where a library's time includes it.
  double quantizeLaunch = 0;
  double quantizeTraffic = 0;
  // Main-loop rate by the alignment of rows in memory, relative to 128 bytes.
  double aligned2 = 1, aligned4 = 1, aligned8 = 1, aligned16 = 1;

  static llvm::ArrayRef<ConstantField<GemmConstants>> fields();
  /// Where nothing was fitted. NVIDIA's libraries lose rate on rows that are not aligned: the logits GEMM of
  /// 8192 x 14336 on an A100 reaches 0.29, 0.54, 0.55, 0.88 of its best for 2-, 4-, 8- and 16-byte rows
  /// (Anthony et al., "The Case for Co-Designing Model Architectures with Hardware", 2024). No unaligned
  /// product was measured on AMD: rows at odd multiples of 2 bytes need loads of 2 bytes a lane, of which a
  /// CDNA compute unit issues 16 lanes a clock, half of the 64 bytes that its L1 delivers; from 4 bytes on
  /// the load width limits nothing.
  static GemmConstants prior(const Profile &profile);
};

/// Whether rows of k elements without gaps start at multiples of 512 bytes: consecutive 256 bytes belong to
/// consecutive channels of a CDNA device's L2, and these rows begin in half of them or fewer.
bool rowsMeetInChannels(int64_t k, DataType type);
/// Elements from one such row to the next once 256 bytes are left free after each: odd multiples of 256 bytes
/// spread over all channels.
int64_t spreadLeadingDimension(int64_t k, DataType type);

} // namespace codesign
