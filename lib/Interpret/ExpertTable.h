// The numbers on the device that say which rows belong to which expert.
#pragma once

#include "Interpreter.h"

namespace codesign {

/// What a table holds.
llvm::SmallVector<int64_t> expertNumbers(const Matrix &table);
/// Why its numbers are not what its layout promises, rows in order and no more than there are; null if they
/// are.
const char *wrongExpertTable(kernel::ExpertLayout layout, int64_t experts, llvm::ArrayRef<int64_t> numbers,
                             int64_t rowCount);

} // namespace codesign
