// The msgpack note of a code object: argument lists and sizes per kernel.
#pragma once

#include "codesign/Simulate/CodeObject.h"

namespace codesign::simulate {

/// Adds what the "amdhsa.kernels" list says to the kernels of the same name. Unknown entries are ignored;
/// text that is not msgpack, or a value of the wrong type, is an error.
llvm::Error readKernelMetadata(llvm::StringRef blob, std::vector<Kernel> &kernels);

} // namespace codesign::simulate
