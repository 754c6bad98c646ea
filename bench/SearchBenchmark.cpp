// How many legal variants a second the search covers, with prices cold: every iteration prices each operator
// shape anew.
#include "codesign/Cost/CostModel.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Search/Search.h"
#include "codesign/Spec/PlanRequest.h"
#include "llvm/Support/raw_ostream.h"
#include <benchmark/benchmark.h>
#include <sys/resource.h>

using namespace codesign;

namespace {

class LibraryPricer final : public OperatorPricer {
public:
  explicit LibraryPricer(const Profile &profile) : model(profile, {}) {}
  Seconds time(const OperatorShape &shape) const override { return model.time(shape); }
  Joules energy(const OperatorShape &shape) const override { return model.estimate(shape).energy; }

private:
  CostModel model;
};

template <class T>
T orExit(llvm::Expected<T> value) {
  if (value)
    return std::move(*value);
  exit(int(reportError(value.takeError(), llvm::errs())));
}

Space readSpace(const std::string &path) {
  PlanRequest request = orExit(loadPlanRequest(path));
  Space space;
  space.base = request.model.model;
  space.domains = request.domains;
  space.workloads = request.workloads;
  space.budget = request.budget;
  space.guardRails = request.guardRails;
  space.objective = request.objective;
  return space;
}

void searchSpace(benchmark::State &state, const std::string &name) {
  Space space = readSpace(std::string(CODESIGN_SOURCE_DIR "/bench/spaces/") + name + ".yaml");
  Profile profile = orExit(loadProfile("mi300x", profileSearchDirs("", "")));
  SearchOptions options;
  options.tieBand = 0.02;
  int64_t legal = 0, variants = 0, shapes = 0;
  for (auto _ : state) {
    LibraryPricer pricer(profile);
    SearchResult result = orExit(search(space, pricer, options));
    benchmark::DoNotOptimize(result);
    legal += result.certificate.legal;
    variants = result.certificate.variants;
    shapes = result.shapesPriced;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["legal_variants/s"] = benchmark::Counter(double(legal), benchmark::Counter::kIsRate);
  state.counters["legal_variants"] = double(legal) / double(state.iterations());
  state.counters["variants"] = double(variants);
  state.counters["shapes_priced"] = double(shapes);
  state.counters["peak_memory_MB"] = double(usage.ru_maxrss) / 1024;
}

} // namespace

BENCHMARK_CAPTURE(searchSpace, dense, "dense")->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK_CAPTURE(searchSpace, moe, "moe")->Unit(benchmark::kSecond)->Iterations(1);

BENCHMARK_MAIN();
