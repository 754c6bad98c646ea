// Which instructions a listing shows, and in which order.
#pragma once

#include "Program.h"
#include "codesign/Simulate/RunReport.h"

namespace codesign::simulate {

struct Section {
  int first, last; // inclusive
  uint64_t executions;
  bool isLoop;
};

/// Runs of instructions to print: the innermost loop that executes most first, then everything in order.
std::vector<Section> sections(const Program &program, const RunReport &report);

} // namespace codesign::simulate
