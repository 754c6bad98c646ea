#include "Text.h"

#include "codesign/Report/Format.h"
#include "codesign/Report/Table.h"
#include "llvm/ADT/STLExtras.h"
#include <functional>
#include <limits>
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

/// The same by operator of the forward pass, its backward products included: "mlp/gate_up_proj".
std::map<std::string, double> secondsByOperator(const PlanWorkloadResult &result) {
  std::map<std::string, double> sums;
  for (const PlanOperator &op : result.operators)
    sums[op.block + "/" + llvm::StringRef(op.name).split('.').first.str()] += op.seconds;
  return sums;
}

using Pick = std::function<const PlanVariant &(const Plan &)>;

class Comparison {
public:
  Comparison(llvm::ArrayRef<Plan> plans, llvm::raw_ostream &stream, const ReportOptions &options)
      : plans(plans), stream(stream), options(options) {}

  /// One table, or several where the devices do not fit beside each other.
  void print(llvm::StringRef title, bool ofBest, const Pick &pick) {
    heading(stream, options, title);
    constexpr unsigned labelWidth = 26, columnWidth = 14;
    const size_t atOnce = std::max<size_t>(1, (options.width - labelWidth) / columnWidth);
    for (size_t first = 0; first < plans.size(); first += atOnce) {
      if (first > 0)
        stream << '\n';
      printTable(plans.slice(first, std::min(atOnce, plans.size() - first)), ofBest, pick);
    }
    printWinners(pick);
  }

private:
  void printTable(llvm::ArrayRef<Plan> shown, bool ofBest, const Pick &pick) {
    std::vector<Align> alignment(shown.size() + 1, Align::Right);
    alignment[0] = Align::Left;
    Table table(alignment);
    const auto row = [&](const std::string &label, const std::function<std::string(const Plan &)> &cell) {
      std::vector<std::string> cells = {label};
      for (const Plan &plan : shown)
        cells.push_back(cell(plan));
      table.addRow(std::move(cells));
    };
    row("", [](const Plan &plan) { return plan.hardware; });
    table.addRule();
    for (const PlanDimension &dimension : pick(shown.front()).dimensions)
      row(dimension.name, [&](const Plan &plan) { return dimensionText(pick(plan), dimension.name); });
    row("parameters", [&](const Plan &plan) { return formatCount(double(pick(plan).totalParameters)); });
    if (ofBest) {
      row("speed-up over yours", [&](const Plan &plan) { return speedupText(pick(plan)); });
      row("  verdict", [&](const Plan &plan) { return pick(plan).verdict; });
    }
    for (auto [index, workload] : llvm::enumerate(plans.front().workloads)) {
      table.addRule();
      const auto of = [&, index = index](const std::string &label,
                                         const std::function<std::string(const PlanWorkloadResult &)> &cell) {
        row(label, [&](const Plan &plan) { return cell(pick(plan).workloads[index]); });
      };
      of(workload.name + " step", [](const PlanWorkloadResult &r) { return formatTime(r.secondsPerStep); });
      of("  error band", [](const PlanWorkloadResult &r) { return "±" + formatPercent(r.band); });
      std::map<std::string, double> kinds;
      for (const Plan &plan : plans)
        for (const auto &[kind, seconds] : secondsByKind(pick(plan).workloads[index]))
          kinds[kind] += seconds;
      for (const auto &entry : kinds) {
        const std::string &kind = entry.first;
        of("  in " + kind, [&](const PlanWorkloadResult &r) { return formatTime(secondsByKind(r)[kind]); });
      }
      of("TFLOP/s per GPU", [](const PlanWorkloadResult &r) { return formatNumber(r.teraflopsPerSecond); });
      of("of the ceiling", ceilingText);
      of("tokens/s", [](const PlanWorkloadResult &r) { return formatCount(r.tokensPerSecond); });
      of("tokens/J", [](const PlanWorkloadResult &r) { return formatNumber(r.tokensPerJoule); });
      of("$ per M tokens", [](const PlanWorkloadResult &r) {
        return r.dollarsPerMillionTokens ? formatNumber(*r.dollarsPerMillionTokens) : std::string("no price");
      });
      of("memory per GPU", memoryText);
    }
    table.print(stream);
  }

