#include "codesign/Verify/OwnKernels.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Lowering/Gemm.h"
#include "codesign/Simulate/TimingFit.h"
#include "codesign/Support/Diagnostics.h"
#include "codesign/Verify/DeviceCompiler.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace codesign {
namespace {

constexpr int64_t shortSteps = 8, longSteps = 24; // of k: their difference has no prologue and no epilogue
constexpr double priceUnit = 64;                  // of k
constexpr double unfittedError = 0.4;             // of the timing model: an assumption

/// Legal schedules that can be written, one for each tile of m x n, evenly over the sizes.
std::vector<GemmSchedule> chooseSchedules(const Profile &profile, const OwnKernelOptions &options) {
  std::map<std::pair<int, std::pair<int, int>>, GemmSchedule> byTile;
  for (const GemmSchedule &schedule :
       legalGemmSchedules(profile, options.type, GemmLayout::NT, options.blockScaled)) {
    if (schedule.family != GemmFamily::MfmaLdsDoubleBuffer ||
        schedule.waves() < profile.compute.simdsPerComputeUnit)
      continue;
    llvm::Expected<GemmKernel> kernel = gemmKernel(schedule, profile);
    if (!kernel) {
      llvm::consumeError(kernel.takeError());
      continue;
    }
    // As plans prefer them.
    const std::pair key(schedule.macroTileM * schedule.macroTileN,
                        std::pair(schedule.macroTileM, schedule.macroTileN));
    auto [found, isNew] = byTile.try_emplace(key, schedule);
    if (!isNew && preferenceOf(schedule) < preferenceOf(found->second))
      found->second = schedule;
  }
  std::vector<GemmSchedule> all, chosen;
  for (const auto &[key, schedule] : byTile)
    all.push_back(schedule);
  const size_t count = std::min(all.size(), static_cast<size_t>(std::max(1, options.schedules)));
  for (size_t i = 0; i < count; ++i)
    chosen.push_back(all[count == 1 ? all.size() - 1 : i * (all.size() - 1) / (count - 1)]);
  return chosen;
}

struct LoadedKernel {
  std::shared_ptr<const simulate::CodeObject> object;
  LaunchFacts facts;
};

llvm::Expected<LoadedKernel> compile(const GemmSchedule &schedule, const Profile &profile, DataType type,
                                     int64_t k, llvm::StringRef compiler) {
  llvm::Expected<GemmKernel> kernel = gemmKernel(schedule, profile);
  if (!kernel)
    return kernel.takeError();
  mlir::MLIRContext context;
  GemmProblem problem = {.symbol = "timed", .type = type, .n = schedule.macroTileN, .k = k};
  problem.scaling = schedule.blockScaled ? Scaling::Block128 : Scaling::None;
  auto module = lowerGemm(context, problem, *kernel);
  if (!module)
    return module.takeError();
  kernel::FuncOp function = *(*module)->getOps<kernel::FuncOp>().begin();
  EmitOptions emitOptions;
  emitOptions.inlinePrelude = true;
  llvm::Expected<std::string> source = emitKernel(function, emitOptions);
  if (!source)
    return source.takeError();
  llvm::SmallString<128> text, object;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("codesign-timed", "hip", text))
    return usageError("cannot write a temporary file: " + code.message());
  llvm::FileRemover removeText(text);
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("codesign-timed", "co", object))
    return usageError("cannot write a temporary file: " + code.message());
  llvm::FileRemover removeObject(object);
  std::error_code code;
  {
    llvm::raw_fd_ostream stream(text, code);
    stream << *source;
  }
  if (llvm::Error error = compileForDevice(compiler, text, toString(profile.architecture), object))
    return error;
  auto loaded = simulate::CodeObject::loadFile(object);
  if (!loaded)
    return loaded.takeError();
  return LoadedKernel{*loaded, launchFacts(function)};
}

