#include "Command.h"

#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Pipeline/Pipeline.h"
#include "codesign/Plan/PlanIO.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace codesign {

namespace {

struct EmitCommand {
  std::string plan, out, hardware;
};

llvm::Expected<ExitCode> run(const EmitCommand &command, const GlobalOptions &global) {
  llvm::Expected<std::shared_ptr<const SourceFile>> file = readSourceFile(command.plan);
  if (!file)
    return file.takeError();
  llvm::Expected<Plan> plan = readPlan(*file);
  if (!plan)
    return plan.takeError();
  llvm::Expected<Profile> profile = loadProfile(command.hardware.empty() ? plan->hardware : command.hardware,
                                                profileSearchDirs(global.dataDir, global.executable));
  if (!profile)
    return profile.takeError();
  if (toString(profile->architecture) != plan->architecture)
    return usageError("the plan's schedules are for " + plan->architecture + ", and " + profile->name +
                      " is " + toString(profile->architecture) + "; plan the model for " + profile->name);
  if (plan->kernels.empty()) {
    llvm::errs() << "warning: the plan has no kernels for " << profile->name << "; nothing is written\n";
    return ExitCode::Ok;
  }
  if (llvm::Error error = emitKernels(*plan, *profile, command.out))
    return error;
  llvm::errs() << "wrote " << command.out << '\n';
  return ExitCode::Ok;
}

} // namespace

CommandBody makeEmitCommand(CLI::App &command, const GlobalOptions &global) {
  auto options = std::make_shared<EmitCommand>();
  command.add_option("PLAN", options->plan, "plan.json of an earlier `codesign plan --out`")->required();
  command.add_option("--out", options->out, "folder of the package")->required();
  command.add_option("--hw", options->hardware, "profile to use instead of the plan's");
  return [options, &global] { return run(*options, global); };
}

} // namespace codesign
