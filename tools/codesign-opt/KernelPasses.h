// Passes that expose Lowering, Emit, Interpret and Price to tests and to the command line.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace codesign {

/// Registers kernel-lower-gemm, kernel-lower-token-sum, kernel-emit, kernel-price and kernel-check with
/// MLIR's pass registry.
void registerKernelPasses();

/// kernel-lower-gemm alone.
void registerLowerGemmPass();

/// What is wrong with the options of a pass, as a diagnostic of the operation that it runs on.
void emitOptionError(mlir::Operation *operation, llvm::Error error);

/// Moves what a lowering made to the end of the module. False, with a diagnostic, where it made nothing.
bool append(mlir::ModuleOp module, llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> lowered);

/// A text that names none of the devices that kernels are written for.
llvm::Error unknownArchitecture(llvm::StringRef text);

} // namespace codesign
