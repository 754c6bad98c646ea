// Wave instructions and matrix multiply-accumulates that the simulator executes per second of one core.
#include "codesign/Simulate/Simulator.h"
#include "llvm/Support/raw_ostream.h"
#include <benchmark/benchmark.h>

using namespace codesign::simulate;

static void runKernel(benchmark::State &state, const char *name) {
  auto object = CodeObject::loadFile(CODESIGN_SIMULATE_OBJECT);
  if (!object) {
    state.SkipWithError(llvm::toString(object.takeError()).c_str());
    return;
  }
  RunOptions options;
  options.checks = state.range(0);
  options.threads = 1;
  double instructions = 0, multiplyAccumulates = 0;
  for (auto _ : state) {
    DeviceMemory memory;
    auto report = run(**object, {name, {1}, {256}}, memory, options);
    if (!report || !report->findings.empty()) {
      state.SkipWithError(report ? "findings" : llvm::toString(report.takeError()).c_str());
      return;
    }
    instructions += report->instructions;
    multiplyAccumulates += report->matrixMultiplyAccumulates;
  }
  state.counters["instructions"] = benchmark::Counter(instructions, benchmark::Counter::kIsRate);
  state.counters["MACs"] = benchmark::Counter(multiplyAccumulates, benchmark::Counter::kIsRate);
}

static void mixedLoop(benchmark::State &state) {
  runKernel(state, "mixed");
}
static void matrixLoop(benchmark::State &state) {
  runKernel(state, "matrix");
}
BENCHMARK(mixedLoop)->ArgName("checks")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(matrixLoop)->ArgName("checks")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
