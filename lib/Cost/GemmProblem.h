// What the search over tiles, splits and operand orders computes with; seen by the model's own files only.
#pragma once

#include "codesign/Cost/GemmModel.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>

namespace codesign {

inline constexpr int splits[] = {1, 2, 3, 4, 6, 8, 12, 16};
inline constexpr double depthStep = 64; // splits of k are multiples of it
inline constexpr double leastSplitDepth = 256;
inline constexpr double pairedRows = 1024; // from which on DeepGEMM multicasts rows to two workgroups
inline constexpr int scaledBlock = 128;    // rows of weights, columns of the product, that share a scale

/// A positive number rounded up, without a call where the target has no instruction for it.
inline double roundedUp(double value) {
  const double whole = static_cast<double>(static_cast<int64_t>(value));
  return whole + (whole < value);
}

/// A product as the tile loop sees it: m and n already exchanged when the operands are.
struct GemmModel::Problem {
  double m = 0, n = 0, k = 0, batch = 1;
  double bytesM = 2, bytesN = 2; // of an element of the operand along m, along n
  double elementBytes = 2;       // of both once widened to what the matrix units multiply
  double outputBytes = 2;
  double flopsPerClock = 0; // of one compute unit, alignment included
  double rateLimit = 0;     // FLOP/s of the device in sustained operation, 0 without
  double operands = 0;      // bytes of both
  double firstReads = 0;    // of them that come from HBM at least
  double leastTraffic = 0;  // seconds of HBM that no choice of tiles avoids
  double unitTraffic = 0;   // seconds of the first reads if every compute unit had its most in flight
  double leastRamp = 0;     // seconds
  double output = 0;        // bytes
  bool swapped = false;
  bool randomRows = false; // m is a mean: the last tile of each product of the batch is half full

  /// Tiles along m and along n, in whole clusters.
  double tilesDown(const GemmTile &tile) const {
    const double extent = double(tile.m) * tile.clusterM;
    return (randomRows ? std::max(1.0, m / extent + 0.5) : roundedUp(m / extent)) * tile.clusterM;
  }
  double tilesAcross(const GemmTile &tile) const {
    return roundedUp(n / (double(tile.n) * tile.clusterN)) * tile.clusterN;
  }
};

/// The summands of one candidate.
struct GemmModel::Terms {
  double mainLoop = 0, idleUnits = 0, memoryExcess = 0, epilogue = 0, split = 0, prologue = 0, power = 0,
         ramp = 0;
  double mma = 0, lds = 0, l2 = 0, hbm = 0; // resources
  const char *loopLimiter = "mma";
};

/// Every tile laid over one problem.
struct GemmModel::Grid {
  llvm::SmallVector<double, 128> tiles;  // workgroups without a split; infinite where a tile makes no sense
  llvm::SmallVector<double, 128> cycles; // of one workgroup per 64 of k
  llvm::SmallVector<double, 128> bound;  // seconds below which no unsplit candidate can be
};

} // namespace codesign