/// Clocks of a compute unit that holds as many workgroups as fit, and how many these are.
llvm::Expected<std::pair<double, int>> clocksOf(const LoadedKernel &kernel, const GemmSchedule &schedule,
                                                DataType type, int64_t k, const simulate::ComputeUnit &unit) {
  simulate::DeviceMemory memory;
  constexpr int64_t tiles = 2; // workgroups resemble one another
  const int64_t rows = schedule.macroTileM * tiles, bytes = bitWidth(type) / 8;
  const uint64_t a = memory.allocate("a", static_cast<uint64_t>(rows * k * bytes)),
                 w = memory.allocate("w", static_cast<uint64_t>(schedule.macroTileN * k * bytes)),
                 d = memory.allocate("d", static_cast<uint64_t>(rows * schedule.macroTileN *
                                                                bitWidth(schedule.outputType) / 8));
  simulate::Launch launch{kernel.object->kernels().front().name,
                          {static_cast<uint32_t>(tiles)},
                          {static_cast<uint32_t>(kernel.facts.threads)}};
  launch.dynamicLdsBytes = static_cast<uint32_t>(kernel.facts.dynamicLdsBytes);
  launch.arguments.pointer(a).pointer(w);
  if (schedule.blockScaled) {
    const int64_t steps = llvm::divideCeil(k, scaledBlockExtent);
    const int64_t blocks = llvm::divideCeil(schedule.macroTileN, scaledBlockExtent);
    launch.arguments.pointer(memory.allocate("a_scale", static_cast<uint64_t>(rows * steps) * sizeof(float)))
        .pointer(memory.allocate("w_scale", static_cast<uint64_t>(blocks * steps) * sizeof(float)));
  }
  launch.arguments.pointer(d).value(static_cast<int32_t>(rows));
  simulate::RunOptions options;
  options.checks = false;
  options.tracedWorkgroups = tiles;
  auto report = run(*kernel.object, launch, memory, options);
  if (!report)
    return report.takeError();
  auto timing = estimateTiming(*kernel.object, launch, *report, unit);
  if (!timing)
    return timing.takeError();
  return std::pair(timing->clocks, timing->residentWorkgroups);
}

} // namespace

llvm::Expected<std::vector<SimulatedSchedule>>
simulateSchedules(const Profile &profile, const OwnKernelOptions &options,
                  llvm::function_ref<void(const SimulatedSchedule &)> progress) {
  llvm::Expected<simulate::ComputeUnit> unit = simulate::computeUnitOf(profile);
  if (!unit)
    return unit.takeError();
  llvm::Expected<std::string> compiler = findDeviceCompiler(options.compiler);
  if (!compiler)
    return compiler.takeError();
  std::vector<SimulatedSchedule> result;
  for (const GemmSchedule &schedule : chooseSchedules(profile, options)) {
    double clocks[2] = {};
    SimulatedSchedule timed;
    timed.schedule = schedule;
    for (int i = 0; i < 2; ++i) {
      const int64_t k = schedule.macroTileK * (i ? longSteps : shortSteps);
      llvm::Expected<LoadedKernel> kernel = compile(schedule, profile, options.type, k, *compiler);
      if (!kernel)
        return kernel.takeError();
      auto measured = clocksOf(*kernel, schedule, options.type, k, *unit);
      if (!measured)
        return measured.takeError();
      std::tie(clocks[i], timed.residents) = *measured;
    }
    const double depth = double((longSteps - shortSteps) * schedule.macroTileK) / priceUnit;
    timed.clocks = (clocks[1] - clocks[0]) / depth / timed.residents;
    timed.parts = loopParts(schedule, profile, options.type);
    progress(timed);
    result.push_back(timed);
  }
  if (result.empty())
    return usageError("no kernel of codesign's own can be emitted for " + profile.name + " and " +
                      toString(options.type));
  return result;
}

