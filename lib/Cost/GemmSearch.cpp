// The cheapest tile, split and operand order of a product. Bounds without traffic are computed for all tiles
// in columns; few candidates are below the best price found and are priced in full.
#include "GemmProblem.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace codesign {

static constexpr double infinity = std::numeric_limits<double>::infinity();

GemmModel::Problem GemmModel::problemOf(const GemmShape &shape, bool swapped) const {
  const MatrixRate &rate = matrixRates[static_cast<size_t>(shape.input)];
  Problem problem;
  problem.m = static_cast<double>(swapped ? shape.n : shape.m);
  problem.n = static_cast<double>(swapped ? shape.m : shape.n);
  problem.k = static_cast<double>(shape.k);
  problem.batch = static_cast<double>(shape.batch);
  // A type that the matrix units lack is one of weights only: activations are as wide as the products.
  const double weightBytes = bytesPerElement(shape.input), activationBytes = rate.elementBytes;
  problem.bytesM = swapped ? weightBytes : activationBytes;
  problem.bytesN = swapped ? activationBytes : weightBytes;
  problem.elementBytes = rate.elementBytes;
  problem.outputBytes = bytesPerElement(shape.output);
  problem.flopsPerClock = rate.flopsPerClock * constants.mmaEfficiency * alignmentFactor(shape);
  problem.rateLimit = rate.limit;
  const double weights = static_cast<double>(shape.n) * problem.k * problem.batch * weightBytes;
  const double activations = static_cast<double>(shape.m) * problem.k * problem.batch * activationBytes;
  problem.operands = weights + activations;
  problem.firstReads = constants.activationTraffic * activations + weights;
  problem.output = problem.m * problem.n * problem.batch * problem.outputBytes;
  problem.leastRamp = constants.trafficRamp * std::sqrt(problem.firstReads / memoryBandwidth);
  problem.unitTraffic = problem.firstReads / (constants.unitMemoryBytesPerClock * clock * computeUnits);
  problem.swapped = swapped;
  // Both operands have k along their rows.
  const double conflict = rowsMeetInChannels(shape.k, shape.input) ? constants.rowConflictCycles : 0;
  const double ofWeights = kernels.weightRowsConflict ? conflict : 0;
  problem.conflictM = swapped ? ofWeights : conflict;
  problem.conflictN = swapped ? conflict : ofWeights;
  problem.rates = {.mma = 2 * depthStep / problem.flopsPerClock,
                   .lds = depthStep * problem.elementBytes / sharedBytesPerClock,
                   .l2M = depthStep * problem.bytesM / constants.unitBytesPerClock,
                   .l2N = depthStep * problem.bytesN / constants.unitBytesPerClock,
                   .askM = depthStep * problem.bytesM,
                   .askN = depthStep * problem.bytesN,
                   .latency = constants.stepLatencyCycles};
  // Constants fitted to repeated runs let caches feed the operands. A cyclic stream leaves nothing behind in
  // a cache that it exceeds; between two uses of a layer in a long run all the others pass.
  const double cold = sustained ? 1 : std::clamp(2 * problem.operands / lastLevelBytes - 1, 0.0, 1.0);
  problem.leastTraffic =
      std::max((problem.firstReads + constants.outputOverlap * problem.output) / memoryBandwidth,
               cold * problem.firstReads / achievedBandwidth);
  return problem;
}

/// One product of known rows whose tiles take two steps at least. Tiles are cut in many parts only where it
/// is known what each of them costs.
bool GemmModel::canStream(const Problem &problem, const GemmTile &tile) const {
  if (tile.streamWorkgroups == 0 || problem.batch != 1 || problem.randomRows ||
      roundedUp(problem.k / tile.depth) < tile.streamLeastSteps)
    return false;
  return tile.partCycles > 0 || problem.tilesDown(tile) * problem.tilesAcross(tile) >= tile.streamWorkgroups;
}

GemmModel::StreamRuns GemmModel::runsOf(const Problem &p, const GemmTile &tile) const {
  const double tiles = p.tilesDown(tile) * p.tilesAcross(tile), workgroups = tile.streamWorkgroups;
  const double units = std::floor(roundedUp(p.k / tile.depth) / tile.streamLeastSteps);
  const double rounds = std::floor(tiles / workgroups);
  StreamRuns runs;
  if (rounds * workgroups == tiles) {
    runs.waves = rounds * workgroups / computeUnits;
    runs.active = computeUnits;
    return runs;
  }
  const double whole = std::max(0.0, rounds - 1), cutTiles = tiles - whole * workgroups;
  const double dealt = cutTiles * units; // units of steps
  runs.cutWorkgroups = std::min(workgroups, dealt);
  runs.active = std::min<double>(runs.cutWorkgroups, computeUnits);
  runs.waves = (whole + roundedUp(dealt / workgroups) / units) *
               (whole > 0 ? workgroups / computeUnits : runs.cutWorkgroups / runs.active);
  runs.parts = std::max(2.0, roundedUp(units / std::max(1.0, std::floor(dealt / workgroups))));
  return runs;
}

