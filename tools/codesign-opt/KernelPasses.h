// Passes that expose Lowering, Emit, Interpret and Price to tests and to the command line.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace mlir {
class Operation;
}

namespace codesign {

/// Registers kernel-lower-gemm, kernel-lower-token-sum, kernel-emit, kernel-price and kernel-check with
/// MLIR's pass registry.
void registerKernelPasses();

/// kernel-lower-gemm alone.
void registerLowerGemmPass();

/// What is wrong with the options of a pass, as a diagnostic of the operation that it runs on.
void emitOptionError(mlir::Operation *operation, llvm::Error error);

/// A text that names none of the devices that kernels are written for.
llvm::Error unknownArchitecture(llvm::StringRef text);

} // namespace codesign
