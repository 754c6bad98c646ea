// How fast the simulator is: wave instructions and multiply-accumulates per second of one core on two loops,
// with checks and with the timing model; one whole GEMM grid on all cores, with the memory it took.
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Simulate/TimingFit.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <benchmark/benchmark.h>
#include <sys/resource.h>

using namespace codesign;
using namespace codesign::simulate;

enum class Mode { Plain, Checked, Timed };

template <class T>
static bool failed(benchmark::State &state, llvm::Expected<T> &value) {
  if (!value)
    state.SkipWithError(llvm::toString(value.takeError()).c_str());
  return !value;
}

static llvm::Expected<ComputeUnit> computeUnit() {
  auto profile = loadProfile(CODESIGN_SOURCE_DIR "/hwprofiles/mi300x.yaml", {});
  if (!profile)
    return profile.takeError();
  return computeUnitOf(*profile);
}

static void runKernel(benchmark::State &state, const char *name) {
  const Mode mode = static_cast<Mode>(state.range(0));
  auto object = CodeObject::loadFile(CODESIGN_SIMULATE_OBJECT);
  auto unit = computeUnit();
  if (failed(state, object) || failed(state, unit))
    return;
  RunOptions options;
  options.checks = mode != Mode::Plain;
  options.tracedWorkgroups = mode == Mode::Timed;
  options.threads = 1;
  double instructions = 0, multiplyAccumulates = 0;
  for (auto _ : state) {
    simulate::DeviceMemory memory;
    const Launch launch{name, {1}, {256}};
    auto report = run(**object, launch, memory, options);
    if (failed(state, report))
      return;
    if (!report->findings.empty())
      return state.SkipWithError("findings");
    if (mode == Mode::Timed) {
      auto timing = estimateTiming(**object, launch, *report, *unit, {1, false});
      if (failed(state, timing))
        return;
    }
    instructions += report->instructions;
    multiplyAccumulates += report->matrixMultiplyAccumulates;
  }
  state.counters["instructions"] = benchmark::Counter(instructions, benchmark::Counter::kIsRate);
  state.counters["MACs"] = benchmark::Counter(multiplyAccumulates, benchmark::Counter::kIsRate);
}

/// An emitted bf16 kernel, 256 x 256 x 512, with all checks, on all cores.
static void gemmGrid(benchmark::State &state) {
  auto object = CodeObject::loadFile(CODESIGN_GEMM_OBJECT);
  if (failed(state, object))
    return;
  const std::vector<uint16_t> ones(256 * 512, 0x3f80);
  for (auto _ : state) {
    simulate::DeviceMemory memory;
    const uint64_t a = memory.allocateValues<uint16_t>("a", ones),
                   w = memory.allocateValues<uint16_t>("w", ones), d = memory.allocate("d", 2 * 256 * 256);
    Launch launch{(*object)->kernels().front().name, {4}, {256}};
    launch.arguments.pointer(a).pointer(w).pointer(d).value<int32_t>(256);
    auto report = run(**object, launch, memory, {});
    if (failed(state, report))
      return;
    if (!report->findings.empty() || report->matrixMultiplyAccumulates != 256ull * 256 * 512 ||
        !llvm::all_of(memory.values<uint16_t>(d), [](uint16_t v) { return v == 0x4400; })) // 512 in bf16
      return state.SkipWithError("wrong result");
  }
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["peakResidentMB"] = usage.ru_maxrss / 1024.0;
}

static void mixedLoop(benchmark::State &state) {
  runKernel(state, "mixed");
}
static void matrixLoop(benchmark::State &state) {
  runKernel(state, "matrix");
}
// First, so that its peak memory is its own.
BENCHMARK(gemmGrid)->Unit(benchmark::kMillisecond)->UseRealTime();
// 0: no checks, 1: all checks, 2: all checks and the timing model
BENCHMARK(mixedLoop)->ArgName("mode")->DenseRange(0, 2)->Unit(benchmark::kMillisecond);
BENCHMARK(matrixLoop)->ArgName("mode")->DenseRange(0, 2)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
