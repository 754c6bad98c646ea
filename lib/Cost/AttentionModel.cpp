#include "codesign/Cost/AttentionModel.h"
#include <algorithm>
#include <cmath>

namespace codesign {

llvm::ArrayRef<ConstantField<AttentionConstants>> AttentionConstants::fields() {
  using C = AttentionConstants;
  static constexpr ConstantField<C> all[] = {
      {"launch", "seconds", "launch and everything else that does not grow", &C::launch, 1e-6, 120e-6},
      {"mma_efficiency", "fraction", "share of the matrix peak in the two products", &C::mmaEfficiency, 0.05,
       1.2},
      {"softmax_cycles_per_score", "cycles", "exponential and rescaling per score, one compute unit",
       &C::softmaxCyclesPerScore, 0, 0.3},
      {"step_cycles_per_key", "cycles", "synchronisation per key column of a query tile",
       &C::stepCyclesPerKey, 0, 50},
      {"fixed_cycles_64", "cycles", "prologue and epilogue of a workgroup, head_dim up to 64",
       &C::fixedCycles64, 0, 60000},
      {"fixed_cycles_128", "cycles", "the same, head_dim up to 128", &C::fixedCycles128, 0, 60000},
      {"fixed_cycles_256", "cycles", "the same, head_dim up to 256", &C::fixedCycles256, 0, 60000},
      {"mask_cycles_per_score", "cycles", "extra per score in steps that apply the causal mask",
       &C::maskCyclesPerScore, 0, 0.4},
      {"window_mask_cycles_per_score", "cycles", "extra per score in steps at the far edge of a window",
       &C::windowMaskCyclesPerScore, 0, 3},
      {"window_factor", "fraction", "kernel time with a window over without, columns being equal",
       &C::windowFactor, 0.5, 3},
      {"tail", "fraction", "share of the longest workgroup that stands after the balanced work", &C::tail, 0,
       1.5},
      {"exposed_traffic", "fraction", "reads of q and writes of the output that no arithmetic hides",
       &C::exposedTraffic, 0, 6},
      {"droop", "fraction", "slow-down of long kernels by the power limit", &C::droop, 0, 0.4},
      {"droop_seconds", "seconds", "kernel time at which half of the droop is reached", &C::droopSeconds,
       1e-5, 2e-2},
      {"preparation_traffic", "fraction", "HBM time of the pass that rotates q and k and fills the cache",
       &C::preparationTraffic, 0, 6},
  };
  return all;
}

AttentionModel::AttentionModel(const Profile &profile, const AttentionConstants &constants)
    : constants(constants) {
  computeUnits = profile.compute.computeUnits;
  clock = profile.peakClock.value;
  memoryBandwidth = profile.memory.datasheetBandwidth.value;
  auto rate = [&](DataType type) {
    auto it = profile.peakMatrix.find(type);
    return it == profile.peakMatrix.end() ? 0 : it->second.value / computeUnits;
  };
  flopsPerUnit16 = rate(DataType::BF16);
  flopsPerUnit8 = profile.nativeFloat8() ? rate(*profile.nativeFloat8()) : 0;
  if (flopsPerUnit8 == 0)
    flopsPerUnit8 = flopsPerUnit16; // widened to 16 bit before the products
}

AttentionConstants AttentionModel::backwardPrior(const AttentionConstants &forward) {
  AttentionConstants backward = forward;
  backward.mmaEfficiency *= 0.85 / 2.5;
  backward.softmaxCyclesPerScore *= 2;
  backward.fixedCycles64 *= 3;
  backward.fixedCycles128 *= 3;
  backward.fixedCycles256 *= 3;
  backward.exposedTraffic *= 2.5; // q, o, dO and dQ instead of q and o, and dQ in fp32
  return backward;
}

static double roundDown(double value, double step) {
  return std::floor(value / step) * step;
}
static double roundUp(double value, double step) {
  return std::ceil(value / step) * step;
}

AttentionColumns AttentionModel::columns(const AttentionShape &shape) {
  const double queries = shape.queryLength, keys = shape.keyLength;
  const double rows = queryTile, step = keyTile;
  AttentionColumns result;
  const double tiles = result.queryTiles = std::ceil(queries / rows);
  if (!shape.causal) {
    result.longest = roundUp(keys, step);
    result.total = tiles * result.longest;
    return result;
  }

  const double offset = std::max(0.0, keys - queries); // of the first query's own key
  const bool windowed = shape.window > 0 && shape.window < keys;
  const double window = windowed ? static_cast<double>(shape.window) : keys;
  struct Tile {
    double columns, causal, window;
  };
  auto tileAt = [&](double i) {
    double end = roundUp(std::min(keys, offset + (i + 1) * rows), step);
    double begin = windowed ? std::max(0.0, roundDown(offset + i * rows - window, step)) : 0;
    double diagonal = roundDown(offset + i * rows, step);
    Tile tile{end - begin, end - std::max(begin, diagonal), 0};
    if (windowed && offset + (i + 1) * rows > window) {
      double edge = std::min(diagonal, roundUp(offset + (i + 1) * rows - window, step));
      tile.window = std::max(0.0, edge - begin);
    }
    return tile;
  };
  auto addTile = [&](Tile tile, double count) {
    result.total += count * tile.columns;
    result.causalMasked += count * tile.causal;
    result.windowMasked += count * tile.window;
    result.longest = std::max(result.longest, tile.columns);
  };

  // The last tile may be partial; before it, tiles grow by `rows` columns each until the window starts to
  // bite, and from `steady` on they are all alike.
  const double last = tiles - 1;
  double ramp = windowed ? std::clamp(std::floor((window - offset) / rows), 0.0, last) : last;
  if (ramp > 0) {
    Tile first = tileAt(0), final = tileAt(ramp - 1);
    result.total += ramp * (first.columns + final.columns) / 2;
    result.causalMasked += ramp * first.causal;
    result.longest = final.columns;
  }
  double steady = std::clamp(std::ceil((window + step - offset) / rows), ramp, last);
  for (double i = ramp; i < steady; ++i)
    addTile(tileAt(i), 1);
  if (steady < last)
    addTile(tileAt(steady), last - steady);
  addTile(tileAt(last), 1);
  return result;
}

static bool isNarrow(const AttentionShape &shape) {
  return bitWidth(shape.keyValueType) <= 8 || bitWidth(shape.type) <= 8;
}

Breakdown AttentionModel::breakdown(const AttentionShape &shape) const {
  assert(shape.batch > 0 && shape.queryLength > 0 && shape.heads > 0 && shape.keyValueHeads > 0 &&
         shape.headDim > 0);
  const AttentionConstants &c = constants;
  const AttentionColumns columns = AttentionModel::columns(shape);
  const bool windowed = shape.causal && shape.window > 0 && shape.window < shape.keyLength;
  const double factor = windowed ? c.windowFactor : 1;
  const double rows = queryTile, headDim = roundUp(shape.headDim, 64);
  const double flopsPerUnit = isNarrow(shape) ? flopsPerUnit8 : flopsPerUnit16;

  const double mmaPerColumn = factor * rows * 4 * headDim / (flopsPerUnit * c.mmaEfficiency);
  const double softmaxPerColumn = factor * (rows * c.softmaxCyclesPerScore + c.stepCyclesPerKey) / clock;
  const double fixedCycles = shape.headDim <= 64    ? c.fixedCycles64
                             : shape.headDim <= 128 ? c.fixedCycles128
                                                    : c.fixedCycles256;
  const double fixed = factor * fixedCycles / clock;
  const double masked =
      factor * rows / clock *
      (columns.causalMasked * c.maskCyclesPerScore + columns.windowMasked * c.windowMaskCyclesPerScore);

  const double heads = static_cast<double>(shape.batch) * shape.heads;
  const double workgroups = heads * columns.queryTiles;
  const double longest = columns.longest * (mmaPerColumn + softmaxPerColumn) + fixed;
  double mma = heads * columns.total * mmaPerColumn / computeUnits;
  double softmax = heads * (columns.total * softmaxPerColumn + masked) / computeUnits;
  double prologue = workgroups * fixed / computeUnits;
  double tail = 0;
  if (workgroups <= computeUnits) {
    mma = columns.longest * mmaPerColumn;
    softmax = columns.longest * softmaxPerColumn;
    prologue = fixed;
  } else {
    double waves = workgroups / computeUnits;
    tail = shape.causal ? c.tail * longest : c.tail * (std::ceil(waves) - waves) * longest;
    tail = std::max(tail, longest - mma - softmax - prologue);
  }

  const double tokens = static_cast<double>(shape.batch) * shape.queryLength;
  const double keyTokens = static_cast<double>(shape.batch) * shape.keyLength;
  const double queryBytes = isNarrow(shape) ? 1 : 2, keyBytes = bytesPerElement(shape.keyValueType);
  const double queryTraffic = 2 * tokens * shape.heads * shape.headDim * queryBytes / memoryBandwidth;
  const double memory =
      queryTraffic + 2 * keyTokens * shape.keyValueHeads * shape.headDim * keyBytes / memoryBandwidth;
  double body = mma + softmax + prologue + tail;
  const double memoryWait = std::max(0.0, memory - body);
  const double exposed = c.exposedTraffic * queryTraffic;
  body += memoryWait + exposed;

  Breakdown result;
  result.add("launch", c.launch);
  result.add("mma", mma);
  result.add("softmax", softmax);
  result.add("workgroup prologue", prologue);
  result.add("tail", tail);
  result.add("memory", memoryWait);
  result.add("exposed traffic", exposed);
  result.add("power droop", body * c.droop * body / (body + c.droopSeconds));
  result.addResource("mma", heads * columns.total * mmaPerColumn / computeUnits);
  result.addResource("hbm", memory);
  return result;
}

Seconds AttentionModel::preparation(const AttentionShape &shape) const {
  double elements = static_cast<double>(shape.batch) * shape.queryLength * shape.headDim;
  double queryBytes = isNarrow(shape) ? 1 : 2, keyBytes = bytesPerElement(shape.keyValueType);
  double traffic = elements * ((shape.heads + 2.0 * shape.keyValueHeads) * 2 + shape.heads * queryBytes +
                               2 * shape.keyValueHeads * keyBytes);
  return Seconds(constants.preparationTraffic * traffic / memoryBandwidth);
}

} // namespace codesign
