// Each step issues the wave that can go first, in program order within a wave.
#include "Replay.h"
#include "LoopClocks.h"
#include "MemoryPath.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

namespace codesign::simulate {
namespace {

constexpr int scalarRegisterCount = 256;

/// The moment an instruction can issue, and what decided it.
struct IssueTime {
  double clock = 0;
  StallReason reason = StallReason::Dependency;

  void atLeast(double other, StallReason because) {
    if (other > clock) {
      clock = other;
      reason = because;
    }
  }
};

/// Completion times of counted operations; s_waitcnt n waits until at most n are under way.
class Counter {
public:
  void add(double completion) { pending.push_back(completion); }
  /// The moment from which at most `count` are under way; forgets what is complete by then.
  double allBut(size_t count) {
    if (pending.size() <= count)
      return 0;
    std::sort(pending.begin(), pending.end());
    const double when = pending[pending.size() - count - 1];
    pending.erase(pending.begin(), pending.end() - static_cast<ptrdiff_t>(count));
    return when;
  }

private:
  std::vector<double> pending;
};

struct ReplayedWave {
  llvm::ArrayRef<TraceEntry> trace;
  llvm::ArrayRef<TracedLine> lines; // of the entries from `at` on
  int workgroup = 0, wave = 0, simd = 0;
  size_t at = 0;
  double ready = 0; // its next issue slot
  bool atBarrier = false;
  int priority = 0; // s_setprio
  Counter vectorMemory, local;
  double lastVectorMemory = 0; // vmcnt counts in order
  // When a register may be read, by matrix instructions and by all others.
  std::vector<double> matrixReady, otherReady;
  IssueTime own; // of the next instruction, without what it shares with other waves

  bool ended() const { return at >= trace.size(); }
};

struct Simd {
  double vectorFree = 0, matrixFree = 0, scalarFree = 0;
};

class Replay {
public:
  Replay(const Program &program, const RunReport &report, const ComputeUnit &unit,
         const TimingOptions &options, int residents)
      : program(program), unit(unit), timing(unit.timing), options(options),
        simds(static_cast<size_t>(unit.compute.simdsPerComputeUnit)), loops(program, report),
        memory(unit, options.activeUnits, report.tracedLines, static_cast<size_t>(residents)) {
    result.perInstruction.resize(static_cast<size_t>(program.size()));
    result.residentWorkgroups = residents;
    int next = 0;
    for (int group = 0; group < residents; ++group)
      for (auto [id, trace] : llvm::enumerate(report.traces[group % report.traces.size()].waves)) {
        ReplayedWave wave;
        wave.trace = trace.entries;
        wave.lines = trace.lines;
        wave.workgroup = group;
        wave.wave = static_cast<int>(id);
        wave.simd = next++ % static_cast<int>(simds.size());
        wave.matrixReady.resize(vectorRegisterCount + scalarRegisterCount + 8);
        wave.otherReady = wave.matrixReady;
        waves.push_back(std::move(wave));
      }
    for (ReplayedWave &wave : waves)
      prepare(wave);
  }

  TimingReport run() {
    while (ReplayedWave *wave = next()) {
      const IssueTime when = issueTime(*wave);
      issue(*wave, when);
    }
    finish();
    return std::move(result);
  }

private:
  const Instruction &instructionOf(const ReplayedWave &wave) const {
    return program[wave.trace[wave.at].instruction];
  }

  static int slotOf(const RegisterRange &range) {
    return range.isScalar ? vectorRegisterCount + range.first : range.first;
  }

  /// What the wave's own state says about its next instruction.
  void prepare(ReplayedWave &wave) {
    if (wave.ended())
      return;
    const Instruction &instruction = instructionOf(wave);
    wave.own = {wave.ready, StallReason::Dependency};
    const std::vector<double> &times =
        instruction.kind == InstructionClass::Matrix ? wave.matrixReady : wave.otherReady;
    for (const std::vector<RegisterRange> *ranges : {&instruction.reads, &instruction.writes})
      for (const RegisterRange &range : *ranges)
        for (int i = 0; i < range.count; ++i)
          wave.own.atLeast(times[std::min<size_t>(times.size() - 1, size_t(slotOf(range) + i))],
                           StallReason::Dependency);
    if (instruction.kind == InstructionClass::Wait) {
      const auto bits = static_cast<uint16_t>(instruction.immediate);
      const size_t memory = (bits & 15) | ((bits >> 14) & 3) << 4, local = (bits >> 8) & 15;
      wave.own.atLeast(wave.vectorMemory.allBut(memory), StallReason::VectorMemory);
      wave.own.atLeast(wave.local.allBut(local), StallReason::Local);
    }
  }

