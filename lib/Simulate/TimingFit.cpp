#include "codesign/Simulate/TimingFit.h"
#include "codesign/Support/Diagnostics.h"
#include <algorithm>
#include <cmath>
#include <optional>

namespace codesign::simulate {
namespace {

using Parameters = codesign::Timing;

template <int Parameters::*member>
double getWhole(const Parameters &timing) {
  return timing.*member;
}
template <int Parameters::*member>
void setWhole(Parameters &timing, double value) {
  timing.*member = static_cast<int>(std::lround(value));
}

constexpr size_t maxFolds = 5;
constexpr const char *operatorName = "simulator", *providerName = "timing";

/// Mean of |ln(predicted / measured)| and a little for every parameter's distance from where it began, so
/// that what no pair shows stays.
llvm::Expected<double> objective(llvm::ArrayRef<const TimedLaunch *> launches, const ComputeUnit &unit,
                                 const Parameters &prior) {
  constexpr double pull = 0.01;
  double sum = 0, distance = 0;
  for (const TimedLaunch *launch : launches) {
    llvm::Expected<Seconds> predicted = predictTime(*launch, unit);
    if (!predicted)
      return predicted.takeError();
    sum += std::fabs(std::log(predicted->value / launch->measured.value));
  }
  for (const TimingParameter &parameter : timingParameters())
    distance += std::fabs(std::log((parameter.get(unit.timing) + 1) / (parameter.get(prior) + 1)));
  return sum / double(launches.size()) + pull * distance;
}

/// The best single change of a parameter by this factor or its inverse; false if none lowers the error.
llvm::Expected<bool> improve(llvm::ArrayRef<const TimedLaunch *> launches, const Parameters &prior,
                             double step, ComputeUnit &unit, double &error) {
  std::optional<Parameters> found;
  for (const TimingParameter &parameter : timingParameters())
    for (const double factor : {step, 1 / step}) {
      ComputeUnit candidate = unit;
      const double value = parameter.get(unit.timing);
      parameter.set(candidate.timing, std::clamp(value * factor, parameter.low, parameter.high));
      if (parameter.get(candidate.timing) == value)
        continue;
      llvm::Expected<double> other = objective(launches, candidate, prior);
      if (!other)
        return other.takeError();
      if (*other < error - 1e-6) {
        error = *other;
        found = candidate.timing;
      }
    }
  if (found)
    unit.timing = *found;
  return found.has_value();
}

llvm::Expected<Parameters> search(llvm::ArrayRef<const TimedLaunch *> launches, ComputeUnit unit) {
  const Parameters prior = unit.timing;
  llvm::Expected<double> error = objective(launches, unit, prior);
  if (!error)
    return error.takeError();
  // Wide steps first, then narrow ones.
  for (const double step : {2.0, 1.4, 1.15, 1.05})
    for (bool improved = true; improved;) {
      llvm::Expected<bool> better = improve(launches, prior, step, unit, *error);
      if (!better)
        return better.takeError();
      improved = *better;
    }
  return unit.timing;
}

llvm::Expected<double> meanError(llvm::ArrayRef<const TimedLaunch *> launches, const ComputeUnit &unit) {
  double sum = 0;
  for (const TimedLaunch *launch : launches) {
    llvm::Expected<Seconds> predicted = predictTime(*launch, unit);
    if (!predicted)
      return predicted.takeError();
    sum += std::fabs(predicted->value / launch->measured.value - 1);
  }
  return sum / double(launches.size());
}

} // namespace

llvm::ArrayRef<TimingParameter> timingParameters() {
  using T = Parameters;
  static constexpr TimingParameter list[] = {
      {"branch_taken_clocks", "clocks", "from a taken branch to the next instruction", 1, 200,
       getWhole<&T::branchTaken>, setWhole<&T::branchTaken>},
      {"matrix_result_clocks", "clocks", "until another unit may read a matrix result", 1, 100,
       getWhole<&T::matrixResult>, setWhole<&T::matrixResult>},
      {"shared_latency_clocks", "clocks", "from the first bank cycle of LDS to the data", 8, 1000,
       getWhole<&T::sharedLatency>, setWhole<&T::sharedLatency>},
      {"memory_latency_clocks", "clocks", "a round trip of vector memory to L2", 50, 10000,
       getWhole<&T::memoryLatency>, setWhole<&T::memoryLatency>},
      {"scalar_memory_latency_clocks", "clocks", "a scalar load", 20, 5000, getWhole<&T::scalarMemoryLatency>,
       setWhole<&T::scalarMemoryLatency>},
      {"barrier_clocks", "clocks", "from the last arrival to the next instruction", 1, 1000,
       getWhole<&T::barrier>, setWhole<&T::barrier>},
      {"shared_queue_entries", "instructions", "LDS instructions under way before issue stalls", 1, 256,
       getWhole<&T::sharedQueueEntries>, setWhole<&T::sharedQueueEntries>},
      {"memory_in_flight_bytes", "bytes", "of a compute unit before issue stalls", 1024, 1 << 22,
       getWhole<&T::memoryBytesInFlight>, setWhole<&T::memoryBytesInFlight>},
      {"memory_bytes_per_clock", "bytes_per_clock", "of a compute unit, from its L2", 1, 1024,
       [](const T &t) { return t.memoryBytesPerClock; }, [](T &t, double v) { t.memoryBytesPerClock = v; }},
      {"first_level_bytes_per_clock", "bytes_per_clock", "of a compute unit, through its L1", 1, 1024,
       [](const T &t) { return t.firstLevelBytesPerClock; },
       [](T &t, double v) { t.firstLevelBytesPerClock = v; }},
  };
  return list;
}

llvm::Expected<ComputeUnit> computeUnitOf(const Profile &profile) {
  if (!profile.timing)
    return usageError("the profile of '" + profile.name + "' has no 'timing' for the simulator");
  ComputeUnit unit{profile.compute, profile.registers, profile.shared, *profile.timing, {}};
  const CalibrationSet *set = profile.calibration.find(operatorName, providerName, std::nullopt);
  if (!set || !set->borrowedFrom.empty())
    return unit;
  for (const CalibrationConstant &constant : set->constants) {
    const TimingParameter *parameter =
        llvm::find_if(timingParameters(), [&](const TimingParameter &p) { return constant.name == p.name; });
    if (parameter == timingParameters().end() || constant.value < parameter->low ||
        constant.value > parameter->high)
      return usageError("the calibration of '" + profile.name + "' for the simulator holds no valid '" +
                        constant.name + "'");
    parameter->set(unit.timing, constant.value);
  }
  const ErrorBand *band = set->absoluteBand("all");
  unit.fitted = FittedTiming{set->rowsFitted, band ? std::max(band->high - 1, 1 - band->low) : 0};
  return unit;
}

llvm::Expected<Seconds> predictTime(const TimedLaunch &launch, const ComputeUnit &unit) {
  const uint64_t workgroups = launch.launch.grid.count();
  const auto units = static_cast<uint64_t>(unit.compute.computeUnits);
  TimingOptions options;
  options.residentWorkgroups =
      static_cast<int>(std::min<uint64_t>((workgroups + units - 1) / units, 1 << 20));
  llvm::Expected<TimingReport> timing =
      estimateTiming(*launch.object, launch.launch, launch.report, unit, options);
  if (!timing)
    return timing.takeError();
  const uint64_t atOnce = units * static_cast<uint64_t>(timing->residentWorkgroups);
  const uint64_t rounds = (workgroups + atOnce - 1) / atOnce;
  return Seconds(double(rounds) * timing->clocks / launch.clock.value);
}

llvm::Expected<TimingFit> fitTiming(llvm::ArrayRef<TimedLaunch> launches, const ComputeUnit &unit) {
  if (launches.empty())
    return usageError("no pair to fit the timing model to");
  std::vector<const TimedLaunch *> all;
  for (const TimedLaunch &launch : launches)
    all.push_back(&launch);
  TimingFit fit;
  fit.timing = unit.timing;
  llvm::Expected<double> before = meanError(all, unit);
  if (!before)
    return before.takeError();
  fit.errorBefore = *before;
  llvm::Expected<Parameters> fitted = search(all, unit);
  if (!fitted)
    return fitted.takeError();
  fit.timing = *fitted;
  ComputeUnit after = unit;
  after.timing = fit.timing;
  llvm::Expected<double> error = meanError(all, after);
  if (!error)
    return error.takeError();
  fit.errorAfter = fit.errorHeldOut = *error;

  // Each pair from those of the other folds; a single pair can only be held against itself.
  fit.band = {"all", 1, 1, 1, static_cast<int>(all.size())};
  double heldOut = 0;
  const size_t folds = std::min<size_t>(all.size(), maxFolds);
  for (size_t fold = 0; fold < folds; ++fold) {
    ComputeUnit others = after;
    std::vector<const TimedLaunch *> rest;
    for (size_t i = 0; i < all.size(); ++i)
      if (i % folds != fold)
        rest.push_back(all[i]);
    if (!rest.empty()) {
      llvm::Expected<Parameters> timing = search(rest, unit);
      if (!timing)
        return timing.takeError();
      others.timing = *timing;
    }
    for (size_t i = fold; i < all.size(); i += folds) {
      llvm::Expected<Seconds> predicted = predictTime(*all[i], others);
      if (!predicted)
        return predicted.takeError();
      const double ratio = all[i]->measured.value / predicted->value;
      heldOut += std::fabs(1 / ratio - 1);
      fit.band.low = std::min(fit.band.low, ratio);
      fit.band.high = std::max(fit.band.high, ratio);
    }
  }
  fit.errorHeldOut = heldOut / double(all.size());
  return fit;
}

CalibrationSet calibrationSetOf(const TimingFit &fit, size_t pairs) {
  CalibrationSet set;
  set.key = {operatorName, providerName, std::nullopt};
  for (const TimingParameter &parameter : timingParameters())
    set.constants.push_back({parameter.name, parameter.get(fit.timing), parameter.unit, parameter.meaning});
  set.evidence = "measured";
  set.rowsFitted = static_cast<int>(pairs);
  set.meanAbsolutePercentageError = 100 * fit.errorHeldOut;
  set.absoluteBands.push_back(fit.band);
  return set;
}

} // namespace codesign::simulate
