#include "Text.h"

#include "codesign/Report/Format.h"
#include "codesign/Report/Table.h"
#include "llvm/ADT/STLExtras.h"

using namespace codesign::report;

namespace codesign {

namespace {

/// Terms of one occurrence, largest first, down to one percent: "mma 81.0 %, launch 4.2 %".
std::string termsText(const PlanOperator &op) {
  std::vector<PlanTerm> terms = op.terms;
  llvm::stable_sort(terms, [](const PlanTerm &a, const PlanTerm &b) { return a.seconds > b.seconds; });
  std::string text;
  for (const PlanTerm &term : terms)
    if (op.secondsEach > 0 && term.seconds >= 0.01 * op.secondsEach)
      text += (text.empty() ? "" : ", ") + term.name + " " + formatPercent(term.seconds / op.secondsEach);
  return text;
}

std::vector<const PlanOperator *> byTime(const PlanWorkloadResult &result) {
  std::vector<const PlanOperator *> order;
  for (const PlanOperator &op : result.operators)
    order.push_back(&op);
  llvm::stable_sort(order,
                    [](const PlanOperator *a, const PlanOperator *b) { return a->seconds > b->seconds; });
  return order;
}

void printWorkload(const PlanWorkload &workload, const PlanWorkloadResult &result, llvm::raw_ostream &stream,
                   const ReportOptions &options) {
  heading(stream, options, workload.name + ": " + workload.description);
  printWrapped(stream,
               formatTime(result.secondsPerStep) + " per step (±" + formatPercent(result.band) + "), " +
                   formatCount(result.tokensPerSecond) + " tokens/s, " +
                   formatNumber(result.teraflopsPerSecond) + " TFLOP/s per GPU, " + ceilingPhrase(result),
               2, options.width);
  Table table(
      {Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Left, Align::Right});
  table.addRow({"operator", "count", "each", "share", "TFLOP/s", "source", "band"});
  std::vector<const PlanOperator *> order = byTime(result);
  for (const PlanOperator *op : order)
    table.addRow(
        {op->block + "/" + op->name, std::to_string(op->count), formatTime(op->secondsEach),
         formatPercent(op->seconds / result.secondsPerStep),
         op->secondsEach > 0 && op->flop > 0 ? formatNumber(op->flop / op->secondsEach * 1e-12) : "-",
         op->source, "±" + formatPercent(op->band)});
  table.print(stream);
  constexpr size_t explained = 6;
  stream << "\n  The " << std::min(explained, order.size()) << " largest in detail\n";
  for (size_t i = 0; i < std::min(explained, order.size()); ++i) {
    const PlanOperator &op = *order[i];
    stream << "    " << op.block << '/' << op.name << ": " << op.shape << '\n';
    if (!op.schedule.empty())
      printWrapped(stream, op.provider + ": " + op.schedule, 8, options.width);
    printWrapped(stream, "limited by " + op.limiter + "; time: " + termsText(op), 8, options.width);
    if (!op.alternativeProvider.empty())
      printWrapped(stream,
                   op.alternativeProvider + " would take " + formatTime(op.alternativeSecondsEach) + " (" +
                       formatChange(op.alternativeSecondsEach / op.secondsEach - 1) + ")",
                   8, options.width);
  }
}

} // namespace

void printOperators(const Plan &plan, const PlanVariant &variant, llvm::raw_ostream &stream,
                    const ReportOptions &options) {
  printRequest(plan, stream, options);
  for (auto [workload, result] : llvm::zip_equal(plan.workloads, variant.workloads))
    printWorkload(workload, result, stream, options);
  printWarnings(plan.warnings, stream, options);
}

} // namespace codesign
