// What a run found and counted.
#pragma once

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace codesign::simulate {

enum class FindingKind : uint8_t {
  MissingWait,      // a register or LDS bytes used before s_waitcnt covered the operation that fills them
  LdsRace,          // two waves touch the same LDS bytes with no barrier between, one of them writing
  OutOfBounds,      // global or LDS access outside every buffer
  Uninitialized,    // an undefined value reached an address, a branch, EXEC or a global store
  Hazard,           // fewer wait states between two instructions than the hardware requires
  DivergentBarrier, // s_barrier not reached by all waves, or with lanes switched off
};
constexpr int findingKindCount = static_cast<int>(FindingKind::DivergentBarrier) + 1;
llvm::StringRef toString(FindingKind kind);

/// One side of a finding: an instruction of the program.
struct InstructionSite {
  int index = -1; // position in Program; -1: none
  uint64_t address = 0;
  std::string text;
};

/// The first occurrence of a defect, and how often it came up. Two findings differ in kind or in an
/// instruction.
struct Finding {
  FindingKind kind = FindingKind::MissingWait;
  std::string kernel;
  std::string message; // one sentence, names registers, addresses and buffers
  InstructionSite site;
  InstructionSite other; // the other side of the conflict, where there is one
  uint64_t workgroup = 0;
  int wave = 0;
  int otherWave = -1;
  int lane = -1; // -1: the whole wave
  uint64_t memoryAddress = 0;
  uint64_t count = 1;
};
/// "missing wait: …": its kind and its message.
std::string summaryOf(const Finding &finding);

/// Totals per instruction of the program.
struct InstructionStatistics {
  uint64_t executions = 0; // by waves
  uint64_t activeLanes = 0;
  uint64_t ldsConflictCycles = 0; // beyond the conflict-free number of cycles
  uint64_t ldsCycles = 0;         // conflict-free
  uint64_t memoryLines = 0;       // distinct 128-byte lines touched per wave access, summed
  uint64_t memoryBytes = 0;       // bytes asked for by active lanes
};

/// What the instructions between a branch back and its target did, over all waves.
struct LoopStatistics {
  int first = 0, last = 0; // positions in the program, both inside
  bool isInnermost = true;
  uint64_t iterations = 0; // of waves: executions of the first instruction
  InstructionStatistics totals;
  std::vector<uint64_t> instructionsByClass; // indexed like instructionClassNames()
  uint64_t matrixBusyClocks = 0;             // as in RunReport
};

/// One executed instruction of a wave.
struct TraceEntry {
  int32_t instruction = 0;  // position in the program
  uint32_t ldsClocks = 0;   // bank cycles, conflicts included
  uint32_t memoryBytes = 0; // asked for by active lanes
  uint32_t lines = 0;       // of vector memory that it touched, in WaveTrace::lines
};
/// A 128-byte line of device memory, numbered from 0 in the order of the traces.
struct TracedLine {
  uint32_t number : 31;
  uint32_t shared : 1; // more than one traced workgroup touched it
};
struct WaveTrace {
  std::vector<TraceEntry> entries;
  std::vector<TracedLine> lines; // of all entries, one after the other
};
/// What one workgroup executed, wave by wave.
struct WorkgroupTrace {
  uint64_t workgroup = 0;
  std::vector<WaveTrace> waves;
};

struct RunReport {
  std::string kernel;
  uint64_t workgroups = 0;
  uint64_t waves = 0;
  uint64_t instructions = 0; // executed by waves
  uint64_t matrixMultiplyAccumulates = 0;
  /// Clocks that matrix instructions keep one SIMD's matrix core busy, summed over all waves (instruction
  /// table).
  uint64_t matrixBusyClocks = 0;
  /// Different 128-byte lines that vector memory instructions touched, counted once for each workgroup (what
  /// L2 must deliver to a compute unit's L1 at least) and once for the run (what HBM must deliver at least).
  uint64_t linesOfWorkgroups = 0, linesOfRun = 0;
  double hostSeconds = 0;
  std::vector<uint64_t> instructionsByClass;         // indexed like instructionClassNames()
  std::vector<InstructionStatistics> perInstruction; // indexed like the program
  std::vector<LoopStatistics> loops;                 // innermost ones first, then by instructions executed
  std::vector<Finding> findings;                     // sorted by kind and address
  std::vector<WorkgroupTrace> traces;                // of the first RunOptions::tracedWorkgroups
  uint64_t tracedLines = 0;                          // different ones

  /// Findings of one kind.
  uint64_t count(FindingKind kind) const;
};

/// Names of the entries of instructionsByClass: "scalar", "vector", "matrix", …
const std::vector<std::string> &instructionClassNames();

/// The findings as text, one paragraph each; "no findings" if there are none.
void printFindings(const RunReport &report, llvm::raw_ostream &stream);

} // namespace codesign::simulate
