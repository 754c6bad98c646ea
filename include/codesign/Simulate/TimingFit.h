// Fits the timing model's parameters to kernels whose time on a device is known. The fitted error becomes the
// band of what the model says from then on.
#pragma once

#include "codesign/Hardware/Profile.h"
#include "codesign/Simulate/Timing.h"
#include <map>
#include <memory>

namespace codesign::simulate {

/// A device as the model of whole launches sees it.
struct TimedDevice {
  ComputeUnit unit;
  Hertz boost;
  Seconds launch;     // of an empty kernel
  BytesPerSecond hbm; // that kernels reach
  // Long dense products settle at this clock, with this share of the matrix cores' time in use.
  Hertz sustained;
  double sustainedActivity = 1;
  // At the power limit activity times clock to this power is constant: 1 if the voltage stood still, 3 if it
  // followed the clock.
  double powerExponent = 2;
  double vectorActivity = 0.3; // of a busy vector unit, of that of a busy matrix core
};

/// A parameter of the model that a fit may move, under its name in the profile. Issue widths are not among
/// them: the instruction set fixes those.
struct TimingParameter {
  const char *name;
  const char *unit;
  const char *meaning;
  double low, high;
  double (*get)(const TimedDevice &);
  void (*set)(TimedDevice &, double);
};
llvm::ArrayRef<TimingParameter> timingParameters();

/// Where a calibration file keeps the fit.
inline constexpr const char *timingOperator = "simulator", *timingProvider = "timing";

/// The device of a profile, with what a fit stored beside the profile in place of its `timing`. The sustained
/// clock and activity are those of the best bf16 rate that anyone measured; where nobody measured the clock,
/// the activity is that of MI300X. An error for profiles without `timing`.
llvm::Expected<TimedDevice> timedDeviceOf(const Profile &profile);
/// Its compute unit.
llvm::Expected<ComputeUnit> computeUnitOf(const Profile &profile);

/// A launch that the simulator ran for its traces.
struct TracedLaunch {
  double depth = 0; // of the main loop, in any unit
  Launch launch;
  RunReport report;
};

/// What a launch of the same kernel took on a device.
struct MeasuredLaunch {
  uint64_t workgroups = 0;
  double depth = 0;
  double hbmBytes = 0; // that it moves at least; 0: not stated
  Seconds time;
};

/// One kernel with measured times. Of two traced launches the difference is the main loop, so that a launch
/// of any depth follows; of one, launches of its depth only.
struct TimedKernel {
  std::string name; // for messages
  std::shared_ptr<const CodeObject> object;
  std::vector<TracedLaunch> traces; // one or two, the shorter first
  std::vector<MeasuredLaunch> measured;
  std::optional<Hertz> clock; // while it ran; empty: what the power limit allows
};

/// Reads a list of kernels and runs the first workgroups of each:
///   pairs:
///     - code_object: gemm.co      # beside the list, or in the folder given
///       kernel: gemm              # may be missing where the object has one
///       block: "256"
///       launches:                 # one or two that show what it does, as small as they may be
///         - {depth: 1024, grid: "2,2", arguments: ["a=bf16[4096]:random", "i32:64"]} # as `codesign simulate
///         --arg`
///         - {depth: 3072, grid: "2,2", arguments: [...]}
///       times:                    # of the kernel alone, the median of many runs
///         - {workgroups: 1024, depth: 8192, hbm_bytes: 2e8, microseconds: 812.4} # hbm_bytes may be missing
///       dynamic_lds_bytes: 0      # may be missing
///       clock_megahertz: 1900     # while it ran; may be missing
/// In place of `launches` and `times` an entry may hold `grid`, `arguments` and `microseconds` of one launch.
/// An error with its place for anything else, and for objects of another architecture.
llvm::Expected<std::vector<TimedKernel>> readTimedKernels(llvm::StringRef path, llvm::StringRef folder,
                                                          const Profile &profile);

/// What the model said of a traced launch, by kernel, workgroups on a compute unit, units at work and
/// parameters: a fit asks for the same again and again.
struct ReplayCache {
  struct Clocks {
    double clocks = 0, matrixBusyShare = 0, vectorBusyShare = 0;
    int residentWorkgroups = 0;
  };
  std::map<std::pair<const TracedLaunch *, std::vector<double>>, Clocks> known;
};

/// The time of a whole launch: its start; rounds of as many workgroups as all compute units hold, each as
/// long as the model says for one of them, at the clock that power allows for what they do; not less than the
/// bytes from HBM take.
llvm::Expected<std::vector<Seconds>> predictTimes(const TimedKernel &kernel, const TimedDevice &device,
                                                  ReplayCache *cache = nullptr);

struct TimingFit {
  TimedDevice device;
  double errorBefore = 0; // mean over the kernels of the mean of |predicted / measured - 1|
  double errorAfter = 0;
  double errorHeldOut = 0;     // the same, each kernel predicted from those of other names (from two on)
  std::vector<double> heldOut; // of each kernel
  ErrorBand band;              // measured / predicted of held-out kernels, nine of ten times
};

/// Moves one parameter at a time while the error falls; a parameter that no kernel depends on keeps its
/// value, and no memory gets slower than the one behind it. Calls `progress` after each search, with the name
/// that was held out.
llvm::Expected<TimingFit> fitTiming(llvm::ArrayRef<TimedKernel> kernels, const TimedDevice &device,
                                    llvm::function_ref<void(llvm::StringRef)> progress = nullptr);

/// The fit as a set for the profile's calibration file: operator "simulator", provider "timing".
CalibrationSet calibrationSetOf(const TimingFit &fit, size_t kernels);

} // namespace codesign::simulate
