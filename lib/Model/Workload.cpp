#include "codesign/Model/Workload.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

namespace codesign {

llvm::StringRef toString(Phase phase) {
  switch (phase) {
  case Phase::Train:
    return "train";
  case Phase::Prefill:
    return "prefill";
  case Phase::Decode:
    return "decode";
  }
  llvm_unreachable("unknown phase");
}

std::string describe(const Workload &workload) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << toString(workload.phase);
  if (workload.phase == Phase::Decode)
    stream << " batch " << workload.batch << " context " << workload.context;
  else
    stream << " seq " << workload.sequenceLength << " batch " << workload.batch;
  stream << ' ' << toString(workload.type);
  const Parallelism &p = workload.parallelism;
  if (p.tensor > 1)
    stream << " tp " << p.tensor;
  if (p.expert > 1)
    stream << " ep " << p.expert;
  if (p.pipeline > 1)
    stream << " pp " << p.pipeline;
  return text;
}

} // namespace codesign
