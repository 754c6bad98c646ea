// The classes of sizes that have an error band of their own.
#pragma once

#include "codesign/Model/Operators.h"

namespace codesign {

/// "small_m" (up to 64 rows), "medium_m" (1,024) and "large_m" products; "short" (up to 128 tokens), "medium"
/// (1,024) and "long" sequences and contexts; "few_rows" (up to 32 per expert), "many_rows" and "skewed"
/// grouped products; "small" (64 KB), "medium" (8 MB) and "large" messages; "all" where there is one class
/// only.
llvm::StringRef regimeOf(const OperatorShape &shape);

} // namespace codesign
