// Plans as JSON and YAML text, and back.
#pragma once

#include "codesign/Plan/Plan.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

namespace codesign {

/// Writes the plan as indented JSON with a final line end. Numbers are written in full, so that reading gives
/// them back bit by bit; equal plans give equal bytes.
void writePlanJson(const Plan &plan, llvm::raw_ostream &stream);

/// The same content as YAML in block style.
void writePlanYaml(const Plan &plan, llvm::raw_ostream &stream);

/// Reads either form. Strict: an unknown, missing or repeated key, a wrong type, an alias or a tag, or a
/// schema version that this program does not know is an error with file:line:column and exit code 2.
llvm::Expected<Plan> readPlan(std::shared_ptr<const SourceFile> file);

} // namespace codesign
