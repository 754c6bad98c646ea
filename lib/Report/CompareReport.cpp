#include "Text.h"

#include "codesign/Report/Format.h"
#include "codesign/Report/Table.h"
#include "llvm/ADT/STLExtras.h"
#include <functional>
#include <map>

using namespace codesign::report;

namespace codesign {

namespace {

/// Seconds per step by kind of operator: "gemm", "attention", …
std::map<std::string, double> secondsByKind(const PlanWorkloadResult &result) {
  std::map<std::string, double> sums;
  for (const PlanOperator &op : result.operators)
    sums[op.kind] += op.seconds;
  return sums;
}

class Comparison {
public:
  Comparison(llvm::ArrayRef<Plan> plans, llvm::raw_ostream &stream, const ReportOptions &options)
      : plans(plans), stream(stream), options(options) {}

  void print(llvm::StringRef title, const std::function<const PlanVariant &(const Plan &)> &pick) {
    heading(stream, options, title);
    std::vector<Align> alignment(plans.size() + 1, Align::Right);
    alignment[0] = Align::Left;
    Table table(alignment);
    row(table, "", [](const Plan &plan) { return plan.hardware; });
    table.addRule();
    for (const PlanDimension &dimension : pick(plans.front()).dimensions)
      row(table, dimension.name, [&](const Plan &plan) { return dimensionText(pick(plan), dimension.name); });
    row(table, "speed-up over yours", [&](const Plan &plan) { return speedupText(pick(plan)); });
    table.addRule();
    for (auto [index, workload] : llvm::enumerate(plans.front().workloads)) {
      auto result = [&](const Plan &plan) -> const PlanWorkloadResult & {
        return pick(plan).workloads[index];
      };
      row(table, workload.name + " step",
          [&](const Plan &p) { return formatTime(result(p).secondsPerStep); });
      row(table, "  tokens/s", [&](const Plan &p) { return formatCount(result(p).tokensPerSecond); });
      row(table, "  tokens/J", [&](const Plan &p) { return formatNumber(result(p).tokensPerJoule); });
      row(table, "  $ per M tokens", [&](const Plan &p) {
        auto dollars = result(p).dollarsPerMillionTokens;
        return dollars ? formatNumber(*dollars) : std::string("no price");
      });
      std::map<std::string, double> kinds;
      for (const Plan &plan : plans)
        for (const auto &[kind, seconds] : secondsByKind(result(plan)))
          kinds[kind] += seconds;
      for (const auto &entry : kinds) {
        const std::string &kind = entry.first;
        row(table, "  " + kind, [&](const Plan &p) { return formatTime(secondsByKind(result(p))[kind]); });
      }
    }
    table.print(stream);
    printWinners(pick);
  }

private:
  void row(Table &table, const std::string &label, const std::function<std::string(const Plan &)> &cell) {
    std::vector<std::string> cells = {label};
    for (const Plan &plan : plans)
      cells.push_back(cell(plan));
    table.addRow(std::move(cells));
  }

  /// One sentence per workload: who is fastest, by how much, and which kind of operator makes the difference.
  void printWinners(const std::function<const PlanVariant &(const Plan &)> &pick) {
    for (auto [index, workload] : llvm::enumerate(plans.front().workloads)) {
      auto result = [&](const Plan &plan) -> const PlanWorkloadResult & {
        return pick(plan).workloads[index];
      };
      const Plan *fastest = &plans.front(), *slowest = &plans.front();
      const Plan *frugal = &plans.front();
      for (const Plan &plan : plans) {
        if (result(plan).tokensPerSecond > result(*fastest).tokensPerSecond)
          fastest = &plan;
        if (result(plan).tokensPerSecond < result(*slowest).tokensPerSecond)
          slowest = &plan;
        if (result(plan).tokensPerJoule > result(*frugal).tokensPerJoule)
          frugal = &plan;
      }
      double ratio = result(*fastest).tokensPerSecond / result(*slowest).tokensPerSecond;
      std::string text = workload.name + ": ";
      if (ratio - 1 < result(*fastest).band + result(*slowest).band)
        text += "the difference of " + formatPercent(ratio - 1) + " lies within the error bands";
      else
        text += fastest->hardware + " is " + formatFactor(ratio) + " as fast as " + slowest->hardware +
                ", most of it in " + largestDifference(result(*fastest), result(*slowest));
      text += "; " + frugal->hardware + " needs the least energy per token";
      const Plan *cheapest = nullptr;
      for (const Plan &plan : plans)
        if (auto dollars = result(plan).dollarsPerMillionTokens)
          if (!cheapest || *dollars < *result(*cheapest).dollarsPerMillionTokens)
            cheapest = &plan;
      if (cheapest)
        text += ", " + cheapest->hardware + " the least money of those with a price";
      printWrapped(stream, text, 4, options.width, "- ");
    }
  }

  static std::string largestDifference(const PlanWorkloadResult &fast, const PlanWorkloadResult &slow) {
    std::map<std::string, double> fastKinds = secondsByKind(fast), slowKinds = secondsByKind(slow);
    std::string kind;
    double largest = 0;
    for (const auto &[name, seconds] : slowKinds)
      if (seconds - fastKinds[name] > largest) {
        largest = seconds - fastKinds[name];
        kind = name;
      }
    return kind + " (" + formatTime(slowKinds[kind]) + " against " + formatTime(fastKinds[kind]) + ")";
  }

  llvm::ArrayRef<Plan> plans;
  llvm::raw_ostream &stream;
  const ReportOptions &options;
};

} // namespace

void printComparison(llvm::ArrayRef<Plan> plans, llvm::raw_ostream &stream, const ReportOptions &options) {
  printRequest(plans.front(), stream, options);
  Comparison comparison(plans, stream, options);
  comparison.print("Your shape on each device",
                   [](const Plan &plan) -> const PlanVariant & { return plan.base; });
  comparison.print("The best shape for each device",
                   [](const Plan &plan) -> const PlanVariant & { return plan.chosen(); });
  for (const Plan &plan : plans)
    if (!plan.warnings.empty())
      printWarnings(plan, stream, options);
}

} // namespace codesign
