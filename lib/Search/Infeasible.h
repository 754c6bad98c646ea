// Explains why a space has no legal variant.
#pragma once

#include "Rows.h"
#include "codesign/Support/Diagnostics.h"

namespace codesign {

/// The error that names the constraint which left no variant, its limits, and the nearest value that variants
/// attain that pass all constraints before it. `passed` and `removed` are the counts of a complete walk.
llvm::Error infeasible(const Problem &problem, llvm::ArrayRef<int64_t> passed,
                       llvm::ArrayRef<int64_t> removed);

} // namespace codesign
