#include "codesign/Cost/GroupedGemmModel.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace codesign {

static constexpr double tileColumns = 128;
static constexpr double tileRows[] = {16, 32, 64, 128, 256};

llvm::ArrayRef<ConstantField<GroupedGemmConstants>> GroupedGemmConstants::fields() {
  using C = GroupedGemmConstants;
  static constexpr ConstantField<C> all[] = {
      {"mma_efficiency", "fraction", "share of the matrix peak in a full tile", &C::mmaEfficiency, 0.1, 1},
      {"tile_row_overhead", "rows", "rows by which every tile costs more than it holds", &C::tileRowOverhead,
       0, 200},
      {"tile_prologue", "seconds", "fixed cost of a tile", &C::tilePrologue, 0, 8e-6},
      {"wave_rounding", "fraction", "1: the last wave costs a whole one; 0: work spreads evenly",
       &C::waveRounding, 0, 1},
      {"unit_bytes_per_clock", "bytes_per_clock", "operand stream into one compute unit",
       &C::unitBytesPerClock, 4, 256},
      {"activation_traffic", "fraction", "HBM traffic of rows in and out over once each",
       &C::activationTraffic, 0, 15},
      {"weight_reread", "fraction", "HBM share of a weight tile that a further row tile reads again",
       &C::weightReread, 0, 1},
      {"bandwidth", "fraction", "share of the datasheet's bandwidth", &C::bandwidth, 0.3, 1.05},
      {"overlap", "exponent", "norm that joins arithmetic and traffic", &C::overlap, 1, 8},
      {"busiest_factor", "fraction", "skewed routing: rows of the busiest rank over the law's expectation",
       &C::busiestFactor, 0.5, 3},
      {"busiest_exponent", "exponent",
       "skewed routing: growth of that factor with the number of expert ranks", &C::busiestExponent, -0.5,
       0.5},
      {"routing_launch", "seconds", "kernels around the products", &C::routingLaunch, 1e-6, 80e-6},
      {"routing_per_expert", "seconds", "sorting, per local expert", &C::routingPerExpert, 0, 1e-6},
      {"permute_traffic", "fraction", "traffic per routed row, in rows of hidden size", &C::permuteTraffic, 0,
       10},
      {"finish_traffic", "fraction", "traffic per token, in rows of hidden size", &C::finishTraffic, 0, 10},
  };
  return all;
}

GroupedGemmModel::GroupedGemmModel(const Profile &profile, const GroupedGemmConstants &constants)
    : constants(constants), profile(&profile), computeUnits(profile.compute.computeUnits),
      clock(profile.peakClock.value), memoryBandwidth(profile.memory.datasheetBandwidth.value),
      launchFloor(profile.launch.graphLaunchFloor.value) {}

double GroupedGemmModel::flopsPerUnit(DataType type) const {
  auto it = profile->peakMatrix.find(profile->matrixTypeFor(type));
  assert(it != profile->peakMatrix.end());
  return it->second.value / computeUnits;
}

ExpertLoads GroupedGemmModel::loads(const GroupedGemmShape &shape, ExpertSpread spread) const {
  double ranks = static_cast<double>(shape.experts) / shape.localExperts;
  return ExpertLoads::of(shape, spread, constants.busiestFactor * std::pow(ranks, constants.busiestExponent));
}

static double joined(double a, double b, double exponent) {
  double longer = std::max(a, b);
  return longer > 0 ? longer * std::pow(1 + std::pow(std::min(a, b) / longer, exponent), 1 / exponent) : 0;
}