  /// One sentence per workload: who is fastest, by how much, and which kind of operator makes the difference.
  /// Devices that lack the memory are named and left out.
  void printWinners(const Pick &pick) {
    stream << '\n';
    for (auto [index, workload] : llvm::enumerate(plans.front().workloads)) {
      const auto result = [&, index = index](const Plan &plan) -> const PlanWorkloadResult & {
        return pick(plan).workloads[index];
      };
      std::vector<const Plan *> able, all;
      std::string unable;
      for (const Plan &plan : plans) {
        all.push_back(&plan);
        if (result(plan).exceedsMemory())
          unable += (unable.empty() ? "" : ", ") + plan.hardware;
        else
          able.push_back(&plan);
      }
      std::string text = workload.name + ": ";
      if (able.size() > 1)
        text += winners(able, result);
      else if (able.size() == 1)
        text +=
            "only " + able.front()->hardware + " has the memory for it; if all had, " + winners(all, result);
      else
        text += "no device has the memory for it without more ranks or a sharded optimizer; if they had, " +
                winners(all, result);
      if (able.size() > 1 && !unable.empty())
        text += "; without the memory for it: " + unable;
      printWrapped(stream, text, 4, options.width, "- ");
    }
  }

  std::string winners(llvm::ArrayRef<const Plan *> able,
                      llvm::function_ref<const PlanWorkloadResult &(const Plan &)> result) const {
    const Plan *fastest = able.front(), *slowest = able.front(), *frugal = able.front(), *cheapest = nullptr;
    double leastDollars = std::numeric_limits<double>::infinity();
    for (const Plan *plan : able) {
      const PlanWorkloadResult &r = result(*plan);
      if (r.tokensPerSecond > result(*fastest).tokensPerSecond)
        fastest = plan;
      if (r.tokensPerSecond < result(*slowest).tokensPerSecond)
        slowest = plan;
      if (r.tokensPerJoule > result(*frugal).tokensPerJoule)
        frugal = plan;
      if (r.dollarsPerMillionTokens && *r.dollarsPerMillionTokens < leastDollars) {
        cheapest = plan;
        leastDollars = *r.dollarsPerMillionTokens;
      }
    }
    std::string text;
    const PlanWorkloadResult &fast = result(*fastest), &slow = result(*slowest);
    const double ratio = fast.tokensPerSecond / slow.tokensPerSecond;
    if (ratio - 1 < fast.band + slow.band)
      text = "the difference of " + formatPercent(ratio - 1) + " between " + fastest->hardware + " and " +
             slowest->hardware + " lies within the error bands of their times (±" + formatPercent(fast.band) +
             ", ±" + formatPercent(slow.band) + ")";
    else
      text = fastest->hardware + " is " + formatFactor(ratio) + " as fast as " + slowest->hardware +
             " (bands of the times ±" + formatPercent(fast.band) + ", ±" + formatPercent(slow.band) + ")";
    if (fastest != slowest)
      text += ", most of it in " + largestDifference(fast, slow);
    text += "; " + frugal->hardware + " needs the least energy by the model's estimate of power: " +
            formatNumber(result(*frugal).tokensPerJoule) + " tokens/J";
    if (cheapest)
      text += "; " + cheapest->hardware + " costs least: $" + formatNumber(leastDollars) + " per M tokens";
    return text;
  }

  /// "mlp/gate_up_proj (1.2 ms against 0.8 ms)": the two operators that make most of the difference.
  static std::string largestDifference(const PlanWorkloadResult &fast, const PlanWorkloadResult &slow) {
    std::map<std::string, double> fastSeconds = secondsByOperator(fast),
                                  slowSeconds = secondsByOperator(slow);
    std::vector<std::string> names;
    for (const auto &entry : slowSeconds)
      names.push_back(entry.first);
    llvm::stable_sort(names, [&](const std::string &a, const std::string &b) {
      return slowSeconds[a] - fastSeconds[a] > slowSeconds[b] - fastSeconds[b];
    });
    constexpr size_t shown = 2;
    names.resize(std::min(shown, names.size()));
    std::string text;
    for (const std::string &name : names)
      text += (text.empty() ? "" : " and ") + name + " (" + formatTime(slowSeconds[name]) + " against " +
              formatTime(fastSeconds[name]) + ")";
    return text;
  }

  llvm::ArrayRef<Plan> plans;
  llvm::raw_ostream &stream;
  const ReportOptions &options;
};

} // namespace

void printComparison(llvm::ArrayRef<Plan> plans, llvm::raw_ostream &stream, const ReportOptions &options) {
  printRequest(plans, stream, options);
  Comparison comparison(plans, stream, options);
  comparison.print("Your shape on each device", /*ofBest=*/false,
                   [](const Plan &plan) -> const PlanVariant & { return plan.base; });
  comparison.print("The best shape for each device", /*ofBest=*/true,
                   [](const Plan &plan) -> const PlanVariant & { return plan.chosen(); });
  std::vector<std::string> warnings;
  for (const Plan &plan : plans)
    for (const std::string &warning : plan.warnings)
      warnings.push_back(plan.hardware + ": " + warning);
  printWarnings(warnings, stream, options);
}

} // namespace codesign
