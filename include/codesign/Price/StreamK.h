// What a Stream-K launch deals to its workgroups and leaves in memory, counted from its IR.
#pragma once

#include "dialects/Kernel/Kernel.h"
#include <optional>

namespace codesign {

/// Of one launch. A step is a tile of k.
struct StreamKPrice {
  int64_t tiles = 0;            // of the output
  int64_t cutTiles = 0;         // whose steps several workgroups share
  int64_t longestSteps = 0;     // of a workgroup, its whole tiles included
  int64_t shortestSteps = 0;    // the same; 0 where some workgroup has nothing
  int64_t mostParts = 1;        // of a tile
  int64_t sumsWrittenBytes = 0; // to the workspace
  int64_t sumsReadBytes = 0;    // by the last workgroup of each cut tile
  int64_t workspaceBytes = 0;   // without the counts of arrivals
};

/// Counts a launch over `rows` rows; nothing if the kernel is not a Stream-K one.
std::optional<StreamKPrice> priceStreamK(kernel::FuncOp function, int64_t rows);

} // namespace codesign
