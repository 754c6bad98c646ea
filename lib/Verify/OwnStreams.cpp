#include "codesign/Verify/OwnStreams.h"
#include "OwnFit.h"
#include "TimedKernel.h"
#include "codesign/Simulate/TimingFit.h"
#include "codesign/Support/Diagnostics.h"
#include "codesign/Verify/DeviceCompiler.h"
#include <cmath>
#include <limits>

namespace codesign {
namespace {

constexpr int64_t shortTurns = 3, longTurns = 9; // of the loop: the difference has no start and no end
constexpr size_t splitEvery = 4;                 // kernels, one of which shares k among two workgroups

constexpr Sought<OwnStream> soughtConstants[] = {
    {&OwnStream::mmaEfficiency, 0.5, 1, 0.16},
    {&OwnStream::bytesPerClock, 2, 256, 8},
    {&OwnStream::turnLatency, 100, 20000, 640},
    {&OwnStream::stepOverhead, 0, 400, 32},
};

OwnStream fitStream(llvm::ArrayRef<SimulatedStream> simulated) {
  const auto errorOf = [&](const OwnStream &stream) {
    double error = 0;
    for (const SimulatedStream &timed : simulated)
      for (const StreamClocks &run : timed.runs)
        error +=
            std::fabs(std::log(stream.clocks(timed.parts, run.residents, run.hbmBytesPerClock) / run.clocks));
    return error;
  };
  OwnStream best;
  double least = std::numeric_limits<double>::infinity();
  for (double rate : {16.0, 48.0})
    for (double latency : {1000.0, 2000.0, 4000.0}) {
      OwnStream stream{1, rate, latency, 0};
      const double error = descend<OwnStream>(stream, soughtConstants, errorOf);
      if (error < least) {
        least = error;
        best = stream;
      }
    }
  return best;
}

} // namespace

llvm::Expected<std::vector<SimulatedStream>>
simulateStreams(const Profile &profile, const OwnKernelOptions &options,
                llvm::function_ref<void(const SimulatedStream &)> progress) {
  llvm::Expected<simulate::ComputeUnit> unit = simulate::computeUnitOf(profile);
  if (!unit)
    return unit.takeError();
  llvm::Expected<std::string> compiler = findDeviceCompiler(options.compiler);
  if (!compiler)
    return compiler.takeError();
  std::vector<SimulatedStream> result;
  for (GemmSchedule schedule : chooseSchedules(profile, options, GemmFamily::MfmaWeightStream)) {
    if (result.size() % splitEvery == splitEvery - 1 && maxSplitK(schedule) > 1)
      schedule.splitK = 2;
    const int64_t turn = int64_t(schedule.macroTileK) * schedule.stages;
    std::vector<TimedKernel> depths;
    for (const int64_t turns : {shortTurns, longTurns}) {
      // All of the rows in one tile; two tiles of weights, which share them.
      llvm::Expected<TimedKernel> kernel = runTiles(schedule, profile, options.type, /*tilesM=*/1,
                                                    /*tilesN=*/2, turn * turns * schedule.splitK, *compiler);
      if (!kernel)
        return kernel.takeError();
      depths.push_back(std::move(*kernel));
    }
    SimulatedStream timed;
    timed.schedule = schedule;
    timed.parts = streamParts(schedule, profile, options.type);
    for (const auto &[residents, active] : {std::pair(1, 1), std::pair(0, 1), std::pair(0, 0)}) {
      simulate::TimingOptions timing;
      timing.residentWorkgroups = residents;
      timing.activeUnits = active;
      auto loop = loopClocks(depths, double(turn * (longTurns - shortTurns)), *unit, timing);
      if (!loop)
        return loop.takeError();
      const double hbm = active == 1 ? unit->timing.firstLevelBytesPerClock : unit->timing.hbmBytesPerClock;
      timed.runs.push_back(
          {.residents = double(loop->residents), .hbmBytesPerClock = hbm, .clocks = loop->clocks});
    }
    progress(timed);
    result.push_back(std::move(timed));
  }
  return result;
}

OwnStreamFit fitOwnStreams(llvm::ArrayRef<SimulatedStream> simulated) {
  OwnStreamFit fit;
  fit.stream = fitStream(simulated);
  for (size_t i = 0; i < simulated.size(); ++i) {
    std::vector<SimulatedStream> others(simulated);
    others.erase(others.begin() + static_cast<ptrdiff_t>(i));
    const OwnStream heldOut = others.empty() ? fit.stream : fitStream(others);
    const SimulatedStream &timed = simulated[i];
    for (const StreamClocks &run : timed.runs) {
      fit.error +=
          std::fabs(fit.stream.clocks(timed.parts, run.residents, run.hbmBytesPerClock) / run.clocks - 1);
      fit.heldOutRatios.push_back(run.clocks /
                                  heldOut.clocks(timed.parts, run.residents, run.hbmBytesPerClock));
    }
  }
  fit.error /= double(std::max<size_t>(1, fit.heldOutRatios.size()));
  return fit;
}

CalibrationSet ownStreamCalibration(const OwnStreamFit &fit, size_t kernels, const OwnKernelOptions &options,
                                    const simulate::ComputeUnit &unit) {
  return simulatedSet(options.blockScaled ? ownBlockStreamKind : ownStreamKind, options.type,
                      fit.stream.constants(), fit.heldOutRatios, kernels, unit);
}

} // namespace codesign