  IssueTime issueTime(const ReplayedWave &wave) const {
    IssueTime when = wave.own;
    const Instruction &instruction = instructionOf(wave);
    const Simd &simd = simds[static_cast<size_t>(wave.simd)];
    switch (instruction.kind) {
    case InstructionClass::Vector:
    case InstructionClass::Packed:
    case InstructionClass::Transcendental:
      when.atLeast(simd.vectorFree, StallReason::VectorBusy);
      break;
    case InstructionClass::Matrix:
      when.atLeast(simd.vectorFree, StallReason::VectorBusy);
      when.atLeast(simd.matrixFree, StallReason::MatrixBusy);
      break;
    case InstructionClass::Scalar:
    case InstructionClass::ScalarMemory:
    case InstructionClass::Branch:
      when.atLeast(simd.scalarFree, StallReason::VectorBusy);
      break;
    default:
      if (instruction.kind == InstructionClass::Lds && ldsStarts.size() >= size_t(timing.sharedQueueEntries))
        when.atLeast(ldsStarts[ldsStarts.size() - size_t(timing.sharedQueueEntries)], StallReason::LdsQueue);
      if (isVectorMemory(instruction.kind))
        when.atLeast(memory.roomFor(wave.trace[wave.at].memoryBytes), StallReason::MemoryQueue);
      break;
    }
    return when;
  }

  /// The wave that can issue first; among equals the one of higher priority, then the oldest.
  ReplayedWave *next() {
    ReplayedWave *best = nullptr;
    double bestClock = 0;
    for (ReplayedWave &wave : waves) {
      if (wave.ended() || wave.atBarrier)
        continue;
      const double clock = issueTime(wave).clock;
      if (!best || clock < bestClock || (clock == bestClock && wave.priority > best->priority)) {
        best = &wave;
        bestClock = clock;
      }
    }
    return best;
  }

  void write(ReplayedWave &wave, const Instruction &instruction, double matrix, double other) {
    for (const RegisterRange &range : instruction.writes)
      for (int i = 0; i < range.count; ++i) {
        const size_t slot = std::min<size_t>(wave.otherReady.size() - 1, size_t(slotOf(range) + i));
        wave.matrixReady[slot] = matrix;
        wave.otherReady[slot] = other;
      }
  }

  void issue(ReplayedWave &wave, IssueTime when) {
    const TraceEntry &entry = wave.trace[wave.at];
    const Instruction &instruction = instructionOf(wave);
    Simd &simd = simds[static_cast<size_t>(wave.simd)];
    const double clock = when.clock, slot = timing.vectorIssue;
    InstructionTiming &counted = result.perInstruction[static_cast<size_t>(instruction.index)];
    ++counted.executions;
    counted.stallClocks[static_cast<size_t>(when.reason)] += clock - wave.ready;
    if (options.timeline)
      result.timeline.push_back(
          {wave.workgroup, wave.wave, wave.simd, instruction.index, wave.ready, clock + slot});
    double after = clock + slot;
    switch (instruction.kind) {
    case InstructionClass::Vector:
    case InstructionClass::Packed:
      simd.vectorFree = clock + slot;
      vectorBusy += slot;
      write(wave, instruction, clock + slot, clock + slot);
      break;
    case InstructionClass::Transcendental:
      simd.vectorFree = clock + timing.transcendentalIssue;
      vectorBusy += timing.transcendentalIssue;
      write(wave, instruction, simd.vectorFree, simd.vectorFree);
      break;
    case InstructionClass::Matrix: {
      const double busy = 4.0 * instruction.matrixPasses;
      simd.vectorFree = clock + slot;
      simd.matrixFree = clock + busy;
      matrixBusy += busy;
      loops.addMatrix(instruction.index, busy);
      // Sums pass from one matrix instruction to the next without a detour.
      write(wave, instruction, clock + busy, clock + busy + timing.matrixResult);
      break;
    }
    case InstructionClass::Scalar:
      simd.scalarFree = clock + timing.scalarIssue;
      after = clock + timing.scalarIssue;
      write(wave, instruction, after, after);
      break;
    case InstructionClass::Branch:
      simd.scalarFree = clock + timing.scalarIssue;
      if (wave.at + 1 < wave.trace.size()) {
        const int next = wave.trace[wave.at + 1].instruction;
        if (next != instruction.index + 1)
          after = clock + timing.branchTaken;
        loops.branch(static_cast<size_t>(&wave - waves.data()), instruction.index, next, clock);
      }
      break;
    case InstructionClass::ScalarMemory:
      simd.scalarFree = clock + timing.scalarIssue;
      wave.local.add(clock + timing.scalarMemoryLatency);
      break;
    case InstructionClass::Lds:
      wave.local.add(useLds(clock, entry.ldsClocks));
      break;
    case InstructionClass::Wait:
      break;
    case InstructionClass::Control:
      after = clock + slot * (instruction.isNop ? double(instruction.immediate) + 1 : 1.0);
      if (program.name(instruction.index) == "S_SETPRIO_gfx9_gfx940" ||
          llvm::StringRef(program.name(instruction.index)).starts_with("S_SETPRIO"))
        wave.priority = static_cast<int>(instruction.immediate & 3);
      break;
    case InstructionClass::Barrier:
      wave.atBarrier = true;
      wave.ready = after;
      counted.issueClocks += after - clock;
      ++wave.at;
      end = std::max(end, after);
      releaseBarrier(wave.workgroup, instruction.index);
      return;
    default: // every kind of vector memory
      wave.lastVectorMemory = std::max(wave.lastVectorMemory, useMemory(clock, wave, instruction.kind));
      wave.vectorMemory.add(wave.lastVectorMemory);
      if (entry.ldsClocks > 0)
        wave.local.add(useLds(clock, entry.ldsClocks));
      break;
    }
    wave.ready = after;
    counted.issueClocks += after - clock;
    end = std::max(end, after);
    ++wave.at;
    prepare(wave);
    if (wave.ended())
      releaseBarrier(wave.workgroup, -1);
  }

