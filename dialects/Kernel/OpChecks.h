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
/// Accumulators whose lanes hold output columns where steps along an output row expect them: neighbours in a
/// lane, or on NVIDIA devices in one and its neighbour.
mlir::LogicalResult verifyOutputColumns(mlir::Operation *op, FragmentType fragment, bool transposed);
/// The 8-bit type that sums have been divided and saturated for; null for others.
mlir::Type quantisedElementOf(mlir::Value fragment);
/// fp32 sums in 16 bytes: a row of the matrices that sums pass through.
inline constexpr int64_t sumsPerRow = 4;
/// Accumulators that leave their sums in `partials` and count themselves in `arrivals`, both in global
/// memory.
mlir::LogicalResult verifySharedSums(mlir::Operation *op, FragmentType fragment, TileType partials,
                                     TileType arrivals);
/// A table on the device that says how many rows each of `experts` has, in so many numbers.
mlir::LogicalResult verifyExpertTable(mlir::Operation *op, TileType table, int64_t experts, int64_t length);
/// A list of rows on the device: one column of i32.
mlir::LogicalResult verifyRowList(mlir::Operation *op, TileType list);
/// What an operation takes besides rows that follow one another without gaps.
struct TakenRows {
  bool shuffled = false, padded = false;
};
/// Rows of a global matrix, their number known.
mlir::LogicalResult verifyGlobalRows(mlir::Operation *op, TileType rows, TakenRows taken = {});
/// Rows that start at multiples of 16 bytes and have whole ones.
mlir::LogicalResult verifyAlignedRows(mlir::Operation *op, TileType rows);
/// Where half of the waves are a phase behind the others: nothing in LDS that one half changes while the
/// other uses it. The kernel's operations are verified.
mlir::LogicalResult verifyPhases(FuncOp kernel);

/// Fails unless the operation's kernel is for an AMD device, no other of which has `what`.
mlir::LogicalResult verifyAmd(mlir::Operation *op, llvm::StringRef what);

} // namespace codesign::kernel
