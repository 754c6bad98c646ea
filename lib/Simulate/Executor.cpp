// Runs workgroups: waves take turns in a seeded random order, workgroups run on all cores.
#include "Hazards.h"
#include "KernelLaunch.h"
#include "Loops.h"
#include "RegisterIndexing.h"
#include "TracedLines.h"
#include "Vector.h"
#include "Waits.h"
#include "codesign/Isa/MemoryInstruction.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

using namespace llvm;

namespace codesign::simulate {
namespace {

/// One worker's workgroup, reused from launch to launch.
class WorkgroupRunner {
public:
  WorkgroupRunner(const CodeObject &object, const KernelLaunch &launch, DeviceMemory &memory,
                  const RunOptions &options);
  /// Runs one workgroup to its end; false after an error.
  bool run(uint64_t number);
  Workgroup group;
  WorkgroupTrace *trace = nullptr;                           // of the next workgroup; null: not recorded
  std::vector<std::vector<uint64_t>> *tracedLines = nullptr; // of its waves

private:
  void start(uint64_t number);
  void runQuantum(Wave &wave, unsigned quantum);
  void executeTraced(Wave &wave, const Instruction &instruction, const InstructionStatistics &statistics);
  LdsOperationId oldestPendingLdsOperation() const;
  bool releaseBarrier();
  void checkBarrierCounts();