namespace {

/// A parameter of the loop, the range in which it is sought, and the first stride.
struct Sought {
  double OwnLoop::*member;
  double low, high, stride;
};
constexpr Sought soughtParameters[] = {
    {&OwnLoop::mmaEfficiency, 0.8, 1, 0.16},  {&OwnLoop::sharedEfficiency, 0.6, 1, 0.16},
    {&OwnLoop::stepOverhead, 0, 400, 80},     {&OwnLoop::exposedLatency, 0, 3000, 640},
    {&OwnLoop::loneWaveExposure, 0, 1, 0.32},
};

double errorOf(const OwnLoop &loop, llvm::ArrayRef<SimulatedSchedule> simulated) {
  double error = 0;
  for (const SimulatedSchedule &timed : simulated)
    error += std::fabs(std::log(loop.clocks(timed.parts) / timed.clocks));
  return error;
}

/// Moves one parameter at a time while the error falls, with ever smaller strides.
double descend(OwnLoop &loop, llvm::ArrayRef<SimulatedSchedule> simulated) {
  double least = errorOf(loop, simulated);
  for (int halvings = 0; halvings < 6; ++halvings)
    for (bool moved = true; moved;) {
      moved = false;
      for (const Sought &sought : soughtParameters)
        for (double direction : {-1.0, 1.0}) {
          OwnLoop next = loop;
          double &value = next.*sought.member;
          value = std::clamp(value + direction * sought.stride / (1 << halvings), sought.low, sought.high);
          const double error = errorOf(next, simulated);
          if (error < least - 1e-12) {
            least = error;
            loop = next;
            moved = true;
          }
        }
    }
  return least;
}

} // namespace

OwnLoop fitLoop(llvm::ArrayRef<SimulatedSchedule> simulated, double unitBytesPerClock) {
  OwnLoop best;
  double least = std::numeric_limits<double>::infinity();
  for (double latency : {0.0, 500.0, 1000.0})
    for (double exposure : {0.0, 0.3, 0.6}) {
      OwnLoop loop{1, 1, unitBytesPerClock, 0, latency, exposure};
      const double error = descend(loop, simulated);
      if (error < least) {
        least = error;
        best = loop;
      }
    }
  return best;
}

OwnKernelFit fitOwnKernels(llvm::ArrayRef<SimulatedSchedule> simulated, double unitBytesPerClock) {
  OwnKernelFit fit;
  fit.loop = fitLoop(simulated, unitBytesPerClock);
  for (size_t i = 0; i < simulated.size(); ++i) {
    const SimulatedSchedule &timed = simulated[i];
    fit.error += std::fabs(fit.loop.clocks(timed.parts) / timed.clocks - 1) / double(simulated.size());
    std::vector<SimulatedSchedule> others(simulated);
    others.erase(others.begin() + static_cast<ptrdiff_t>(i));
    fit.heldOutRatios.push_back(timed.clocks / fitLoop(others, unitBytesPerClock).clocks(timed.parts));
  }
  return fit;
}

/// Four digits are more than the fit knows.
static double rounded(double value) {
  if (value == 0)
    return 0;
  const double unit = std::pow(10, std::floor(std::log10(std::fabs(value))) - 3);
  return std::stod(llvm::formatv("{0:f8}", std::round(value / unit) * unit).str());
}

CalibrationSet ownKernelCalibration(const OwnKernelFit &fit, const OwnKernelOptions &options,
                                    const simulate::ComputeUnit &unit) {
  CalibrationSet set;
  set.key = {options.blockScaled ? "gemm_block128" : "gemm", ownKernelProvider, options.type};
  set.constants = fit.loop.constants();
  for (CalibrationConstant &constant : set.constants)
    constant.value = rounded(constant.value);
  set.measurements = std::to_string(fit.heldOutRatios.size()) + " emitted kernels in the simulator";
  set.source = "simulated: not measured on hardware";
  set.evidence = "simulated";
  set.rowsFitted = static_cast<int>(fit.heldOutRatios.size());
  std::vector<double> ratios = fit.heldOutRatios;
  double error = 0;
  for (double ratio : ratios)
    error += 100 * std::fabs(1 / ratio - 1) / double(ratios.size());
  set.meanAbsolutePercentageError = rounded(error);
  llvm::sort(ratios);
  const size_t outside = ratios.size() / 20;
  const double timingError = unit.fitted ? unit.fitted->error : unfittedError;
  // The loop's error and the timing model's have nothing to do with one another.
  const auto with = [&](double loopError) { return std::hypot(std::max(0.0, loopError), timingError); };
  const double low = std::max(0.01, 1 - with(1 - ratios[outside])),
               high = 1 + with(ratios[ratios.size() - 1 - outside] - 1);
  set.absoluteBands = {{"all", rounded(low), rounded(high), 0.9, set.rowsFitted}};
  return set;
}

} // namespace codesign
