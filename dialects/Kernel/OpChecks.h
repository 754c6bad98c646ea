// Checks that the verifiers of several operations share; each reports its reason on the operation.
#pragma once

#include "dialects/Kernel/Kernel.h"

namespace codesign::kernel {

/// The kernel around an operation, null outside one.
FuncOp kernelOf(mlir::Operation *op);
/// A name that may appear in emitted code.
mlir::LogicalResult verifyName(mlir::Operation *op, llvm::StringRef name);
/// A fragment that the kernel's target has an instruction for.
mlir::LogicalResult verifyFragment(mlir::Operation *op, FragmentType type);
/// The operands and the accumulator of a product: one instruction, equal packs, shapes that fit.
mlir::LogicalResult verifyProduct(mlir::Operation *op, FragmentType a, FragmentType b,
                                  FragmentType accumulator);
/// Sums that become `element`, an 8-bit type: one that the target rounds to, and `result` goes to stores.
mlir::LogicalResult verifyQuantised(mlir::Operation *op, FragmentType fragment, mlir::Type element,
                                    mlir::Value result);
/// Rows of a global matrix, their number known; row-major unless the operation takes shuffled ones as well.
mlir::LogicalResult verifyGlobalRows(mlir::Operation *op, TileType rows, bool mayBeShuffled = false);

} // namespace codesign::kernel
