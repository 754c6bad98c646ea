// Decode attention: one query token per sequence against a key-value cache, split over the keys where that
// fills the GPU.
#pragma once

#include "codesign/Cost/Breakdown.h"
#include "codesign/Cost/Constants.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Model/Operators.h"

namespace codesign {

/// Two kernels stand behind a decode call. The grouped one loads keys and values once for all query heads of
/// a group (padded to 8, 16 or 32 rows of a matrix instruction); the per-head one loads them for every query
/// head again.
struct DecodeConstants {
  // Grouped kernel.
  double groupedLaunch = 3.3e-6;
  double groupedLaunchFactor64 = 0.7;
  double groupedFixed = 3.5e-6;
  double groupedFixedPerHeadDim = 1.4e-6;
  double groupedFixedPerPadding = 0.6e-6;
  double groupedKeyBlock = 0.05e-6;
  double groupedPaddingFactor = 4;
  double groupedOccupancy = 1;
  double groupedOccupancyHeadDim = 3.7;
  double groupedOccupancyPadding = 0.36;
  double groupedWaveRounding = 1;
  double groupedOverlap = 2.7;
  double groupedBandwidth = 0.86;
  double groupedReduce = 1.6e-6;
  double groupedReducePerWave = 1.5e-6;
  double groupedIdleSplit = 0.37;
  double splitKeys = 128;
  // Per-head kernel.
  double headLaunch = 2.4e-6;
  double headFixed = 3.75e-6;
  double headWarmUp = 0.12e-6;
  double headNextWave = 6e-6;
  double headKeyBlock = 1e-6;
  double headSplitKeys = 256;
  double headSplitSlots = 3;
  double headWaveRounding = 0.8;
  double headReduce = 4.4e-6;
  double headReducePerWave = 6e-6;
  double headSmallFixed = 9.9e-6;
  double headSmallElementCycles = 0.116;
  double headOverlap = 1.56;
  double headBandwidth = 1.0;

  static llvm::ArrayRef<ConstantField<DecodeConstants>> fields();
};

class DecodeModel {
public:
  DecodeModel(const Profile &profile, const DecodeConstants &constants);

  /// Seconds of one decode attention over all sequences of the batch; all sizes positive. A window limits the
  /// keys read.
  Breakdown breakdown(const DecodeAttentionShape &shape) const;
  Seconds time(const DecodeAttentionShape &shape) const { return breakdown(shape).time(); }

  /// The library's rule: grouped for 2 to 32 query heads per key-value head, if the cache is 8 bit wide or
  /// there is work for a quarter of the compute units in it. Read off the switches in H100 measurements.
  bool usesGroupedKernel(const DecodeAttentionShape &shape) const;

private:
  Breakdown grouped(const DecodeAttentionShape &shape) const;
  Breakdown perHead(const DecodeAttentionShape &shape) const;

  DecodeConstants constants;
  double computeUnits, clock, memoryBandwidth, launchFloor;
};

} // namespace codesign
