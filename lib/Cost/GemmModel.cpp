#include "codesign/Cost/GemmModel.h"

#include "GemmProblem.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace codesign {

GemmModel::GemmModel(const Profile &profile, const GemmConstants &constants, GemmKernels given,
                     bool sustained)
    : constants(constants), kernels(std::move(given)), sustained(sustained),
      computeUnits(profile.compute.computeUnits), clock(profile.peakClock.value),
      memoryBandwidth(constants.bandwidth * profile.memory.datasheetBandwidth.value),
      cachedBytes(constants.cacheShare * profile.totalSizeOf(profile.lastLevelCache()).value),
      lastLevelBytes(profile.totalSizeOf(profile.lastLevelCache()).value),
      achievedBandwidth(profile.memory.achievedReadBandwidth.value),
      sharedBytesPerClock(constants.sharedEfficiency * profile.shared.bytesPerClock) {
  const Cache *l2 = profile.findCache("L2");
  const Cache &shared = l2 ? *l2 : profile.lastLevelCache();
  sharedCaches = profile.instancesOf(shared);
  sharedCacheBytes = shared.instanceSize.value;
  for (size_t i = 0; i < matrixRates.size(); ++i) {
    const auto type = static_cast<DataType>(i);
    const DataType matrixType = profile.matrixTypeFor(type);
    matrixRates[i] = {profile.matrixFlopsPerClockPerComputeUnit(matrixType),
                      sustained ? profile.achievableMatrixFor(matrixType).value : 0,
                      std::max(bytesPerElement(type), bytesPerElement(matrixType))};
  }
  if (constants.largestTile > 0)
    llvm::erase_if(kernels.tiles, [&](const GemmTile &tile) {
      return std::max(tile.m, tile.n) > constants.largestTile || !llvm::isPowerOf2_32(tile.m) ||
             !llvm::isPowerOf2_32(tile.n);
    });
  addRuledTiles();
  fillColumns();
}

/// The tiles that a rule chooses from, after the others, which serve the rows below.
void GemmModel::addRuledTiles() {
  firstRuled = kernels.tiles.size();
  if (constants.ruledRows <= 0)
    return;
  const int freeRows = static_cast<int>(constants.ruledRows);
  for (GemmTile &tile : kernels.tiles)
    tile.maxRows = freeRows;
  for (int n = 16; n <= scaledBlock; n += 8)
    kernels.tiles.push_back({.m = 128, .n = n, .readsB = 2, .minRows = freeRows + 1});
}

