// The kernels of a plan as a table, and what they do beside their products.
#include "Text.h"

#include "codesign/Report/Format.h"
#include "codesign/Report/Table.h"
#include "codesign/Support/DataType.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>
#include <functional>
#include <map>

namespace codesign::report {

namespace {

/// A number of a kernel's schedule, or nothing where its family has none of that name.
std::string scheduleField(const PlanKernelRange &range, llvm::StringRef name) {
  for (const PlanField &field : range.schedule)
    if (field.name == name)
      if (const auto *value = std::get_if<int64_t>(&field.value))
        return std::to_string(*value);
  return {};
}

bool splitsK(const PlanKernelRange &range) {
  const std::string parts = scheduleField(range, "split_k");
  return !parts.empty() && parts != "1";
}

bool isStreamK(const PlanKernelRange &range) {
  return scheduleField(range, "stream_k") == "1";
}

/// "128x64x64", or "128x64x64 /4" where four workgroups share the k of a tile, "128x64x64 SK" with Stream-K.
std::string tileText(const PlanKernelRange &range) {
  return scheduleField(range, "macro_tile_m") + "x" + scheduleField(range, "macro_tile_n") + "x" +
         scheduleField(range, "macro_tile_k") +
         (splitsK(range) ? " /" + scheduleField(range, "split_k") : "") + (isStreamK(range) ? " SK" : "");
}

/// "2x4", or "1x1x4" where waves share k.
std::string wavesText(const PlanKernelRange &range) {
  const std::string alongK = scheduleField(range, "waves_k");
  return scheduleField(range, "waves_m") + "x" + scheduleField(range, "waves_n") +
         (alongK.empty() ? "" : "x" + alongK);
}

/// Where a kernel's time is from, as short as the table needs it.
std::string shortSource(const PlanKernelRange &range) {
  return range.expectedSource == "simulated" ? "sim" : "data";
}

/// By how much the runner-up is slower: "1.9%"; nothing without one.
std::string nextText(const PlanKernelRange &range) {
  return range.runnerUp ? formatPercent(range.runnerUpExcess()) : "";
}

/// What the table says of runners-up, and for how many kernels the order is sure.
void printRunnersUp(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options) {
  int compared = 0, unsure = 0;
  double band = 0;
  for (const PlanKernel &kernel : plan.kernels)
    for (const PlanKernelRange &range : kernel.ranges)
      if (range.runnerUp) {
        ++compared;
        unsure += range.isUnsure();
        band = std::max(band, range.runnerUp->ratioBand);
      }
  if (compared > 0)
    printWrapped(
        stream,
        "next: how much longer the best kernel of another tile or family takes, which the sources and "
        "plan.json name; " +
            (unsure == compared ? "all" : std::to_string(unsure) + " of " + std::to_string(compared)) +
            " are within the band of such a ratio, up to " + formatPercent(band) +
            ": either may be the faster",
        2, options.width);
}

/// The sources of the kernels' times, with their bands.
std::map<std::string, double> sourcesOf(const Plan &plan) {
  std::map<std::string, double> bands;
  for (const PlanKernel &kernel : plan.kernels)
    for (const PlanKernelRange &range : kernel.ranges) {
      double &band = bands[shortSource(range)];
      band = std::max(band, range.expectedBand);
    }
  return bands;
}

/// What they mean: of the table's column, or of all times of own kernels where they have one source.
void printSources(const std::map<std::string, double> &bands, llvm::raw_ostream &stream,
                  const ReportOptions &options) {
  for (const auto &[source, band] : bands)
    printWrapped(stream,
                 (bands.size() == 1 ? "own" : source) +
                     (source == "sim"
                          ? ": simulated, the main loop timed by codesign's simulator, not on hardware"
                          : ": priced from data-sheet numbers and library constants") +
                     "; within " + formatPercent(band),
                 2, options.width);
}

/// "experts_down x8" for a kernel of eight experts; "masked" below it for the same with places kept free.
std::string nameOf(const PlanKernel &kernel) {
  if (kernel.expertLayout == "masked")
    return "  masked x" + std::to_string(kernel.experts);
  return kernel.name + (kernel.experts > 0 ? " x" + std::to_string(kernel.experts) : "");
}

/// The rows that a kernel of the range serves, of each expert.
std::string rowsOf(const PlanKernel &kernel, const PlanKernelRange &range) {
  const int64_t sharers = std::max<int64_t>(1, kernel.experts);
  return std::to_string((range.minM - 1) / sharers + 1) +
         (range.maxM ? ".." + std::to_string(range.maxM / sharers) : " up");
}

/// What a kernel does behind its product, in the order in which it does it.
std::vector<std::string> endsOf(const PlanKernel &kernel) {
  std::vector<std::string> ends;
  if (kernel.bias)
    ends.push_back("adds its bias");
  if (kernel.turnsHeads())
    ends.push_back(
        "turns columns 2i and 2i + 1 of each head of q and k by the position of their row (rows of "
        "its weights are paired so)");
  if (kernel.gated())
    ends.push_back("ends in silu(gate) * up (rows 2j and 2j + 1 of its weights are the gate and the up of "
                   "column j)");
  if (kernel.activates())
    ends.push_back("applies " + kernel.epilogue);
  if (kernel.weighted())
    ends.push_back(std::string("multiplies each row by its router weight, ") +
                   (kernel.sumsTokens() ? "and another adds up those of a token"
                                        : "whose sum over a token is the caller's"));
  if (kernel.residual)
    ends.push_back("adds the residual stream");
  if (kernel.quantises())
    ends.push_back("rounds to " + kernel.output + " by a scale that is given, for the next product");
  return ends;
}

/// The passes over memory that the kernels of a plan make unnecessary.
std::vector<std::string> passesSaved(const Plan &plan) {
  std::vector<std::string> passes;
  auto add = [&](auto saves, llvm::StringRef pass) { // a member
    if (llvm::any_of(plan.kernels, [&](const PlanKernel &kernel) { return std::invoke(saves, kernel); }))
      passes.push_back(pass.str());
  };
  add(&PlanKernel::turnsHeads, "the rotation");
  add(&PlanKernel::gated, "the gate");
  add(&PlanKernel::activates, "the activation");
  add(&PlanKernel::quantises, "the quantisation of what follows it");
  add(&PlanKernel::residual, "the norm's addition");
  return passes;
}

void printEnds(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options) {
  for (const PlanKernel &kernel : plan.kernels) {
    const std::vector<std::string> ends = endsOf(kernel);
    if (!ends.empty() && kernel.expertLayout != "masked") // as the contiguous ones
      printWrapped(stream, kernel.name + " " + llvm::join(ends, ", "), 2, options.width);
  }
  if (const std::vector<std::string> passes = passesSaved(plan); !passes.empty())
    printWrapped(
        stream,
        "times are those of the products alone; steps still count as passes of their own what kernels "
        "do behind them: " +
            llvm::join(passes, ", "),
        2, options.width);
}

/// Which weights have gaps between their rows, and what that costs.
void printPadding(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options) {
  std::vector<std::string> padded;
  bool measured = true;
  for (const PlanKernel &kernel : plan.kernels) {
    if (!kernel.padded() || kernel.expertLayout == "masked") // whose weights are those of the other layout
      continue;
    const double elements = double(kernel.weightLeadingDimension - kernel.k);
    const DataType type = parseDataType(kernel.input).value_or(DataType::BF16);
    const double bytes =
        elements * double(kernel.n * std::max<int64_t>(1, kernel.experts)) * bitWidth(type) / 8;
    padded.push_back(kernel.name + " " + std::to_string(kernel.weightLeadingDimension) + " (" +
                     formatBytes(bytes) + ", +" + formatPercent(elements / double(kernel.k)) + ")");
    measured &= kernel.scaling == "block-128";
  }
  if (padded.empty())
    return;
  printWrapped(
      stream,
      "rows of weights start further apart than they are long, so that they lie in all channels of L2; "
      "elements from one to the next, and bytes for each layer, which the memory per rank does not "
      "count: " +
          llvm::join(padded, ", ") +
          (measured ? std::string()
                    : ". That it pays is carried over from block-scaled kernels and AMD's advice: of these "
                      "types no rows of either kind were measured, and the times do not count it"),
      2, options.width);
}

} // namespace

void printKernels(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options) {
  if (plan.kernels.empty())
    return;
  const std::string &type = plan.kernels.front().input;
  const bool oneType =
      llvm::all_of(plan.kernels, [&](const PlanKernel &kernel) { return kernel.input == type; });
  heading(stream, options,
          "Kernels" + (oneType ? " in " + type : std::string()) +
              " (own: not measured; library: calibrated)");
  const std::map<std::string, double> sources = sourcesOf(plan);
  std::vector<Align> alignment = {Align::Left, Align::Right, Align::Right, Align::Left,
                                  Align::Left, Align::Left,  Align::Right, Align::Right,
                                  Align::Left, Align::Right, Align::Right};
  std::vector<std::string> titles = {"kernel", "n",   "k",    "rows", "tile",   "waves",
                                     "at m",   "own", "from", "next", "library"};
  // One source for all is said below the table.
  constexpr int sourceColumn = 8;
  const auto withoutSource = [&](auto list) {
    if (sources.size() == 1)
      list.erase(list.begin() + sourceColumn);
    return list;
  };
  Table table(withoutSource(alignment));
  table.addRow(withoutSource(titles));
  for (const PlanKernel &kernel : plan.kernels)
    for (const PlanKernelRange &range : kernel.ranges) {
      const bool first = &range == &kernel.ranges.front();
      table.addRow(withoutSource(std::vector<std::string>{
          first ? nameOf(kernel) + (oneType ? "" : " " + kernel.input) : "",
          first ? std::to_string(kernel.n) : "", first ? std::to_string(kernel.k) : "", rowsOf(kernel, range),
          tileText(range), wavesText(range),
          std::to_string(range.expectedM / std::max<int64_t>(1, kernel.experts)),
          formatTime(range.expectedSeconds), shortSource(range), nextText(range),
          formatTime(range.librarySeconds)}));
    }
  constexpr unsigned indent = 2;
  // Times are not broken: where the lines cannot be narrow enough, they are as wide as they are.
  table.print(stream, indent, table.denseWidth(indent) <= options.width ? options.width : 0);
  printSources(sources, stream, options);
  printRunnersUp(plan, stream, options);
  printEnds(plan, stream, options);
  printPadding(plan, stream, options);
  if (llvm::any_of(plan.kernels,
                   [](const PlanKernel &kernel) { return llvm::any_of(kernel.ranges, splitsK); }))
    stream << "  /S: S workgroups share the k of each tile\n";
  if (llvm::any_of(plan.kernels,
                   [](const PlanKernel &kernel) { return llvm::any_of(kernel.ranges, isStreamK); }))
    stream << "  SK: Stream-K, the steps of the last tiles are dealt to all workgroups\n";
  if (llvm::any_of(plan.kernels, [](const PlanKernel &kernel) { return kernel.experts > 0; }))
    printWrapped(
        stream,
        "xE: E experts in one launch; rows and m are those of each, on average. Offsets on the device "
        "say whose rows are whose; masked: counts, each expert's rows in a place of its own",
        2, options.width);
  if (llvm::none_of(plan.workloads, [](const PlanWorkload &w) { return w.phase == "train"; }))
    return;
  const bool hasExperts =
      llvm::any_of(plan.kernels, [](const PlanKernel &kernel) { return kernel.experts > 0; });
  if (llvm::none_of(plan.kernels, [](const PlanKernel &kernel) { return kernel.pass == "dgrad"; }))
    stream << "  of the forward pass; the products of the backward pass are left to the library\n";
  else
    printWrapped(stream,
                 std::string("dgrad, wgrad: the gradient of a layer's input, of its weights (n by k), rows "
                             "summed") +
                     (hasExperts ? "; the library has those of experts" : ""),
                 2, options.width);
}

} // namespace codesign::report
