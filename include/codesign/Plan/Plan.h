// The decision as plain data: what was asked, what was compared, what was chosen and why. It carries
// everything that a report or an emitter needs and refers to nothing outside itself.
#pragma once

#include "codesign/Support/Epilogues.h"
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace codesign {

/// Raised when a reader of the previous version would misunderstand a file.
inline constexpr int64_t planSchemaVersion = 12;

/// A named scalar: one size of an operator ("m" 8192), one parameter of a schedule ("macro_tile_m" 256).
struct PlanField {
  std::string name;
  std::variant<int64_t, double, std::string> value;
  bool operator==(const PlanField &) const = default;
};

/// One summand of an operator's time, e.g. "mma" or "launch".
struct PlanTerm {
  std::string name;
  double seconds = 0;
  bool operator==(const PlanTerm &) const = default;
};

/// One row of the operator table of a workload, on the busiest rank.
struct PlanOperator {
  std::string block, name;
  std::string kind, shape;      // "gemm", "m=8192 n=6144 k=4096 bf16"
  std::vector<PlanField> sizes; // the same shape for programs
  int64_t count = 1;            // per step
  double secondsEach = 0;
  double seconds = 0;          // count × secondsEach
  std::vector<PlanTerm> terms; // of one occurrence; they sum to secondsEach
  std::string limiter;         // the largest term in words
  std::string source;          // "measured", "calibrated", "simulated" or "datasheet"
  double band = 0;             // relative error of secondsEach
  double flop = 0;             // of one occurrence
  double joulesEach = 0;
  std::string provider;            // "codesign", or the library: "hipblaslt", "cublas", …
  std::string schedule;            // in words: "256x256x64, 4 waves, split-K 2"
  std::string alternativeProvider; // empty when only one provider has the operator
  double alternativeSecondsEach = 0;
  bool operator==(const PlanOperator &) const = default;
};

/// A use of the model as it was asked for.
struct PlanWorkload {
  std::string name, description; // "decode", "decode batch 64 context 8192 fp8 tp 8"
  std::string phase;             // "train", "prefill" or "decode"
  int64_t batch = 1, sequenceLength = 0, context = 0, microBatches = 1;
  std::string type, keyValueType, scaling;
  double weight = 1; // the weights of a plan sum to 1
  bool operator==(const PlanWorkload &) const = default;
};

/// What one variant does in one workload. Times are per step of one model replica.
struct PlanWorkloadResult {
  std::string workload;
  int64_t tensorParallel = 1, expertParallel = 1, pipelineParallel = 1;
  double secondsPerStep = 0;
  int64_t tokensPerStep = 0;
  double tokensPerSecond = 0;
  double flopPerStep = 0;            // of one rank
  double teraflopsPerSecond = 0;     // of one rank
  double achievableCeilingShare = 0; // teraflopsPerSecond over the sustained ceiling of the type
  double hbmBytesPerStep = 0;        // of one rank: each operand read once, each result written once
  double hbmBandwidthShare = 0;      // hbmBytesPerStep / secondsPerStep over the achieved read bandwidth
  double joulesPerStep = 0;          // of all ranks
  double tokensPerJoule = 0;
  std::optional<double> dollarsPerMillionTokens; // where the device has a price
  double memoryBytesPerRank = 0;
  double memoryLimitBytes = 0; // of the device
  double band = 0;             // relative error of secondsPerStep
  std::vector<PlanOperator> operators;
  bool operator==(const PlanWorkloadResult &) const = default;

  /// Whether a rank needs more memory than its device has; never where the device's is not known.
  bool exceedsMemory() const { return memoryLimitBytes > 0 && memoryBytesPerRank > memoryLimitBytes; }
};

struct PlanDimension {
  std::string name; // "hidden_size", …
  int64_t value = 0;
  bool operator==(const PlanDimension &) const = default;
};

/// What an operator costs without (from) and with (to) a change, everything else as chosen. An operator that
/// only one side has leaves the other shape empty.
struct PlanOperatorDelta {
  std::string workload, block, name;
  std::string fromShape, toShape;
  double fromSeconds = 0, toSeconds = 0; // per step, count included
  bool operator==(const PlanOperatorDelta &) const = default;
};

/// Why one dimension, or a few that only make sense together, changed.
struct PlanReason {
  std::vector<std::string> dimensions;
  std::vector<int64_t> from, to; // of each dimension
  std::string text;              // in numbers: tiles, waves, last-wave use, key-value traffic
  double shareSaved =
      0; // of the base's objective; negative if it costs. Reasons of a variant sum to 1 − objective.
  std::vector<PlanOperatorDelta> operators; // those that changed with it, largest change first
  bool operator==(const PlanReason &) const = default;
};

/// A model shape with its results.
struct PlanVariant {
  std::string condition;                 // what it had to meet besides the request; empty for most
  std::vector<PlanDimension> dimensions; // only those that the model has
  int64_t totalParameters = 0, activeParameters = 0;
  double objective = 0;   // Σ wᵢ·tᵢ/tᵢ(base), or the same for cost or energy; 1 for the base
  double speedup = 1;     // base objective ÷ objective
  double speedupBand = 0; // relative error of the ratio
  std::string verdict;    // "base", "faster", "within band" or "slower"
  std::string quality;    // predicted change of the loss, or "not modelled"
  std::vector<PlanWorkloadResult> workloads;
  std::vector<PlanReason> reasons;
  bool operator==(const PlanVariant &) const = default;
};

/// How many variants one constraint removed. Each variant is charged to the first constraint that it fails.
struct PlanConstraint {
  std::string name;    // "params_budget", "depth_width_band", …
  std::string text;    // its limits in words: "7.84e9 to 8.16e9 parameters"
  int64_t entered = 0; // variants that passed all constraints before it
  int64_t removed = 0;
  bool operator==(const PlanConstraint &) const = default;
};

/// The proof that the best plan is best, as far as the cost model goes.
struct PlanCertificate {
  int64_t variants = 0;                    // in the whole space
  std::vector<PlanConstraint> constraints; // in the order in which they were applied
  int64_t legal = 0;                       // variants that are left
  double lowerBound = 0;                   // of the objective over all legal variants
  double gap = 0;                          // best objective ÷ lowerBound − 1; 0 for an exact search
  double tieBand = 0;                      // relative; plans within it of the best are statistically equal
  int64_t tied = 0;                        // legal variants within the band, the best included
  std::vector<PlanVariant> tiedExamples;   // up to ten that differ most, without operators
  std::vector<PlanVariant>
      withoutGuardRail; // best with one guard-rail off (`condition`), if better; without operators
  bool operator==(const PlanCertificate &) const = default;
};

/// The kernel that comes second to a chosen one: the cheapest of another family or macro-tile (m by n).
struct PlanRunnerUp {
  std::vector<PlanField> schedule; // for programs
  std::string scheduleText;
  double seconds = 0;   // at the expectedM rows of the chosen one
  double ratioBand = 0; // relative error of seconds ÷ the chosen one's expectedSeconds
  bool operator==(const PlanRunnerUp &) const = default;
};

/// A kernel that serves rows minM to maxM with one schedule.
struct PlanKernelRange {
  int64_t minM = 1, maxM = 0;      // maxM 0: no upper limit
  std::vector<PlanField> schedule; // for programs
  std::string scheduleText, why;
  double expectedSeconds = 0; // at expectedM rows
  std::string expectedSource; // "simulated": its main loop ran in the simulator; else "datasheet"
  double expectedBand = 0;    // relative error of expectedSeconds
  int64_t expectedM = 0;
  double librarySeconds = 0;            // what the library's kernel is expected to take for as many rows
  std::optional<PlanRunnerUp> runnerUp; // none where one tile is all there is
  bool operator==(const PlanKernelRange &) const = default;

  /// By which share of expectedSeconds the runner-up is slower; 0 without one.
  double runnerUpExcess() const { return runnerUp ? runnerUp->seconds / expectedSeconds - 1 : 0; }
  /// Whether the model's error may turn the order of the two.
  bool isUnsure() const { return runnerUp && runnerUpExcess() < runnerUp->ratioBand; }
};

/// A kernel to emit: output[m][n] = a·b with n and k fixed and m known at run time.
struct PlanKernel {
  std::string name, family;           // "qkv_proj", "gemm" or "grouped_gemm"
  std::vector<std::string> operators; // "attention/qkv_proj", all that this kernel serves
  int64_t n = 0, k = 0;
  std::string input, output, layout, pass; // "bf16", "bf16", "nt", "forward"; output of 8 bits has a scale
  std::string scaling = "none";            // of 8-bit inputs: "per-tensor", "per-token"
  /// "", "swiglu": gate and up rows of b interleaved, half of n columns written, "gelu", "gelu_tanh" or
  /// "relu" of the output, "row_weights": each row of the output times a weight of its own, or "token_sum":
  /// that, and the topK rows of each token added up.
  std::string epilogue;
  int64_t topK = 0;                    // rows of a token at most, where they are added up
  bool bias = false;                   // added before the epilogue and before columns are turned
  RotaryEmbedding rotary = {};         // queries and keys
  bool residual = false;               // the stream, added to the output
  int64_t experts = 0;                 // each with a b of its own for its share of the m rows; 0: one b
  std::string weightOrder = "";        // "shuffled" where b is stored as matrix instructions take it
  int64_t weightLeadingDimension = 0;  // elements from one row of b to the next; 0: k, without gaps
  std::string rowOrder = "";           // "gathered" where a list may say which row of a is whose
  std::string expertLayout = "";       // "contiguous" or "masked", as the kernel dialect has it
  std::vector<PlanKernelRange> ranges; // ascending, without gaps
  bool operator==(const PlanKernel &) const = default;

  bool gated() const { return epilogue == "swiglu"; }
  bool activates() const { return epilogue == "gelu" || epilogue == "gelu_tanh" || epilogue == "relu"; }
  bool turnsHeads() const { return rotary.columns > 0; }
  bool quantises() const { return output.starts_with("fp8"); }
  bool shuffled() const { return weightOrder == "shuffled"; }
  bool padded() const { return weightLeadingDimension > 0; }
  bool gathered() const { return rowOrder == "gathered"; }
  bool sumsTokens() const { return epilogue == "token_sum"; }
  bool weighted() const { return epilogue == "row_weights" || sumsTokens(); }
};

struct Plan {
  int64_t schema = planSchemaVersion;
  std::string generator; // "codesign 0.1.0"
  std::string model, family, type;
  std::string hardware, architecture; // "mi300x", "cdna3"
  std::string objective;              // "time", "cost" or "energy"
  std::vector<PlanWorkload> workloads;
  PlanVariant base;
  std::vector<PlanVariant> best; // best first; the first one is the plan's choice
  /// The best under a condition that best.front() does not meet: what is left of its speed-up without fewer
  /// parameters, without a smaller key-value cache.
  std::vector<PlanVariant> alternatives;
  PlanCertificate certificate;
  std::vector<PlanKernel> kernels;
  std::vector<std::string> warnings;
  bool operator==(const Plan &) const = default;

  /// The chosen variant; the base when nothing better was found.
  const PlanVariant &chosen() const { return best.empty() ? base : best.front(); }
};

} // namespace codesign
