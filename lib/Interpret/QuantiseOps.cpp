// Results of 8 bits.
#include "Interpreter.h"
#include <algorithm>

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

/// Rounding is the store's.
Error Interpreter::run(QuantiseOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  const float factor = 1 / values[op.getScale()].tile.matrix->at(0, 0);
  const float largest = largestFinite(*dataTypeOf(op.getElement()));
  for (float &value : fragment)
    value = std::clamp(value * factor, -largest, largest); // NaN is neither less nor greater
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

} // namespace codesign