  const KernelLaunch &launch;
  const RunOptions &options;
  uint64_t random = 1;
  uint64_t executed = 0;
};

WorkgroupRunner::WorkgroupRunner(const CodeObject &object, const KernelLaunch &launch, DeviceMemory &memory,
                                 const RunOptions &options)
    : launch(launch), options(options) {
  group.program = &object.program();
  group.kernel = &launch.kernel();
  group.memory = &memory;
  group.laneTable = &laneTable();
  group.checking = options.checks;
  group.loadOffset = launch.loadOffset();
  group.statistics.resize(object.program().size());
  group.ldsCosts.resize(object.program().size());
  group.lds.resize(launch.ldsBytes());
  group.checks.maxFindings = options.maxFindings;
  Architecture architecture = object.program().isGfx950() ? Architecture::Gfx950 : Architecture::Gfx942;
  for (int bytes : {1, 2, 4, 8, 12, 16}) {
    group.readPhases[bytes] = findSharedAccessPhases(architecture, bytes, false);
    group.writePhases[bytes] = findSharedAccessPhases(architecture, bytes, true);
  }
  for (int id = 0; id < launch.wavesPerWorkgroup(); ++id) {
    auto wave = std::make_unique<Wave>();
    wave->group = &group;
    wave->id = id;
    wave->vectors =
        std::make_unique<LaneValues[]>(vectorRegisterCount + 4); // a tuple may end past the last one
    wave->scratchLanes = std::make_unique<LaneValues[]>(temporaryCount);
    group.waves.push_back(std::move(wave));
  }
}

void WorkgroupRunner::start(uint64_t number) {
  group.number = number;
  group.linesOfWorkgroups += group.lines.size();
  group.lines.clear();
  std::fill(group.lds.begin(), group.lds.end(), 0xcd);
  if (options.checks) {
    group.checks.lds.start(group.lds.size());
  }
  for (auto &wave : group.waves)
    launch.startWave(*wave, number);
  // Each workgroup has its own sequence, so that results do not depend on the number of threads.
  random = (options.seed * 0x9e3779b97f4a7c15ull) ^ (number + 1) * 0xd1342543de82ef95ull;
  random |= 1;
  executed = 0;
}

/// Whether s_setvskip discards instructions of a class.
bool isVectorInstruction(InstructionClass kind) {
  switch (kind) {
  case InstructionClass::Vector:
  case InstructionClass::Transcendental:
  case InstructionClass::Packed:
  case InstructionClass::Matrix:
  case InstructionClass::Lds:
    return true;
  default:
    return isVectorMemory(kind);
  }
}

/// Vector instructions that s_setvskip discards, or that no lane executes, read and write no register. Matrix
/// instructions and those that pick lanes themselves ignore EXEC.
bool usesNothing(const Wave &wave, const Instruction &instruction) {
  if (!isVectorInstruction(instruction.kind))
    return false;
  const bool ignoresExec = instruction.kind == InstructionClass::Matrix ||
                           (instruction.kind == InstructionClass::Vector && !instruction.details);
  return wave.skipsVector || (wave.exec() == 0 && !ignoresExec);
}

void WorkgroupRunner::runQuantum(Wave &wave, unsigned quantum) {
  setFloatEnvironment(wave.mode, false);
  const std::vector<Instruction> &code = group.program->instructions();
  std::optional<Instruction> indexed;
  for (; quantum && wave.state == WaveState::Running; --quantum) {
    if (wave.pc < 0 || wave.pc >= static_cast<int>(code.size()))
      return stopRun(wave, code.back(), "the wave ran past the end of the code");
    const Instruction *next = &code[wave.pc++];
    if (wave.gprIndexMode && canIndexRegisters(*next))
      next = &indexed.emplace(withIndexedRegisters(wave, *next));
    const Instruction &instruction = *next;
    if (group.checking && usesNothing(wave, instruction)) {
      ++wave.checks.slot;
    } else if (group.checking) {
      checkPendingRegisters(wave, instruction);
      checkHazards(wave, instruction);
    }
    InstructionStatistics &statistics = group.statistics[instruction.index];
    ++statistics.executions;
    statistics.activeLanes += std::popcount(wave.exec());
    if (trace)
      executeTraced(wave, instruction, statistics);
    else
      instruction.execute(wave, instruction);
    ++group.clock;
    ++executed;
  }
}

void WorkgroupRunner::executeTraced(Wave &wave, const Instruction &instruction,
                                    const InstructionStatistics &statistics) {
  const uint64_t lds = statistics.ldsCycles + statistics.ldsConflictCycles, bytes = statistics.memoryBytes;
  std::vector<uint64_t> &lines = (*tracedLines)[wave.id];
  const size_t before = lines.size();
  group.tracedLines = &lines;
  instruction.execute(wave, instruction);
  group.tracedLines = nullptr;
  trace->waves[wave.id].entries.push_back(
      {instruction.index, static_cast<uint32_t>(statistics.ldsCycles + statistics.ldsConflictCycles - lds),
       static_cast<uint32_t>(statistics.memoryBytes - bytes), static_cast<uint32_t>(lines.size() - before)});
}

LdsOperationId WorkgroupRunner::oldestPendingLdsOperation() const {
  LdsOperationId oldest = 0;
  for (auto &wave : group.waves)
    for (const auto *queue : {&wave->checks.vectorMemory, &wave->checks.local})
      for (const Outstanding &pending : *queue)
        if (pending.ldsOperation && (!oldest || pending.ldsOperation < oldest))
          oldest = pending.ldsOperation;
  return oldest;
}

bool WorkgroupRunner::releaseBarrier() {
  bool any = false;
  for (auto &wave : group.waves)
    if (wave->state == WaveState::AtBarrier) {
      wave->state = WaveState::Running;
      deliverLateWrites(*wave, 0);
      any = true;
    }
  if (group.checking)
    group.checks.lds.passBarrier(oldestPendingLdsOperation());
  return any;
}

void WorkgroupRunner::checkBarrierCounts() {
  if (!group.checking)
    return;
  for (auto &wave : group.waves) {
    if (wave->barriers == group.waves[0]->barriers)
      continue;
    Wave &more = wave->barriers > group.waves[0]->barriers ? *wave : *group.waves[0];
    Wave &fewer = &more == wave.get() ? *group.waves[0] : *wave;
    FindingDetails details{FindingKind::DivergentBarrier, more.barrierInstruction};
    details.otherWave = fewer.id;
    if (beginFinding(more, details))
      endFinding(more, "wave " + std::to_string(more.id) + " passed " + std::to_string(more.barriers) +
                           " barriers, wave " + std::to_string(fewer.id) + " only " +
                           std::to_string(fewer.barriers));
    return;
  }
}

bool WorkgroupRunner::run(uint64_t number) {
  start(number);
  const unsigned longest = options.checks ? 48 : 512;
  size_t turn = 0;
  std::vector<Wave *> ready;
  while (group.error.empty()) {
    ready.clear();
    for (auto &wave : group.waves)
      if (wave->state == WaveState::Running)
        ready.push_back(wave.get());
    if (ready.empty()) {
      if (!releaseBarrier())
        break;
      continue;
    }
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    const bool inTurn = options.seed == 0;
    Wave &wave = *ready[(inTurn ? turn++ : random >> 32) % ready.size()];
    runQuantum(wave, inTurn ? 1 : 1 + static_cast<unsigned>(random & 0xffff) % longest);
    if (executed > options.maxInstructionsPerWorkgroup) {
      stopRun(wave, group.instruction(std::clamp(wave.pc, 0, group.program->size() - 1)),
              "more than " + Twine(options.maxInstructionsPerWorkgroup) + " instructions in one workgroup");
      break;
    }
  }
  resetFloatEnvironment();
  if (group.error.empty())
    checkBarrierCounts();
  return group.error.empty();
}

void merge(RunReport &report, const Workgroup &group, std::map<std::array<int, 3>, size_t> &known) {
  for (size_t i = 0; i < group.statistics.size(); ++i) {
    InstructionStatistics &to = report.perInstruction[i];
    const InstructionStatistics &from = group.statistics[i];
    to.executions += from.executions;
    to.activeLanes += from.activeLanes;
    to.ldsConflictCycles += from.ldsConflictCycles;
    to.ldsCycles += from.ldsCycles;
    to.memoryLines += from.memoryLines;
    to.memoryBytes += from.memoryBytes;
  }
  report.matrixMultiplyAccumulates += group.matrixMultiplyAccumulates;
  report.linesOfWorkgroups += group.linesOfWorkgroups + group.lines.size();
  for (const Finding &finding : group.checks.findings) {
    std::array<int, 3> key = {static_cast<int>(finding.kind), finding.site.index, finding.other.index};
    auto [entry, isNew] = known.try_emplace(key, report.findings.size());
    if (isNew) {
      report.findings.push_back(finding);
      continue;
    }
    Finding &existing = report.findings[entry->second];
    uint64_t total = existing.count + finding.count;
    if (finding.workgroup < existing.workgroup)
      existing = finding;
    existing.count = total;
  }
}

} // namespace

Expected<RunReport> run(const CodeObject &object, const Launch &launch, DeviceMemory &memory,
                        const RunOptions &options) {
  auto begin = std::chrono::steady_clock::now();
  auto prepared = KernelLaunch::create(object, launch, memory);
  if (!prepared)
    return prepared.takeError();
  uint64_t first = std::min(options.firstWorkgroup, launch.grid.count());
  uint64_t count = std::min(options.workgroupCount, launch.grid.count() - first);
  unsigned threads = options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  threads = static_cast<unsigned>(std::clamp<uint64_t>(count, 1, threads));

  std::vector<std::unique_ptr<WorkgroupRunner>> runners;
  for (unsigned i = 0; i < threads; ++i)
    runners.push_back(std::make_unique<WorkgroupRunner>(object, **prepared, memory, options));
  std::atomic<uint64_t> next = 0;
  std::atomic<bool> stop = false;
  std::vector<WorkgroupTrace> traces(std::min(options.tracedWorkgroups, count));
  std::vector<std::vector<std::vector<uint64_t>>> touched(traces.size());
  for (auto [i, trace] : llvm::enumerate(traces)) {
    trace.workgroup = first + i;
    trace.waves.resize((*prepared)->wavesPerWorkgroup());
    touched[i].resize(trace.waves.size());
  }
  auto work = [&](WorkgroupRunner &runner) {
    for (uint64_t i; !stop && (i = next++) < count;) {
      runner.trace = i < traces.size() ? &traces[i] : nullptr;
      runner.tracedLines = i < traces.size() ? &touched[i] : nullptr;
      if (!runner.run(first + i) || runner.group.tooManyFindings)
        stop = true;
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 1; i < threads; ++i)
    workers.emplace_back(work, std::ref(*runners[i]));
  work(*runners[0]);
  for (std::thread &worker : workers)
    worker.join();
  for (auto &runner : runners)
    if (!runner->group.error.empty())
      return createStringError(runner->group.error);

  RunReport report;
  report.tracedLines = numberLines(touched, traces);
  report.traces = std::move(traces);
  report.kernel = launch.kernel;
  report.workgroups = count;
  report.waves = count * (*prepared)->wavesPerWorkgroup();
  report.perInstruction.resize(object.program().size());
  report.instructionsByClass.resize(instructionClassCount);
  std::map<std::array<int, 3>, size_t> known;
  LineSet lines;
  for (auto &runner : runners) {
    merge(report, runner->group, known);
    lines.insertAll(runner->group.linesOfRun);
  }
  report.linesOfRun = lines.size();
  for (int i = 0; i < object.program().size(); ++i) {
    uint64_t executions = report.perInstruction[i].executions;
    report.instructions += executions;
    report.matrixBusyClocks += matrixClocks(object.program()[i], executions);
    report.instructionsByClass[static_cast<int>(object.program()[i].kind)] += executions;
  }
  report.loops = countLoops(object.program(), report.perInstruction);
  llvm::stable_sort(report.findings, [](const Finding &a, const Finding &b) {
    return std::tuple(a.kind, a.site.index, a.other.index) < std::tuple(b.kind, b.site.index, b.other.index);
  });
  report.hostSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

} // namespace codesign::simulate
