// Finds the loops of what ran, and sums up what their instructions did.
#pragma once

#include "Program.h"
#include "codesign/Simulate/RunReport.h"

namespace codesign::simulate {

/// Every loop that executed: ranges closed by a branch back. Those without a loop inside come first, each
/// kind in the order of instructions executed.
std::vector<LoopStatistics> countLoops(const Program &program,
                                       const std::vector<InstructionStatistics> &perInstruction);

/// Clocks that all executions of an instruction keep a matrix core busy.
uint64_t matrixClocks(const Instruction &instruction, uint64_t executions);

} // namespace codesign::simulate
