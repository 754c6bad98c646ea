// The cheapest tile, split and operand order of a product. Bounds without traffic are computed for all tiles
// in columns; few candidates are below the best price found and are priced in full.
#include "GemmProblem.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace codesign {

static constexpr double infinity = std::numeric_limits<double>::infinity();
/// Bounds lie a hair below the price itself, whose terms are added in another order.
static constexpr double margin = 1 - 1e-12;

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
  // Constants fitted to repeated runs let caches feed the operands. A cyclic stream leaves nothing behind in
  // a cache that it exceeds; between two uses of a layer in a long run all the others pass.
  const double cold = sustained ? 1 : std::clamp(2 * problem.operands / lastLevelBytes - 1, 0.0, 1.0);
  problem.leastTraffic =
      std::max((problem.firstReads + constants.outputOverlap * problem.output) / memoryBandwidth,
               cold * problem.firstReads / achievedBandwidth);
  return problem;
}

/// The slower of arithmetic and operand delivery for 64 of k, plus what each step costs besides.
double GemmModel::cyclesPerStep(const Problem &p, size_t tile, double workFactor, double busy) const {
  const double mma = 2 * depthStep * workFactor / p.flopsPerClock * columns.m[tile] * columns.n[tile];
  const double lds =
      depthStep * p.elementBytes / sharedBytesPerClock * (columns.ldsM[tile] + columns.ldsN[tile]);
  const double l2 = depthStep / constants.unitBytesPerClock *
                    (columns.m[tile] * p.bytesM + columns.fetchedN[tile] * p.bytesN);
  const double asked = busy * depthStep * (columns.askM[tile] * p.bytesM + columns.askN[tile] * p.bytesN);
  return std::max(std::max(std::max(mma, lds), std::max(l2, asked)), constants.stepLatencyCycles) +
         columns.overhead[tile];
}

