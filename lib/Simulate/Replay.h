// Traces of workgroups, replayed through a model of one compute unit.
#pragma once

#include "Program.h"
#include "codesign/Simulate/Timing.h"

namespace codesign::simulate {

/// `residents` workgroups at once, the traced ones in turn. The report lacks what limits the residents.
TimingReport replay(const Program &program, const RunReport &report, const ComputeUnit &unit,
                    const TimingOptions &options, int residents);

} // namespace codesign::simulate
