// The command line: parses, dispatches, and turns errors into one message and an exit code.
#include "Command.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace codesign;

namespace {

struct CommandEntry {
  const char *name;
  const char *summary;
  CommandFactory make;
};

constexpr CommandEntry commands[] = {
    {"plan", "Find the dimensions a device runs best, say why, and emit kernels for them", makePlanCommand},
    {"explain", "Where the time of a model goes, operator by operator", makeExplainCommand},
    {"check", "Verdict on a fixed model: which dimensions cost what, and the nearest better ones",
     makeCheckCommand},
    {"emit", "Kernels and their package for a plan", makeEmitCommand},
    {"hw", "List the device profiles, or show one", makeHwCommand},
    {"validate", "Error of the cost model on measured times", makeValidateCommand},
    {"verify", "Run every kernel of a package on the CPU against a float64 reference", makeVerifyCommand},
    {"simulate", "Run one AMD code object on the CPU: result, hazards, races, conflicts",
     makeSimulateCommand},
    {"calibrate", "Fit a profile's constants to measured times", makeCalibrateCommand},
};

/// CLI11 reports leftovers without a hint; find what was probably meant.
std::string describeLeftovers(const CLI::App &app, llvm::StringRef message) {
  std::vector<CLI::App *> chosen = app.get_subcommands();
  const CLI::App &command = chosen.empty() ? app : *chosen.front();
  std::vector<std::string> leftovers = app.remaining(/*recurse=*/true);
  auto option = llvm::find_if(leftovers, [](const std::string &text) { return text.rfind("--", 0) == 0; });
  if (option == leftovers.end())
    return message.str();
  std::string given = option->substr(0, option->find('='));
  std::vector<std::string> names;
  for (const CLI::Option *candidate : command.get_options())
    for (const std::string &name : candidate->get_lnames())
      names.push_back("--" + name);
  std::vector<llvm::StringRef> candidates(names.begin(), names.end());
  return "unknown option '" + given + "' of '" + command.get_name() + "'" + didYouMean(given, candidates);
}

int usageFailure(const llvm::Twine &message, const CLI::App &app) {
  llvm::errs() << "error: " << message << "\n  run '" << app.get_name() << " --help' for the options\n";
  return static_cast<int>(ExitCode::BadInput);
}

} // namespace

int main(int argc, char **argv) {
  GlobalOptions global;
  global.executable = argv[0];
  global.color = llvm::sys::Process::StandardOutIsDisplayed() && std::getenv("NO_COLOR") == nullptr;

  CLI::App app("Compiler and shape planner for co-designing language models with GPUs", "codesign");
  app.set_version_flag("--version", "codesign " CODESIGN_VERSION);
  app.add_option("--data-dir", global.dataDir,
                 "Folder that holds hwprofiles/ (default: installed or source folder)");
  app.require_subcommand(1);
  app.fallthrough();

  std::vector<llvm::StringRef> names;
  std::vector<std::pair<CLI::App *, CommandBody>> bodies;
  for (const CommandEntry &entry : commands) {
    CLI::App *command = app.add_subcommand(entry.name, entry.summary);
    bodies.emplace_back(command, entry.make(*command, global));
    names.push_back(entry.name);
  }
  if (argc > 1 && argv[1][0] != '-' && !llvm::is_contained(names, argv[1]))
    return usageFailure("unknown command '" + llvm::Twine(argv[1]) + "'" + didYouMean(argv[1], names), app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &success) {
    return app.exit(success);
  } catch (const CLI::ExtrasError &error) {
    return usageFailure(describeLeftovers(app, error.what()), app);
  } catch (const CLI::ParseError &error) {
    return usageFailure(error.what(), app);
  }

  for (auto &[command, body] : bodies) {
    if (!command->parsed())
      continue;
    llvm::Expected<ExitCode> code = body();
    return static_cast<int>(code ? *code : reportError(code.takeError(), llvm::errs()));
  }
  return static_cast<int>(ExitCode::Internal);
}
