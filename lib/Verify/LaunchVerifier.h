// One launch of one kernel of a package, executed on the CPU, against float64.
#pragma once

#include "DeviceCode.h"
#include "codesign/Package/Package.h"

namespace codesign {

/// Runs the kernel on m rows of random operands, all workgroups or a choice of them, and compares. An error
/// is what the simulator cannot run; what is wrong is in the result.
llvm::Expected<VerifiedLaunch> verifyLaunch(const PackagedGemm &gemm, const PackagedKernel &kernel,
                                            const DeviceCode &code, const VerifyOptions &options, int64_t m);

/// The same of the kernel that adds up the rows of so many tokens, all workgroups.
llvm::Expected<VerifiedLaunch> verifyTokenSum(const PackagedGemm &gemm, const PackagedKernel &kernel,
                                              const DeviceCode &code, const VerifyOptions &options,
                                              int64_t tokens);

} // namespace codesign
