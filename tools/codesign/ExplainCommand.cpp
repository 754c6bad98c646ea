#include "ModelOptions.h"

#include "codesign/Plan/PlanIO.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace codesign {

static llvm::Expected<ExitCode> run(const ModelOptions &options, const GlobalOptions &global) {
  llvm::Error error = options.forEachPricedDevice(
      global, [&](const PlannedModel &priced, const Profile &, llvm::raw_ostream &stream) {
        if (options.json)
          writePlanJson(priced.plan, stream);
        else
          printOperators(priced.plan, priced.plan.base, stream, reportOptions(global));
      });
  if (error)
    return error;
  return ExitCode::Ok;
}

CommandBody makeExplainCommand(CLI::App &command, const GlobalOptions &global) {
  auto options = std::make_shared<ModelOptions>();
  options->addTo(command);
  return [options, &global] { return run(*options, global); };
}

} // namespace codesign
