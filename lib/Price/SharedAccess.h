// LDS accesses as the hardware serves them: lane addresses, phases, conflicts.
#pragma once

#include "codesign/Price/Price.h"

namespace codesign {

/// All waves' reads of one kernel.load_fragment. AMD reads what a lane holds in one go; NVIDIA's ldmatrix
/// takes one row of 16 bytes from each lane.
llvm::Expected<SharedTraffic> fragmentReads(kernel::LoadFragmentOp load, Architecture architecture,
                                            int64_t waves);

/// So many rows of a tile written by all threads, 16 bytes per lane, chunks in row-major order.
llvm::Expected<SharedTraffic> tileWrites(kernel::TileType tile, int64_t rows, Architecture architecture,
                                         int64_t threads);

/// A tile written by all threads in blocks that they have transposed.
llvm::Expected<SharedTraffic> blockWrites(kernel::TileType tile, Architecture architecture, int64_t threads);

} // namespace codesign
