// Random matrices in the simulator's memory, and blocks of them read back.
#pragma once

#include "codesign/Interpret/Matrix.h"
#include "codesign/Simulate/Simulator.h"
#include <random>

namespace codesign {

using RandomEngine = std::mt19937_64;

/// Address of `count` random elements of either sign, most of them between 1/16 and 1 with some far smaller.
uint64_t allocateRandom(simulate::DeviceMemory &memory, llvm::StringRef name, DataType type, uint64_t count,
                        RandomEngine &engine);

/// Address of so many bytes that are all `fill`; 0xff is a NaN in every type that kernels write but FNUZ.
uint64_t allocatePoisoned(simulate::DeviceMemory &memory, llvm::StringRef name, uint64_t bytes,
                          uint8_t fill = 0xff);

/// Rows [first, first + count) of a row-major matrix in device memory.
Matrix rowsOf(simulate::DeviceMemory &memory, uint64_t address, DataType type, int64_t columns, int64_t first,
              int64_t count);

/// The block of rows [row, row + rows) and columns [column, column + columns) of a row-major matrix whose
/// rows have `pitch` elements.
Matrix blockOf(simulate::DeviceMemory &memory, uint64_t address, DataType type, int64_t pitch, int64_t row,
               int64_t rows, int64_t column, int64_t columns);

} // namespace codesign