GroupedGemmModel::Work GroupedGemmModel::rowsTimesWeights(const GroupedGemmShape &shape,
                                                          const ExpertLoads &loads) const {
  const GroupedGemmConstants &c = constants;
  const double n = shape.n, k = shape.k;
  const double weightBytes = bytesPerElement(shape.input), outputBytes = bytesPerElement(shape.output);
  // A type that the matrix units lack is one of weights only.
  const double rowBytes = std::max(weightBytes, bytesPerElement(profile->matrixTypeFor(shape.input)));
  const double rate = flopsPerUnit(shape.input) * c.mmaEfficiency, rows = loads.rows(),
               touched = loads.touched();
  const double columnTiles = std::ceil(n / tileColumns);
  Work best;
  double bestTime = std::numeric_limits<double>::infinity();
  for (double tile : tileRows) {
    const double rowTiles = loads.rowTiles(tile);
    const double mma = 2 * (tile + c.tileRowOverhead) * tileColumns * k / rate;
    const double stream =
        (std::min(tile, rows) * rowBytes + tileColumns * weightBytes) * k / (c.unitBytesPerClock * clock);
    const double fractional = std::max(1.0, rowTiles * columnTiles / computeUnits);
    const double waves = fractional + c.waveRounding * (std::ceil(fractional) - fractional);
    Work work;
    work.streamed = stream > mma + c.tilePrologue;
    work.compute = waves * std::max(mma + c.tilePrologue, stream);
    const double weights =
        (touched + c.weightReread * std::max(0.0, rowTiles - touched)) * n * k * weightBytes;
    work.memory = (weights + c.activationTraffic * rows * (k * rowBytes + n * outputBytes)) /
                  (c.bandwidth * memoryBandwidth);
    double time = joined(work.compute, work.memory, c.overlap);
    if (time < bestTime) {
      bestTime = time;
      best = work;
    }
  }
  return best;
}

GroupedGemmModel::Work GroupedGemmModel::weightGradient(const GroupedGemmShape &shape,
                                                        const ExpertLoads &loads) const {
  const GroupedGemmConstants &c = constants;
  const double n = shape.n, k = shape.k;
  const double inputBytes = bytesPerElement(shape.input), outputBytes = bytesPerElement(shape.output);
  const double rate = flopsPerUnit(shape.input) * c.mmaEfficiency;
  Work best;
  double bestTime = std::numeric_limits<double>::infinity();
  for (double tile : {64.0, 128.0, 256.0}) {
    const double tilesPerExpert = std::ceil(n / tile) * std::ceil(k / tileColumns);
    double busy = 0; // of one compute unit
    for (const ExpertLoad &load : loads.groups())
      busy += load.count * tilesPerExpert *
              (2 * (tile + c.tileRowOverhead) * tileColumns * load.rows / rate + c.tilePrologue);
    const double waves = std::max(1.0, loads.touched() * tilesPerExpert / computeUnits);
    Work work;
    work.compute = busy / computeUnits * std::ceil(waves) / waves;
    work.memory =
        (loads.touched() * n * k * outputBytes + c.activationTraffic * loads.rows() * (n + k) * inputBytes) /
        (c.bandwidth * memoryBandwidth);
    double time = joined(work.compute, work.memory, c.overlap);
    if (time < bestTime) {
      bestTime = time;
      best = work;
    }
  }
  return best;
}

Breakdown GroupedGemmModel::breakdown(const GroupedGemmShape &shape, ExpertSpread spread) const {
  assert(shape.rows > 0 && shape.n > 0 && shape.k > 0);
  const ExpertLoads loads = this->loads(shape, spread);
  const Work work =
      shape.pass == Pass::WeightGradient ? weightGradient(shape, loads) : rowsTimesWeights(shape, loads);
  const bool memoryBound = work.memory > work.compute;
  const char *arithmetic = work.streamed ? "operand stream" : "mma";
  Breakdown result;
  result.add("launch", launchFloor);
  result.add(memoryBound ? "hbm" : arithmetic, std::max(work.compute, work.memory));
  result.add("imperfect overlap",
             joined(work.compute, work.memory, constants.overlap) - std::max(work.compute, work.memory));
  result.addResource(arithmetic, work.compute);
  result.addResource("hbm", work.memory);
  return result;
}

Breakdown GroupedGemmModel::routing(const MoeRoutingShape &shape, double rows) const {
  const double rowBytes = shape.hiddenSize * bytesPerElement(shape.type);
  Breakdown result;
  result.add("launch", launchFloor + constants.routingLaunch);
  result.add("sort", shape.localExperts * constants.routingPerExpert);
  result.add("hbm", (constants.permuteTraffic * rows + constants.finishTraffic * shape.tokens) * rowBytes /
                        memoryBandwidth);
  result.addResource("hbm", (rows + shape.tokens) * rowBytes / memoryBandwidth);
  return result;
}

Breakdown GroupedGemmModel::routing(const MoeRoutingShape &shape) const {
  double rows = static_cast<double>(shape.tokens) * shape.topK * shape.localExperts / shape.experts;
  return routing(shape, rows);
}

} // namespace codesign
