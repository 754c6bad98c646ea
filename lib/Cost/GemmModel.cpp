#include "codesign/Cost/GemmModel.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace codesign {

/// A product as the tile loop sees it: m and n already exchanged when the operands are.
struct GemmModel::Problem {
  double m = 0, n = 0, k = 0, batch = 1;
  double inputBytes = 2, outputBytes = 2;
  double flopsPerClock = 0; // of one compute unit, alignment included
  double rateLimit = 0;     // FLOP/s of the device in sustained operation, 0 without
  double operands = 0;      // bytes of both
  double firstReads = 0;    // of them that come from HBM at least
  double output = 0;        // bytes
  bool swapped = false;
};

/// The summands of one candidate.
struct GemmModel::Terms {
  double mainLoop = 0, idleUnits = 0, memoryExcess = 0, epilogue = 0, split = 0, prologue = 0, power = 0,
         ramp = 0;
  double mma = 0, lds = 0, l2 = 0, hbm = 0; // resources
  const char *loopLimiter = "mma";
};

static constexpr int splits[] = {1, 2, 3, 4, 6, 8, 12, 16};
static constexpr double depthStep = 64; // splits of k are multiples of it
static constexpr double leastSplitDepth = 256;

/// Quotient rounded up, of positive whole numbers far below 2^53.
static double ceilQuotient(double value, int divisor) {
  return static_cast<double>((static_cast<int64_t>(value) + divisor - 1) / divisor);
}

GemmModel::GemmModel(const Profile &profile, const GemmConstants &constants, GemmKernels kernels,
                     bool sustained)
    : constants(constants), kernels(std::move(kernels)), computeUnits(profile.compute.computeUnits),
      clock(profile.peakClock.value),
      memoryBandwidth(constants.bandwidth * profile.memory.datasheetBandwidth.value),
      cachedBytes(constants.cacheShare * profile.totalSizeOf(profile.lastLevelCache()).value),
      sharedBytesPerClock(constants.sharedEfficiency * profile.shared.bytesPerClock) {
  for (size_t i = 0; i < matrixRates.size(); ++i) {
    // Types the matrix units lack run as bf16; 8-bit floats of the other encoding as the device's own.
    auto type = static_cast<DataType>(i);
    if (isFloat8(type))
      type = profile.nativeFloat8().value_or(DataType::BF16);
    if (profile.matrixFlopsPerClockPerComputeUnit(type) == 0)
      type = DataType::BF16;
    matrixRates[i] = {profile.matrixFlopsPerClockPerComputeUnit(type),
                      sustained ? profile.achievableMatrixFor(type).value : 0};
  }
}

double GemmModel::alignmentFactor(const GemmShape &shape) const {
  const auto alignmentOf = [](int64_t elements, double bytes) {
    const auto rowBytes = static_cast<int64_t>(elements * bytes);
    return rowBytes & -rowBytes;
  };
  const int64_t alignment = std::min(alignmentOf(shape.k, bytesPerElement(shape.input)),
                                     alignmentOf(shape.n, bytesPerElement(shape.output)));
  if (alignment <= 2)
    return constants.aligned2;
  if (alignment == 4)
    return constants.aligned4;
  if (alignment == 8)
    return constants.aligned8;
  return alignment < 128 ? constants.aligned16 : 1;
}

GemmModel::Problem GemmModel::problemOf(const GemmShape &shape, bool swapped) const {
  const MatrixRate &rate = matrixRates[static_cast<size_t>(shape.input)];
  Problem problem;
  problem.m = static_cast<double>(swapped ? shape.n : shape.m);
  problem.n = static_cast<double>(swapped ? shape.m : shape.n);
  problem.k = static_cast<double>(shape.k);
  problem.batch = static_cast<double>(shape.batch);
  problem.inputBytes = bytesPerElement(shape.input);
  problem.outputBytes = bytesPerElement(shape.output);
  problem.flopsPerClock = rate.flopsPerClock * constants.mmaEfficiency * alignmentFactor(shape);
  problem.rateLimit = rate.limit;
  const double perColumn = problem.k * problem.inputBytes * problem.batch;
  problem.operands = (problem.m + problem.n) * perColumn;
  problem.firstReads =
      (constants.activationTraffic * static_cast<double>(shape.m) + static_cast<double>(shape.n)) * perColumn;
  problem.output = problem.m * problem.n * problem.batch * problem.outputBytes;
  problem.swapped = swapped;
  return problem;
}

