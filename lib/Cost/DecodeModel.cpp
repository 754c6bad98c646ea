#include "codesign/Cost/DecodeModel.h"
#include <algorithm>
#include <cmath>

namespace codesign {

llvm::ArrayRef<ConstantField<DecodeConstants>> DecodeConstants::fields() {
  using C = DecodeConstants;
  static constexpr ConstantField<C> all[] = {
      {"grouped_launch", "seconds", "grouped kernel: launch above the device's floor", &C::groupedLaunch, 0,
       20e-6},
      {"grouped_launch_factor_64", "fraction", "grouped kernel: launch at head_dim 64 over other head dims",
       &C::groupedLaunchFactor64, 0.3, 4},
      {"grouped_fixed", "seconds", "grouped kernel: latency of a workgroup without its keys",
       &C::groupedFixed, 0.1e-6, 15e-6},
      {"grouped_fixed_per_head_dim", "seconds", "grouped kernel: more latency per 128 of head_dim",
       &C::groupedFixedPerHeadDim, 0, 6e-6},
      {"grouped_fixed_per_padding", "seconds",
       "grouped kernel: more latency per 8 further rows and 128 of head_dim", &C::groupedFixedPerPadding, 0,
       4e-6},
      {"grouped_key_block", "seconds", "grouped kernel: 128 keys at head_dim 128", &C::groupedKeyBlock,
       0.01e-6, 4e-6},
      {"grouped_padding_factor", "fraction",
       "grouped kernel: more time per key block for every 8 further rows", &C::groupedPaddingFactor, 0, 8},
      {"grouped_occupancy", "count", "grouped kernel: most workgroups on a compute unit",
       &C::groupedOccupancy, 0.5, 8},
      {"grouped_occupancy_head_dim", "count", "grouped kernel: workgroups that fit at head_dim 64",
       &C::groupedOccupancyHeadDim, 1, 20},
      {"grouped_occupancy_padding", "fraction", "grouped kernel: more space for every 8 further rows",
       &C::groupedOccupancyPadding, 0, 3},
      {"grouped_wave_rounding", "fraction", "grouped kernel: 0 for fractional waves, 1 for whole ones",
       &C::groupedWaveRounding, 0, 1},
      {"grouped_overlap", "exponent", "grouped kernel: norm that joins latency and traffic",
       &C::groupedOverlap, 1, 8},
      {"grouped_bandwidth", "fraction", "grouped kernel: share of the datasheet's bandwidth",
       &C::groupedBandwidth, 0.4, 1.1},
      {"grouped_reduce", "seconds", "grouped kernel: joining the splits of a sequence", &C::groupedReduce, 0,
       10e-6},
      {"grouped_reduce_per_wave", "seconds", "grouped kernel: the same per wave of sequences",
       &C::groupedReducePerWave, 0, 8e-6},
      {"grouped_idle_split", "fraction", "grouped kernel: cost of a split outside the window",
       &C::groupedIdleSplit, 0, 1},
      {"split_keys", "count", "grouped kernel: keys per split", &C::splitKeys, 64, 4096},
      {"head_launch", "seconds", "per-head kernel: launch above the device's floor", &C::headLaunch, 0,
       20e-6},
      {"head_fixed", "seconds", "per-head kernel: latency of the first wave", &C::headFixed, 0.2e-6, 15e-6},
      {"head_warm_up", "seconds", "per-head kernel: more latency once a workgroup's keys fill its threads",
       &C::headWarmUp, 0, 6e-6},
      {"head_next_wave", "seconds", "per-head kernel: latency of a further wave", &C::headNextWave, 0.5e-6,
       15e-6},
      {"head_key_block", "seconds", "per-head kernel: 64 keys at head_dim 128", &C::headKeyBlock, 0.02e-6,
       4e-6},
      {"head_split_keys", "count", "per-head kernel: fewest keys per split", &C::headSplitKeys, 32, 4096},
      {"head_split_slots", "count", "per-head kernel: workgroups per compute unit that splitting aims at",
       &C::headSplitSlots, 0.5, 12},
      {"head_wave_rounding", "fraction", "per-head kernel: 0 for fractional waves, 1 for whole ones",
       &C::headWaveRounding, 0, 1},
      {"head_reduce", "seconds", "per-head kernel: joining the splits", &C::headReduce, 0, 12e-6},
      {"head_reduce_per_wave", "seconds", "per-head kernel: the same per wave of heads",
       &C::headReducePerWave, 0, 12e-6},
      {"head_small_fixed", "seconds",
       "per-head kernel with small workgroups: latency of a wave of eight per unit", &C::headSmallFixed, 1e-6,
       20e-6},
      {"head_small_element_cycles", "cycles", "per-head kernel with small workgroups: one key element",
       &C::headSmallElementCycles, 1e-3, 2},
      {"head_overlap", "exponent", "per-head kernel: norm that joins latency and traffic", &C::headOverlap, 1,
       8},
      {"head_bandwidth", "fraction", "per-head kernel: share of the datasheet's bandwidth", &C::headBandwidth,
       0.4, 1.1},
  };
  return all;
}

DecodeModel::DecodeModel(const Profile &profile, const DecodeConstants &constants)
    : constants(constants), computeUnits(profile.compute.computeUnits), clock(profile.peakClock.value),
      memoryBandwidth(profile.memory.datasheetBandwidth.value),
      launchFloor(profile.launch.graphLaunchFloor.value) {}

static double keysRead(const DecodeAttentionShape &shape) {
  int64_t keys = shape.window > 0 ? std::min(shape.context, shape.window) : shape.context;
  return static_cast<double>(keys);
}

static double traffic(const DecodeAttentionShape &shape) {
  double cache = 2.0 * shape.batch * shape.keyValueHeads * keysRead(shape) * shape.headDim *
                 bytesPerElement(shape.keyValueType);
  double queryAndOutput = 4.0 * shape.batch * shape.heads * shape.headDim;
  return cache + queryAndOutput;
}

/// Partly whole waves: `rounding` of the step from a fractional count to the next whole one.
static double roundedWaves(double waves, double rounding) {
  waves = std::max(1.0, waves);
  return waves + rounding * (std::ceil(waves) - waves);
}

/// The longer of two overlapping times, and what imperfect overlap adds to it.
static double joined(double a, double b, double exponent) {
  double longer = std::max(a, b), ratio = std::min(a, b) / longer;
  return longer * std::pow(1 + std::pow(ratio, exponent), 1 / exponent);
}

static void addJoined(Breakdown &result, double latency, double memory, double exponent) {
  double body = joined(latency, memory, exponent);
  bool memoryBound = memory > latency;
  result.add(memoryBound ? "hbm" : "workgroup latency", memoryBound ? memory : latency);
  result.add("imperfect overlap", body - std::max(latency, memory));
  result.addResource("workgroup latency", latency);
  result.addResource("hbm", memory);
}

bool DecodeModel::usesGroupedKernel(const DecodeAttentionShape &shape) const {
  int64_t group = shape.heads / shape.keyValueHeads;
  if (group <= 1 || group > 32)
    return false;
  int64_t work = 4 * shape.keyValueHeads * shape.batch * std::max<int64_t>(1, (shape.context + 1) / 128);
  return bitWidth(shape.keyValueType) <= 8 || static_cast<double>(work) >= computeUnits;
}

Breakdown DecodeModel::breakdown(const DecodeAttentionShape &shape) const {
  assert(shape.batch > 0 && shape.context > 0 && shape.heads >= shape.keyValueHeads &&
         shape.keyValueHeads > 0);
  return usesGroupedKernel(shape) ? grouped(shape) : perHead(shape);
}

Breakdown DecodeModel::grouped(const DecodeAttentionShape &shape) const {
  const DecodeConstants &c = constants;
  const bool narrow = bitWidth(shape.keyValueType) <= 8;
  const int64_t group = shape.heads / shape.keyValueHeads;
  const double padding = group <= 8 ? 0 : group <= 16 ? 1 : 3; // further blocks of 8 query rows
  const double headDim = shape.headDim == 192 && !narrow ? 256 : static_cast<double>(shape.headDim);
  const double relativeHeadDim = headDim / 128;
  const double keys = keysRead(shape), context = shape.context + 1.0;
  const double sequences = static_cast<double>(shape.batch) * shape.keyValueHeads;

  const double splits =
      std::max(1.0, std::min(std::floor(context / c.splitKeys), std::floor(8 * computeUnits / sequences)));
  const double keysPerSplit = context / splits;
  const bool windowed = shape.window > 0 && shape.window < shape.context;
  // Splits are made over the whole context; those outside the window end at once.
  const double busy = std::min(splits, std::ceil(keys / keysPerSplit + (windowed ? 0.5 : 0)));
  const double occupancy =
      std::max(1.0, std::min(c.groupedOccupancy,
                             c.groupedOccupancyHeadDim /
                                 (shape.headDim / 64.0 * (1 + c.groupedOccupancyPadding * padding))));
  const double slots = computeUnits * occupancy;
  const double waves =
      roundedWaves(sequences * (busy + (splits - busy) * c.groupedIdleSplit) / slots, c.groupedWaveRounding);
  const double keyBlocks = std::min(keys, keysPerSplit) / 128;
  const double latency =
      waves * (c.groupedFixed + c.groupedFixedPerHeadDim * relativeHeadDim +
               c.groupedFixedPerPadding * padding * relativeHeadDim +
               keyBlocks * c.groupedKeyBlock * relativeHeadDim * (1 + c.groupedPaddingFactor * padding));

  Breakdown result;
  const double launch = launchFloor + c.groupedLaunch;
  result.add("launch", narrow && shape.headDim <= 64 ? launch * c.groupedLaunchFactor64 : launch);
  addJoined(result, latency, traffic(shape) / (c.groupedBandwidth * memoryBandwidth), c.groupedOverlap);
  if (splits > 1)
    result.add("split reduction", c.groupedReduce + c.groupedReducePerWave * sequences / slots);
  return result;
}

Breakdown DecodeModel::perHead(const DecodeAttentionShape &shape) const {
  const DecodeConstants &c = constants;
  const double headDim = shape.headDim, keys = keysRead(shape);
  const double heads = static_cast<double>(shape.batch) * shape.heads;
  double latency = 0, reduction = 0;
  if (heads <= 4 * computeUnits) {
    // Large workgroups, two to a compute unit; the keys are split while that leaves room.
    const double slots = 2 * computeUnits;
    const double splits = std::max(1.0, std::min(std::floor(shape.context / c.headSplitKeys),
                                                 std::floor(c.headSplitSlots * computeUnits / heads)));
    const double waves = roundedWaves(heads * splits / slots, c.headWaveRounding);
    const double warmUp = c.headWarmUp * std::min(1.0, keys * headDim / 8192);
    latency = c.headFixed + warmUp + (waves - 1) * (c.headNextWave + warmUp) +
              waves * (keys / splits / 64) * c.headKeyBlock * (headDim / 128);
    if (splits > 1)
      reduction = c.headReduce + c.headReducePerWave * heads / slots;
  } else {
    // Small workgroups, eight to a compute unit.
    const double waves = std::max(1.0, heads / (8 * computeUnits));
    latency = waves * (c.headSmallFixed + 8 * headDim * keys * c.headSmallElementCycles / clock);
  }

  Breakdown result;
  result.add("launch", launchFloor + c.headLaunch);
  addJoined(result, latency, traffic(shape) / (c.headBandwidth * memoryBandwidth), c.headOverlap);
  result.add("split reduction", reduction);
  return result;
}

} // namespace codesign
