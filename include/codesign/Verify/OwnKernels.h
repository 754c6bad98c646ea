// codesign's own GEMM kernels timed by the simulator, and what that says about their price.
#pragma once

#include "codesign/Cost/OwnKernels.h"
#include "codesign/Simulate/Timing.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace codesign {

struct OwnKernelOptions {
  DataType type = DataType::BF16;
  bool blockScaled = false; // 8-bit operands with scales of 128 x 128 blocks
  LoopForm form;            // of the main loops
  std::string compiler;     // as VerifyOptions::compiler
  int schedules = 40;       // so many tiles, from the smallest to the largest
};

/// A compute unit's clocks for one tile and 64 of k, with as many workgroups as it holds.
struct SimulatedSchedule {
  GemmSchedule schedule;
  int residents = 0;
  double clocks = 0; // of the emitted and compiled kernel, in the simulator's timing model
  LoopParts parts;   // what the cost model computes with
};

/// Emits, compiles and runs kernels of two depths for each schedule; the difference is the main loop. AMD
/// only. Calls `progress` after each. An error: no `timing` in the profile, no compiler, nothing that can be
/// emitted.
llvm::Expected<std::vector<SimulatedSchedule>>
simulateSchedules(const Profile &profile, const OwnKernelOptions &options,
                  llvm::function_ref<void(const SimulatedSchedule &)> progress);

/// The main loop with the least mean error over the schedules, where L2 delivers `unitBytesPerClock`.
OwnLoop fitLoop(llvm::ArrayRef<SimulatedSchedule> simulated, double unitBytesPerClock);

struct OwnKernelFit {
  OwnLoop loop;
  double error = 0;                  // relative, the mean of the schedules that the loop was fitted to
  std::vector<double> heldOutRatios; // simulated to priced, of each schedule by a fit to the others
};
OwnKernelFit fitOwnKernels(llvm::ArrayRef<SimulatedSchedule> simulated, double unitBytesPerClock);

/// The fit as constants of own kernels, labelled `simulated`. The band covers nine of ten schedules held out,
/// widened by the timing model's own error: that of its fit to measured kernels, else 40 %.
CalibrationSet ownKernelCalibration(const OwnKernelFit &fit, const OwnKernelOptions &options,
                                    const simulate::ComputeUnit &unit);

} // namespace codesign
