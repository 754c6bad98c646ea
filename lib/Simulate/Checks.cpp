#include "Checks.h"
#include "Wave.h"

namespace codesign::simulate {
namespace {

InstructionSite siteOf(const Workgroup &group, int index) {
  InstructionSite site;
  site.index = index;
  if (index >= 0) {
    site.address = group.instruction(index).address;
    site.text = group.program->text(index);
  }
  return site;
}

} // namespace

bool beginFinding(Wave &wave, const FindingDetails &details) {
  GroupChecks &checks = wave.group->checks;
  uint64_t key = static_cast<uint64_t>(details.kind) << 60 |
                 static_cast<uint64_t>(static_cast<uint32_t>(details.instruction + 1) & 0x3fffffff) << 30 |
                 (static_cast<uint32_t>(details.otherInstruction + 1) & 0x3fffffff);
  auto [entry, isNew] = checks.known.try_emplace(key, static_cast<unsigned>(checks.findings.size()));
  if (!isNew) {
    ++checks.findings[entry->second].count;
    return false;
  }
  if (checks.findings.size() >= checks.maxFindings) {
    checks.known.erase(entry);
    wave.group->tooManyFindings = true;
    return false;
  }
  Finding finding;
  finding.kind = details.kind;
  finding.kernel = wave.group->kernel->name;
  finding.site = siteOf(*wave.group, details.instruction);
  finding.other = siteOf(*wave.group, details.otherInstruction);
  finding.workgroup = wave.group->number;
  finding.wave = wave.id;
  finding.otherWave = details.otherWave;
  finding.lane = details.lane;
  finding.memoryAddress = details.memoryAddress;
  checks.findings.push_back(std::move(finding));
  return true;
}

void endFinding(Wave &wave, std::string message) {
  wave.group->checks.findings.back().message = std::move(message);
}

void stopRun(Wave &wave, const Instruction &instruction, const llvm::Twine &message) {
  Workgroup &group = *wave.group;
  if (group.error.empty())
    group.error = (llvm::Twine(group.kernel->name) + "+0x" +
                   llvm::Twine::utohexstr(instruction.address - group.kernel->entryAddress) + " (address 0x" +
                   llvm::Twine::utohexstr(instruction.address) + "), workgroup " + llvm::Twine(group.number) +
                   ", wave " + llvm::Twine(wave.id) + ": " + message)
                      .str();
  wave.state = WaveState::Ended;
}

} // namespace codesign::simulate
