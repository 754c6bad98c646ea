#include "Loops.h"
#include "llvm/ADT/STLExtras.h"
#include <map>

namespace codesign::simulate {

uint64_t matrixClocks(const Instruction &instruction, uint64_t executions) {
  return 4 * executions * instruction.matrixPasses;
}

std::vector<LoopStatistics> countLoops(const Program &program,
                                       const std::vector<InstructionStatistics> &perInstruction) {
  std::map<int, int> lastOfFirst; // several branches back to one place are one loop
  for (const Instruction &instruction : program.instructions())
    if (instruction.kind == InstructionClass::Branch && instruction.target >= 0 &&
        instruction.target <= instruction.index && perInstruction[instruction.index].executions)
      lastOfFirst[instruction.target] = instruction.index;
  std::vector<LoopStatistics> loops;
  for (const auto &[first, last] : lastOfFirst) {
    LoopStatistics loop;
    loop.first = first;
    loop.last = last;
    loop.iterations = perInstruction[first].executions;
    loop.instructionsByClass.resize(instructionClassCount);
    for (int i = first; i <= last; ++i) {
      const InstructionStatistics &s = perInstruction[i];
      loop.totals.executions += s.executions;
      loop.totals.activeLanes += s.activeLanes;
      loop.totals.ldsConflictCycles += s.ldsConflictCycles;
      loop.totals.ldsCycles += s.ldsCycles;
      loop.totals.memoryLines += s.memoryLines;
      loop.totals.memoryBytes += s.memoryBytes;
      loop.instructionsByClass[static_cast<size_t>(program[i].kind)] += s.executions;
      loop.matrixBusyClocks += matrixClocks(program[i], s.executions);
    }
    loop.isInnermost = llvm::none_of(
        lastOfFirst, [&](const auto &other) { return other.first > first && other.second <= last; });
    loops.push_back(std::move(loop));
  }
  llvm::stable_sort(loops, [](const LoopStatistics &a, const LoopStatistics &b) {
    return a.isInnermost != b.isInnermost ? a.isInnermost : a.totals.executions > b.totals.executions;
  });
  return loops;
}

} // namespace codesign::simulate
