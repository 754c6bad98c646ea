#include "ModelOptions.h"

#include "codesign/Report/Format.h"
#include "codesign/Report/Report.h"
#include "codesign/Report/Table.h"
#include "codesign/Search/Check.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace codesign {

namespace {

llvm::json::Value toJson(const std::optional<CheckedValue> &value) {
  if (!value)
    return nullptr;
  return llvm::json::Object{
      {"value", value->value}, {"objective", value->objective}, {"parameter_change", value->parameterChange},
      {"gain", value->gain},   {"band", value->band},           {"why", value->why}};
}

void printJson(const Profile &profile, llvm::ArrayRef<DimensionCheck> checks, llvm::raw_ostream &stream) {
  llvm::json::Array list;
  for (const DimensionCheck &check : checks)
    list.push_back(llvm::json::Object{{"dimension", toString(check.dimension)},
                                      {"value", check.value},
                                      {"compared", check.compared},
                                      {"nearest_better", toJson(check.nearest)},
                                      {"best", toJson(check.best)}});
  llvm::json::OStream writer(stream, 2);
  writer.value(llvm::json::Object{
      {"schema", "codesign.check/1"}, {"hardware", profile.name}, {"dimensions", std::move(list)}});
  stream << '\n';
}

std::string verdictOf(const DimensionCheck &check) {
  return check.nearest ? "better: " + std::to_string(check.nearest->value) : "good";
}

void printText(const PlannedModel &priced, const Profile &profile, llvm::ArrayRef<DimensionCheck> checks,
               llvm::raw_ostream &stream, const ReportOptions &options) {
  stream << priced.plan.model << " on " << profile.name << ": ";
  size_t improvable = 0;
  for (const DimensionCheck &check : checks)
    improvable += check.nearest ? 1 : 0;
  if (improvable == 0)
    stream << "no dimension has a neighbour that is better beyond the error band\n";
  else
    stream << improvable << (improvable == 1 ? " dimension has" : " dimensions have")
           << " a better neighbour\n";
  for (size_t i = 0; i < priced.plan.workloads.size(); ++i)
    stream << "  " << priced.plan.workloads[i].name << ": "
           << formatTime(priced.plan.base.workloads[i].secondsPerStep) << " per step, "
           << formatNumber(priced.plan.base.workloads[i].teraflopsPerSecond) << " TFLOP/s per GPU, "
           << ceilingPhrase(priced.plan.base.workloads[i]) << '\n';
  stream << '\n';
  Table table({Align::Left, Align::Right, Align::Left, Align::Right, Align::Right, Align::Right, Align::Right,
               Align::Right});
  table.addRow({"dimension", "yours", "verdict", "against", "time", "parameters", "gain", "band"});
  std::string notCompared;
  for (const DimensionCheck &check : checks) {
    if (check.compared == 0) {
      notCompared += (notCompared.empty() ? "" : ", ") + toString(check.dimension).str() + " " +
                     std::to_string(check.value);
      continue;
    }
    std::vector<std::string> cells = {toString(check.dimension).str(), std::to_string(check.value),
                                      verdictOf(check)};
    const CheckedValue &other = check.nearest ? *check.nearest : *check.best;
    llvm::append_range(
        cells, std::vector<std::string>{std::to_string(other.value), formatChange(other.objective - 1),
                                        formatChange(other.parameterChange), formatChange(other.gain),
                                        "±" + formatPercent(other.band)});
    table.addRow(cells);
  }
  table.print(stream);
  printWrapped(stream,
               "against: the nearest value that is better beyond the band, else the best within an eighth of "
               "yours, all other "
               "dimensions kept (head_dim moves the number of heads with it). gain: parameters per "
               "objective; padding of the "
               "vocabulary is no parameter. What pays only when several dimensions move together, `codesign "
               "plan` finds.",
               2, options.width);
  if (!notCompared.empty())
    printWrapped(stream,
                 "not compared: " + notCompared +
                     ": a matter of size and quality that `codesign plan` weighs, or no usual value fits the "
                     "other sizes",
                 2, options.width);
  for (const DimensionCheck &check : checks)
    if (check.nearest) {
      stream << "\n  " << toString(check.dimension) << ' ' << check.value << " -> " << check.nearest->value;
      if (check.best && check.best->value != check.nearest->value)
        stream << " (largest gain within reach: " << check.best->value << ", "
               << formatChange(check.best->gain) << ')';
      stream << '\n';
      printWrapped(stream, check.nearest->why, 6, options.width);
    }
  if (!priced.plan.warnings.empty())
    stream << '\n';
  for (const std::string &warning : priced.plan.warnings)
    printWrapped(stream, "warning: " + warning, 4, options.width, "  ");
}

llvm::Expected<ExitCode> run(const ModelOptions &options, const GlobalOptions &global) {
  llvm::Error error = options.forEachPricedDevice(
      global, [&](const PlannedModel &priced, const Profile &profile, llvm::raw_ostream &stream) {
        const Providers providers = makeProviders(profile, options.planOptions());
        const std::vector<DimensionCheck> checks = checkDimensions(priced.space, providers);
        if (options.json)
          printJson(profile, checks, stream);
        else
          printText(priced, profile, checks, stream, reportOptions(global));
      });
  if (error)
    return error;
  return ExitCode::Ok;
}

} // namespace

CommandBody makeCheckCommand(CLI::App &command, const GlobalOptions &global) {
  auto options = std::make_shared<ModelOptions>();
  options->addTo(command);
  return [options, &global] { return run(*options, global); };
}

} // namespace codesign
