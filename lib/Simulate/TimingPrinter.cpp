#include "Program.h"
#include "codesign/Simulate/Timing.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

namespace codesign::simulate {

static void printRange(const Program &program, const RunReport &report, const TimingReport &timing, int first,
                       int last, llvm::raw_ostream &stream) {
  stream << "  executions   clocks  stalled  mostly        conflicts  lines  address   instruction\n";
  for (int i = first; i <= last; ++i) {
    const InstructionTiming &counted = timing.perInstruction[static_cast<size_t>(i)];
    if (counted.executions == 0)
      continue;
    const double n = double(counted.executions), stall = counted.totalStallClocks() / n;
    const InstructionStatistics &run = report.perInstruction[static_cast<size_t>(i)];
    const double runs = double(run.executions);
    const std::string reason = stall >= 0.5 ? toString(counted.mainReason()).str() : "";
    stream << llvm::format("%12llu  %7.1f  %7.1f  %-12s  %9.1f  %5.1f  0x%06llx  ",
                           static_cast<unsigned long long>(counted.executions),
                           stall + counted.issueClocks / n, stall, reason.c_str(),
                           run.ldsConflictCycles / runs, run.memoryLines / runs,
                           static_cast<unsigned long long>(program[i].address))
           << program.text(i) << '\n';
  }
}

void printTiming(const CodeObject &object, const RunReport &report, const TimingReport &timing, bool listing,
                 llvm::raw_ostream &stream) {
  const Program &program = object.program();
  stream << "time (modelled, "
         << (timing.fitted ? llvm::formatv("fitted to {0} measured kernels, within {1:F0} %",
                                           timing.fitted->kernels, 100 * timing.fitted->error)
                                 .str()
                           : "not measured on hardware")
         << "): " << llvm::format("%.0f", timing.clocks) << " clocks for " << timing.residentWorkgroups
         << (timing.residentWorkgroups == 1 ? " workgroup" : " workgroups") << " on a compute unit, "
         << llvm::format("%g", timing.wavesPerSimd) << " waves on a SIMD (limited by "
         << timing.residencyLimit << "), " << llvm::format("%.0f", timing.clocksPerWorkgroup)
         << " clocks each\n"
         << "  busy: matrix cores " << llvm::format("%.1f", 100 * timing.matrixBusyShare)
         << " %, vector units " << llvm::format("%.1f", 100 * timing.vectorBusyShare) << " %, LDS "
         << llvm::format("%.1f", 100 * timing.ldsBusyShare) << " %, path to L2 "
         << llvm::format("%.1f", 100 * timing.memoryBusyShare) << " %, share of HBM "
         << llvm::format("%.1f", 100 * timing.hbmBusyShare) << " %\n"
         << "  lines loaded: " << timing.memory.firstLevelLines << " from L1, "
         << timing.memory.secondLevelLines << " from L2, " << timing.memory.hbmLines << " from HBM\n";
  for (const LoopTiming &loop : timing.loops) {
    if (loop.clocksPerIteration <= 0)
      continue;
    if (&loop == &timing.loops.front())
      stream << "  hot loop: ";
    else
      stream << llvm::format("  loop at 0x%06llx: ",
                             static_cast<unsigned long long>(program[loop.first].address));
    stream << llvm::format("%.0f", loop.clocksPerIteration) << " clocks an iteration, " << loop.iterations
           << " iterations, matrix cores " << llvm::format("%.1f", 100 * loop.matrixBusyShare) << " % busy\n";
  }
  double total = 0;
  std::array<double, stallReasonCount> reasons = {};
  for (const InstructionTiming &counted : timing.perInstruction)
    for (int reason = 0; reason < stallReasonCount; ++reason) {
      reasons[static_cast<size_t>(reason)] += counted.stallClocks[static_cast<size_t>(reason)];
      total += counted.stallClocks[static_cast<size_t>(reason)];
    }
  if (total > 0)
    stream << "  waves wait for:";
  for (int reason = 0; reason < stallReasonCount; ++reason)
    if (const double share = total > 0 ? reasons[static_cast<size_t>(reason)] / total : 0; share >= 0.005)
      stream << ' ' << toString(static_cast<StallReason>(reason)) << ' ' << llvm::format("%.0f", 100 * share)
             << " %";
  if (total > 0)
    stream << '\n';
  if (!listing)
    return;
  if (!timing.loops.empty()) {
    stream << "hot loop, clocks per execution\n";
    printRange(program, report, timing, timing.loops.front().first, timing.loops.front().last, stream);
  }
  stream << "all executed instructions, clocks per execution\n";
  printRange(program, report, timing, 0, program.size() - 1, stream);
}

void printTimeline(const CodeObject &object, const TimingReport &timing, llvm::raw_ostream &stream) {
  llvm::json::OStream json(stream);
  json.object([&] {
    json.attribute("displayTimeUnit", "ns");
    json.attributeArray("traceEvents", [&] {
      for (const TimelineEvent &event : timing.timeline)
        json.object([&] {
          json.attribute("name", object.program().text(event.instruction));
          json.attribute("ph", "X");
          json.attribute("pid", event.simd);
          json.attribute("tid", event.workgroup * 100 + event.wave);
          json.attribute("ts", event.start);
          json.attribute("dur", event.end - event.start);
        });
    });
  });
  stream << '\n';
}

} // namespace codesign::simulate
