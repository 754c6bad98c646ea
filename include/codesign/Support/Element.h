// The values of elements of matrices, from their bits and back.
#pragma once

#include "codesign/Support/DataType.h"
#include <cstdint>

namespace codesign {

/// The value of an 8-, 16- or 32-bit element from its bits.
float decodeElement(DataType type, uint32_t bits);
/// The bits nearest to `value`, ties to even; NaN stays NaN, overflow becomes infinity, or NaN in types
/// without.
uint32_t encodeElement(DataType type, float value);
/// The largest finite number of a floating type.
float largestFinite(DataType type);
/// F32, F16, BF16, the 8-bit floats and, for tables of rows, I32 are what this file computes with.
bool isInterpretable(DataType type);

} // namespace codesign
