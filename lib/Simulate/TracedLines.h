// Numbers the lines of memory that traced workgroups touched.
#pragma once

#include "codesign/Simulate/RunReport.h"
#include "llvm/ADT/ArrayRef.h"

namespace codesign::simulate {

/// Lines as they were recorded, by workgroup and wave, into the traces; returns how many differ.
uint64_t numberLines(llvm::ArrayRef<std::vector<std::vector<uint64_t>>> touched,
                     std::vector<WorkgroupTrace> &traces);

} // namespace codesign::simulate
