// Fused attention over whole sequences (prefill and training): time from tiles, softmax, fixed costs and
// traffic.
#pragma once

#include "codesign/Cost/Breakdown.h"
#include "codesign/Cost/Constants.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Model/Operators.h"

namespace codesign {

/// Constants of one attention kernel family. The form: a workgroup holds queryTile rows of one head and walks
/// over the keys that they see in steps of keyTile; every step costs two products and a softmax, every
/// workgroup a fixed prologue and epilogue. Found on NVIDIA prefill measurements; docs/cost/attention.md has
/// the derivation.
struct AttentionConstants {
  double launch = 13e-6;
  double mmaEfficiency = 0.8;
  double softmaxCyclesPerScore = 0.032;
  double stepCyclesPerKey = 0.6;
  double fixedCycles64 = 4300;
  double fixedCycles128 = 1300;
  double fixedCycles256 = 3900;
  double maskCyclesPerScore = 0.07;
  double windowMaskCyclesPerScore = 0.18;
  double windowFactor = 1.0;
  double tail = 0.64;
  double exposedTraffic = 1.4;
  double droop = 0.14;
  double droopSeconds = 10e-3;
  double preparationTraffic = 0.95;

  static llvm::ArrayRef<ConstantField<AttentionConstants>> fields();
};

/// Scores that one head computes, in columns of one query tile: `total` over all tiles, the most of one tile,
/// and how many of them lie in steps that need the causal or the window mask.
struct AttentionColumns {
  double queryTiles = 0;
  double total = 0;
  double longest = 0;
  double causalMasked = 0;
  double windowMasked = 0;
};

class AttentionModel {
public:
  static constexpr int64_t queryTile = 128;
  static constexpr int64_t keyTile = 64;

  AttentionModel(const Profile &profile, const AttentionConstants &constants);

  /// Seconds of the attention kernel alone: rotary embedding, biases and cache writes are operators of their
  /// own. Any positive sizes; keyLength may differ from queryLength (the queries are the last of the
  /// sequence). Backward is priced with constants fitted to backward, or see backwardPrior().
  Breakdown breakdown(const AttentionShape &shape) const;
  Seconds time(const AttentionShape &shape) const { return breakdown(shape).time(); }

  /// The pass before the kernel that some libraries time with it: q, k, v are read in 16 bit, rotated and
  /// written, k and v to the cache.
  Seconds preparation(const AttentionShape &shape) const;

  /// Constants for backward where none were fitted: 2.5 times the arithmetic at 0.85 of the forward rate,
  /// twice the softmax work and three times the fixed cost (ratios of MI300X's fitted forward and backward
  /// sets).
  static AttentionConstants backwardPrior(const AttentionConstants &forward);

  /// Closed form, O(window / keyTile) at most.
  static AttentionColumns columns(const AttentionShape &shape);

private:
  AttentionConstants constants;
  double computeUnits, clock, memoryBandwidth;
  double flopsPerUnit16, flopsPerUnit8;
};

} // namespace codesign
