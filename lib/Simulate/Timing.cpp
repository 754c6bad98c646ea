#include "codesign/Simulate/Timing.h"
#include "Replay.h"
#include "codesign/Support/Diagnostics.h"
#include <algorithm>

namespace codesign::simulate {
namespace {

/// Workgroups that one compute unit holds, and what limits them.
std::pair<int, const char *> residency(const Kernel &kernel, const Launch &launch, int waves,
                                       const ComputeUnit &unit) {
  const auto roundUp = [](int64_t value, int64_t step) {
    return (value + step - 1) / std::max<int64_t>(step, 1) * step;
  };
  // The waves of a workgroup go to whichever SIMDs have room.
  const auto workgroupsOf = [&](int64_t wavesPerSimd) {
    return wavesPerSimd * unit.compute.simdsPerComputeUnit / waves;
  };
  const auto lds =
      roundUp(kernel.staticLdsBytes + launch.dynamicLdsBytes, int64_t(unit.shared.allocationGranule.value));
  const auto registers =
      std::max<int64_t>(1, roundUp(kernel.vectorRegisters, unit.registers.allocationGranule));
  std::pair<int, const char *> least = {unit.compute.maxWorkgroupsPerComputeUnit, "workgroups"};
  const auto limit = [&](int64_t count, const char *name) {
    if (count < least.first)
      least = {static_cast<int>(count), name};
  };
  limit(workgroupsOf(unit.compute.maxWavesPerSimd), "waves");
  limit(workgroupsOf(unit.registers.registersPerSimdLane / registers), "registers");
  if (lds > 0)
    limit(int64_t(unit.shared.capacityPerComputeUnit.value) / lds, "LDS");
  return least;
}

} // namespace

llvm::StringRef toString(StallReason reason) {
  static constexpr llvm::StringRef names[] = {"dependency",  "vmcnt",      "lgkmcnt",   "barrier",
                                              "matrix busy", "issue busy", "LDS queue", "memory queue"};
  return names[static_cast<size_t>(reason)];
}

double InstructionTiming::totalStallClocks() const {
  double sum = 0;
  for (double clocks : stallClocks)
    sum += clocks;
  return sum;
}

StallReason InstructionTiming::mainReason() const {
  return static_cast<StallReason>(std::max_element(stallClocks.begin(), stallClocks.end()) -
                                  stallClocks.begin());
}

llvm::Expected<TimingReport> estimateTiming(const CodeObject &object, const Launch &launch,
                                            const RunReport &report, const ComputeUnit &unit,
                                            const TimingOptions &options) {
  if (report.traces.empty())
    return usageError("nothing was traced to take the time of");
  llvm::Expected<const Kernel *> kernel = object.kernel(launch.kernel);
  if (!kernel)
    return kernel.takeError();
  const auto [fits, limit] =
      residency(**kernel, launch, static_cast<int>(report.traces.front().waves.size()), unit);
  if (fits < 1)
    return usageError("kernel '" + launch.kernel + "': a compute unit has too few " + limit +
                      " for one workgroup");
  const int residents = options.residentWorkgroups > 0 ? std::min(options.residentWorkgroups, fits) : fits;
  TimingReport result = replay(object.program(), report, unit, options, residents);
  result.residencyLimit = limit;
  result.fitted = unit.fitted;
  return result;
}

} // namespace codesign::simulate
