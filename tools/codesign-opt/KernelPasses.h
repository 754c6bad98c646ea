// Passes that expose Lowering, Emit, Interpret and Price to tests and to the command line.
#pragma once

namespace codesign {

/// Registers kernel-lower-gemm, kernel-lower-token-sum, kernel-emit, kernel-price and kernel-check with
/// MLIR's pass registry.
void registerKernelPasses();

} // namespace codesign
