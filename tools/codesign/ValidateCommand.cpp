// codesign validate: the error of the cost model on measured times.
#include "Command.h"

#include "codesign/Cost/Validate.h"
#include "codesign/Hardware/ProfileLoader.h"

namespace codesign {

namespace {

struct ValidateOptions {
  std::string hardware;
  std::vector<std::string> tables;
  std::string predictions;
  bool markdown = false;
  ValidationOptions validation;
};

llvm::Expected<ExitCode> run(const ValidateOptions &options, const GlobalOptions &global) {
  if (!options.predictions.empty() && options.tables.size() != 1)
    return usageError("--predictions takes the rows of one table; give one --measurements");
  auto profile = loadProfile(options.hardware, profileSearchDirs(global.dataDir, global.executable));
  if (!profile)
    return profile.takeError();
  for (const std::string &path : options.tables) {
    auto table = readMeasurements(path);
    if (!table)
      return table.takeError();
    auto validation = validate(*profile, *table, options.validation);
    if (!validation)
      return validation.takeError();
    (options.markdown ? printMarkdown : printValidation)(*validation, *profile, llvm::outs());
    if (options.predictions.empty())
      continue;
    std::error_code code;
    llvm::raw_fd_ostream stream(options.predictions, code);
    if (code)
      return usageError("cannot write '" + options.predictions + "': " + code.message());
    writePredictions(*table, *validation, stream);
    stream.close();
    if (stream.has_error()) {
      const std::string message = stream.error().message();
      stream.clear_error();
      return usageError("cannot write '" + options.predictions + "': " + message);
    }
  }
  return ExitCode::Ok;
}

} // namespace

CommandBody makeValidateCommand(CLI::App &command, const GlobalOptions &global) {
  auto options = std::make_shared<ValidateOptions>();
  command.add_option("--hw", options->hardware, "Device profile: a name or a file")->required();
  command.add_option("--measurements", options->tables, "Tables of measured times; the header says of what")
      ->required();
  command.add_option("--predictions", options->predictions,
                     "Write the table with predicted time, terms and band appended to each row");
  command.add_flag("--mechanisms-only", options->validation.mechanismsOnly,
                   "Predict without corrections learnt from measured neighbours");
  command.add_flag("--markdown", options->markdown, "Print tables for a document");
  return [options, &global] { return run(*options, global); };
}

} // namespace codesign
