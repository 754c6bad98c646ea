// What the search over tiles, splits and operand orders computes with; seen by the model's own files only.
#pragma once

#include "codesign/Cost/GemmModel.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>
#include <cstdint>
#include <limits>

namespace codesign {

inline constexpr int splits[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64};
inline constexpr double depthStep = 64; // splits of k are multiples of it
inline constexpr double leastSplitDepth = 256;
inline constexpr double pairedRows = 1024; // from which on DeepGEMM multicasts rows to two workgroups
inline constexpr int scaledBlock = 128;    // rows of weights, columns of the product, that share a scale

/// Bounds lie a hair below the price itself: they are computed in single precision.
inline constexpr double boundMargin = 1 - 1e-5;

/// A number of at least 0 rounded up, without a call, a conversion or a branch: loops over it turn into
/// vectors.
template <class Real>
Real roundedUp(Real value) {
  // From here on numbers have no fraction.
  constexpr Real wholeOnly = Real(int64_t(1) << (std::numeric_limits<Real>::digits - 1));
  const Real nearest = (value + wholeOnly) - wholeOnly;
  return nearest + (nearest < value ? Real(1) : Real(0));
}

/// Waves of workgroups as time counts them, from their number not rounded. The last one costs more than its
/// share; the less, the more came before.
template <class Real>
Real countedWaves(Real waves, Real whole, Real rounding, Real drift) {
  return waves + rounding / (1 + drift * waves) * (whole - waves);
}

/// Cycles of one compute unit for 64 of k, by what a tile needs: per element of its area, …
template <class Real>
struct StepRates {
  Real mma, lds, l2M, l2N, askM, askN, latency;
  template <class Other>
  StepRates<Other> as() const {
    return {Other(mma), Other(lds), Other(l2M), Other(l2N), Other(askM), Other(askN), Other(latency)};
  }
};

/// The slower of arithmetic and operand delivery for 64 of k, plus what each step costs besides. `busy`: the
/// share of the compute units that have a tile.
template <class Real>
Real cyclesPerStep(const StepRates<Real> &rates, const TileStepOf<Real> &tile, Real workFactor, Real busy) {
  const Real mma = rates.mma * workFactor * tile.products, lds = rates.lds * tile.lds;
  const Real l2 = rates.l2M * tile.fetchedM + rates.l2N * tile.fetchedN;
  const Real asked = busy * (rates.askM * tile.askM + rates.askN * tile.askN);
  return std::max(std::max(std::max(mma, lds), std::max(l2, asked)), rates.latency) + tile.overhead;
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
  StepRates<double> rates{};
  double conflictM = 0, conflictN = 0; // cycles for 64 of k of a row of either operand from beyond L2
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
  double mma = 0, conversions = 0, lds = 0, l2 = 0, hbm = 0; // resources
  const char *loopLimiter = "mma";
};

/// Some tiles laid over one problem, in columns.
struct GemmModel::Block {
  static constexpr size_t most = 32;
  size_t size;
  float gridM[most], gridN[most];
  float tiles[most];             // workgroups without a split; infinite where a tile makes no sense
  float bytes[most], ramp[most]; // of operands from HBM, seconds
  float bound[most];             // seconds below which no unsplit candidate can be
  // Of a split: seconds of one workgroup per 64 of k, what stands besides the loop and the partial sums, and
  // the bound over all numbers of parts.
  float splitCycles[most], splitAside[most], splitBound[most];
  float streamBound[most]; // with Stream-K
  float lowest[most];      // the lowest of the bounds
};

/// How a Stream-K launch deals its work (docs/kernels.md): the longest part of a compute unit in tiles, the
/// units that have any, workgroups whose run is cut, and the most parts of a cut tile.
struct GemmModel::StreamRuns {
  double waves = 0, active = 0, cutWorkgroups = 0, parts = 1;
};

/// What splits of one product have in common: steps of 64 of k by number of parts, seconds of partial sums
/// for each part.
struct GemmModel::SplitCosts {
  double steps[std::size(splits)], traffic;
};

} // namespace codesign
