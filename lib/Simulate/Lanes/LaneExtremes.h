// The least, the greatest and the middle of several floats.
#pragma once

#include "LaneNumbers.h"

namespace codesign::simulate {
namespace {

template <class T>
CODESIGN_INLINE T maximum(T a, T b) { // maxNum, +0 above -0
  T larger = a > b ? a : b;
  larger = a == b && a == 0 ? a + b : larger;
  larger = b != b ? a : larger;
  return a != a ? b : larger;
}
template <class T>
CODESIGN_INLINE T minimum(T a, T b) {
  T smaller = a < b ? a : b;
  smaller = a == b && a == 0 ? -(-a - b) : smaller;
  smaller = b != b ? a : smaller;
  return a != a ? b : smaller;
}
template <class T>
CODESIGN_INLINE T median(T a, T b, T c) {
  T low = minimum(a, b), high = maximum(a, b);
  return maximum(low, minimum(high, c));
}
CODESIGN_INLINE float medianFloat(float a, float b, float c) {
  return a != a || b != b || c != c ? minimum(minimum(a, b), c) : median(a, b, c);
}

/// IEEE minimum and maximum: a NaN among the inputs is the result.
CODESIGN_INLINE float minimum3(float a, float b, float c) {
  return a != a || b != b || c != c ? asFloat(0x7fc00000) : minimum(minimum(a, b), c);
}
CODESIGN_INLINE float maximum3(float a, float b, float c) {
  return a != a || b != b || c != c ? asFloat(0x7fc00000) : maximum(maximum(a, b), c);
}

} // namespace
} // namespace codesign::simulate
