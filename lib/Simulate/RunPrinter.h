// Run reports as text and JSON.
#pragma once

#include "codesign/Simulate/Timing.h"

namespace codesign::simulate {

/// Totals, classes, findings; with `listing` every executed instruction, the hot loop first.
void printText(const CodeObject &object, const Launch &launch, const RunReport &report, bool listing,
               llvm::raw_ostream &out);
/// The same as one JSON object, with the time where it was taken; "version" grows with incompatible changes.
void printJson(const CodeObject &object, const Launch &launch, const RunReport &report,
               const TimingReport *timing, bool listing, llvm::raw_ostream &out);

} // namespace codesign::simulate
