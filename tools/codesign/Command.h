// One subcommand of the tool: its options and what it runs. Each command lives in its own file.
#pragma once

#include "codesign/Support/Diagnostics.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>
#include <vector>

namespace codesign {

/// Options that every command shares.
struct GlobalOptions {
  std::string executable; // argv[0]
  std::string dataDir;    // --data-dir
  bool color = false;     // standard output is a terminal and NO_COLOR is not set
};

/// Runs after parsing; an error decides the exit code through reportError.
using CommandBody = std::function<llvm::Expected<ExitCode>()>;

/// Registers a command with its options and returns what it runs.
using CommandFactory = CommandBody (*)(CLI::App &command, const GlobalOptions &global);

CommandBody makePlanCommand(CLI::App &command, const GlobalOptions &global);
CommandBody makeExplainCommand(CLI::App &command, const GlobalOptions &global);
CommandBody makeCheckCommand(CLI::App &command, const GlobalOptions &global);
CommandBody makeEmitCommand(CLI::App &command, const GlobalOptions &global);
CommandBody makeHwCommand(CLI::App &command, const GlobalOptions &global);
CommandBody makeValidateCommand(CLI::App &command, const GlobalOptions &global);
CommandBody makeCalibrateCommand(CLI::App &command, const GlobalOptions &global);
CommandBody makeSimulateCommand(CLI::App &command, const GlobalOptions &global);
CommandBody makeVerifyCommand(CLI::App &command, const GlobalOptions &global);

} // namespace codesign
