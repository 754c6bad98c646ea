// A kernel schedule as the named scalars that a plan carries.
#pragma once

#include "codesign/Plan/Plan.h"
#include "codesign/Schedule/GemmSchedule.h"
#include "llvm/Support/Error.h"

namespace codesign {

std::vector<PlanField> toFields(const GemmSchedule &schedule);

/// The schedule of a plan's kernel. A missing, unknown or mistyped field is an error that names it; exit
/// code 2.
llvm::Expected<GemmSchedule> scheduleFromFields(llvm::ArrayRef<PlanField> fields);

} // namespace codesign
