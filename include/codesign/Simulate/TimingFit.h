// Fits the timing model's parameters to kernels whose time on a device is known. The fitted error becomes the
// band of what the model says from then on.
#pragma once

#include "codesign/Hardware/Profile.h"
#include "codesign/Simulate/Timing.h"
#include <memory>

namespace codesign::simulate {

/// A parameter of the model that a fit may move, under its name in the profile. Issue widths are not among
/// them: the instruction set fixes those.
struct TimingParameter {
  const char *name;
  const char *unit;
  const char *meaning;
  double low, high;
  double (*get)(const codesign::Timing &);
  void (*set)(codesign::Timing &, double);
};
llvm::ArrayRef<TimingParameter> timingParameters();

/// The device's compute unit: the profile's `timing`, with what a fit stored beside the profile in its place.
/// An error for profiles without `timing`.
llvm::Expected<ComputeUnit> computeUnitOf(const Profile &profile);

/// One kernel launch with its measured time, and what its first workgroups executed.
struct TimedLaunch {
  std::string name; // for messages
  std::shared_ptr<const CodeObject> object;
  Launch launch;
  RunReport report; // with traces
  Seconds measured;
  Hertz clock;
};

/// Reads a list of pairs and runs the first workgroups of each:
///   pairs:
///     - code_object: gemm.co      # beside the list
///       kernel: gemm              # may be missing where the object has one
///       grid: "64,32"             # workgroups
///       block: "256"
///       arguments: ["a=bf16[4096]:random", "i32:64"]   # as `codesign simulate --arg`
///       dynamic_lds_bytes: 0      # may be missing
///       microseconds: 812.4       # of the kernel alone, the median of many runs
///       clock_megahertz: 1900     # while it ran; may be missing: the boost clock of the profile
/// An error with its place for anything else, and for objects of another architecture.
llvm::Expected<std::vector<TimedLaunch>> readTimedLaunches(llvm::StringRef path, const Profile &profile);

/// The time of the whole grid: rounds of as many workgroups as all compute units hold, each as long as the
/// model says for one of them. HBM is not part of the model.
llvm::Expected<Seconds> predictTime(const TimedLaunch &launch, const ComputeUnit &unit);

struct TimingFit {
  codesign::Timing timing;
  double errorBefore = 0; // mean of |predicted / measured - 1| over the pairs
  double errorAfter = 0;
  double errorHeldOut = 0; // the same, pairs predicted from those of the other folds (from two pairs on)
  ErrorBand band;          // measured / predicted of the held-out pairs
};

/// Moves one parameter at a time while the error falls; a parameter that no pair depends on keeps its value.
llvm::Expected<TimingFit> fitTiming(llvm::ArrayRef<TimedLaunch> launches, const ComputeUnit &unit);

/// The fit as a set for the profile's calibration file: operator "simulator", provider "timing".
CalibrationSet calibrationSetOf(const TimingFit &fit, size_t pairs);

} // namespace codesign::simulate