GemmCandidate GemmModel::ruledChoice(const GemmShape &shape) const {
  GemmCandidate choice;
  int64_t fewest = std::numeric_limits<int64_t>::max(), fullest = 0;
  for (size_t t = firstRuled; t < kernels.tiles.size(); ++t) {
    const GemmTile &tile = kernels.tiles[t];
    const auto count = static_cast<int64_t>(llvm::divideCeil(shape.m, int64_t(tile.m)) *
                                            llvm::divideCeil(shape.n, int64_t(tile.n)) * shape.batch);
    const auto waves = static_cast<int64_t>(llvm::divideCeil(count, int64_t(computeUnits)));
    const int64_t last = count - (waves - 1) * computeUnits;
    if (waves < fewest || (waves == fewest && last > fullest)) {
      fewest = waves;
      fullest = last;
      choice.tile = t;
    }
  }
  return choice;
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

/// Kernels that need whole row blocks.
double GemmModel::partialBlock(const GemmShape &shape) const {
  if (isRuled(shape)) {
    const GemmTile &tile = kernels.tiles[ruledChoice(shape).tile];
    const auto rows = static_cast<double>(llvm::alignTo(shape.m, tile.m) - shape.m);
    return constants.missingRowTraffic * rows * double(llvm::divideCeil(shape.n, int64_t(tile.n))) *
           double(shape.k) * bytesPerElement(shape.input) / memoryBandwidth;
  }
  if (constants.missingRowSeconds == 0 || shape.m <= 16)
    return 0;
  const double missing = static_cast<double>(llvm::alignTo(shape.m, shape.m > 64 ? 128 : 64) - shape.m);
  return constants.missingRowSeconds * missing * static_cast<double>(shape.k) / 128;
}

double GemmModel::quantization(const GemmShape &shape) const {
  const double elements = static_cast<double>(shape.m) * static_cast<double>(shape.k);
  return std::max(constants.quantizeLaunch, constants.quantizeTraffic * elements / memoryBandwidth);
}

void GemmModel::correct(const CalibrationCorrections &learnt) {
  corrections.emplace(learnt);
}

/// What corrections add to a time. They were learnt in bursts, where no power limit holds.
double GemmModel::correction(const GemmShape &shape, double seconds) const {
  const bool widened =
      bytesPerElement(shape.input) < matrixRates[static_cast<size_t>(shape.input)].elementBytes;
  if (!corrections || shape.batch != 1 || widened)
    return 0;
  const double sizes[] = {double(shape.m), double(shape.n), double(shape.k)};
  const double corrected = seconds * corrections->factor(sizes);
  const Problem problem = problemOf(shape, false);
  const double atLimit = problem.rateLimit > 0 ? flops(shape).value / problem.rateLimit : 0;
  const double floor = std::min(seconds, std::max(atLimit, problem.leastTraffic));
  return std::max(corrected, floor) - seconds;
}

Seconds GemmModel::time(const GemmShape &shape, bool withQuantization) const {
  GemmCandidate candidate;
  const double seconds = constants.launch + best(shape, candidate) + partialBlock(shape) +
                         (withQuantization ? quantization(shape) : 0);
  return Seconds(corrections && seconds < std::numeric_limits<double>::infinity()
                     ? seconds + correction(shape, seconds)
                     : seconds);
}

Seconds GemmModel::timeAmong(const GemmShape &shape, llvm::ArrayRef<GemmCandidate> candidates,
                             bool withQuantization) const {
  double bestSeconds = std::numeric_limits<double>::infinity();
  std::optional<Problem> problems[2];
  for (const GemmCandidate &candidate : candidates) {
    std::optional<Problem> &problem = problems[candidate.swapped ? 1 : 0];
    if (!problem)
      problem = problemOf(shape, candidate.swapped);
    bestSeconds =
        std::min(bestSeconds, price(*problem, candidate.tile, candidate.splitK, candidate.streamK, nullptr));
  }
  return Seconds(constants.launch + bestSeconds + partialBlock(shape) +
                 (withQuantization ? quantization(shape) : 0));
}

Seconds GemmModel::timeOf(const GemmShape &shape, const GemmCandidate &candidate, bool randomRows) const {
  const GemmTile &tile = kernels.tiles[candidate.tile];
  Problem problem = problemOf(shape, candidate.swapped);
  problem.randomRows = randomRows;
  const double grid = problem.tilesDown(tile) * problem.tilesAcross(tile) * problem.batch;
  if (!isSensible(problem, tile) || !canSplit(problem, tile, grid, candidate.splitK) ||
      (candidate.streamK && !canStream(problem, tile)))
    return Seconds(std::numeric_limits<double>::infinity());
  return Seconds(constants.launch +
                 price(problem, candidate.tile, candidate.splitK, candidate.streamK, nullptr) +
                 partialBlock(shape));
}

std::optional<GemmCandidate> GemmModel::cheapestWithout(const llvm::BitVector &without,
                                                        const GemmShape &shape, bool randomRows) const {
  assert(without.size() == kernels.tiles.size() && !isRuled(shape) && "one bit for each tile");
  GemmCandidate found;
  const double seconds = randomRows ? bestOfRandomRows(shape, found, &without) : best(shape, found, &without);
  return seconds < std::numeric_limits<double>::infinity() ? std::optional(found) : std::nullopt;
}

std::vector<GemmCandidate> GemmModel::candidates(const GemmShape &shape) const {
  if (isRuled(shape))
    return {ruledChoice(shape)};
  std::vector<GemmCandidate> all;
  for (bool swapped : {false, true}) {
    if (swapped && !kernels.swapsOperands)
      break;
    const Problem problem = problemOf(shape, swapped);
    for (const GemmTile &tile : kernels.tiles) {
      if (!isSensible(problem, tile))
        continue;
      const double grid = problem.tilesDown(tile) * problem.tilesAcross(tile) * problem.batch;
      for (int split : splits)
        if (canSplit(problem, tile, grid, split))
          all.push_back({static_cast<size_t>(&tile - kernels.tiles.data()), split, swapped});
      if (canStream(problem, tile))
        all.push_back({static_cast<size_t>(&tile - kernels.tiles.data()), 1, swapped, true});
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
    priced.push_back({price(problems[candidate.swapped ? 1 : 0], candidate.tile, candidate.splitK,
                            candidate.streamK, nullptr),
                      candidate});
  count = std::min(count, priced.size());
  std::partial_sort(priced.begin(), priced.begin() + count, priced.end(),
                    [](const Priced &a, const Priced &b) { return a.seconds < b.seconds; });
  std::vector<GemmCandidate> result;
  for (size_t i = 0; i < count; ++i)
    result.push_back(priced[i].candidate);
  return result;
}

static Breakdown noKernel() {
  Breakdown result;
  result.add("no kernel", std::numeric_limits<double>::infinity());
  return result;
}

Breakdown GemmModel::breakdown(const GemmShape &shape, GemmChoice *choice, bool withQuantization) const {
  assert(shape.m > 0 && shape.n > 0 && shape.k > 0 && shape.batch > 0);
  if (kernels.tiles.empty())
    return noKernel();
  GemmCandidate found;
  best(shape, found);
  return breakdownOf(shape, found, problemOf(shape, found.swapped), choice, withQuantization);
}

Breakdown GemmModel::breakdownOfRandomRows(const GemmShape &shape, GemmChoice *choice) const {
  assert(shape.m > 0 && shape.n > 0 && shape.k > 0 && shape.batch > 0);
  GemmCandidate found;
  if (bestOfRandomRows(shape, found) == std::numeric_limits<double>::infinity())
    return noKernel();
  Problem problem = problemOf(shape, false);
  problem.randomRows = true;
  return breakdownOf(shape, found, problem, choice, false);
}

Breakdown GemmModel::breakdownOf(const GemmShape &shape, const GemmCandidate &found, const Problem &problem,
                                 GemmChoice *choice, bool withQuantization) const {
  Breakdown result;
  Terms terms;
  const GemmTile &tile = kernels.tiles[found.tile];
  price(problem, found.tile, found.splitK, found.streamK, &terms);

  if (choice) {
    const double gridM = problem.tilesDown(tile), gridN = problem.tilesAcross(tile);
    choice->tile = tile;
    choice->tileIndex = found.tile;
    choice->splitK = found.splitK;
    choice->streamK = found.streamK;
    choice->swapped = found.swapped;
    choice->tiles = static_cast<int64_t>(gridM * gridN * problem.batch) * found.splitK;
    choice->waves = double(choice->tiles) / computeUnits;
    const double last = choice->waves - std::floor(choice->waves);
    choice->lastWaveUse = last == 0 || found.streamK ? 1 : last;
    choice->paddedShare = 1 - problem.m * problem.n / (gridM * tile.m * gridN * tile.n);
  }

  result.add("launch", constants.launch);
  result.add("prologue", terms.prologue);
  result.add(terms.loopLimiter, terms.mainLoop + terms.memoryExcess);
  result.add("last wave", terms.idleUnits);
  result.add("epilogue", terms.epilogue);
  result.add("power limit", terms.power);
  result.add("memory ramp", terms.ramp);
  result.add(found.streamK ? "stream-K" : "split-K", terms.split);
  result.add("partial row block", partialBlock(shape));
  if (withQuantization)
    result.add("quantize", quantization(shape));
  result.add("measured neighbours", correction(shape, result.time().value));
  result.addResource("mma", terms.mma);
  if (terms.conversions > 0)
    result.addResource("conversions", terms.conversions);
  result.addResource("lds", terms.lds);
  result.addResource("l2", terms.l2);
  result.addResource("hbm", terms.hbm);
  return result;
}

} // namespace codesign
