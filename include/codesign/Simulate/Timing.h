// How long a kernel takes on one compute unit, by replaying what the simulator executed through a model of
// its issue slots, pipelines and memory path. Not measured on hardware: docs/simulator.md says what is
// modelled and what is not.
#pragma once

#include "codesign/Hardware/DeviceNumbers.h"
#include "codesign/Simulate/Simulator.h"
#include <array>
#include <optional>

namespace codesign::simulate {

/// What a wave waits for before an instruction issues.
enum class StallReason : uint8_t {
  Dependency,   // a register that an earlier instruction of the wave has not written yet
  VectorMemory, // s_waitcnt vmcnt
  Local,        // s_waitcnt lgkmcnt: LDS and scalar loads
  Barrier,      // the other waves of the workgroup
  MatrixBusy,   // the SIMD's matrix core
  VectorBusy,   // the SIMD's vector or scalar issue
  LdsQueue,     // LDS instructions of the compute unit under way
  MemoryQueue,  // bytes of the compute unit in flight
};
constexpr int stallReasonCount = static_cast<int>(StallReason::MemoryQueue) + 1;
llvm::StringRef toString(StallReason reason);

struct InstructionTiming {
  uint64_t executions = 0;
  std::array<double, stallReasonCount> stallClocks = {}; // summed over executions
  double issueClocks = 0; // summed: from its issue to the wave's next chance to issue

  double totalStallClocks() const;
  /// The reason with the most clocks.
  StallReason mainReason() const;
};

struct LoopTiming {
  int first = -1, last = -1; // instructions, both inside
  uint64_t iterations = 0;   // of the wave that goes round most often
  double clocksPerIteration = 0;
  double matrixBusyShare = 0; // of the matrix cores, while the loop runs
};

/// One issued instruction, for a trace viewer.
struct TimelineEvent {
  int workgroup = 0, wave = 0, simd = 0, instruction = 0;
  double start = 0, end = 0; // clocks: ready to issue, issued
};

/// Measured kernels that the model's parameters were fitted to, and the largest relative error of one of them
/// when it was left out.
struct FittedTiming {
  int kernels = 0;
  double error = 0;
};

/// Lines of vector memory by where they came from, and clocks in which what serves the compute unit was busy.
struct MemoryClocks {
  uint64_t firstLevelLines = 0, secondLevelLines = 0, hbmLines = 0; // of loads
  double secondLevel = 0, hbm = 0;
};

struct TimingReport {
  int residentWorkgroups = 0; // of one compute unit, as registers, LDS and waves allow
  double wavesPerSimd = 0;    // of those workgroups, on average
  std::string residencyLimit; // "registers", "LDS", "waves", "workgroups"
  std::optional<FittedTiming> fitted;
  double clocks = 0; // from the start of all of them to the end of the last
  double clocksPerWorkgroup = 0;
  double matrixBusyShare = 0;                   // of the compute unit's matrix cores
  double vectorBusyShare = 0;                   // of its vector units
  double ldsBusyShare = 0, memoryBusyShare = 0; // of the LDS and of the path to L2
  double hbmBusyShare = 0;                      // of the compute unit's share of HBM
  MemoryClocks memory;
  std::vector<InstructionTiming> perInstruction;
  std::vector<LoopTiming> loops;       // in the order of RunReport::loops
  std::vector<TimelineEvent> timeline; // only where asked for
};

struct TimingOptions {
  int residentWorkgroups = 0; // 0: as many as fit
  bool timeline = false;
  int activeUnits = 0; // compute units that share HBM; 0: all
};

/// What a compute unit holds and how fast it is.
struct ComputeUnit {
  ComputeResources compute;
  RegisterFile registers;
  SharedMemory shared;
  Timing timing;
  std::optional<FittedTiming> fitted; // empty: not measured on hardware
};

/// Times the workgroups whose traces the run recorded (RunOptions::tracedWorkgroups): as many as reside on
/// one compute unit, in turn where fewer were traced. An error: nothing was traced, or a workgroup that no
/// compute unit can hold.
llvm::Expected<TimingReport> estimateTiming(const CodeObject &object, const Launch &launch,
                                            const RunReport &report, const ComputeUnit &unit,
                                            const TimingOptions &options = {});

/// Totals, shares and loops as text; with `listing` clocks, stalls and conflicts beside each instruction, the
/// hot loop first.
void printTiming(const CodeObject &object, const RunReport &report, const TimingReport &timing, bool listing,
                 llvm::raw_ostream &stream);
/// The timeline in the Trace Event Format that chrome://tracing and Perfetto read; a clock is a microsecond.
void printTimeline(const CodeObject &object, const TimingReport &timing, llvm::raw_ostream &stream);

} // namespace codesign::simulate
