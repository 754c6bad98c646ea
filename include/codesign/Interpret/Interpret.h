// What a kernel computes, found by executing its IR on the CPU, workgroup by workgroup.
#pragma once

#include "codesign/Interpret/Matrix.h"
#include "dialects/Kernel/Kernel.h"
#include "llvm/Support/Error.h"
#include <variant>
#include <vector>

namespace codesign {

/// A global matrix (read or written in place) or a launch-time number, in the order of the kernel's
/// arguments. A column-major matrix is given as it is stored: a row for each of its columns.
using KernelArgument = std::variant<Matrix *, int64_t>;

/// Runs every workgroup of the launch that kernel.tile_order implies. LDS holds real bytes in the real
/// layout; fragments live in lanes as the instruction lays them out; sums are fp32. Besides wrong arguments,
/// these are errors, with the op's text: reading LDS that nothing wrote or whose asynchronous copy is still
/// under way, and two waves touching the same 16 bytes, one of them writing, without a barrier between.
/// Workgroups run one after the other; where they share tiles, in an order that `seed` chooses.
llvm::Error interpret(kernel::FuncOp function, llvm::ArrayRef<KernelArgument> arguments, unsigned seed = 0);

} // namespace codesign
