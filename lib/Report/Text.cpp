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

void printRequest(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options) {
  (void)options;
  stream << plan.model << " on " << plan.hardware << " (" << plan.architecture << "), objective "
         << plan.objective << '\n';
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

void printWarnings(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options) {
  if (plan.warnings.empty())
    return;
  heading(stream, options, "Warnings");
  for (const std::string &warning : plan.warnings)
    printWrapped(stream, warning, 4, options.width, "- ");
}

} // namespace codesign::report
