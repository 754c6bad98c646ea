// codesign's own kernels for few rows timed by the simulator, and what that says about their price.
#pragma once

#include "codesign/Cost/OwnStream.h"
#include "codesign/Verify/OwnKernels.h"

namespace codesign {

/// How a weight-streaming kernel ran.
struct StreamClocks {
  double residents = 1;        // workgroups on the compute unit
  double hbmBytesPerClock = 0; // that it got from HBM at most
  double clocks = 0;           // of the compute unit, for one tile and 64 of k
};

struct SimulatedStream {
  GemmSchedule schedule;
  StreamParts parts;
  std::vector<StreamClocks> runs; // one workgroup alone, as many as fit, and these while every unit reads
};

/// Emits, compiles and runs kernels of two depths for each schedule, some of them with k split in two; the
/// difference is the loop. AMD only. Calls `progress` after each. Errors as of simulateSchedules.
llvm::Expected<std::vector<SimulatedStream>>
simulateStreams(const Profile &profile, const OwnKernelOptions &options,
                llvm::function_ref<void(const SimulatedStream &)> progress);

struct OwnStreamFit {
  OwnStream stream;
  double error = 0;                  // relative, the mean over the runs that it was fitted to
  std::vector<double> heldOutRatios; // simulated to priced, of each run by a fit to the other kernels
};
OwnStreamFit fitOwnStreams(llvm::ArrayRef<SimulatedStream> simulated);

/// The fit as constants of own kernels, labelled `simulated`, with the band of ownKernelCalibration.
CalibrationSet ownStreamCalibration(const OwnStreamFit &fit, size_t kernels, const OwnKernelOptions &options,
                                    const simulate::ComputeUnit &unit);

} // namespace codesign