double GemmModel::price(const Problem &p, const GemmTile &tile, int split, Terms *terms) const {
  const double gridM = ceilQuotient(p.m, tile.m), gridN = ceilQuotient(p.n, tile.n);
  const double steps = std::ceil(p.k / (depthStep * split)), depth = depthStep * steps;
  const double tileCount = gridM * gridN * split * p.batch;
  const double fractional = std::max(1.0, tileCount / computeUnits);
  const double waves =
      fractional + constants.waveRounding * (std::ceil(tileCount / computeUnits) - fractional);
  const double active = std::min<double>(tileCount, computeUnits);

  // One tile, in cycles of its compute unit.
  const double mma = 2.0 * tile.m * tile.n * depth / p.flopsPerClock * (split > 1 ? constants.splitWork : 1);
  const double lds =
      (tile.m * tile.readsA + tile.n * tile.readsB) * p.inputBytes * depth / sharedBytesPerClock;
  const double l2 = (tile.m + tile.n) * p.inputBytes * depth / constants.unitBytesPerClock;
  const double latency = constants.stepLatencyCycles * steps;
  const double overhead = constants.stepOverheadCycles * depth / tile.depth;
  const double perTile = (std::max({mma, lds, l2, latency}) + overhead) / clock;

  // Traffic: operands once if the cache keeps them, else what each wave of near-square concurrent tiles
  // reloads.
  double bytes = p.firstReads;
  if (p.operands > cachedBytes) {
    const double concurrent = std::max(1.0, active / split);
    const double tilesM = std::clamp(std::sqrt(concurrent * tile.n / tile.m), 1.0, gridM);
    const double tilesN = std::min(gridN, std::max(1.0, concurrent / tilesM));
    const double perWave = (tilesM * tile.m + tilesN * tile.n) * p.inputBytes * p.k;
    bytes = std::max(bytes, perWave * gridM * gridN * p.batch / (tilesM * tilesN));
  }
  double hbm = (bytes + constants.outputOverlap * p.output) / memoryBandwidth;
  if (active < computeUnits) // few workgroups cannot keep enough loads in flight
    hbm = std::max(hbm, bytes / (active * constants.unitMemoryBytesPerClock * clock));

  const double main = std::max(waves * perTile, hbm);
  const double epilogue =
      std::max(constants.epilogueCyclesPerLine * tile.m * tile.n * p.outputBytes / 64 / clock,
               (1 - constants.outputOverlap) * p.output / memoryBandwidth);
  const double body = main + epilogue;
  const double mmaShare = std::min(1.0, fractional * mma / clock / body);
  double power = body * constants.droop * mmaShare * body / (body + constants.droopSeconds);
  if (p.rateLimit > 0)
    power = std::max(power, 2.0 * p.m * p.n * p.k * p.batch / p.rateLimit - body);
  const double ramp = constants.trafficRamp * std::sqrt(bytes / memoryBandwidth);
  const double splitCost = split > 1 ? constants.splitLaunch + constants.splitTraffic * 4.0 * p.m * p.n *
                                                                   p.batch * split / memoryBandwidth
                                     : 0;
  const double prologue = constants.prologueCycles / clock;
  if (terms) {
    const double ideal = fractional * perTile;
    terms->mainLoop = std::min(ideal, main);
    terms->idleUnits = std::max(0.0, std::min(waves * perTile, main) - ideal);
    terms->memoryExcess = main - terms->mainLoop - terms->idleUnits;
    terms->epilogue = epilogue;
    terms->split = splitCost;
    terms->prologue = prologue;
    terms->power = power;
    terms->ramp = ramp;
    terms->mma = fractional * mma / clock;
    terms->lds = fractional * lds / clock;
    terms->l2 = fractional * l2 / clock;
    terms->hbm = hbm;
    const double slowest = std::max({mma, lds, l2, latency});
    terms->loopLimiter = hbm >= waves * perTile ? "hbm"
                         : mma == slowest       ? "mma"
                         : lds == slowest       ? "lds"
                         : l2 == slowest        ? "l2"
                                                : "load latency";
  }
  return prologue + body + power + ramp + splitCost;
}

