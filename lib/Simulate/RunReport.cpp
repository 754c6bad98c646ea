#include "codesign/Simulate/RunReport.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

namespace codesign::simulate {

llvm::StringRef toString(FindingKind kind) {
  switch (kind) {
  case FindingKind::MissingWait:
    return "missing wait";
  case FindingKind::LdsRace:
    return "LDS race";
  case FindingKind::OutOfBounds:
    return "out of bounds";
  case FindingKind::Uninitialized:
    return "uninitialized value";
  case FindingKind::Hazard:
    return "hazard";
  case FindingKind::DivergentBarrier:
    return "divergent barrier";
  }
  return "";
}

const std::vector<std::string> &instructionClassNames() {
  static const std::vector<std::string> names = {
      "scalar",       "scalar memory",  "branch",  "wait",   "barrier", "control",
      "vector",       "transcendental", "packed",  "matrix", "lds",     "global load",
      "global store", "global atomic",  "lds dma", "flat",   "scratch"};
  return names;
}

std::string summaryOf(const Finding &finding) {
  return toString(finding.kind).str() + ": " + finding.message;
}

uint64_t RunReport::count(FindingKind kind) const {
  return std::count_if(findings.begin(), findings.end(),
                       [&](const Finding &finding) { return finding.kind == kind; });
}

void printFindings(const RunReport &report, llvm::raw_ostream &stream) {
  if (report.findings.empty()) {
    stream << "no findings\n";
    return;
  }
  for (const Finding &finding : report.findings) {
    stream << finding.kernel << ": " << summaryOf(finding) << "\n";
    stream << "  at    " << llvm::format_hex(finding.site.address, 8) << "  " << finding.site.text << "\n";
    if (finding.other.index >= 0)
      stream << "  after " << llvm::format_hex(finding.other.address, 8) << "  " << finding.other.text
             << "\n";
    stream << "  workgroup " << finding.workgroup << ", wave " << finding.wave;
    if (finding.lane >= 0)
      stream << ", lane " << finding.lane;
    if (finding.otherWave >= 0)
      stream << ", other wave " << finding.otherWave;
    stream << "; " << finding.count << (finding.count == 1 ? " time\n" : " times\n");
  }
}

} // namespace codesign::simulate