  double useLds(double clock, uint32_t bankClocks) {
    const double start = std::max(clock, ldsFree);
    ldsFree = start + bankClocks;
    ldsBusy += bankClocks;
    ldsStarts.push_back(ldsFree);
    if (ldsStarts.size() > 4 * size_t(timing.sharedQueueEntries))
      ldsStarts.erase(ldsStarts.begin(), ldsStarts.end() - timing.sharedQueueEntries);
    return ldsFree + timing.sharedLatency;
  }

  double useMemory(double clock, ReplayedWave &wave, InstructionClass kind) {
    const TraceEntry &entry = wave.trace[wave.at];
    const llvm::ArrayRef<TracedLine> lines = wave.lines.take_front(entry.lines);
    wave.lines = wave.lines.drop_front(entry.lines);
    const bool stores =
        kind == InstructionClass::VectorMemoryStore || kind == InstructionClass::VectorMemoryAtomic;
    return stores ? memory.store(clock, entry.memoryBytes, lines, static_cast<size_t>(wave.workgroup))
                  : memory.load(clock, entry.memoryBytes, lines, static_cast<size_t>(wave.workgroup));
  }

  /// Lets a workgroup go on once all its waves that have not ended wait.
  void releaseBarrier(int workgroup, int instruction) {
    double latest = 0;
    for (const ReplayedWave &wave : waves)
      if (wave.workgroup == workgroup && !wave.ended()) {
        if (!wave.atBarrier)
          return;
        latest = std::max(latest, wave.ready);
      }
    for (ReplayedWave &wave : waves)
      if (wave.workgroup == workgroup && wave.atBarrier) {
        if (instruction >= 0)
          result.perInstruction[static_cast<size_t>(instruction)]
              .stallClocks[static_cast<size_t>(StallReason::Barrier)] += latest - wave.ready;
        wave.atBarrier = false;
        wave.ready = latest + timing.barrier;
        prepare(wave);
      }
  }

  void finish() {
    result.clocks = end;
    result.clocksPerWorkgroup = end / result.residentWorkgroups;
    const double simdCount = unit.compute.simdsPerComputeUnit;
    result.matrixBusyShare = end > 0 ? matrixBusy / (simdCount * end) : 0;
    result.vectorBusyShare = end > 0 ? vectorBusy / (simdCount * end) : 0;
    result.ldsBusyShare = end > 0 ? ldsBusy / end : 0;
    result.memory = memory.busy();
    result.memoryBusyShare = end > 0 ? result.memory.secondLevel / end : 0;
    result.hbmBusyShare = end > 0 ? result.memory.hbm / end : 0;
    result.wavesPerSimd = double(waves.size()) / simdCount;
    result.loops = loops.finish(result.wavesPerSimd);
  }

  const Program &program;
  const ComputeUnit &unit;
  const codesign::Timing &timing;
  const TimingOptions &options;
  std::vector<ReplayedWave> waves;
  std::vector<Simd> simds;
  LoopClocks loops;
  std::vector<double> ldsStarts; // ends of the bank cycles of the last LDS instructions
  MemoryPath memory;
  double ldsFree = 0, end = 0, matrixBusy = 0, vectorBusy = 0, ldsBusy = 0;
  TimingReport result;
};

} // namespace

TimingReport replay(const Program &program, const RunReport &report, const ComputeUnit &unit,
                    const TimingOptions &options, int residents) {
  return Replay(program, report, unit, options, residents).run();
}

} // namespace codesign::simulate