/// Tiles more than twice an extent only add padding; the smallest of each side stay in.
bool GemmModel::isSensible(const Problem &problem, const GemmTile &tile) const {
  return (tile.m <= 2 * problem.m || tile.m <= 64) && (tile.n <= 2 * problem.n || tile.n <= 16);
}

/// Splitting pays only where compute units would idle, and each part needs some depth.
bool GemmModel::canSplit(const Problem &problem, double grid, int split) const {
  return split == 1 ||
         (split <= kernels.maxSplitK && grid < computeUnits && problem.k >= leastSplitDepth * split);
}

/// No candidate with this tile is faster, whatever its split.
double GemmModel::lowerBound(const Problem &problem, const GemmTile &tile, double grid) const {
  const double mma = 2.0 * tile.m * tile.n / problem.flopsPerClock * std::min(1.0, constants.splitWork);
  const double l2 = (tile.m + tile.n) * problem.inputBytes / constants.unitBytesPerClock;
  return (std::max(mma, l2) * grid * problem.k / computeUnits + constants.prologueCycles) / clock;
}

double GemmModel::best(const GemmShape &shape, GemmCandidate &candidate) const {
  double bestSeconds = std::numeric_limits<double>::infinity();
  for (bool swapped : {false, true}) {
    if (swapped && !kernels.swapsOperands)
      break;
    const Problem problem = problemOf(shape, swapped);
    for (const GemmTile &tile : kernels.tiles) {
      if (!isSensible(problem, tile))
        continue;
      const double grid = ceilQuotient(problem.m, tile.m) * ceilQuotient(problem.n, tile.n) * problem.batch;
      if (lowerBound(problem, tile, grid) >= bestSeconds)
        continue;
      for (int split : splits) {
        if (!canSplit(problem, grid, split))
          break;
        const double seconds = price(problem, tile, split, nullptr);
        if (seconds < bestSeconds) {
          bestSeconds = seconds;
          candidate = {static_cast<size_t>(&tile - kernels.tiles.data()), split, swapped};
        }
      }
    }
  }
  return bestSeconds;
}

/// Kernels that need whole row blocks.
double GemmModel::partialBlock(const GemmShape &shape) const {
  if (constants.missingRowSeconds == 0 || shape.m <= 16)
    return 0;
  const double missing = static_cast<double>(llvm::alignTo(shape.m, shape.m > 64 ? 128 : 64) - shape.m);
  return constants.missingRowSeconds * missing * static_cast<double>(shape.k) / 128;
}

double GemmModel::quantization(const GemmShape &shape) const {
  const double elements = static_cast<double>(shape.m) * static_cast<double>(shape.k);
  return std::max(constants.quantizeLaunch, constants.quantizeTraffic * elements / memoryBandwidth);
}

Seconds GemmModel::time(const GemmShape &shape, bool withQuantization) const {
  GemmCandidate candidate;
  return Seconds(constants.launch + best(shape, candidate) + partialBlock(shape) +
                 (withQuantization ? quantization(shape) : 0));
}

Seconds GemmModel::timeAmong(const GemmShape &shape, llvm::ArrayRef<GemmCandidate> candidates,
                             bool withQuantization) const {
  double bestSeconds = std::numeric_limits<double>::infinity();
  const Problem problems[] = {problemOf(shape, false), problemOf(shape, true)};
  for (const GemmCandidate &candidate : candidates)
    bestSeconds = std::min(bestSeconds, price(problems[candidate.swapped ? 1 : 0],
                                              kernels.tiles[candidate.tile], candidate.splitK, nullptr));
  return Seconds(constants.launch + bestSeconds + partialBlock(shape) +
                 (withQuantization ? quantization(shape) : 0));
}

