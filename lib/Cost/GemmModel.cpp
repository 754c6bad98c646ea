#include "codesign/Cost/GemmModel.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace codesign {

/// A product as the tile loop sees it: m and n already exchanged when the operands are.
struct GemmModel::Problem {
  int64_t m = 0, n = 0, k = 0, batch = 1;
  double inputBytes = 2, outputBytes = 2;
  double flopsPerClock = 0; // of one compute unit, alignment included
  double rateLimit = 0;     // FLOP/s of the device in sustained operation, 0 without
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
static constexpr int64_t depthStep = 64; // splits of k are multiples of it

GemmModel::GemmModel(const Profile &profile, const GemmConstants &constants, GemmKernels kernels,
                     bool sustained)
    : constants(constants), kernels(std::move(kernels)), profile(&profile), sustained(sustained),
      computeUnits(profile.compute.computeUnits), clock(profile.peakClock.value),
      memoryBandwidth(constants.bandwidth * profile.memory.datasheetBandwidth.value),
      lastLevelBytes(profile.totalSizeOf(profile.lastLevelCache()).value),
      sharedBytesPerClock(constants.sharedEfficiency * profile.shared.bytesPerClock) {}

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
  DataType type = shape.input;
  if (isFloat8(type))
    type = profile->nativeFloat8().value_or(DataType::BF16);
  double perClock = profile->matrixFlopsPerClockPerComputeUnit(type);
  if (perClock == 0)
    perClock = profile->matrixFlopsPerClockPerComputeUnit(DataType::BF16);
  Problem problem;
  problem.m = swapped ? shape.n : shape.m;
  problem.n = swapped ? shape.m : shape.n;
  problem.k = shape.k;
  problem.batch = shape.batch;
  problem.inputBytes = bytesPerElement(shape.input);
  problem.outputBytes = bytesPerElement(shape.output);
  problem.flopsPerClock = perClock * constants.mmaEfficiency * alignmentFactor(shape);
  problem.rateLimit = sustained ? profile->achievableMatrixFor(type).value : 0;
  problem.swapped = swapped;
  return problem;
}

double GemmModel::price(const Problem &p, const GemmTile &tile, int split, Terms *terms) const {
  const int64_t gridM = llvm::divideCeil(p.m, tile.m), gridN = llvm::divideCeil(p.n, tile.n);
  const double depth = depthStep * std::ceil(double(p.k) / (depthStep * split));
  const double tileCount = double(gridM) * gridN * split * p.batch;
  const double fractional = std::max(1.0, tileCount / computeUnits);
  const double waves =
      fractional + constants.waveRounding * (std::ceil(tileCount / computeUnits) - fractional);
  const double active = std::min<double>(tileCount, computeUnits);

  // One tile, in cycles of its compute unit.
  const double mma = 2.0 * tile.m * tile.n * depth / p.flopsPerClock * (split > 1 ? constants.splitWork : 1);
  const double lds =
      (tile.m * tile.readsA + tile.n * tile.readsB) * p.inputBytes * depth / sharedBytesPerClock;
  const double l2 = double(tile.m + tile.n) * p.inputBytes * depth / constants.unitBytesPerClock;
  const double overhead = constants.stepOverheadCycles * depth / tile.depth;
  const double perTile = (std::max({mma, lds, l2}) + overhead) / clock;

  // Traffic: operands once if the cache keeps them, else what each wave of near-square concurrent tiles
  // reloads.
  const double operands = (double(p.m) * p.k + double(p.n) * p.k) * p.inputBytes * p.batch;
  double bytes = operands;
  if (operands > constants.cacheShare * lastLevelBytes) {
    const double concurrent = std::max(1.0, active / split);
    const double tilesM = std::clamp(std::sqrt(concurrent * tile.n / tile.m), 1.0, double(gridM));
    const double tilesN = std::min(double(gridN), std::max(1.0, concurrent / tilesM));
    const double perWave = (tilesM * tile.m + tilesN * tile.n) * p.inputBytes * p.k;
    bytes = std::max(operands, perWave * double(gridM) * gridN * p.batch / (tilesM * tilesN));
  }
  double hbm = bytes / memoryBandwidth;
  if (active < computeUnits) // few workgroups cannot keep enough loads in flight
    hbm = std::max(hbm, bytes / (active * constants.unitMemoryBytesPerClock * clock));

  const double ideal = fractional * perTile;
  const double main = std::max(waves * perTile, hbm);
  const double output = double(p.m) * p.n * p.batch * p.outputBytes;
  const double epilogue =
      std::max(constants.epilogueCyclesPerLine * tile.m * tile.n * p.outputBytes / 64 / clock,
               output / memoryBandwidth);
  const double body = main + epilogue;
  double power;
  if (p.rateLimit > 0) {
    const double atLimit = 2.0 * p.m * p.n * p.k * p.batch / p.rateLimit;
    power = std::max(0.0, atLimit - body);
  } else {
    const double mmaShare = std::min(1.0, fractional * mma / clock / body);
    power = body * constants.droop * mmaShare * body / (body + constants.droopSeconds);
  }
  const double ramp = constants.trafficRamp * std::sqrt(bytes / memoryBandwidth);
  const double splitCost = split > 1 ? constants.splitLaunch + constants.splitTraffic * 8.0 * p.m * p.n *
                                                                   p.batch * split / memoryBandwidth / 2
                                     : 0;
  const double prologue = constants.prologueCycles / clock;
  if (terms) {
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
    terms->loopLimiter = hbm >= waves * perTile     ? "hbm"
                         : mma >= std::max(lds, l2) ? "mma"
                         : lds >= l2                ? "lds"
                                                    : "l2";
  }
  return prologue + body + power + ramp + splitCost;
}

