#include "Text.h"

#include "codesign/Report/Format.h"
#include "codesign/Report/Table.h"
#include "llvm/ADT/STLExtras.h"

namespace codesign::report {

void heading(llvm::raw_ostream &stream, const ReportOptions &options, llvm::StringRef text) {
  stream << '\n';
  if (options.color)
    stream << "\033[1m" << text << "\033[0m\n";
  else
    stream << text << '\n';
}

void printRequest(llvm::ArrayRef<Plan> plans, llvm::raw_ostream &stream, const ReportOptions &options) {
  const Plan &plan = plans.front();
  std::string text = plan.model + " on ";
  for (const Plan &other : plans)
    text += (&other == &plan ? "" : ", ") + other.hardware + " (" + other.architecture + ")";
  printWrapped(stream, text + ", objective " + plan.objective, 0, options.width);
  Table table({Align::Left, Align::Left, Align::Right});
  for (const PlanWorkload &workload : plan.workloads)
    table.addRow({workload.name, workload.description, "weight " + formatNumber(workload.weight)});
  table.print(stream);
}

std::string dimensionText(const PlanVariant &variant, llvm::StringRef name) {
  auto found = llvm::find_if(variant.dimensions, [&](const PlanDimension &d) { return d.name == name; });
  return found == variant.dimensions.end() ? std::string() : std::to_string(found->value);
}

std::string speedupText(const PlanVariant &variant) {
  std::string text = formatFactor(variant.speedup);
  return variant.speedupBand > 0 ? text + " ±" + formatPercent(variant.speedupBand) : text;
}

std::string memoryText(const PlanWorkloadResult &result) {
  return formatBytes(result.memoryBytesPerRank) + (result.exceedsMemory() ? " !" : "");
}

void printWarnings(llvm::ArrayRef<std::string> warnings, llvm::raw_ostream &stream,
                   const ReportOptions &options) {
  if (warnings.empty())
    return;
  heading(stream, options, "Warnings");
  for (const std::string &warning : warnings)
    printWrapped(stream, warning, 4, options.width, "- ");
}

} // namespace codesign::report
