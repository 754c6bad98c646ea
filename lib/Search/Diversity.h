// Picks shapes that differ most from each other.
#pragma once

#include "codesign/Model/Dimensions.h"
#include <vector>

namespace codesign {

/// Indices of up to `count` shapes: the first, then repeatedly the one farthest from all chosen so far, where
/// the distance is the sum over dimensions of |log ratio|. Equal shapes are chosen once.
std::vector<size_t> mostDiverse(llvm::ArrayRef<DimensionValues> shapes, size_t count);

} // namespace codesign
