#include "Command.h"

#include "codesign/Hardware/Describe.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace codesign {

namespace {

struct HwCommand {
  std::string action, name;
  ProfileDetail detail;
  bool json = false;
};

llvm::Expected<ExitCode> run(const HwCommand &command, const GlobalOptions &global) {
  const std::vector<std::string> folders = profileSearchDirs(global.dataDir, global.executable);
  if (command.action == "show") {
    if (command.name.empty())
      return usageError("`codesign hw show` needs the name or path of a profile");
    llvm::Expected<Profile> profile = loadProfile(command.name, folders);
    if (!profile)
      return profile.takeError();
    command.json ? printProfileJson(llvm::outs(), *profile)
                 : printProfile(llvm::outs(), *profile, command.detail);
    return ExitCode::Ok;
  }
  if (!command.action.empty())
    return usageError("`codesign hw` has no action '" + command.action +
                      "'; did you mean `codesign hw show " +
                      (command.name.empty() ? command.action : command.name) + "`?");
  std::vector<Profile> profiles;
  for (const std::string &name : listProfiles(folders)) {
    llvm::Expected<Profile> profile = loadProfile(name, folders);
    if (!profile)
      return profile.takeError();
    profiles.push_back(std::move(*profile));
  }
  command.json ? printProfilesJson(llvm::outs(), profiles) : printProfiles(llvm::outs(), profiles);
  return ExitCode::Ok;
}

} // namespace

CommandBody makeHwCommand(CLI::App &command, const GlobalOptions &global) {
  auto options = std::make_shared<HwCommand>();
  command.add_option("ACTION", options->action,
                     "show: one profile, every number with its source; nothing: a list of all");
  command.add_option("NAME", options->name, "name or path of a profile");
  command.add_flag("--constants", options->detail.constants, "show: the value of every fitted constant");
  command.add_flag("--instructions", options->detail.instructions,
                   "show: the architecture's matrix instructions, copies and LDS phases");
  command.add_flag("--json", options->json, "versioned JSON on standard output");
  return [options, &global] { return run(*options, global); };
}

} // namespace codesign
