#include "ModelOptions.h"

#include "codesign/Plan/PlanIO.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace codesign {

static llvm::Expected<ExitCode> run(const ModelOptions &options, const GlobalOptions &global) {
  llvm::Expected<PlanRequest> request = options.loadRequest();
  if (!request)
    return request.takeError();
  llvm::Expected<std::vector<Profile>> profiles = options.loadProfiles(global, *request);
  if (!profiles)
    return profiles.takeError();
  for (const Profile &profile : *profiles) {
    llvm::Expected<PlannedModel> priced = priceModel(*request, profile, options.planOptions());
    if (!priced)
      return priced.takeError();
    if (options.json)
      writePlanJson(priced->plan, llvm::outs());
    else
      printOperators(priced->plan, priced->plan.base, llvm::outs(), reportOptions(global));
  }
  return ExitCode::Ok;
}

CommandBody makeExplainCommand(CLI::App &command, const GlobalOptions &global) {
  auto options = std::make_shared<ModelOptions>();
  options->addTo(command);
  return [options, &global] { return run(*options, global); };
}

} // namespace codesign
