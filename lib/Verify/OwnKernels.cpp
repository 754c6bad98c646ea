#include "codesign/Verify/OwnKernels.h"
#include "OwnFit.h"
#include "TimedKernel.h"
#include "codesign/Lowering/Gemm.h"
#include "codesign/Simulate/TimingFit.h"
#include "codesign/Support/Diagnostics.h"
#include "codesign/Verify/DeviceCompiler.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <limits>
#include <map>

namespace codesign {

static constexpr int64_t shortSteps = 8, longSteps = 24; // of k: their difference has no start and no end
static constexpr double unfittedError = 0.4;             // of the timing model: an assumption

std::vector<GemmSchedule> chooseSchedules(const Profile &profile, const OwnKernelOptions &options,
                                          GemmFamily family) {
  std::map<std::pair<int, std::pair<int, int>>, GemmSchedule> byTile;
  for (const GemmSchedule &schedule : legalGemmSchedules(profile, options.type, options.form.layout,
                                                         options.blockScaled, options.form.shuffledWeights)) {
    if (schedule.family != family || LoopForm::of(schedule) != options.form ||
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
  for (const GemmSchedule &schedule : chooseSchedules(profile, options, GemmFamily::MfmaLdsDoubleBuffer)) {
    std::vector<TimedKernel> depths;
    for (const int64_t steps : {shortSteps, longSteps}) {
      // Of two by two tiles every line is shared, as in a large product: others have brought it to L2.
      llvm::Expected<TimedKernel> kernel = runTiles(schedule, profile, options.type, /*tilesM=*/2,
                                                    /*tilesN=*/2, schedule.macroTileK * steps, *compiler);
      if (!kernel)
        return kernel.takeError();
      depths.push_back(std::move(*kernel));
    }
    const double depth = double(longSteps - shortSteps) * schedule.macroTileK;
    auto loop = loopClocks(depths, depth, *unit, {});
    if (!loop)
      return loop.takeError();
    SimulatedSchedule timed;
    timed.schedule = schedule;
    timed.clocks = loop->clocks;
    timed.residents = loop->residents;
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

constexpr Sought<OwnLoop> soughtParameters[] = {
    {&OwnLoop::mmaEfficiency, 0.8, 1, 0.16},  {&OwnLoop::sharedEfficiency, 0.6, 1, 0.16},
    {&OwnLoop::stepOverhead, 0, 400, 80},     {&OwnLoop::exposedLatency, 0, 3000, 640},
    {&OwnLoop::loneWaveExposure, 0, 1, 0.32},
};

} // namespace

OwnLoop fitLoop(llvm::ArrayRef<SimulatedSchedule> simulated, double unitBytesPerClock) {
  const auto errorOf = [&](const OwnLoop &loop) {
    double error = 0;
    for (const SimulatedSchedule &timed : simulated)
      error += std::fabs(std::log(loop.clocks(timed.parts) / timed.clocks));
    return error;
  };
  OwnLoop best;
  double least = std::numeric_limits<double>::infinity();
  for (double latency : {0.0, 500.0, 1000.0})
    for (double exposure : {0.0, 0.3, 0.6}) {
      OwnLoop loop{1, 1, unitBytesPerClock, 0, latency, exposure};
      const double error = descend<OwnLoop>(loop, soughtParameters, errorOf);
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

CalibrationSet simulatedSet(llvm::StringRef kind, DataType type, std::vector<CalibrationConstant> constants,
                            std::vector<double> ratios, size_t kernels, const simulate::ComputeUnit &unit) {
  CalibrationSet set;
  set.key = {kind.str(), ownKernelProvider, type};
  set.constants = std::move(constants);
  for (CalibrationConstant &constant : set.constants)
    constant.value = rounded(constant.value);
  set.measurements = std::to_string(kernels) + " emitted kernels in the simulator";
  set.source = "simulated: not measured on hardware";
  set.evidence = "simulated";
  set.rowsFitted = static_cast<int>(kernels);
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

CalibrationSet ownKernelCalibration(const OwnKernelFit &fit, const OwnKernelOptions &options,
                                    const simulate::ComputeUnit &unit) {
  const char *kind = options.blockScaled ? "gemm_block128" : "gemm";
  return simulatedSet(ownKernelKind(kind, options.form), options.type, fit.loop.constants(),
                      fit.heldOutRatios, fit.heldOutRatios.size(), unit);
}

} // namespace codesign