std::vector<GemmCandidate> GemmModel::candidates(const GemmShape &shape) const {
  std::vector<GemmCandidate> all;
  for (bool swapped : {false, true}) {
    if (swapped && !kernels.swapsOperands)
      break;
    const Problem problem = problemOf(shape, swapped);
    for (const GemmTile &tile : kernels.tiles) {
      if (!isSensible(problem, tile))
        continue;
      const double grid = ceilQuotient(problem.m, tile.m) * ceilQuotient(problem.n, tile.n) * problem.batch;
      for (int split : splits)
        if (canSplit(problem, grid, split))
          all.push_back({static_cast<size_t>(&tile - kernels.tiles.data()), split, swapped});
    }
  }
  return all;
}

std::vector<GemmCandidate> GemmModel::cheapest(const GemmShape &shape, size_t count) const {
  struct Priced {
    double seconds;
    GemmCandidate candidate;
  };
  const Problem problems[] = {problemOf(shape, false), problemOf(shape, true)};
  std::vector<Priced> priced;
  for (const GemmCandidate &candidate : candidates(shape))
    priced.push_back(
        {price(problems[candidate.swapped ? 1 : 0], kernels.tiles[candidate.tile], candidate.splitK, nullptr),
         candidate});
  count = std::min(count, priced.size());
  std::partial_sort(priced.begin(), priced.begin() + count, priced.end(),
                    [](const Priced &a, const Priced &b) { return a.seconds < b.seconds; });
  std::vector<GemmCandidate> result;
  for (size_t i = 0; i < count; ++i)
    result.push_back(priced[i].candidate);
  return result;
}

Breakdown GemmModel::breakdown(const GemmShape &shape, GemmChoice *choice, bool withQuantization) const {
  assert(shape.m > 0 && shape.n > 0 && shape.k > 0 && shape.batch > 0);
  Breakdown result;
  if (kernels.tiles.empty()) {
    result.add("no kernel", std::numeric_limits<double>::infinity());
    return result;
  }
  GemmCandidate found;
  best(shape, found);
  const Problem problem = problemOf(shape, found.swapped);
  Terms terms;
  const GemmTile &tile = kernels.tiles[found.tile];
  price(problem, tile, found.splitK, &terms);

  if (choice) {
    const double gridM = ceilQuotient(problem.m, tile.m), gridN = ceilQuotient(problem.n, tile.n);
    choice->tile = tile;
    choice->tileIndex = found.tile;
    choice->splitK = found.splitK;
    choice->swapped = found.swapped;
    choice->tiles = static_cast<int64_t>(gridM * gridN * problem.batch) * found.splitK;
    choice->waves = double(choice->tiles) / computeUnits;
    const double last = choice->waves - std::floor(choice->waves);
    choice->lastWaveUse = last == 0 ? 1 : last;
    choice->paddedShare = 1 - problem.m * problem.n / (gridM * tile.m * gridN * tile.n);
  }

  result.add("launch", constants.launch);
  result.add("prologue", terms.prologue);
  result.add(terms.loopLimiter, terms.mainLoop + terms.memoryExcess);
  result.add("last wave", terms.idleUnits);
  result.add("epilogue", terms.epilogue);
  result.add("power limit", terms.power);
  result.add("memory ramp", terms.ramp);
  result.add("split-K", terms.split);
  result.add("partial row block", partialBlock(shape));
  if (withQuantization)
    result.add("quantize", quantization(shape));
  result.addResource("mma", terms.mma);
  result.addResource("lds", terms.lds);
  result.addResource("l2", terms.l2);
  result.addResource("hbm", terms.hbm);
  return result;
}

} // namespace codesign
