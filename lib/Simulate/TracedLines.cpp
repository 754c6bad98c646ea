#include "TracedLines.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

namespace codesign::simulate {

uint64_t numberLines(llvm::ArrayRef<std::vector<std::vector<uint64_t>>> touched,
                     std::vector<WorkgroupTrace> &traces) {
  struct Known {
    uint32_t number = 0, workgroup = 0;
    bool shared = false;
  };
  llvm::DenseMap<uint64_t, Known> known;
  for (auto [workgroup, waves] : llvm::enumerate(touched))
    for (const std::vector<uint64_t> &lines : waves)
      for (uint64_t line : lines) {
        const auto self = static_cast<uint32_t>(workgroup);
        auto [entry, isNew] = known.try_emplace(line, Known{known.size(), self});
        entry->second.shared |= entry->second.workgroup != self;
      }
  for (auto [trace, waves] : llvm::zip_equal(traces, touched))
    for (auto [wave, lines] : llvm::zip_equal(trace.waves, waves))
      for (uint64_t line : lines) {
        const Known &entry = known.find(line)->second;
        wave.lines.push_back({entry.number, entry.shared});
      }
  return known.size();
}

} // namespace codesign::simulate
