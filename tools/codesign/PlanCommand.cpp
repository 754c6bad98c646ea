#include "ModelOptions.h"

#include "codesign/Plan/PlanIO.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace codesign {

namespace {

struct PlanCommand {
  ModelOptions model;
  std::string out;
  std::string stopAfter;
};

llvm::Expected<ExitCode> run(const PlanCommand &command, const GlobalOptions &global) {
  llvm::Expected<PlanRequest> request = command.model.loadRequest();
  if (!request)
    return request.takeError();
  if (command.stopAfter == "spec") {
    const SourceFile *base = request->model.source.get();
    writePlanRequest(*request, base && llvm::sys::fs::exists(base->name) ? base->name : "", llvm::outs());
    return ExitCode::Ok;
  }
  if (command.stopAfter == "arch") {
    if (llvm::Error error = printArchIr(*request, llvm::outs()))
      return error;
    return ExitCode::Ok;
  }
  llvm::Expected<std::vector<Profile>> profiles = command.model.loadProfiles(global, *request);
  if (!profiles)
    return profiles.takeError();
  for (const std::string &warning : request->model.warnings)
    llvm::errs() << "warning: " << warning << '\n';

  std::vector<Plan> plans;
  for (const Profile &profile : *profiles) {
    llvm::Expected<PlannedModel> planned = planModel(*request, profile, command.model.planOptions());
    if (!planned)
      return planned.takeError();
    if (command.stopAfter == "kernel" || command.stopAfter == "plan") {
      llvm::Error error = command.stopAfter == "kernel" ? printKernelIr(planned->plan, profile, llvm::outs())
                                                        : printPlanIr(*request, planned->plan, llvm::outs());
      if (error)
        return error;
      continue;
    }
    if (!command.out.empty()) {
      const std::string folder = profiles->size() == 1 ? command.out : command.out + "/" + profile.name;
      if (llvm::Error error = writePlanFolder(*request, *planned, profile, folder))
        return error;
      llvm::errs() << "wrote " << folder << '\n';
    }
    plans.push_back(std::move(planned->plan));
  }
  if (!command.stopAfter.empty())
    return ExitCode::Ok;
  if (command.model.json) {
    std::vector<std::string> texts;
    for (const Plan &plan : plans) {
      llvm::raw_string_ostream stream(texts.emplace_back());
      writePlanJson(plan, stream);
    }
    command.model.printDevices(texts);
  } else if (plans.size() == 1)
    printPlan(plans.front(), llvm::outs(), reportOptions(global));
  else
    printComparison(plans, llvm::outs(), reportOptions(global));
  return ExitCode::Ok;
}

} // namespace

CommandBody makePlanCommand(CLI::App &command, const GlobalOptions &global) {
  auto options = std::make_shared<PlanCommand>();
  options->model.addTo(command);
  command.add_option("--out", options->out,
                     "write plan.json, plan.yaml, config.json and kernels/ into this folder");
  command
      .add_option("--stop-after", options->stopAfter, "print this stage of the flow instead of the report")
      ->check(CLI::IsMember({"spec", "arch", "plan", "kernel"}));
  return [options, &global] { return run(*options, global); };
}

} // namespace codesign
