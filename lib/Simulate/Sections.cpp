#include "Sections.h"
#include "llvm/ADT/STLExtras.h"

namespace codesign::simulate {

std::vector<Section> sections(const Program &program, const RunReport &report) {
  std::vector<Section> loops;
  for (const Instruction &instruction : program.instructions()) {
    if (instruction.kind != InstructionClass::Branch || instruction.target < 0 ||
        instruction.target > instruction.index)
      continue;
    uint64_t weight = 0;
    for (int i = instruction.target; i <= instruction.index; ++i)
      weight += report.perInstruction[i].executions;
    if (weight)
      loops.push_back({instruction.target, instruction.index, weight, true});
  }
  llvm::stable_sort(loops, [](const Section &a, const Section &b) { return a.executions > b.executions; });
  std::vector<Section> result;
  if (!loops.empty())
    result.push_back(loops.front());
  int first = -1, last = -1;
  for (int i = 0; i < program.size(); ++i)
    if (report.perInstruction[i].executions) {
      first = first < 0 ? i : first;
      last = i;
    }
  if (first >= 0)
    result.push_back({first, last, 0, false});
  return result;
}

} // namespace codesign::simulate
