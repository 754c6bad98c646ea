// A device with the parameters of the timing model, and whole launches on it.
#include "codesign/Simulate/TimingFit.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

namespace codesign::simulate {
namespace {

using Parameters = codesign::Timing;

template <auto Parameters::*member>
double getTiming(const TimedDevice &device) {
  return device.unit.timing.*member;
}
template <auto Parameters::*member>
void setTiming(TimedDevice &device, double value) {
  auto &field = device.unit.timing.*member;
  field = static_cast<std::remove_reference_t<decltype(field)>>(
      std::is_integral_v<std::remove_reference_t<decltype(field)>> ? std::round(value) : value);
}
template <auto Parameters::*member>
constexpr TimingParameter timing(const char *name, const char *unit, const char *meaning, double low,
                                 double high) {
  return {name, unit, meaning, low, high, getTiming<member>, setTiming<member>};
}

template <double TimedDevice::*member>
constexpr TimingParameter whole(const char *name, const char *unit, const char *meaning, double low,
                                double high) {
  return {name,
          unit,
          meaning,
          low,
          high,
          [](const TimedDevice &device) { return device.*member; },
          [](TimedDevice &device, double value) { device.*member = value; }};
}

/// Of the matrix cores' time at the clock of AMD's published max-achievable rate: 708 of the 751 TFLOP/s that
/// MI300X has at 1207 MHz.
constexpr double knownActivity = 0.942;

} // namespace

llvm::ArrayRef<TimingParameter> timingParameters() {
  using T = Parameters;
  static constexpr TimingParameter list[] = {
      timing<&T::branchTaken>("branch_taken_clocks", "clocks", "from a taken branch to the next instruction",
                              1, 200),
      timing<&T::matrixResult>("matrix_result_clocks", "clocks",
                               "until another unit may read a matrix result", 1, 100),
      timing<&T::sharedLatency>("shared_latency_clocks", "clocks",
                                "from the first bank cycle of LDS to the data", 8, 1000),
      timing<&T::firstLevelLatency>("first_level_latency_clocks", "clocks",
                                    "from a vector load to data that L1 has", 20, 2000),
      timing<&T::memoryLatency>("memory_latency_clocks", "clocks", "a round trip of vector memory to L2", 50,
                                10000),
      timing<&T::hbmLatency>("hbm_latency_clocks", "clocks", "a round trip of vector memory to HBM", 50,
                             20000),
      timing<&T::scalarMemoryLatency>("scalar_memory_latency_clocks", "clocks", "a scalar load", 20, 5000),
      timing<&T::barrier>("barrier_clocks", "clocks", "from the last arrival to the next instruction", 1,
                          1000),
      timing<&T::sharedQueueEntries>("shared_queue_entries", "instructions",
                                     "LDS instructions under way before issue stalls", 1, 256),
      timing<&T::memoryBytesInFlight>("memory_in_flight_bytes", "bytes",
                                      "of a compute unit before issue stalls", 1024, 1 << 22),
      timing<&T::memoryBytesPerClock>("memory_bytes_per_clock", "bytes_per_clock",
                                      "of a compute unit, from its L2", 1, 1024),
      timing<&T::hbmBytesPerClock>("hbm_bytes_per_clock", "bytes_per_clock",
                                   "of a compute unit, from HBM while all of them read", 0.1, 1024),
      timing<&T::firstLevelBytesPerClock>("first_level_bytes_per_clock", "bytes_per_clock",
                                          "of a compute unit, through its L1", 1, 1024),
      whole<&TimedDevice::powerExponent>("power_exponent", "exponent",
                                         "activity times clock to this power is what the power limit allows: "
                                         "1 at a fixed voltage, 3 if it follows the clock",
                                         1, 3),
      whole<&TimedDevice::vectorActivity>("vector_activity", "fraction",
                                          "of a busy vector unit, of that of a busy matrix core", 0.01, 1),
  };
  return list;
}

llvm::Expected<TimedDevice> timedDeviceOf(const Profile &profile) {
  if (!profile.timing)
    return usageError("the profile of '" + profile.name + "' has no 'timing' for the simulator");
  TimedDevice device;
  device.unit = {profile.compute, profile.registers, profile.shared, *profile.timing, {}};
  device.boost = profile.boostClock;
  device.launch = profile.launch.graphLaunchFloor;
  device.hbm = profile.memory.achievedReadBandwidth;
  device.sustained = device.boost;
  if (const double peak = profile.matrixPeakFromInstructions(DataType::BF16).value; peak > 0) {
    const double share = profile.achievableMatrixFor(DataType::BF16).value / peak;
    const auto known = profile.sustainedClock.find(DataType::BF16);
    device.sustained = known != profile.sustainedClock.end()
                           ? known->second
                           : Hertz(profile.peakClock.value * std::min(1.0, share / knownActivity));
    device.sustainedActivity = share * profile.peakClock.value / device.sustained.value;
  }
  const CalibrationSet *set = profile.calibration.find(timingOperator, timingProvider, std::nullopt);
  if (!set || !set->borrowedFrom.empty())
    return device;
  for (const CalibrationConstant &constant : set->constants) {
    const TimingParameter *parameter =
        llvm::find_if(timingParameters(), [&](const TimingParameter &p) { return constant.name == p.name; });
    if (parameter == timingParameters().end() || constant.value < parameter->low ||
        constant.value > parameter->high)
      return usageError("the calibration of '" + profile.name + "' for the simulator holds no valid '" +
                        constant.name + "'");
    parameter->set(device, constant.value);
  }
  const ErrorBand *band = set->absoluteBand("all");
  device.unit.fitted = FittedTiming{set->rowsFitted, band ? std::max(band->high - 1, 1 - band->low) : 0};
  return device;
}

llvm::Expected<ComputeUnit> computeUnitOf(const Profile &profile) {
  llvm::Expected<TimedDevice> device = timedDeviceOf(profile);
  if (!device)
    return device.takeError();
  return device->unit;
}

static Hertz clockUnderLoad(const TimedDevice &device, double activity) {
  const double limit = device.sustained.value * std::pow(device.sustainedActivity / std::max(activity, 1e-3),
                                                         1 / device.powerExponent);
  return Hertz(std::min(device.boost.value, limit));
}

static llvm::Expected<ReplayCache::Clocks> clocksOf(const TimedKernel &kernel, const TracedLaunch &traced,
                                                    const TimedDevice &device, int perUnit, int active,
                                                    ReplayCache *cache) {
  std::vector<double> key = {double(perUnit), double(active)};
  if (cache) {
    // Those that stand behind the replays; power does not.
    TimedDevice timing = device;
    timing.powerExponent = timing.vectorActivity = 1;
    for (const TimingParameter &parameter : timingParameters())
      key.push_back(parameter.get(timing));
    if (const auto found = cache->known.find({&traced, key}); found != cache->known.end())
      return found->second;
  }
  TimingOptions options;
  options.residentWorkgroups = perUnit;
  options.activeUnits = active;
  auto report = estimateTiming(*kernel.object, traced.launch, traced.report, device.unit, options);
  if (!report)
    return report.takeError();
  const ReplayCache::Clocks clocks = {report->clocks, report->matrixBusyShare, report->vectorBusyShare,
                                      report->residentWorkgroups};
  if (cache)
    cache->known[{&traced, key}] = clocks;
  return clocks;
}

llvm::Expected<std::vector<Seconds>> predictTimes(const TimedKernel &kernel, const TimedDevice &device,
                                                  ReplayCache *cache) {
  ReplayCache own; // times with equally many workgroups on a unit and units at work share their replays
  if (!cache)
    cache = &own;
  const auto units = static_cast<uint64_t>(device.unit.compute.computeUnits);
  std::vector<Seconds> result;
  for (const MeasuredLaunch &measured : kernel.measured) {
    const auto perUnit =
        static_cast<int>(std::min<uint64_t>(llvm::divideCeil(measured.workgroups, units), 64));
    const auto active = static_cast<int>(std::min(measured.workgroups, units));
    std::vector<ReplayCache::Clocks> replays;
    for (const TracedLaunch &traced : kernel.traces) {
      auto clocks = clocksOf(kernel, traced, device, perUnit, active, cache);
      if (!clocks)
        return clocks.takeError();
      replays.push_back(*clocks);
    }
    const ReplayCache::Clocks &first = replays.front(), &last = replays.back();
    double clocks = last.clocks, matrix = last.matrixBusyShare, vector = last.vectorBusyShare;
    if (const double loop = last.clocks - first.clocks; replays.size() > 1 && loop > 0) {
      clocks = first.clocks + loop * (measured.depth - kernel.traces.front().depth) /
                                  (kernel.traces.back().depth - kernel.traces.front().depth);
      const auto inLoop = [&](double ReplayCache::Clocks::*share) {
        return (last.*share * last.clocks - first.*share * first.clocks) / loop;
      };
      matrix = inLoop(&ReplayCache::Clocks::matrixBusyShare);
      vector = inLoop(&ReplayCache::Clocks::vectorBusyShare);
    }
    const uint64_t atOnce = units * static_cast<uint64_t>(last.residentWorkgroups);
    const uint64_t rounds = llvm::divideCeil(measured.workgroups, atOnce);
    const double filled = double(measured.workgroups) / double(rounds * atOnce);
    const Hertz clock = kernel.clock
                            ? *kernel.clock
                            : clockUnderLoad(device, filled * (matrix + device.vectorActivity * vector));
    const double computed = double(rounds) * clocks / clock.value;
    result.push_back(device.launch + Seconds(std::max(computed, measured.hbmBytes / device.hbm.value)));
  }
  return result;
}

} // namespace codesign::simulate
