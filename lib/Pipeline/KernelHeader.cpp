#include "KernelHeader.h"
#include "codesign/Isa/MatrixInstruction.h"
#include "codesign/Price/Price.h"
#include "codesign/Report/Format.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace codesign {

/// "5.64 ms at m = 16384 on mi300x: 707 TFLOP/s", for few rows "58.2 us at m = 16 on mi300x: 243 MB of
/// weights at 4.18 TB/s".
static std::string expectation(const PlanKernel &kernel, const PlanKernelRange &range, DataType type,
                               llvm::StringRef hardware) {
  constexpr int64_t fewRows = 256;
  const int64_t experts = std::max<int64_t>(1, kernel.experts);
  const double seconds = range.expectedSeconds, weights = double(kernel.n) * double(kernel.k);
  const double weightBytes = weights * double(experts) * bitWidth(type) / 8;
  const std::string rate =
      range.expectedM <= fewRows * experts
          ? formatBytes(weightBytes) + " of weights at " + formatBytes(weightBytes / seconds) + "/s"
          : formatNumber(2 * double(range.expectedM) * weights / seconds * 1e-12) + " TFLOP/s";
  return formatTime(seconds) + " at m = " + std::to_string(range.expectedM) + " on " + hardware.str() + ": " +
         rate;
}

/// "bf16", "fp8_fnuz with per-token scales".
static std::string typeText(const PlanKernel &kernel, DataType type) {
  const bool scaled = kernel.scaling != toString(Scaling::None);
  return toString(type).str() + (scaled ? " with " + kernel.scaling + " scales" : "");
}

static std::string rowsText(const PlanKernelRange &range) {
  return range.maxM == 0 ? std::to_string(range.minM) + " rows and more"
                         : std::to_string(range.minM) + " to " + std::to_string(range.maxM) + " rows";
}

/// Of k that one pass of the main loop multiplies: all products of a tile, whichever wave has them.
static int64_t depthOfPass(const StepPrice &step, const GemmSchedule &schedule, kernel::FuncOp function) {
  const MatrixInstruction &record = schedule.matrixInstruction();
  const int64_t products = step.matrixInstructions * static_cast<int64_t>(function.getWaveCount());
  return products * record.m * record.n * record.k / (int64_t(schedule.macroTileM) * schedule.macroTileN);
}

/// "per 32 of k, a workgroup needs 2048 clocks of the matrix cores, 1024 of LDS (96 KB read, 32 KB written)
/// and 32 KB from L2, 16.0 bytes a clock": of the longest of them; operands that are converted first are a
/// third.
static std::string loopText(const KernelPrice &price, const GemmSchedule &schedule, kernel::FuncOp function) {
  const bool isAmd = vendorOf(schedule.architecture) == Vendor::Amd;
  const StepPrice &step = price.step;
  const double matrix = step.matrixCycles.value, shared = step.sharedCycles().value;
  const double conversions = step.conversionCycles.value;
  auto kilobytes = [](int64_t bytes) { return llvm::formatv("{0} KB", bytes / 1024).str(); };
  std::string text =
      llvm::formatv("per {0} of k, a workgroup needs {1:f0} clocks of the {2}",
                    depthOfPass(step, schedule, function), matrix, isAmd ? "matrix cores" : "tensor cores");
  if (conversions > 0)
    text += llvm::formatv(", {0:f0} of conversions of its operands", conversions);
  if (shared > 0)
    text += llvm::formatv(", {0:f0} of {1} ({2} read, {3} written)", shared, isAmd ? "LDS" : "shared memory",
                          kilobytes(step.reads.bytes), kilobytes(step.writes.bytes));
  const bool streams = streamsWeights(schedule.family);
  text += " and " + kilobytes(step.globalBytes) + (streams ? " from memory" : " from L2");
  const double slowest = std::max({matrix, conversions, shared});
  if (!streams && slowest > 0)
    text += ", " + formatNumber(double(step.globalBytes) / slowest) + " bytes a clock";
  return text;
}

/// What the schedule is good for, in the order in which it shapes the kernel.
static std::string reasonText(const GemmSchedule &schedule) {
  std::string text;
  auto say = [&](bool holds, llvm::StringRef reason) {
    if (holds)
      text += (reason + "; ").str();
  };
  say(streamsWeights(schedule.family),
      "each weight is used once, so it goes from memory to registers, past LDS");
  say(schedule.loop == MainLoop::PingPong,
      "two waves of a SIMD take turns at the matrix core, so that LDS and loads hide");
  say(schedule.loop == MainLoop::Interleaved, "one wave on a SIMD has the largest part of the tile, which "
                                              "reads LDS least, and hides its reads itself");
  say(schedule.directToShared, "copies past the registers leave them to the sums");
  say(schedule.shuffledWeights, "W is stored as instructions take it and needs no LDS");
  say(schedule.clusterM * schedule.clusterN > 1, "a cluster fetches the tile that its workgroups share once");
  say(schedule.splitK > 1, "parts of k fill the device where tiles do not");
  say(schedule.streamK, "the last tiles are shared out step by step, so that no round is part empty");
  return text;
}

