// Run reports as text and JSON.
#pragma once

#include "codesign/Simulate/Simulator.h"

namespace codesign::simulate {

/// Totals, classes, findings; with `listing` every executed instruction, the hot loop first.
void printText(const CodeObject &object, const Launch &launch, const RunReport &report, bool listing,
               llvm::raw_ostream &out);
/// The same as one JSON object; "version" grows with incompatible changes.
void printJson(const CodeObject &object, const Launch &launch, const RunReport &report, bool listing,
               llvm::raw_ostream &out);

} // namespace codesign::simulate