double GemmModel::price(const Problem &p, size_t tileIndex, int split, Terms *terms) const {
  const GemmTile &tile = kernels.tiles[tileIndex];
  const double gridM = p.tilesDown(tile), gridN = p.tilesAcross(tile);
  const double steps = roundedUp(p.k / (depthStep * split));
  const double tileCount = gridM * gridN * split * p.batch;
  const double fractional = std::max(1.0, tileCount / computeUnits);
  const double waves = fractional + constants.waveRounding * (roundedUp(fractional) - fractional);
  const double active = std::min<double>(tileCount, computeUnits);
  const double workFactor = split > 1 ? constants.splitWork : 1;
  const bool ruled = tile.minRows > 0;
  const double pair =
      ruled && p.m >= pairedRows && std::fmod(p.n, 2 * tile.n) == 0 ? 1 - constants.pairGain : 1;
  const double perTile = (cyclesPerStep(p, tileIndex, workFactor, active / computeUnits) * pair * steps +
                          constants.exposedTileCycles) /
                         clock;
  const double store = constants.epilogueCyclesPerLine * tile.m * tile.n * p.outputBytes / 64 / clock;
  // A workgroup of a persistent kernel stores one tile before it starts the next.
  const double perTileStore = ruled ? store : 0;

  // Traffic: operands once if the cache keeps them, else what each wave of near-square concurrent tiles
  // reloads.
  double bytes = p.firstReads;
  if (p.operands > cachedBytes) {
    const double concurrent = std::max(1.0, active / split);
    const double tilesM = std::clamp(std::sqrt(concurrent * tile.n / tile.m), 1.0, gridM);
    const double tilesN = std::min(gridN, std::max(1.0, concurrent / tilesM));
    const double perWave = (tilesM * tile.m * p.bytesM + tilesN * tile.n * p.bytesN) * p.k;
    bytes = std::max(bytes, perWave * gridM * gridN * p.batch / (tilesM * tilesN));
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
  const double mma = 2.0 * tile.m * tile.n * depthStep * steps * workFactor / p.flopsPerClock / clock;
  const double mmaShare = std::min(1.0, fractional * mma / body);
  double power = body * constants.droop * mmaShare * body / (body + constants.droopSeconds);
  if (p.rateLimit > 0)
    power = std::max(power, 2.0 * p.m * p.n * p.k * p.batch / p.rateLimit - body);
  const double ramp = constants.trafficRamp * std::sqrt(bytes / memoryBandwidth);
  const double splitCost =
      split > 1 ? constants.splitLaunch + tile.partCycles * split / clock +
                      constants.splitTraffic * 4.0 * p.m * p.n * p.batch * split / memoryBandwidth
                : 0;
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
    terms->lds = fractional * depth * p.elementBytes * (tile.m * tile.readsA + tile.n * tile.readsB) /
                 sharedBytesPerClock / clock;
    terms->l2 =
        fractional * depth *
        std::max((tile.m * p.bytesM + columns.fetchedN[tileIndex] * p.bytesN) / constants.unitBytesPerClock,
                 active / computeUnits *
                     (columns.askM[tileIndex] * p.bytesM + columns.askN[tileIndex] * p.bytesN)) /
        clock;
    terms->hbm = hbm;
    const double latency = std::max(fractional * constants.stepLatencyCycles * steps / clock, waiting);
    const double slowest = std::max({terms->mma, terms->lds, terms->l2, latency});
    terms->loopLimiter = hbm >= loop             ? "hbm"
                         : terms->mma == slowest ? "mma"
                         : terms->lds == slowest ? "lds"
                         : terms->l2 == slowest  ? "l2"
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

GemmModel::Grid GemmModel::gridOf(const Problem &p) const {
  const size_t count = kernels.tiles.size();
  llvm::SmallVector<double, 64> alongM, alongN;
  for (const double edge : columns.edges) {
    alongM.push_back(edge <= 2 * p.m || edge <= 64 ? roundedUp(p.m / edge) : infinity);
    alongN.push_back(edge <= 2 * p.n || edge <= 16 ? roundedUp(p.n / edge) * p.batch : infinity);
  }
  Grid grid;
  grid.tiles.resize_for_overwrite(count);
  grid.cycles.resize_for_overwrite(count);
  grid.bound.resize_for_overwrite(count);
  for (size_t t = 0; t < count; ++t) {
    const GemmTile &tile = kernels.tiles[t];
    const bool served = tile.serves(p.swapped ? p.n : p.m);
    grid.tiles[t] =
        served ? alongM[columns.edgeM[t]] * alongN[columns.edgeN[t]] * (tile.clusterM * tile.clusterN)
               : infinity;
  }
  for (size_t t = 0; t < count; ++t)
    grid.cycles[t] = cyclesPerStep(p, t, 1, std::min(1.0, grid.tiles[t] / computeUnits));
  const double secondsPerCycle = roundedUp(p.k / depthStep) / clock;
  const double prologue = constants.prologueCycles / clock, exposed = constants.exposedTileCycles / clock;
  const double store = (1 - constants.outputOverlap) * p.output / memoryBandwidth;
  const double perElement = constants.epilogueCyclesPerLine * p.outputBytes / 64 / clock;
  const double mmaSeconds = 2 * depthStep / p.flopsPerClock * secondsPerCycle;
  const double atLimit = p.rateLimit > 0 ? 2.0 * p.m * p.n * p.k * p.batch / p.rateLimit : 0;
  // The reloads of near-square waves of tiles: a sum of two sides is at least twice their geometric mean.
  const double concurrent = std::max<double>(computeUnits, 256);
  const double perTile =
      p.operands > cachedBytes ? 2 * std::sqrt(p.bytesM * p.bytesN / concurrent) * p.k / memoryBandwidth : 0;
  for (size_t t = 0; t < count; ++t) {
    const double share = std::min(grid.tiles[t] / computeUnits, 1e15), work = std::max(1.0, share);
    const double waves = work + constants.waveRounding * (roundedUp(work) - work);
    const double reloads = perTile * columns.rootArea[t] * grid.tiles[t];
    double traffic = std::max(p.leastTraffic, reloads);
    const double aloneCycles = kernels.tiles[t].aloneCycles;
    if (share < 1 && aloneCycles == 0)
      traffic = std::max(traffic, p.unitTraffic / share);
    const double loop =
        std::max(waves * (grid.cycles[t] * secondsPerCycle + exposed), aloneCycles * secondsPerCycle);
    const double epilogue = std::max(perElement * columns.m[t] * columns.n[t], store);
    const double body = std::max(loop, traffic) + epilogue;
    const double mma = std::max(1.0, share) * mmaSeconds * columns.m[t] * columns.n[t];
    const double power = constants.droop * std::min(mma, body) * body / (body + constants.droopSeconds);
    grid.bound[t] = margin * (prologue + std::max(body + power, atLimit) + p.leastRamp);
  }
  return grid;
}

double GemmModel::best(const GemmShape &shape, GemmCandidate &candidate) const {
  if (isRuled(shape)) {
    candidate = ruledChoice(shape);
    return price(problemOf(shape, false), candidate.tile, 1, nullptr);
  }
  const int orders = kernels.swapsOperands ? 2 : 1;
  const Problem problems[2] = {problemOf(shape, false), problemOf(shape, true)};
  Grid grids[2];
  double least = infinity, bestSeconds = infinity;
  GemmCandidate promising;
  for (int order = 0; order < orders; ++order) {
    grids[order] = gridOf(problems[order]);
    for (size_t t = 0; t < kernels.tiles.size(); ++t)
      if (grids[order].bound[t] < least) {
        least = grids[order].bound[t];
        promising = {t, 1, order == 1};
      }
  }
  if (least == infinity)
    return infinity;
  const double prologue = margin * constants.prologueCycles / clock;
  const double store = (1 - constants.outputOverlap) * problems[0].output / memoryBandwidth;
  const double perElement = constants.epilogueCyclesPerLine * problems[0].outputBytes / 64 / clock;
  double splitSteps[std::size(splits)];
  for (size_t i = 0; i < std::size(splits); ++i)
    splitSteps[i] = roundedUp(problems[0].k / (depthStep * splits[i]));
  // Priced first, so that its price excludes most others; equal prices go to the first in order.
  double ceiling = price(problems[promising.swapped ? 1 : 0], promising.tile, 1, nullptr);
  for (int order = 0; order < orders; ++order) {
    const Problem &problem = problems[order];
    const Grid &grid = grids[order];
    const double splitTraffic =
        constants.splitTraffic * 4.0 * problem.m * problem.n * problem.batch / memoryBandwidth;
    for (size_t t = 0; t < kernels.tiles.size(); ++t) {
      if (grid.tiles[t] == infinity)
        continue;
      auto consider = [&](int split) {
        const double seconds = price(problem, t, split, nullptr);
        if (seconds < bestSeconds) {
          bestSeconds = seconds;
          ceiling = std::min(ceiling, seconds);
          candidate = {t, split, order == 1};
        }
      };
      if (grid.bound[t] <= ceiling)
        consider(1);
      const GemmTile &tile = kernels.tiles[t];
      if (grid.tiles[t] >= computeUnits || tile.maxSplitK == 1)
        continue;
      const double cycles =
          cyclesPerStep(problem, t, constants.splitWork, grid.tiles[t] / computeUnits) / clock;
      const double aside = std::max(perElement * columns.m[t] * columns.n[t], store) + problem.leastRamp +
                           constants.splitLaunch;
      // However it is split, the work cannot be spread better than evenly.
      const double evenly = cycles * splitSteps[0] * grid.tiles[t] / computeUnits;
      if (margin * (std::max(evenly, problem.leastTraffic) + aside + 2 * splitTraffic) + prologue > ceiling)
        continue;
      for (size_t i = 1; i < std::size(splits) && splits[i] <= tile.maxSplitK; ++i) {
        if (!canSplit(problem, tile, grid.tiles[t], splits[i]))
          continue;
        const double share = grid.tiles[t] * splits[i] / computeUnits, work = std::max(1.0, share);
        const double waves = work + constants.waveRounding * (roundedUp(work) - work);
        const double traffic = share < 1 && tile.aloneCycles == 0
                                   ? std::max(problem.leastTraffic, problem.unitTraffic / share)
                                   : problem.leastTraffic;
        const double main =
            std::max(std::max(waves * cycles, tile.aloneCycles / clock) * splitSteps[i], traffic);
        if (margin * (main + aside + splitTraffic * splits[i]) + prologue <= ceiling)
          consider(splits[i]);
      }
    }
  }
  return bestSeconds;
}

} // namespace codesign