/// Tiles that are computed at a time, as near a square as they come, and the operands' bytes that they read.
struct GemmModel::Wave {
  double tilesM, tilesN, bytes;
  Wave(const Problem &p, const GemmTile &tile, double gridM, double gridN, double concurrent)
      : tilesM(std::clamp(std::sqrt(concurrent * tile.n / tile.m), 1.0, gridM)),
        tilesN(std::min(gridN, std::max(1.0, concurrent / tilesM))),
        bytes((tilesM * tile.m * p.bytesM + tilesN * tile.n * p.bytesN) * p.k) {}
};

/// Share of the operands' bytes that L2 has not, of the tiles that share one: the first wave's workgroups are
/// in step and wait for all of it; later ones have drifted apart and find what of their strips of k it could
/// keep.
double GemmModel::beyondSharedCache(const Wave &wave, double waves) const {
  const double lost = std::max(0.0, 1 - sharedCacheBytes / wave.bytes), first = 1 / std::max(1.0, waves);
  return lost + (1 - lost) * first;
}

double GemmModel::price(const Problem &p, size_t tileIndex, int split, bool streamK, Terms *terms) const {
  const GemmTile &tile = kernels.tiles[tileIndex];
  const double gridM = p.tilesDown(tile), gridN = p.tilesAcross(tile);
  const double steps = roundedUp(p.k / (depthStep * split));
  const double tileCount = gridM * gridN * split * p.batch;
  double fractional = std::max(1.0, tileCount / computeUnits);
  double waves = countedWaves(fractional, roundedUp(fractional), constants.waveRounding, constants.waveDrift);
  double active = std::min<double>(tileCount, computeUnits);
  StreamRuns runs;
  if (streamK) {
    runs = runsOf(p, tile);
    fractional = tileCount / computeUnits;
    waves = runs.waves;
    active = runs.active;
  }
  const double workFactor = split > 1 ? constants.splitWork : 1;
  const bool ruled = tile.minRows > 0;
  const double pair =
      ruled && p.m >= pairedRows && std::fmod(p.n, 2 * tile.n) == 0 ? 1 - constants.pairGain : 1;
  // Bounds leave it out, so that how much of it counts is said here alone.
  double conflict = p.conflictM * tile.m + p.conflictN * tile.n;
  if (conflict > 0)
    conflict *=
        beyondSharedCache(Wave(p, tile, gridM, gridN, std::max(1.0, active / sharedCaches)), fractional);
  const double perStep =
      cyclesPerStep(p.rates, steps64[tileIndex], workFactor, active / computeUnits) * pair + conflict;
  const double perTile = (perStep * steps + constants.exposedTileCycles) / clock;
  const double store = constants.epilogueCyclesPerLine * tile.m * tile.n * p.outputBytes / 64 / clock;
  // A workgroup of a persistent kernel stores one tile before it starts the next.
  const double perTileStore = ruled ? store : 0;

  // Traffic: operands once if the cache keeps them, else what each wave of near-square concurrent tiles
  // reloads.
  double bytes = p.firstReads;
  if (p.operands > cachedBytes) {
    const Wave wave(p, tile, gridM, gridN, std::max(1.0, active / split));
    bytes = std::max(bytes, wave.bytes * gridM * gridN * p.batch / (wave.tilesM * wave.tilesN));
  }
  double hbm = std::max((bytes + constants.outputOverlap * p.output) / memoryBandwidth, p.leastTraffic);
  if (active < computeUnits && tile.aloneCycles == 0) // few cannot keep enough loads in flight
    hbm = std::max(hbm, bytes / (active * constants.unitMemoryBytesPerClock * clock));

  // Those that a compute unit holds wait at the same time, one lot after the other.
  const double lots = roundedUp(tileCount / (double(computeUnits) * tile.residents));
  const double waiting = lots * tile.aloneCycles * steps / clock;
  const double loop = std::max(waves * (perTile + perTileStore) - fractional * perTileStore, waiting);
  const double main = std::max(loop, hbm);
  const double epilogue = ruled ? fractional * store
                                : std::max(store, (1 - constants.outputOverlap) * p.output / memoryBandwidth);
  const double body = main + epilogue;
  const double mma =
      2.0 * tile.m * tile.n * tile.productWork * depthStep * steps * workFactor / p.flopsPerClock / clock;
  const double mmaShare = std::min(1.0, fractional * mma / body);
  double power = body * constants.droop * mmaShare * body / (body + constants.droopSeconds);
  // At the limit all kernels take as long; of those the one that would be faster without is to be taken.
  constexpr double preference = 1e-6;
  if (p.rateLimit > 0)
    power = std::max(power, 2.0 * p.m * p.n * p.k * p.batch / p.rateLimit - (1 - preference) * body);
  const double ramp = constants.trafficRamp * std::sqrt(bytes / memoryBandwidth);
  double splitCost =
      split > 1 ? constants.splitLaunch + tile.partCycles * split / clock + splitTraffic(p) * split : 0;
  // All runs end at about one time, and with them what is left of tiles is written and read. The last of two
  // adds the sums of the other, of more those of all.
  if (runs.cutWorkgroups > 0)
    splitCost = constants.splitLaunch +
                (tile.cutCycles + tile.partCycles * (runs.parts > 2 ? runs.parts : 1)) / clock +
                constants.splitTraffic * 4.0 * tile.m * tile.n * runs.cutWorkgroups / memoryBandwidth;
  const double prologue = (constants.prologueCycles + tile.combineCycles) / clock;
  if (terms) {
    const double depth = depthStep * steps, ideal = std::max(fractional * perTile, waiting);
    terms->mainLoop = std::min(ideal, main);
    terms->idleUnits = std::max(0.0, std::min(loop, main) - ideal);
    terms->memoryExcess = main - terms->mainLoop - terms->idleUnits;
    terms->epilogue = epilogue;
    terms->split = splitCost;
    terms->prologue = prologue;
    terms->power = power;
    terms->ramp = ramp;
    terms->mma = fractional * mma;
    terms->conversions = terms->mma * tile.conversionWork / tile.productWork;
    terms->lds = fractional * depth * p.elementBytes * (tile.m * tile.readsA + tile.n * tile.readsB) /
                 sharedBytesPerClock / clock;
    terms->l2 = fractional * depth *
                std::max((steps64[tileIndex].fetchedM * p.bytesM + steps64[tileIndex].fetchedN * p.bytesN) /
                             constants.unitBytesPerClock,
                         active / computeUnits *
                             (steps64[tileIndex].askM * p.bytesM + steps64[tileIndex].askN * p.bytesN)) /
                clock;
    terms->hbm = hbm;
    const double latency = std::max(fractional * constants.stepLatencyCycles * steps / clock, waiting);
    const double slowest = std::max({terms->mma, terms->conversions, terms->lds, terms->l2, latency});
    terms->loopLimiter = hbm >= loop                     ? "hbm"
                         : terms->mma == slowest         ? "mma"
                         : terms->conversions == slowest ? "conversions"
                         : terms->lds == slowest         ? "lds"
                         : terms->l2 == slowest          ? "l2"
                                                         : "load latency";
  }
  return prologue + body + power + ramp + splitCost;
}

