// One emitted kernel, compiled and executed, for the timing model.
#pragma once

#include "codesign/Emit/Emit.h"
#include "codesign/Schedule/GemmSchedule.h"
#include "codesign/Simulate/Timing.h"
#include <memory>

namespace codesign {

/// A kernel for tiles of a schedule, and what its workgroups executed.
struct TimedKernel {
  std::shared_ptr<const simulate::CodeObject> object;
  simulate::Launch launch;
  simulate::RunReport report; // with traces
};

/// Emits and compiles the kernel of a product of `tilesM` by `tilesN` tiles with so much k, and runs all its
/// workgroups. An error of any of these steps.
llvm::Expected<TimedKernel> runTiles(const GemmSchedule &schedule, const Profile &profile, DataType type,
                                     int64_t tilesM, int64_t tilesN, int64_t k, llvm::StringRef compiler);

/// What a compute unit takes for one tile and 64 of k, with so many workgroups at once.
struct LoopClocks {
  double clocks = 0;
  int residents = 0;
};

/// Of the same kernel for two products, the second with `depth` more of k: the difference has no start and no
/// end. The compiler gives the two registers of their own, so both run as many workgroups as fit of either,
/// or as the options say.
llvm::Expected<LoopClocks> loopClocks(llvm::ArrayRef<TimedKernel> depths, double depth,
                                      const simulate::ComputeUnit &unit, simulate::TimingOptions options);

} // namespace codesign
