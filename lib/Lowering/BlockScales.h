// The scales of blocks of k that a wave's products are multiplied by.
#pragma once

#include "GemmFunction.h"

namespace codesign {

/// Where they lie: those of the wave's rows of A, and those of its columns, of W or its expert's part of it.
/// Without scales of blocks, nothing.
class BlockScales {
public:
  BlockScales() = default;
  /// Of `rows` rows of the output from `row` of the workgroup's tile on, and of its columns from `column` on,
  /// which lie in one block of W's rows.
  BlockScales(mlir::ImplicitLocOpBuilder &builder, const GemmProblem &problem, const GemmFunction &function,
              const WorkgroupTile &tile, mlir::Value row, int64_t rows, mlir::Value column);

  explicit operator bool() const { return static_cast<bool>(places); }
  /// Those of block `step` of k, on their way.
  mlir::Value fetch(mlir::ImplicitLocOpBuilder &builder, llvm::StringRef name, mlir::Value step) const;

private:
  int64_t rows = 0, turns = 1;
  mlir::Value places, ofColumns, block;
};

} // namespace codesign