/// Tiles more than twice an extent only add padding; the smallest of each side stay in.
bool GemmModel::isSensible(const Problem &problem, const GemmTile &tile) const {
  if (!tile.serves(problem.swapped ? problem.n : problem.m))
    return false;
  const int m = tile.m * tile.clusterM, n = tile.n * tile.clusterN;
  return (m <= 2 * problem.m || m <= 64) && (n <= 2 * problem.n || n <= 16);
}

/// Splitting pays only where compute units would idle, and each part needs some depth.
bool GemmModel::canSplit(const Problem &problem, const GemmTile &tile, double grid, int split) const {
  if (split == 1)
    return true;
  if (split > tile.maxSplitK || grid >= computeUnits || problem.k < leastSplitDepth * split)
    return false;
  if (tile.partSteps == 0)
    return true;
  const auto steps = static_cast<int64_t>(roundedUp(problem.k / tile.depth));
  return problem.m <= tile.maxSplitRows && steps % (int64_t(split) * tile.partSteps) == 0;
}

double GemmModel::splitTraffic(const Problem &p) const {
  return constants.splitTraffic * 4.0 * p.m * p.n * p.batch / memoryBandwidth;
}

/// Seconds below which tile t, at place i of its block, cannot be with the given number of parts.
inline double GemmModel::splitBound(const Problem &p, const Block &block, size_t i, size_t t, size_t number,
                                    const SplitCosts &parts) const {
  const int split = splits[number];
  const double workgroups = double(block.tiles[i]) * split;
  const double share = workgroups * (boundMargin / computeUnits);
  const double work = std::max(1.0, share);
  const double waves = countedWaves(work, roundedUp(work), constants.waveRounding, constants.waveDrift);
  double traffic = p.leastTraffic;
  const double alone = kernels.tiles[t].aloneCycles;
  if (workgroups < computeUnits && alone == 0)
    traffic = std::max(traffic, p.unitTraffic * computeUnits / workgroups);
  const double loop = std::max(waves * block.splitCycles[i], alone / clock) * parts.steps[number];
  return boundMargin * (std::max(loop, traffic * boundMargin) + block.splitAside[i] + parts.traffic * split);
}

