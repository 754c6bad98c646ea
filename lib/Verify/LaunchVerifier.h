// One launch of one kernel of a package, in the simulator, against float64.
#pragma once

#include "codesign/Package/Package.h"
#include "codesign/Simulate/Simulator.h"
#include "codesign/Verify/Verify.h"

namespace codesign {

/// Runs the kernel on m rows of random operands, all workgroups or a choice of them, and compares. An error
/// is what the simulator cannot run; what is wrong is in the result.
llvm::Expected<VerifiedLaunch> verifyLaunch(const PackagedGemm &gemm, const PackagedKernel &kernel,
                                            const simulate::CodeObject &object, const VerifyOptions &options,
                                            int64_t m);

/// The same of the kernel that adds up the rows of so many tokens, all workgroups.
llvm::Expected<VerifiedLaunch> verifyTokenSum(const PackagedGemm &gemm, const PackagedKernel &kernel,
                                              const simulate::CodeObject &object,
                                              const VerifyOptions &options, int64_t tokens);

} // namespace codesign
