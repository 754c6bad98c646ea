// Bounds below the price of every tile, in single precision and loops that turn into vectors: they exclude
// nearly all tiles before any is priced.
#include "GemmProblem.h"
#include <cmath>
#include <limits>

namespace codesign {

static constexpr float infinity = std::numeric_limits<float>::infinity();
static constexpr float margin = static_cast<float>(boundMargin);

void GemmModel::fillColumns() {
  auto edgeOf = [&](int extent) {
    auto found = std::find(columns.edges.begin(), columns.edges.end(), extent);
    if (found == columns.edges.end())
      found = columns.edges.insert(found, extent);
    return static_cast<int>(found - columns.edges.begin());
  };
  // A multicast brings what a cluster shares to all of it and is asked for once.
  const double ask = kernels.deviceBytesPerClock > 0 ? computeUnits / kernels.deviceBytesPerClock : 0;
  const double unitSeconds = 1 / (constants.unitMemoryBytesPerClock * clock * computeUnits);
  for (const GemmTile &tile : kernels.tiles) {
    const bool uneven = tile.minRows > 0 && scaledBlock % tile.n != 0;
    const TileStep step{.area = double(tile.m) * tile.n,
                        .products = double(tile.m) * tile.n * std::max(tile.productWork, tile.conversionWork),
                        .lds = tile.m * tile.readsA + tile.n * tile.readsB,
                        .fetchedM = tile.m * tile.fetchesA,
                        .fetchedN = tile.n * tile.fetchesB,
                        .askM = ask * tile.m / tile.clusterN,
                        .askN = ask * tile.n / tile.clusterM,
                        .overhead = constants.stepOverheadCycles * depthStep / tile.depth +
                                    tile.exposedCycles + (uneven ? constants.unevenScaleCycles : 0)};
    steps64.push_back(step);
    auto add = [](std::vector<float> &column, double value) { column.push_back(static_cast<float>(value)); };
    add(columns.n, tile.n);
    add(columns.rootShape, std::sqrt(double(tile.n) / tile.m));
    add(columns.area, step.area);
    add(columns.products, step.products);
    add(columns.m, tile.m);
    add(columns.lds, step.lds);
    add(columns.fetchedM, step.fetchedM);
    add(columns.fetchedN, step.fetchedN);
    add(columns.askM, step.askM);
    add(columns.askN, step.askN);
    add(columns.overhead, step.overhead);
    add(columns.alone, tile.aloneCycles);
    add(columns.unitSeconds, tile.aloneCycles == 0 ? unitSeconds : 0);
    add(columns.prologue, (constants.prologueCycles + tile.combineCycles) / clock);
    add(columns.splitTiles, tile.maxSplitK > 1 ? computeUnits : 0);
    add(columns.cutSeconds, tile.streamWorkgroups > 0
                                ? constants.splitLaunch + (tile.cutCycles + tile.partCycles) / clock
                                : infinity);
    add(columns.leastRows, tile.minRows);
    add(columns.mostRows, tile.maxRows > 0 ? tile.maxRows : infinity);
    add(columns.clusterM, tile.clusterM);
    add(columns.clusterN, tile.clusterN);
    columns.edgeM.push_back(edgeOf(tile.m * tile.clusterM));
    columns.edgeN.push_back(edgeOf(tile.n * tile.clusterN));
  }
}

/// The traffic of near-square waves of concurrent tiles, as price() counts it, and its ramp.
void GemmModel::addReloads(const Problem &p, size_t first, Block &block, size_t size) const {
  const float units = computeUnits, ramp = constants.trafficRamp / std::sqrt(memoryBandwidth);
  const float perM = p.bytesM * p.k, perN = p.bytesN * p.k, firstReads = p.firstReads;
  for (size_t i = 0; i < size; ++i) {
    const size_t t = first + i;
    const float concurrent = std::max(1.0f, std::min(block.tiles[i], units));
    const float tilesM =
        std::min(std::max(std::sqrt(concurrent) * columns.rootShape[t], 1.0f), block.gridM[i]);
    const float tilesN = std::min(block.gridN[i], std::max(1.0f, concurrent / tilesM));
    const float perWave = tilesM * columns.m[t] * perM + tilesN * columns.n[t] * perN;
    block.bytes[i] = std::max(firstReads, perWave * (block.tiles[i] / (tilesM * tilesN)));
    block.ramp[i] = ramp * std::sqrt(block.bytes[i]);
  }
}

void GemmModel::layOver(const Problem &p, llvm::SmallVectorImpl<Block> &grid) const {
  llvm::SmallVector<float, 64> alongM, alongN;
  for (const double edge : columns.edges) {
    alongM.push_back(edge <= 2 * p.m || edge <= 64 ? roundedUp(p.m / edge) : infinity);
    alongN.push_back(edge <= 2 * p.n || edge <= 16 ? roundedUp(p.n / edge) * p.batch : infinity);
  }
  const StepRates<float> rates = p.rates.as<float>();
  const float rows = p.swapped ? p.n : p.m, units = computeUnits, perUnit = 1 / double(computeUnits);
  const float perClock = 1 / clock, perByte = 1 / memoryBandwidth;
  const float steps = roundedUp(p.k / depthStep), stepSeconds = steps * perClock;
  const float output = constants.outputOverlap * p.output / memoryBandwidth;
  const float store = (1 - constants.outputOverlap) * p.output / memoryBandwidth;
  const float perElement = constants.epilogueCyclesPerLine * p.outputBytes / 64 / clock;
  const float mmaSeconds = 2 * depthStep / p.flopsPerClock / clock * steps;
  const float exposed = constants.exposedTileCycles / clock, rounding = constants.waveRounding;
  const float drift = constants.waveDrift;
  const float atLimit = p.rateLimit > 0 ? 2.0 * p.m * p.n * p.k * p.batch / p.rateLimit : 0;
  const float splitBase = p.leastRamp + constants.splitLaunch, twoParts = 2 * splitTraffic(p);
  const float droop = constants.droop, droopSeconds = constants.droopSeconds;
  const float splitWork = constants.splitWork, leastTraffic = p.leastTraffic;
  const float firstReads = p.firstReads, leastRamp = p.leastRamp;

  const size_t count = kernels.tiles.size();
  grid.reserve((count + Block::most - 1) / Block::most);
  for (size_t first = 0; first < count; first += Block::most) {
    // Local, so that nothing else can lie behind it.
    Block block;
    const size_t size = block.size = std::min(Block::most, count - first);
    for (size_t i = 0; i < size; ++i) {
      const size_t t = first + i;
      block.gridM[i] = alongM[columns.edgeM[t]] * columns.clusterM[t];
      block.gridN[i] = alongN[columns.edgeN[t]] * columns.clusterN[t];
      const bool serves = rows >= columns.leastRows[t] && rows <= columns.mostRows[t];
      block.tiles[i] = serves ? block.gridM[i] * block.gridN[i] : infinity;
      block.bytes[i] = firstReads;
      block.ramp[i] = leastRamp;
    }
    if (p.operands > cachedBytes)
      addReloads(p, first, block, size);
    for (size_t i = 0; i < size; ++i) {
      const size_t t = first + i;
      const TileStepOf<float> step{columns.area[t],     columns.products[t], columns.lds[t],
                                   columns.fetchedM[t], columns.fetchedN[t], columns.askM[t],
                                   columns.askN[t],     columns.overhead[t]};
      const float share = std::min(block.tiles[i], 1e15f) * perUnit, work = std::max(1.0f, share);
      const float waves = countedWaves(work, roundedUp(work * margin), rounding, drift);
      const float busy = std::min(1.0f, share);
      float traffic = std::max(block.bytes[i] * perByte + output, leastTraffic);
      const float fewUnits = block.bytes[i] * columns.unitSeconds[t] / share;
      traffic = block.tiles[i] < units ? std::max(traffic, fewUnits) : traffic;
      const float cycles = cyclesPerStep(rates, step, 1.0f, busy);
      const float loop = std::max(waves * (cycles * stepSeconds + exposed), columns.alone[t] * stepSeconds);
      const float epilogue = std::max(perElement * step.area, store);
      const float body = std::max(loop, traffic) + epilogue;
      const float power =
          droop * std::min(work * mmaSeconds * step.area, body) * (body / (body + droopSeconds));
      const float bound = margin * (columns.prologue[t] + std::max(body + power, atLimit) + block.ramp[i]);
      block.bound[i] = block.tiles[i] < infinity ? bound : infinity;
      // However it is split, the work cannot be spread better than evenly.
      block.splitCycles[i] = cyclesPerStep(rates, step, splitWork, busy) * perClock;
      block.splitAside[i] = columns.prologue[t] + epilogue + splitBase;
      const float evenly = std::max(block.splitCycles[i] * steps * share, leastTraffic);
      const float splitBound = margin * (block.splitAside[i] + twoParts + evenly);
      block.splitBound[i] = block.tiles[i] < columns.splitTiles[t] ? splitBound : infinity;
      // Where rounds come out even nothing is cut, and the bound is that of whole tiles.
      const float aside = columns.prologue[t] + epilogue + p.leastRamp + columns.cutSeconds[t];
      const float streamBound = margin * (aside + evenly);
      block.streamBound[i] = p.batch == 1 && block.tiles[i] < infinity ? streamBound : infinity;
      block.lowest[i] = std::min(std::min(block.bound[i], block.splitBound[i]), block.streamBound[i]);
    }
    grid.push_back(block);
  }
}

} // namespace codesign
