#include "codesign/Cost/GemmModel.h"

#include <algorithm>
#include <cmath>

namespace codesign {

static constexpr double channelBytes = 256; // after which the next L2 channel of a CDNA device follows

llvm::ArrayRef<ConstantField<GemmConstants>> GemmConstants::fields() {
  using C = GemmConstants;
  static constexpr ConstantField<C> all[] = {
      {"mma_efficiency", "fraction", "share of the matrix units' issue rate that the main loop reaches",
       &C::mmaEfficiency, 0.1, 1},
      {"launch", "seconds", "time of an empty product", &C::launch, 0.5e-6, 20e-6},
      {"prologue_cycles", "cycles", "first loads of a workgroup before its first product", &C::prologueCycles,
       0, 4000},
      {"epilogue_cycles_per_line", "cycles", "conversion and store of 64 bytes of output",
       &C::epilogueCyclesPerLine, 0, 20},
      {"bandwidth", "fraction", "share of the datasheet's HBM bandwidth", &C::bandwidth, 0.3, 1},
      {"unit_bytes_per_clock", "bytes_per_clock", "L2 to one compute unit", &C::unitBytesPerClock, 8, 256},
      {"shared_efficiency", "fraction", "share of the LDS or shared-memory read rate", &C::sharedEfficiency,
       0.2, 1.2},
      {"step_overhead_cycles", "cycles", "barriers and bookkeeping per step of 64 of k",
       &C::stepOverheadCycles, 0, 1200},
      {"wave_rounding", "fraction", "1: the last wave costs a whole one; 0: work spreads evenly",
       &C::waveRounding, 0, 1},
      {"wave_drift", "fraction",
       "wave_rounding falls as 1 / (1 + wave_drift · waves): workgroups drift apart", &C::waveDrift, 0, 2},
      {"droop", "fraction", "rise of a long product's time as power limits the clock", &C::droop, 0, 0.6},
      {"droop_seconds", "seconds", "time after which half of the droop has set in", &C::droopSeconds, 5e-6,
       10e-3},
      {"split_launch", "seconds", "second kernel or signalling of split-K", &C::splitLaunch, 0, 15e-6},
      {"split_traffic", "fraction", "traffic of fp32 partial sums, relative to writing and reading them once",
       &C::splitTraffic, 0, 4},
      {"split_work", "fraction", "main-loop time of a split relative to an unsplit tile of the same depth",
       &C::splitWork, 0.8, 2},
      {"traffic_ramp", "sqrt_seconds", "times the square root of the traffic time: DRAM pages and ramp-up",
       &C::trafficRamp, 0, 2e-3},
      {"cache_share", "fraction", "share of the last-level cache that holds operands between waves",
       &C::cacheShare, 0, 2},
      {"unit_memory_bytes_per_clock", "bytes_per_clock", "HBM bytes that one compute unit can have in flight",
       &C::unitMemoryBytesPerClock, 4, 128},
      {"activation_traffic", "fraction", "share of the activations' first read that reaches HBM",
       &C::activationTraffic, 0, 1},
      {"step_latency_cycles", "cycles", "least time of a step of 64 of k: loads that no other work hides",
       &C::stepLatencyCycles, 0, 4000},
      {"output_overlap", "fraction", "share of the output's traffic that runs under the main loop",
       &C::outputOverlap, 0, 1},
      {"exposed_tile_cycles", "cycles", "first loads and store of every tile that nothing hides",
       &C::exposedTileCycles, 0, 20000},
      {"largest_tile", "elements", "largest side of the library's tiles, powers of two; 0: any tile",
       &C::largestTile, 0, 256},
      {"missing_row_seconds", "seconds", "per 128 of k and row that the last block of 64 or 128 rows lacks",
       &C::missingRowSeconds, 0, 5e-9},
      {"ruled_rows", "rows",
       "more take the tile of 128 rows and 16 to 128 columns with the fewest waves, then the fullest last "
       "one",
       &C::ruledRows, 0, 1e9},
      {"uneven_scale_cycles", "cycles",
       "per step of 64 of k where the columns of such a tile do not divide the 128 of a scale",
       &C::unevenScaleCycles, 0, 400},
      {"pair_gain", "fraction",
       "of the main loop of such tiles, side by side, that load their rows once, from 1024 rows on",
       &C::pairGain, 0, 0.5},
      {"missing_row_traffic", "fraction",
       "HBM traffic of rows past the last that tiles of 128 rows read, each for itself",
       &C::missingRowTraffic, 0, 2},
      {"row_conflict_cycles", "cycles",
       "per step of 64 of k and row of a tile's operands from beyond L2, where rows start at multiples of "
       "512 bytes",
       &C::rowConflictCycles, 0, 4},
      {"quantize_launch", "seconds", "smallest time of the pass that quantises activations",
       &C::quantizeLaunch, 0, 10e-6},
      {"quantize_traffic", "bytes", "traffic of that pass per element", &C::quantizeTraffic, 0, 12},
      {"aligned_2", "fraction", "main-loop rate when rows start at multiples of 2 bytes only (prior)",
       &C::aligned2, 0.1, 1},
      {"aligned_4", "fraction", "the same for 4 bytes (prior)", &C::aligned4, 0.1, 1},
      {"aligned_8", "fraction", "the same for 8 bytes (prior)", &C::aligned8, 0.1, 1},
      {"aligned_16", "fraction", "the same for 16 to 64 bytes (prior)", &C::aligned16, 0.1, 1},
  };
  return all;
}

GemmConstants GemmConstants::prior(const Profile &profile) {
  GemmConstants constants;
  if (profile.vendor == Vendor::Nvidia) {
    constants.aligned2 = 0.29;
    constants.aligned4 = 0.54;
    constants.aligned8 = 0.55;
    constants.aligned16 = 0.88;
  } else {
    constants.aligned2 = 0.5;
  }
  return constants;
}

bool rowsMeetInChannels(int64_t k, DataType type) {
  return std::fmod(double(k) * bytesPerElement(type), 2 * channelBytes) == 0;
}

int64_t spreadLeadingDimension(int64_t k, DataType type) {
  return k + static_cast<int64_t>(channelBytes / bytesPerElement(type));
}

std::vector<GemmTile> libraryTiles(const Profile &profile) {
  std::vector<GemmTile> tiles;
  const bool amd = profile.vendor == Vendor::Amd;
  const bool inPairs = amd || profile.architecture == Architecture::Sm80;
  std::vector<int> rows = {64, 128, 192, 256};
  std::vector<int> columns = {8, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256};
  if (amd) {
    rows = {16, 32, 64, 96, 128, 192, 256};
    columns = {16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256};
  } else if (profile.architecture == Architecture::Sm80) {
    // mma.sync: warps side by side, in powers of two. At 160 and 192 rows a product takes as long as at 256.
    rows = {64, 128, 256};
    columns = {32, 64, 128, 256};
  }
  // Accumulators and double-buffered fragments of 256 x 256 need tensor memory or AMD's 512 registers a lane.
  const int largest = amd || profile.tensorMemoryPerComputeUnit ? 65536 : 40960;
  for (int m : rows)
    for (int n : columns)
      if (m * n <= largest) {
        // AMD and Ampere: 2 x 2 waves from 64 on; Hopper: one warpgroup per 64 rows, each reading all of B's
        // part.
        const double groups = std::max(1, m / 64);
        tiles.push_back({.m = m,
                         .n = n,
                         .readsA = inPairs && n >= 64 ? 2.0 : 1.0,
                         .readsB = inPairs ? std::min(2.0, groups) : groups,
                         .maxSplitK = 64});
      }
  return tiles;
}

} // namespace codesign
