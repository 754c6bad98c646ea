#include "Text.h"

#include "codesign/Report/Format.h"
#include "codesign/Report/Table.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <functional>
#include <map>

using namespace codesign::report;

namespace codesign {

namespace {

struct Column {
  std::string title;
  const PlanVariant *variant;
};

/// The user's shape, the best plan, the best under a further condition, and the next best; each shape once.
std::vector<Column> columnsOf(const Plan &plan, unsigned alternatives) {
  std::vector<Column> columns = {{"yours", &plan.base}};
  if (!plan.best.empty() && plan.best.front().verdict != "base")
    columns.push_back({"best", &plan.best.front()});
  for (auto [index, variant] : llvm::enumerate(plan.alternatives))
    if (variant.verdict != "base")
      columns.push_back({std::string("best [") + char('a' + index) + "]", &variant});
  for (size_t i = 1; i < plan.best.size(); ++i)
    if (llvm::none_of(columns,
                      [&](const Column &c) { return c.variant->dimensions == plan.best[i].dimensions; }))
      columns.push_back({"plan " + std::to_string(i + 1), &plan.best[i]});
  columns.resize(std::min<size_t>(columns.size(), alternatives + 2));
  return columns;
}

void addRow(Table &table, llvm::StringRef label, llvm::ArrayRef<const PlanVariant *> columns,
            const std::function<std::string(const PlanVariant &)> &cell) {
  std::vector<std::string> cells = {label.str()};
  for (const PlanVariant *variant : columns)
    cells.push_back(cell(*variant));
  table.addRow(std::move(cells));
}

std::string parallelismText(const PlanWorkloadResult &result) {
  std::string text = "tp " + std::to_string(result.tensorParallel);
  if (result.expertParallel > 1)
    text += " ep " + std::to_string(result.expertParallel);
  if (result.pipelineParallel > 1)
    text += " pp " + std::to_string(result.pipelineParallel);
  return text;
}

void addWorkloadRows(Table &table, size_t index, const PlanWorkload &workload,
                     llvm::ArrayRef<const PlanVariant *> columns) {
  auto row = [&](llvm::StringRef label, const std::function<std::string(const PlanWorkloadResult &)> &cell) {
    addRow(table, label, columns, [&](const PlanVariant &v) { return cell(v.workloads[index]); });
  };
  auto any = [&](const std::function<bool(const PlanWorkloadResult &)> &test) {
    return llvm::any_of(columns, [&](const PlanVariant *v) { return test(v->workloads[index]); });
  };
  row(workload.name + " step", [](const PlanWorkloadResult &r) { return formatTime(r.secondsPerStep); });
  const PlanWorkloadResult &base = columns.front()->workloads[index];
  row("  error band", [](const PlanWorkloadResult &r) { return "±" + formatPercent(r.band); });
  row("  faster than yours", [&](const PlanWorkloadResult &r) {
    return &r == &base ? std::string("-") : formatFactor(base.secondsPerStep / r.secondsPerStep);
  });
  row("  TFLOP/s per GPU", [](const PlanWorkloadResult &r) { return formatNumber(r.teraflopsPerSecond); });
  row("  of the ceiling", ceilingText);
  const auto gpus = [](const PlanWorkloadResult &r) {
    return std::max(r.tensorParallel, r.expertParallel) * r.pipelineParallel;
  };
  const auto flopPerToken = [&](const PlanWorkloadResult &r) {
    return r.flopPerStep * double(gpus(r)) / double(r.tokensPerStep);
  };
  row("  FLOP per token", [&](const PlanWorkloadResult &r) {
    return &r == &base ? formatCount(flopPerToken(r))
                       : formatChange(flopPerToken(r) / flopPerToken(base) - 1);
  });
  row("  tokens/s", [](const PlanWorkloadResult &r) { return formatCount(r.tokensPerSecond); });
  if (any([&](const PlanWorkloadResult &r) { return gpus(r) > 1; }))
    row("  tokens/s per GPU",
        [&](const PlanWorkloadResult &r) { return formatCount(r.tokensPerSecond / double(gpus(r))); });
  row("  tokens/J", [](const PlanWorkloadResult &r) { return formatNumber(r.tokensPerJoule); });
  if (any([](const PlanWorkloadResult &r) { return r.dollarsPerMillionTokens.has_value(); }))
    row("  $ per M tokens", [](const PlanWorkloadResult &r) {
      return r.dollarsPerMillionTokens ? formatNumber(*r.dollarsPerMillionTokens) : std::string("-");
    });
  row("  memory per GPU", memoryText);
  if (any([](const PlanWorkloadResult &r) {
        return r.tensorParallel * r.expertParallel * r.pipelineParallel > 1;
      }))
    row("  parallel", parallelismText);
}

/// Whether a workload is nearer to the device's matrix rate than to its memory bandwidth.
bool limitedByMatrixRate(const PlanWorkloadResult &result) {
  return result.achievableCeilingShare >= result.hbmBandwidthShare;
}

/// What the marks in the table mean, where they occur.
void printLegend(llvm::ArrayRef<Column> columns, llvm::raw_ostream &stream) {
  bool memory = false, matrix = false, bandwidth = false;
  for (const Column &column : columns)
    for (const PlanWorkloadResult &result : column.variant->workloads) {
      memory |= result.exceedsMemory();
      (limitedByMatrixRate(result) ? matrix : bandwidth) = true;
    }
  if (matrix)
    stream << "  mma: FLOP/s over the matrix rate that this device sustains\n";
  if (bandwidth)
    stream << "  hbm: bytes/s over the memory bandwidth that this device achieves\n";
  if (memory)
    stream << "  !    more than the "
           << formatBytes(columns.front().variant->workloads.front().memoryLimitBytes) << " of the device\n";
}

Table variantTable(const Plan &plan, llvm::ArrayRef<Column> shown) {
  std::vector<const PlanVariant *> columns;
  std::vector<std::string> titles = {""};
  for (const Column &column : shown) {
    columns.push_back(column.variant);
    titles.push_back(column.title);
  }
  std::vector<Align> alignment(columns.size() + 1, Align::Right);
  alignment[0] = Align::Left;
  Table table(alignment);
  table.addRow(titles);
  table.addRule();
  for (const PlanDimension &dimension : plan.base.dimensions)
    addRow(table, dimension.name, columns,
           [&](const PlanVariant &v) { return dimensionText(v, dimension.name); });
  addRow(table, "parameters", columns,
         [](const PlanVariant &v) { return formatCount(double(v.totalParameters)); });
  addRow(table, "  change", columns, [&](const PlanVariant &v) {
    return &v == &plan.base ? std::string("-")
                            : formatChange(double(v.totalParameters) / plan.base.totalParameters - 1);
  });
  if (plan.base.activeParameters != plan.base.totalParameters)
    addRow(table, "active parameters", columns,
           [](const PlanVariant &v) { return formatCount(double(v.activeParameters)); });
  table.addRule();
  for (auto [index, workload] : llvm::enumerate(plan.workloads))
    addWorkloadRows(table, index, workload, columns);
  table.addRule();
  addRow(table, "speed-up", columns,
         [&](const PlanVariant &v) { return &v == &plan.base ? std::string("-") : formatFactor(v.speedup); });
  addRow(table, "  error band", columns, [&](const PlanVariant &v) {
    return &v == &plan.base ? std::string("-") : "±" + formatPercent(v.speedupBand);
  });
  addRow(table, "  verdict", columns,
         [&](const PlanVariant &v) { return &v == &plan.base ? std::string("-") : v.verdict; });
  addRow(table, "loss", columns,
         [&](const PlanVariant &v) { return &v == &plan.base ? std::string("-") : v.quality; });
  return table;
}

void printVariants(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options) {
  std::vector<Column> shown = columnsOf(plan, options.alternatives);
  while (shown.size() > 2 && variantTable(plan, shown).width() > options.width)
    shown.pop_back();
  variantTable(plan, shown).print(stream);
  for (const Column &column : shown)
    if (!column.variant->condition.empty())
      stream << "  " << column.title.substr(column.title.find('[')) << " " << column.variant->condition
             << '\n';
  printLegend(shown, stream);
}

std::string changeText(const PlanReason &reason) {
  std::string text;
  for (auto [name, from, to] : llvm::zip_equal(reason.dimensions, reason.from, reason.to)) {
    if (!text.empty())
      text += ", ";
    text += name + " " + std::to_string(from) + " -> " + std::to_string(to);
  }
  return text;
}

/// The fastest variant whose speed-up exceeds its own band, or null. A small change may: fewer operators
/// differ.
const PlanVariant *surelyFaster(const Plan &plan) {
  const PlanVariant *sure = nullptr;
  const auto consider = [&](llvm::ArrayRef<PlanVariant> variants) {
    for (const PlanVariant &variant : variants)
      if (variant.verdict == "faster" && (!sure || variant.speedup > sure->speedup))
        sure = &variant;
  };
  consider(plan.best);
  consider(plan.alternatives);
  return sure;
}

/// What differs: "vocab_size 50257 -> 50304", or without arrows "vocab_size 50304". Empty for equal shapes.
std::string differenceText(const PlanVariant &from, const PlanVariant &to, bool arrows) {
  std::string text;
  for (const PlanDimension &dimension : to.dimensions) {
    const std::string before = dimensionText(from, dimension.name), after = std::to_string(dimension.value);
    if (before != after)
      text += (text.empty() ? "" : ", ") + dimension.name + " " + (arrows ? before + " -> " : "") + after;
  }
  return text;
}

void printReasons(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options) {
  const PlanVariant &chosen = plan.chosen();
  if (&chosen == &plan.base || chosen.dimensions == plan.base.dimensions) {
    heading(stream, options, "Your shape is already the best of the space.");
    return;
  }
  if (chosen.verdict != "faster") {
    const PlanVariant *sure = surelyFaster(plan);
    heading(stream, options,
            sure ? "The best plan is within its error band (±" + formatPercent(chosen.speedupBand) +
                       ") of your shape; this change is beyond its own:"
                 : "Your shape is already within the error band (±" + formatPercent(chosen.speedupBand) +
                       ") of the best.");
    if (sure) {
      const std::string change = differenceText(plan.base, *sure, /*arrows=*/true);
      printWrapped(stream, (change.empty() ? "another split over GPUs" : change) + ": " + speedupText(*sure),
                   4, options.width);
    }
  }
  heading(stream, options, "Why the best plan differs from yours");
  for (const PlanReason &reason : chosen.reasons) {
    printWrapped(stream,
                 changeText(reason) + ": " + (reason.shareSaved >= 0 ? "saves " : "costs ") +
                     formatPercent(std::abs(reason.shareSaved)) + " of the objective",
                 2, options.width);
    printWrapped(stream, reason.text, 6, options.width);
  }
}

void printCertificate(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options) {
  const PlanCertificate &certificate = plan.certificate;
  heading(stream, options, "Certificate");
  stream << "  " << formatInteger(certificate.variants)
         << (certificate.variants == 1 ? " variant" : " variants") << " in the space\n";
  Table table({Align::Right, Align::Left, Align::Left});
  for (const PlanConstraint &constraint : certificate.constraints)
    if (constraint.removed > 0)
      table.addRow({"-" + formatInteger(constraint.removed), constraint.name, constraint.text});
  table.addRow({formatInteger(certificate.legal), "legal", ""});
  table.print(stream, 2, options.width);
  stream << "  best objective " << formatNumber(plan.chosen().objective) << " of yours, lower bound "
         << formatNumber(certificate.lowerBound) << ", gap " << formatPercent(certificate.gap)
         << ": no legal variant is priced lower\n";
  stream << "  " << formatInteger(certificate.tied) << (certificate.tied == 1 ? " plan lies" : " plans lie")
         << " within ±" << formatPercent(certificate.tieBand)
         << " of the best, the error band of plans without a common operator\n";
  const auto fromBest = [&](const PlanVariant &variant) {
    return formatFactor(variant.speedup) + " " + differenceText(plan.chosen(), variant, /*arrows=*/false);
  };
  std::vector<const PlanVariant *> examples;
  for (const PlanVariant &variant : certificate.tiedExamples)
    if (variant.dimensions != plan.chosen().dimensions)
      examples.push_back(&variant);
  llvm::stable_sort(examples,
                    [](const PlanVariant *a, const PlanVariant *b) { return a->speedup > b->speedup; });
  if (!examples.empty())
    stream << "  such as these, with their speed-up over yours and what differs from the best:\n";
  for (const PlanVariant *variant : examples)
    printWrapped(stream, fromBest(*variant), 6, options.width, "- ");
  if (!certificate.withoutGuardRail.empty())
    stream << "  what single guard-rails hold back (`constraints: {NAME: off}`):\n";
  for (const PlanVariant &variant : certificate.withoutGuardRail)
    printWrapped(stream, "without " + variant.condition + " " + fromBest(variant), 6, options.width, "- ");
}

} // namespace

std::string ceilingText(const PlanWorkloadResult &result) {
  return limitedByMatrixRate(result) ? formatPercent(result.achievableCeilingShare) + " mma"
                                     : formatPercent(result.hbmBandwidthShare) + " hbm";
}

std::string ceilingPhrase(const PlanWorkloadResult &result) {
  return limitedByMatrixRate(result)
             ? formatPercent(result.achievableCeilingShare) + " of the achievable matrix rate"
             : formatPercent(result.hbmBandwidthShare) + " of the achievable bandwidth";
}

void printPlan(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options) {
  printRequest(plan, stream, options);
  heading(stream, options, "Shapes");
  printVariants(plan, stream, options);
  printReasons(plan, stream, options);
  printCertificate(plan, stream, options);
  printKernels(plan, stream, options);
  printWarnings(plan.warnings, stream, options);
}

} // namespace codesign