/// Bounds that no price reaches.
void GemmModel::exclude(const llvm::BitVector &without, llvm::MutableArrayRef<Block> grid) {
  for (const unsigned tile : without.set_bits()) {
    Block &block = grid[tile / Block::most];
    const size_t i = tile % Block::most;
    block.bound[i] = block.splitBound[i] = block.streamBound[i] = block.lowest[i] =
        std::numeric_limits<float>::infinity();
  }
}

double GemmModel::bestOfRandomRows(const GemmShape &shape, GemmCandidate &candidate,
                                   const llvm::BitVector *without) const {
  double least = infinity;
  Problem problem = problemOf(shape, false);
  problem.randomRows = true;
  for (size_t tile = 0; tile < kernels.tiles.size(); ++tile)
    if (isSensible(problem, kernels.tiles[tile]) && !(without && without->test(tile)))
      if (const double seconds = price(problem, tile, 1, false, nullptr); seconds < least) {
        least = seconds;
        candidate.tile = tile;
      }
  return least;
}

double GemmModel::best(const GemmShape &shape, GemmCandidate &candidate,
                       const llvm::BitVector *without) const {
  if (isRuled(shape)) {
    candidate = ruledChoice(shape);
    return price(problemOf(shape, false), candidate.tile, 1, false, nullptr);
  }
  const int orders = kernels.swapsOperands ? 2 : 1;
  const Problem problems[2] = {problemOf(shape, false), problemOf(shape, true)};
  llvm::SmallVector<Block, 4> grids[2];
  float least = std::numeric_limits<float>::infinity();
  double bestSeconds = infinity;
  GemmCandidate promising;
  for (int order = 0; order < orders; ++order) {
    layOver(problems[order], grids[order]);
    if (without)
      exclude(*without, grids[order]);
    size_t first = 0;
    for (const Block &block : grids[order]) {
      for (size_t i = 0; i < block.size; ++i)
        if (block.bound[i] < least) {
          least = block.bound[i];
          promising = {first + i, 1, order == 1};
        }
      first += block.size;
    }
  }
  if (least == std::numeric_limits<float>::infinity())
    return infinity;
  SplitCosts parts;
  for (size_t s = 0; s < std::size(splits); ++s)
    parts.steps[s] = roundedUp(problems[0].k / (depthStep * splits[s]));
  parts.traffic = splitTraffic(problems[0]);
  // Priced first, so that its price excludes most others; equal prices go to the first in order.
  double ceiling = price(problems[promising.swapped ? 1 : 0], promising.tile, 1, false, nullptr);
  for (int order = 0; order < orders; ++order) {
    const Problem &problem = problems[order];
    size_t first = 0;
    for (const Block &block : grids[order]) {
      for (size_t i = 0; i < block.size; ++i) {
        if (block.lowest[i] > ceiling)
          continue;
        const size_t t = first + i;
        auto consider = [&](int split, bool streamK = false) {
          const double seconds = price(problem, t, split, streamK, nullptr);
          if (seconds < bestSeconds) {
            bestSeconds = seconds;
            ceiling = std::min(ceiling, seconds);
            candidate = {t, split, order == 1, streamK};
          }
        };
        if (block.bound[i] <= ceiling)
          consider(1);
        if (block.splitBound[i] <= ceiling)
          for (size_t s = 1; s < std::size(splits) && splits[s] <= kernels.tiles[t].maxSplitK; ++s)
            if (canSplit(problem, kernels.tiles[t], block.tiles[i], splits[s]) &&
                splitBound(problem, block, i, t, s, parts) <= ceiling)
              consider(splits[s]);
        if (block.streamBound[i] <= ceiling && canStream(problem, kernels.tiles[t]))
          consider(1, /*streamK=*/true);
      }
      first += block.size;
    }
  }
  return bestSeconds;
}

} // namespace codesign
