// What kernels do behind their products, as far as plans, packages and lowering all say it.
#pragma once

#include <cstdint>
#include <limits>

namespace codesign {

/// The heads whose columns are turned by the position of their row (rotary position embedding): pairs of
/// columns (2i, 2i + 1) of each head of `headColumns`, in the first `columns` columns, by a table of cosines
/// and sines for so many positions. No columns: none are.
struct RotaryEmbedding {
  int64_t headColumns = 0, columns = 0, positions = 0;
  bool operator==(const RotaryEmbedding &) const = default;
};

/// Positions that a table for heads of so many columns can have: places in it are counted in bytes of fp32,
/// in 32 bits.
inline int64_t mostPositions(int64_t headColumns) {
  return std::numeric_limits<int32_t>::max() / int64_t(sizeof(float)) / headColumns;
}

/// Rows of a token that a kernel adds up at most.
inline constexpr int64_t mostRowsOfToken = 32;

} // namespace codesign
