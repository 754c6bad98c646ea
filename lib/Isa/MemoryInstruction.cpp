#include "codesign/Isa/MemoryInstruction.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include <array>
#include <cassert>
#include <vector>

namespace codesign {
namespace {

struct MemoryTable {
  std::vector<CopyInstruction> copies;
  std::vector<SharedAccessPhases> phases;
  std::vector<WaitCounter> counters;
  std::vector<IssueCost> costs;
};

int parseLane(llvm::StringRef text) {
  int lane = 0;
  [[maybe_unused]] bool failed = text.trim().getAsInteger(10, lane);
  assert(!failed && "bad lane number in a .def file");
  return lane;
}

/// "0-3,20-23 / 4-7": one mask per group; groups that stay below
/// lane 32 are repeated for the upper half of a wave of 64.
llvm::SmallVector<uint64_t, 8> parsePhases(llvm::StringRef text, int waveSize) {
  llvm::SmallVector<uint64_t, 8> masks;
  for (llvm::StringRef group : llvm::split(text, "/")) {
    uint64_t mask = 0;
    for (llvm::StringRef range : llvm::split(group, ",")) {
      auto [first, last] = range.split('-');
      for (int lane = parseLane(first), end = parseLane(last); lane <= end; ++lane)
        mask |= uint64_t(1) << lane;
    }
    masks.push_back(mask);
  }
  uint64_t all = 0;
  for (uint64_t mask : masks)
    all |= mask;
  if (waveSize == 64 && all >> 32 == 0)
    for (size_t i = 0, count = masks.size(); i < count; ++i)
      masks.push_back(masks[i] << 32);
  return masks;
}

MemoryTable build(Architecture architecture) {
  MemoryTable table;
  const int lanes = waveSize(architecture);
  switch (architecture) {
  case Architecture::Gfx942:
#include "MemoryRows.inc"

#include "Cdna3.def"
    break;
  case Architecture::Gfx950:
#include "MemoryRows.inc"

#include "Cdna4.def"
    break;
  case Architecture::Sm80:
#include "MemoryRows.inc"

#include "Ampere.def"
    break;
  case Architecture::Sm90a:
#include "MemoryRows.inc"

#include "Hopper.def"
    break;
  case Architecture::Sm100a:
#include "MemoryRows.inc"

#include "Blackwell.def"
    break;
  }
  return table;
}

const MemoryTable &tableOf(Architecture architecture) {
  static const std::array<MemoryTable, 5> tables = {build(Architecture::Gfx942), build(Architecture::Gfx950),
                                                    build(Architecture::Sm80), build(Architecture::Sm90a),
                                                    build(Architecture::Sm100a)};
  return tables[static_cast<size_t>(architecture)];
}

} // namespace

llvm::ArrayRef<CopyInstruction> copyInstructions(Architecture architecture) {
  return tableOf(architecture).copies;
}

const CopyInstruction *findCopyInstruction(Architecture architecture, llvm::StringRef name) {
  for (const CopyInstruction &copy : copyInstructions(architecture))
    if (copy.name == name)
      return &copy;
  return nullptr;
}

const CopyInstruction *widestCopy(Architecture architecture, MemorySpace from, MemorySpace to,
                                  int maxBytesPerLane) {
  const CopyInstruction *widest = nullptr;
  for (const CopyInstruction &copy : copyInstructions(architecture))
    if (copy.from == from && copy.to == to && copy.bytesPerLane <= maxBytesPerLane &&
        (!widest || copy.bytesPerLane > widest->bytesPerLane))
      widest = &copy;
  return widest;
}

llvm::ArrayRef<SharedAccessPhases> sharedAccessPhases(Architecture architecture) {
  return tableOf(architecture).phases;
}

const SharedAccessPhases *findSharedAccessPhases(Architecture architecture, int bytesPerLane, bool isWrite) {
  for (const SharedAccessPhases &row : sharedAccessPhases(architecture))
    if (row.bytesPerLane == bytesPerLane && row.isWrite == isWrite)
      return &row;
  return nullptr;
}

SharedAccessCost sharedAccessCost(const SharedAccessPhases &phases,
                                  llvm::ArrayRef<std::optional<uint32_t>> byteAddresses) {
  constexpr uint32_t bankBytes = 4;
  SharedAccessCost cost;
  for (uint64_t mask : phases.phases) {
    llvm::SmallVector<uint32_t, 128> words;
    for (size_t lane = 0; lane < byteAddresses.size(); ++lane) {
      const std::optional<uint32_t> &address = byteAddresses[lane];
      if (!(mask >> lane & 1) || !address)
        continue;
      uint32_t first = *address / bankBytes;
      uint32_t count = (phases.bytesPerLane + bankBytes - 1) / bankBytes;
      for (uint32_t word = first; word < first + count; ++word)
        words.push_back(word);
    }
    if (words.empty())
      continue;
    llvm::sort(words);
    words.erase(llvm::unique(words), words.end());
    llvm::SmallVector<int, 64> wordsInBank(phases.banks);
    for (uint32_t word : words)
      ++wordsInBank[word % phases.banks];
    cost.passes += *llvm::max_element(wordsInBank);
    ++cost.idealPasses;
  }
  return cost;
}

llvm::ArrayRef<WaitCounter> waitCounters(Architecture architecture) {
  return tableOf(architecture).counters;
}
llvm::ArrayRef<IssueCost> issueCosts(Architecture architecture) {
  return tableOf(architecture).costs;
}

const IssueCost *findIssueCost(Architecture architecture, llvm::StringRef instructionClass) {
  for (const IssueCost &cost : issueCosts(architecture))
    if (cost.instructionClass == instructionClass)
      return &cost;
  return nullptr;
}

llvm::StringRef toString(MemorySpace space) {
  switch (space) {
  case MemorySpace::Global:
    return "global";
  case MemorySpace::Shared:
    return "shared";
  case MemorySpace::Registers:
    return "registers";
  case MemorySpace::Tensor:
    return "tensor";
  }
  llvm_unreachable("unknown space");
}

llvm::StringRef toString(CompletionMechanism completion) {
  switch (completion) {
  case CompletionMechanism::VectorCounter:
    return "vmcnt";
  case CompletionMechanism::LdsCounter:
    return "lgkmcnt";
  case CompletionMechanism::AsyncGroup:
    return "async group";
  case CompletionMechanism::Barrier:
    return "mbarrier";
  case CompletionMechanism::Scoreboard:
    return "scoreboard";
  }
  llvm_unreachable("unknown completion");
}

} // namespace codesign