/// "mfma_lds_double_buffer 128x256x64 …: 5.52 ms, 1.9% slower; within the band of such a ratio, 67.7%: either
/// may be the faster".
static std::string runnerUpText(const PlanKernelRange &range) {
  const PlanRunnerUp &second = *range.runnerUp;
  constexpr double least = 5e-4; // which the first digit shows
  const double excess = range.runnerUpExcess();
  return second.scheduleText + ": " + formatTime(second.seconds) + ", " +
         (excess < least ? "as long" : formatPercent(excess) + " slower") +
         (range.isUnsure() ? "; within" : "; beyond") + " the band of such a ratio, " +
         formatPercent(second.ratioBand) + (range.isUnsure() ? ": either may be the faster" : "");
}

EmitOptions kernelHeader(const DescribedKernel &described, kernel::FuncOp function) {
  const auto &[kernel, range, type, schedule, hardware, sumSymbol] = described;
  EmitOptions options;
  const bool gated = kernel.gated();
  const bool sumsRows = kernel.layout == toString(GemmLayout::TN);
  const std::string product = std::string(kernel.weighted() ? "row weights of " : "") +
                              (kernel.gathered() ? "gathered " : "") + "A[m, " + std::to_string(kernel.k) +
                              "]" +
                              (sumsRows                                    ? "^T W"
                               : kernel.layout == toString(GemmLayout::NN) ? " W"
                                                                           : " W^T") +
                              (kernel.experts > 0 ? " by expert" : "");
  const std::string sum = product + (kernel.bias ? " + bias" : "");
  options.title = llvm::join(kernel.operators, ", ") + ": D[" + (sumsRows ? std::to_string(kernel.k) : "m") +
                  ", " + std::to_string(gated ? kernel.n / 2 : kernel.n) + "] = " +
                  (gated                ? "silu(gate) up of " + sum
                   : kernel.activates() ? kernel.epilogue + "(" + sum + ")"
                                        : sum) +
                  (kernel.residual ? " + residual" : "") + ", " + typeText(kernel, type) +
                  (kernel.sumsTokens()  ? " to fp32"
                   : kernel.quantises() ? " to 8 bits"
                                        : "") +
                  ", for " + rowsText(range);
  options.notes.push_back("Schedule: " + range.scheduleText);
  // What cannot be counted is left out; the kernel is none the worse.
  if (llvm::Expected<KernelPrice> price = priceKernel(function))
    options.notes.push_back("Loop: " + loopText(*price, schedule, function));
  else
    llvm::consumeError(price.takeError());
  options.notes.insert(
      options.notes.end(),
      {"Why: " + reasonText(schedule) + range.why,
       "Expected: " + expectation(kernel, range, type, hardware) +
           (range.expectedSource == "simulated"
                ? " (main loop timed in the simulator, the rest from library constants; not measured)"
                : " (priced from data-sheet numbers and library constants, not measured)")});
  if (range.runnerUp)
    options.notes.push_back("Second: " + runnerUpText(range));
  if (range.librarySeconds > 0)
    options.notes.push_back("Library: " + formatTime(range.librarySeconds) + " expected for as many rows");
  if (kernel.experts > 0)
    options.notes.push_back(
        "Experts: rows of " + std::to_string(kernel.experts) + " experts, " +
        (kernel.expertLayout == "masked"
             ? "m / " + std::to_string(kernel.experts) + " of each, of which the first counts[e] are computed"
             : std::string("from offsets[e] to offsets[e + 1] those of expert e")));
  if (kernel.sumsTokens())
    options.notes.push_back("Output: not rounded, " + sumSymbol + " adds up the rows of each token");
  if (gated)
    options.notes.push_back("Gate: rows 2j and 2j + 1 of W are the gate and the up of column j of D");
  if (kernel.scaling == toString(Scaling::Block128))
    options.notes.push_back(
        std::string("Scales: row b of aScale has those of columns 128 b and following of A, ") +
        (gated ? "rows 2b and 2b + 1 of wScale those of 128 gates and of their up"
               : "row b of wScale those of 128 rows of W"));
  if (kernel.quantises())
    options.notes.push_back("Output: rounded to 8 bits by a scale that is given, and saturates");
  if (kernel.turnsHeads())
    options.notes.push_back("Rotary: columns 2i and 2i + 1 of each of the first " +
                            std::to_string(kernel.rotary.columns / kernel.rotary.headColumns) + " heads of " +
                            std::to_string(kernel.rotary.headColumns) +
                            " columns are turned by the position of their row");
  if (kernel.shuffled())
    options.notes.push_back("Weights: shuffled in blocks of 16 rows by 64 bytes, as the C header says");
  return options;
}

} // namespace codesign
