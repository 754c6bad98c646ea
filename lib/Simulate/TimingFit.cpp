#include "codesign/Simulate/TimingFit.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>

namespace codesign::simulate {
namespace {

/// Mean of |ln(predicted / measured)| over a kernel's times, of all kernels, and a little for every
/// parameter's distance from where it began, so that what no kernel shows stays.
llvm::Expected<double> objective(llvm::ArrayRef<const TimedKernel *> kernels, const TimedDevice &device,
                                 const TimedDevice &prior, ReplayCache &cache) {
  constexpr double pull = 0.01;
  double sum = 0, distance = 0;
  for (const TimedKernel *kernel : kernels) {
    auto predicted = predictTimes(*kernel, device, &cache);
    if (!predicted)
      return predicted.takeError();
    double own = 0;
    for (auto [time, measured] : llvm::zip_equal(*predicted, kernel->measured))
      own += std::fabs(std::log(time.value / measured.time.value));
    sum += own / double(kernel->measured.size());
  }
  for (const TimingParameter &parameter : timingParameters())
    distance += std::fabs(std::log((parameter.get(device) + 1) / (parameter.get(prior) + 1)));
  return sum / double(kernels.size()) + pull * distance;
}

/// Data from further away do not come earlier.
bool isPossible(const TimedDevice &device) {
  const codesign::Timing &timing = device.unit.timing;
  return timing.firstLevelLatency <= timing.memoryLatency && timing.memoryLatency <= timing.hbmLatency;
}

/// Wide steps first, then narrow ones; parameters that nothing depends on are left after the first try.
llvm::Expected<TimedDevice> search(llvm::ArrayRef<const TimedKernel *> kernels, TimedDevice device,
                                   ReplayCache &cache) {
  const TimedDevice prior = device;
  llvm::Expected<double> error = objective(kernels, device, prior, cache);
  if (!error)
    return error.takeError();
  llvm::SmallVector<const TimingParameter *> moving;
  for (const TimingParameter &parameter : timingParameters())
    moving.push_back(&parameter);
  constexpr double threshold = 1e-5;
  for (const double step : {1.6, 1.2, 1.07}) {
    for (bool improved = true; improved;) {
      improved = false;
      for (const TimingParameter *&parameter : moving) {
        bool matters = false;
        for (const double factor : {step, 1 / step}) {
          TimedDevice candidate = device;
          const double value = parameter->get(device);
          parameter->set(candidate, std::clamp(value * factor, parameter->low, parameter->high));
          const double moved = parameter->get(candidate);
          if (moved == value || !isPossible(candidate))
            continue;
          llvm::Expected<double> other = objective(kernels, candidate, prior, cache);
          if (!other)
            return other.takeError();
          // Beside the price of the distance itself.
          constexpr double pull = 0.01;
          const double price = pull * (std::fabs(std::log((moved + 1) / (parameter->get(prior) + 1))) -
                                       std::fabs(std::log((value + 1) / (parameter->get(prior) + 1))));
          matters |= std::fabs(*other - price - *error) > 1e-9;
          if (*other < *error - threshold) {
            *error = *other;
            device = candidate;
            improved = true;
            break;
          }
        }
        if (!matters)
          parameter = nullptr;
      }
      llvm::erase_if(moving, [](const TimingParameter *parameter) { return !parameter; });
    }
  }
  return device;
}

/// |predicted / measured - 1| over a kernel's times; `ratios` takes measured / predicted.
llvm::Expected<double> meanError(const TimedKernel &kernel, const TimedDevice &device, ReplayCache &cache,
                                 std::vector<double> *ratios = nullptr) {
  auto predicted = predictTimes(kernel, device, &cache);
  if (!predicted)
    return predicted.takeError();
  double sum = 0;
  for (auto [time, measured] : llvm::zip_equal(*predicted, kernel.measured)) {
    sum += std::fabs(time.value / measured.time.value - 1);
    if (ratios)
      ratios->push_back(measured.time.value / time.value);
  }
  return sum / double(kernel.measured.size());
}

llvm::Expected<double> meanError(llvm::ArrayRef<const TimedKernel *> kernels, const TimedDevice &device,
                                 ReplayCache &cache) {
  double sum = 0;
  for (const TimedKernel *kernel : kernels) {
    llvm::Expected<double> own = meanError(*kernel, device, cache);
    if (!own)
      return own.takeError();
    sum += *own;
  }
  return sum / double(kernels.size());
}

} // namespace

llvm::Expected<TimingFit> fitTiming(llvm::ArrayRef<TimedKernel> kernels, const TimedDevice &device,
                                    llvm::function_ref<void(llvm::StringRef)> progress) {
  if (kernels.empty())
    return usageError("no pair to fit the timing model to");
  std::vector<const TimedKernel *> all;
  for (const TimedKernel &kernel : kernels)
    all.push_back(&kernel);
  ReplayCache cache;
  TimingFit fit;
  fit.device = device;
  llvm::Expected<double> before = meanError(all, device, cache);
  if (!before)
    return before.takeError();
  fit.errorBefore = *before;
  llvm::Expected<TimedDevice> fitted = search(all, device, cache);
  if (!fitted)
    return fitted.takeError();
  fit.device = *fitted;
  llvm::Expected<double> after = meanError(all, fit.device, cache);
  if (!after)
    return after.takeError();
  fit.errorAfter = *after;
  if (progress)
    progress("");

  // Each kernel from all of other names; a single one can only be held against itself.
  std::vector<double> ratios;
  std::map<llvm::StringRef, TimedDevice> without;
  for (const TimedKernel *kernel : all) {
    auto [others, isNew] = without.try_emplace(kernel->name, fit.device);
    std::vector<const TimedKernel *> rest = all;
    llvm::erase_if(rest, [&](const TimedKernel *other) { return other->name == kernel->name; });
    if (isNew && !rest.empty()) {
      llvm::Expected<TimedDevice> fittedToRest = search(rest, device, cache);
      if (!fittedToRest)
        return fittedToRest.takeError();
      others->second = *fittedToRest;
      if (progress)
        progress(kernel->name);
    }
    llvm::Expected<double> error = meanError(*kernel, others->second, cache, &ratios);
    if (!error)
      return error.takeError();
    fit.heldOut.push_back(*error);
    fit.errorHeldOut += *error / double(all.size());
  }
  llvm::sort(ratios);
  const size_t outside = ratios.size() / 20;
  fit.band = {"all", std::min(1.0, ratios[outside]), std::max(1.0, ratios[ratios.size() - 1 - outside]),
              ratios.size() >= 20 ? 0.9 : 1, static_cast<int>(ratios.size())};
  return fit;
}

CalibrationSet calibrationSetOf(const TimingFit &fit, size_t kernels) {
  CalibrationSet set;
  set.key = {timingOperator, timingProvider, std::nullopt};
  for (const TimingParameter &parameter : timingParameters())
    set.constants.push_back({parameter.name, parameter.get(fit.device), parameter.unit, parameter.meaning});
  set.evidence = "measured";
  set.rowsFitted = static_cast<int>(kernels);
  set.meanAbsolutePercentageError = 100 * fit.errorHeldOut;
  set.absoluteBands.push_back(fit.band);
  return set;
}

} // namespace codesign::simulate
