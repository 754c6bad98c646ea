#include "RunPrinter.h"
#include "Lanes/LaneTable.h"
#include "Program.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

using namespace llvm;

namespace codesign::simulate {
namespace {

std::string shapeText(const Dimensions &d) {
  return std::to_string(d.x) + "x" + std::to_string(d.y) + "x" + std::to_string(d.z);
}

uint64_t total(const RunReport &report, uint64_t InstructionStatistics::*member) {
  uint64_t sum = 0;
  for (const InstructionStatistics &statistics : report.perInstruction)
    sum += statistics.*member;
  return sum;
}

/// A wave's average iteration of a loop.
void printLoop(const Program &program, const LoopStatistics &loop, raw_ostream &out) {
  const double n = static_cast<double>(loop.iterations);
  const InstructionStatistics &s = loop.totals;
  out << format("%s 0x%06llx to 0x%06llx: %llu iterations of %.1f instructions,",
                loop.isInnermost ? "loop" : "outer loop",
                static_cast<unsigned long long>(program[loop.first].address),
                static_cast<unsigned long long>(program[loop.last].address),
                static_cast<unsigned long long>(loop.iterations), s.executions / n);
  for (size_t i = 0; i < loop.instructionsByClass.size(); ++i)
    if (loop.instructionsByClass[i])
      out << format(" %s %.1f", instructionClassNames()[i].c_str(), loop.instructionsByClass[i] / n);
  out << "\n ";
  if (loop.matrixBusyClocks)
    out << format(" matrix core %.0f clocks;", loop.matrixBusyClocks / n);
  if (s.ldsCycles)
    out << format(" LDS %.1f bank cycles, %.1f more through conflicts;", s.ldsCycles / n,
                  s.ldsConflictCycles / n);
  if (s.memoryLines)
    out << format(" memory %.0f bytes in %.1f lines (%.0f %% of each used);", s.memoryBytes / n,
                  s.memoryLines / n, 100.0 * s.memoryBytes / (128.0 * s.memoryLines));
  out << format(" %.1f lanes active\n",
                static_cast<double>(s.activeLanes) / std::max<uint64_t>(s.executions, 1));
}

json::Object loopJson(const Program &program, const LoopStatistics &loop, const LoopTiming *timing) {
  json::Object classes;
  for (size_t i = 0; i < loop.instructionsByClass.size(); ++i)
    if (loop.instructionsByClass[i])
      classes[instructionClassNames()[i]] = loop.instructionsByClass[i];
  json::Object result{{"first_address", static_cast<int64_t>(program[loop.first].address)},
                      {"last_address", static_cast<int64_t>(program[loop.last].address)},
                      {"innermost", loop.isInnermost},
                      {"iterations", loop.iterations},
                      {"instructions", loop.totals.executions},
                      {"instructions_by_class", std::move(classes)},
                      {"active_lanes", loop.totals.activeLanes},
                      {"matrix_busy_clocks", loop.matrixBusyClocks},
                      {"lds_cycles", loop.totals.ldsCycles},
                      {"lds_conflict_cycles", loop.totals.ldsConflictCycles},
                      {"memory_bytes", loop.totals.memoryBytes},
                      {"memory_lines", loop.totals.memoryLines}};
  if (timing) {
    result["clocks_per_iteration"] = timing->clocksPerIteration;
    result["matrix_busy_share"] = timing->matrixBusyShare;
  }
  return result;
}

json::Object siteJson(const InstructionSite &site) {
  return json::Object{
      {"index", site.index}, {"address", static_cast<int64_t>(site.address)}, {"text", site.text}};
}

} // namespace

void printText(const CodeObject &object, const Launch &launch, const RunReport &report, bool listing,
               raw_ostream &out) {
  out << report.kernel << " on simulated " << object.architecture() << ": grid " << shapeText(launch.grid)
      << ", block " << shapeText(launch.block) << ", " << report.waves << " waves\n";
  out << report.instructions << " wave instructions";
  if (report.matrixMultiplyAccumulates)
    out << ", " << report.matrixMultiplyAccumulates << " matrix multiply-accumulates in "
        << report.matrixBusyClocks << " matrix core clocks";
  out << "\n";
  for (size_t i = 0; i < report.instructionsByClass.size(); ++i)
    if (report.instructionsByClass[i])
      out << format("  %-16s %12llu  %5.1f %%\n", instructionClassNames()[i].c_str(),
                    static_cast<unsigned long long>(report.instructionsByClass[i]),
                    100.0 * report.instructionsByClass[i] / std::max<uint64_t>(report.instructions, 1));
  uint64_t lds = total(report, &InstructionStatistics::ldsCycles),
           conflicts = total(report, &InstructionStatistics::ldsConflictCycles);
  if (lds)
    out << "LDS: " << lds << " bank cycles, " << conflicts << " more through conflicts\n";
  uint64_t bytes = total(report, &InstructionStatistics::memoryBytes),
           lines = total(report, &InstructionStatistics::memoryLines);
  if (lines)
    out << "memory: " << bytes << " bytes in " << lines << " lines of 128 bytes ("
        << format("%.0f", 100.0 * bytes / (128.0 * lines)) << " % of each line used); at least "
        << report.linesOfWorkgroups << " lines (" << 128 * report.linesOfWorkgroups << " bytes) from L2, "
        << report.linesOfRun << " (" << 128 * report.linesOfRun << " bytes) from HBM\n";
  for (const LoopStatistics &loop : report.loops)
    printLoop(object.program(), loop, out);
  printFindings(report, out);
  if (!listing)
    return;
  const Program &program = object.program();
  const auto print = [&](int first, int last) {
    out << "  executions  lanes  conflicts  lines  address   instruction\n";
    for (int i = first; i <= last; ++i) {
      const InstructionStatistics &s = report.perInstruction[i];
      if (!s.executions)
        continue;
      double n = static_cast<double>(s.executions);
      out << format("%12llu  %5.1f  %9.1f  %5.1f  0x%06llx  ", static_cast<unsigned long long>(s.executions),
                    s.activeLanes / n, s.ldsConflictCycles / n, s.memoryLines / n,
                    static_cast<unsigned long long>(program[i].address))
          << program.text(i) << "\n";
    }
  };
  if (!report.loops.empty()) {
    out << "hot loop\n";
    print(report.loops.front().first, report.loops.front().last);
  }
  out << "all executed instructions\n";
  print(0, program.size() - 1);
}

static json::Object timingJson(const TimingReport &timing) {
  const LoopTiming hotLoop = timing.loops.empty() ? LoopTiming() : timing.loops.front();
  json::Object stalls;
  for (int reason = 0; reason < stallReasonCount; ++reason) {
    double sum = 0;
    for (const InstructionTiming &counted : timing.perInstruction)
      sum += counted.stallClocks[static_cast<size_t>(reason)];
    stalls[toString(static_cast<StallReason>(reason)).str()] = sum;
  }
  return json::Object{
      {"source", "simulated"},
      {"fitted_kernels", timing.fitted ? timing.fitted->kernels : 0},
      {"error_band", timing.fitted ? json::Value(timing.fitted->error) : json::Value(nullptr)},
      {"resident_workgroups", timing.residentWorkgroups},
      {"waves_per_simd", timing.wavesPerSimd},
      {"residency_limit", timing.residencyLimit},
      {"clocks", timing.clocks},
      {"clocks_per_workgroup", timing.clocksPerWorkgroup},
      {"matrix_busy_share", timing.matrixBusyShare},
      {"vector_busy_share", timing.vectorBusyShare},
      {"lds_busy_share", timing.ldsBusyShare},
      {"memory_busy_share", timing.memoryBusyShare},
      {"hbm_busy_share", timing.hbmBusyShare},
      {"lines_from_l1", timing.memory.firstLevelLines},
      {"lines_from_l2", timing.memory.secondLevelLines},
      {"lines_from_hbm", timing.memory.hbmLines},
      {"hot_loop_iterations", hotLoop.iterations},
      {"hot_loop_clocks_per_iteration", hotLoop.clocksPerIteration},
      {"hot_loop_matrix_busy_share", hotLoop.matrixBusyShare},
      {"stall_clocks", std::move(stalls)}};
}

void printJson(const CodeObject &object, const Launch &launch, const RunReport &report,
               const TimingReport *timing, bool listing, raw_ostream &out) {
  json::Object root{{"version", 1},
                    {"kernel", report.kernel},
                    {"architecture", object.architecture()},
                    {"grid", json::Array{launch.grid.x, launch.grid.y, launch.grid.z}},
                    {"block", json::Array{launch.block.x, launch.block.y, launch.block.z}},
                    {"waves", report.waves},
                    {"instructions", report.instructions},
                    {"matrix_multiply_accumulates", report.matrixMultiplyAccumulates},
                    {"matrix_busy_clocks", report.matrixBusyClocks},
                    {"lds_cycles", total(report, &InstructionStatistics::ldsCycles)},
                    {"lds_conflict_cycles", total(report, &InstructionStatistics::ldsConflictCycles)},
                    {"memory_bytes", total(report, &InstructionStatistics::memoryBytes)},
                    {"memory_lines", total(report, &InstructionStatistics::memoryLines)},
                    {"least_l2_lines", report.linesOfWorkgroups},
                    {"least_hbm_lines", report.linesOfRun}};
  json::Object classes;
  for (size_t i = 0; i < report.instructionsByClass.size(); ++i)
    classes[instructionClassNames()[i]] = report.instructionsByClass[i];
  root["instructions_by_class"] = std::move(classes);
  json::Array loops;
  for (size_t i = 0; i < report.loops.size(); ++i)
    loops.push_back(loopJson(object.program(), report.loops[i], timing ? &timing->loops[i] : nullptr));
  root["loops"] = std::move(loops);
  json::Array findings;
  for (const Finding &finding : report.findings)
    findings.push_back(json::Object{
        {"kind", toString(finding.kind)},
        {"message", finding.message},
        {"at", siteJson(finding.site)},
        {"other", finding.other.index >= 0 ? json::Value(siteJson(finding.other)) : json::Value(nullptr)},
        {"workgroup", finding.workgroup},
        {"wave", finding.wave},
        {"other_wave", finding.otherWave},
        {"lane", finding.lane},
        {"memory_address", static_cast<int64_t>(finding.memoryAddress)},
        {"count", finding.count}});
  root["findings"] = std::move(findings);
  if (timing)
    root["timing"] = timingJson(*timing);
  if (listing) {
    json::Array rows;
    for (int i = 0; i < object.program().size(); ++i) {
      const InstructionStatistics &s = report.perInstruction[i];
      if (s.executions)
        rows.push_back(json::Object{{"address", static_cast<int64_t>(object.program()[i].address)},
                                    {"text", object.program().text(i)},
                                    {"executions", s.executions},
                                    {"active_lanes", s.activeLanes},
                                    {"lds_cycles", s.ldsCycles},
                                    {"lds_conflict_cycles", s.ldsConflictCycles},
                                    {"memory_bytes", s.memoryBytes},
                                    {"memory_lines", s.memoryLines}});
      if (s.executions && timing) {
        const InstructionTiming &counted = timing->perInstruction[static_cast<size_t>(i)];
        rows.back().getAsObject()->insert({"issue_clocks", counted.issueClocks});
        rows.back().getAsObject()->insert({"stall_clocks", counted.totalStallClocks()});
      }
    }
    root["listing"] = std::move(rows);
  }
  out << formatv("{0:2}", json::Value(std::move(root))) << "\n";
}

} // namespace codesign::simulate
