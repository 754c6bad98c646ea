#include "Command.h"

#include "codesign/Verify/Verify.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace codesign {

namespace {

struct VerifyCommand {
  std::string directory;
  VerifyOptions options;
  bool noChecks = false, json = false;
};

llvm::Expected<ExitCode> run(const VerifyCommand &command) {
  VerifyOptions options = command.options;
  options.checks = !command.noChecks;
  // The folder of a plan holds its package in kernels/.
  llvm::SmallString<256> directory(command.directory), kernels(command.directory);
  llvm::sys::path::append(kernels, "kernels");
  if (llvm::sys::fs::is_directory(kernels))
    directory = kernels;
  llvm::Expected<VerifyReport> report = verifyPackage(directory, options, [](const VerifiedLaunch &launch) {
    llvm::errs() << launch.kernel << " at m = " << launch.m << (launch.passed() ? ": right\n" : ": WRONG\n");
  });
  if (!report)
    return report.takeError();
  command.json ? printVerifyJson(*report, llvm::outs()) : printVerifyReport(*report, llvm::outs());
  return report->passed() ? ExitCode::Ok : ExitCode::WrongNumbers;
}

} // namespace

CommandBody makeVerifyCommand(CLI::App &command, const GlobalOptions &) {
  auto options = std::make_shared<VerifyCommand>();
  command.add_option("DIR", options->directory, "a package, or the folder of a plan")->required();
  command.add_option("--only", options->options.only, "kernels whose name contains this");
  command
      .add_option("--work", options->options.multiplyAccumulates,
                  "multiply-accumulates per launch; larger grids are sampled (default 6e8)")
      ->check(CLI::Range(1.0, 1e15));
  command.add_option("--compiler", options->options.compiler, "clang++ to compile with");
  command.add_option("--seed", options->options.seed, "of inputs, sampled workgroups and the order of waves");
  command.add_option("--threads", options->options.threads, "host threads, 0: all");
  command.add_flag("--no-checks", options->noChecks, "compare results only");
  command.add_flag("--json", options->json, "versioned JSON on standard output");
  return [options] { return run(*options); };
}

} // namespace codesign