double GemmModel::best(const GemmShape &shape, GemmChoice &choice, Problem &chosen) const {
  double bestSeconds = std::numeric_limits<double>::infinity();
  for (bool swapped : {false, true}) {
    if (swapped && !kernels.swapsOperands)
      break;
    const Problem problem = problemOf(shape, swapped);
    for (const GemmTile &tile : kernels.tiles) {
      // Tiles more than twice an extent only add padding; the smallest of each side stay in.
      if ((tile.m > 2 * problem.m && tile.m > 64) || (tile.n > 2 * problem.n && tile.n > 16))
        continue;
      const int64_t grid =
          llvm::divideCeil(problem.m, tile.m) * llvm::divideCeil(problem.n, tile.n) * problem.batch;
      for (int split : splits) {
        if (split > kernels.maxSplitK || (split > 1 && (grid >= computeUnits || problem.k / split < 256)))
          break;
        const double seconds = price(problem, tile, split, nullptr);
        if (seconds < bestSeconds) {
          bestSeconds = seconds;
          chosen = problem;
          choice.tile = tile;
          choice.tileIndex = &tile - kernels.tiles.data();
          choice.splitK = split;
          choice.swapped = swapped;
          choice.tiles = grid * split;
        }
      }
    }
  }
  return bestSeconds;
}

Seconds GemmModel::time(const GemmShape &shape) const {
  return breakdown(shape).time();
}

Breakdown GemmModel::breakdown(const GemmShape &shape, GemmChoice *choice, bool withQuantization) const {
  assert(shape.m > 0 && shape.n > 0 && shape.k > 0 && shape.batch > 0);
  GemmChoice found;
  Problem problem;
  best(shape, found, problem);
  Terms terms;
  price(problem, found.tile, found.splitK, &terms);

  found.waves = double(found.tiles) / computeUnits;
  const double last = found.waves - std::floor(found.waves);
  found.lastWaveUse = last == 0 ? 1 : last;
  const double covered =
      double(llvm::alignTo(problem.m, found.tile.m)) * llvm::alignTo(problem.n, found.tile.n);
  found.paddedShare = 1 - double(problem.m) * problem.n / covered;
  if (choice)
    *choice = found;

  Breakdown result;
  result.add("launch", constants.launch);
  result.add("prologue", terms.prologue);
  result.add(terms.loopLimiter, terms.mainLoop + terms.memoryExcess);
  result.add("last wave", terms.idleUnits);
  result.add("epilogue", terms.epilogue);
  result.add("power limit", terms.power);
  result.add("memory ramp", terms.ramp);
  result.add("split-K", terms.split);
  if (constants.missingRowSeconds > 0 && shape.m > 16) {
    const int64_t block = shape.m > 64 ? 128 : 64;
    const double missing = double(llvm::alignTo(shape.m, block) - shape.m);
    result.add("partial row block", constants.missingRowSeconds * missing * shape.k / 128);
  }
  if (withQuantization)
    result.add("quantize", std::max(constants.quantizeLaunch,
                                    constants.quantizeTraffic * double(shape.m) * shape.k / memoryBandwidth));
  result.addResource("mma", terms.mma);
  result.addResource("lds", terms.lds);
  result.addResource("l2", terms.l2);
  result.addResource("hbm", terms.hbm);
  return result;
}

} // namespace codesign
