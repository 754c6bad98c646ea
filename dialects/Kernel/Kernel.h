// The kernel dialect: types, attributes and operations of one tiled kernel. See docs/kernel-dialect.md.
#pragma once

#include "codesign/Isa/Architecture.h"
#include "codesign/Support/DataType.h"
#include "dialects/Kernel/StreamKWork.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

// TableGen names parameters that it does not use.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "dialects/Kernel/KernelDialect.h.inc"
#include "dialects/Kernel/KernelEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttributes.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Kernel/KernelInterfaces.h.inc"
#include "dialects/Kernel/KernelTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.h.inc"
#pragma GCC diagnostic pop

namespace codesign::kernel {

/// The unit that global memory, LDS and registers exchange: 16 bytes per lane.
constexpr int64_t chunkBytes = 16;
/// The LDS bytes that all banks deliver in one cycle: 32 banks of 4 bytes.
constexpr int64_t bankCycleBytes = 128;
/// Of k, and of columns of the output, that one scale of an 8-bit weight holds for (Block128).
constexpr int64_t scaledBlock = 128;
/// Rows of such scales for so many rows of a weight, whose blocks take turns where it is gate and up: 2.
constexpr int64_t scaleRowsOf(int64_t rows, int64_t turns) {
  return (rows + turns * scaledBlock - 1) / (turns * scaledBlock) * turns;
}
/// What the largest magnitude of a block of results counts as at least, where the block's scale follows from
/// it: that of DeepGEMM's casts (`amax.clamp(1e-4)`).
constexpr float smallestMaximum = 1e-4f;
/// What a lane fetches and transposes of an operand whose k runs along rows, k by others: a chunk of k of
/// four columns.
struct BlockExtents {
  int64_t rows, columns;
};
BlockExtents transposedBlock(mlir::Type type);
/// The blocks of a shuffled matrix: rows, and bytes of each.
constexpr int64_t shuffledRows = 16;
constexpr int64_t shuffledBytes = 64;
/// Where byte `byte` of a row of `rowBytes` stands in a shuffled matrix (#kernel.shuffled).
int64_t shuffledOffset(int64_t row, int64_t byte, int64_t rowBytes);
/// Shared memory of one mbarrier.
constexpr int64_t mbarrierBytes = 8;

/// The project's name for a floating element type or i32; empty for other types.
std::optional<DataType> dataTypeOf(mlir::Type type);
/// The MLIR type of an element type; null for those MLIR lacks.
mlir::Type mlirTypeOf(mlir::MLIRContext *context, DataType type);

/// Elements of `type` in one 16-byte chunk.
int64_t chunkLength(mlir::Type type);

/// The 8-bit type that the device's instructions round to, E4M3 in its own encoding; none where it has no
/// such.
std::optional<DataType> quantisedType(Architecture architecture);

/// True for a name that is safe as an identifier in emitted C++: letters, digits and '_', no keyword, at most
/// 128 characters.
bool isSafeIdentifier(llvm::StringRef name);

} // namespace codesign::kernel
