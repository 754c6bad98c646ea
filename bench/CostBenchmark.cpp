// How many dense products the cost model prices in a second: cold shapes over the library's whole set of
// tiles, splits and operand orders.
#include "codesign/Cost/CostModel.h"
#include "codesign/Hardware/ProfileLoader.h"

#include <benchmark/benchmark.h>
#include <random>

using namespace codesign;

namespace {

std::vector<OperatorShape> randomProducts(int count) {
  std::mt19937_64 random(1);
  std::vector<OperatorShape> shapes;
  for (int i = 0; i < count; ++i)
    shapes.push_back(GemmShape{.m = int64_t(1) << (random() % 15),
                               .n = 64 * int64_t(1 + random() % 400),
                               .k = 64 * int64_t(1 + random() % 400)});
  return shapes;
}

void priceProducts(benchmark::State &state, const char *device) {
  auto profile = loadProfile(device, profileSearchDirs("", ""));
  if (!profile) {
    state.SkipWithError(llvm::toString(profile.takeError()).c_str());
    return;
  }
  const CostModel model(*profile, {});
  const std::vector<OperatorShape> shapes = randomProducts(4096);
  size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(model.time(shapes[at]));
    at = (at + 1) % shapes.size();
  }
  state.SetItemsProcessed(state.iterations());
  // Each tile in each operand order, splits not counted.
  state.counters["shape_tiles"] =
      benchmark::Counter(2.0 * static_cast<double>(libraryTiles(*profile).size() * state.iterations()),
                         benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(priceProducts, mi300x, "mi300x");
BENCHMARK_CAPTURE(priceProducts, h100_sxm, "h100-sxm");

} // namespace

BENCHMARK_MAIN();
