// The timing model on programs whose time follows from its rules by hand.
#include "codesign/Simulate/Timing.h"
#include "TestSupport.h"
#include "lib/Simulate/Instruction.h"
#include "llvm/Support/raw_ostream.h"

using namespace codesign;
using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

using codesign::simulate::DeviceMemory; // not the profile's

/// Round numbers that no profile has: four SIMDs, and every latency its own.
ComputeUnit testUnit() {
  ComputeUnit unit;
  unit.compute.computeUnits = 10;
  unit.compute.simdsPerComputeUnit = 4;
  unit.compute.maxWavesPerSimd = 8;
  unit.compute.maxWorkgroupsPerComputeUnit = 16;
  unit.registers.registersPerSimdLane = 512;
  unit.registers.allocationGranule = 8;
  unit.shared.capacityPerComputeUnit = Bytes(65536);
  unit.shared.allocationGranule = Bytes(512);
  Timing &timing = unit.timing;
  timing.vectorIssue = timing.scalarIssue = 4;
  timing.transcendentalIssue = 16;
  timing.branchTaken = 20;
  timing.matrixResult = 8;
  timing.sharedLatency = 100;
  timing.firstLevelLatency = 50;
  timing.memoryLatency = 1000;
  timing.hbmLatency = 2000;
  timing.scalarMemoryLatency = 300;
  timing.barrier = 10;
  timing.sharedQueueEntries = 16;
  timing.memoryBytesInFlight = 1 << 20;
  timing.memoryBytesPerClock = 32;
  timing.firstLevelBytesPerClock = 64;
  timing.hbmBytesPerClock = 8;
  timing.firstLevelBytes = 512; // four lines
  return unit;
}

std::string repeat(llvm::StringRef line, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += "  " + line.str() + "\n";
  return text;
}

class TimingModel : public testing::Test {
protected:
  /// Clocks of `residents` workgroups of so many waves, as many as are traced in turn; s[4:5] points to a
  /// buffer, s2 is the workgroup, v1 = 4 * work-item.
  TimingReport timeOf(const std::string &body, int waves = 1, int ldsBytes = 0, int residents = 1) {
    object = loadAssembly(assemblyKernel({"timed",
                                          "  s_load_dwordx2 s[4:5], s[0:1], 0x0\n"
                                          "  v_lshlrev_b32 v1, 2, v0\n"
                                          "  s_waitcnt lgkmcnt(0)\n" +
                                              body,
                                          ldsBytes}));
    DeviceMemory memory;
    Launch launch{.kernel = "timed", .grid = {traced, 1, 1}, .block = {uint32_t(64 * waves), 1, 1}};
    launch.arguments.pointer(memory.allocate("buffer", 1 << 20));
    RunOptions options;
    options.checks = false;
    options.tracedWorkgroups = traced;
    llvm::Expected<RunReport> report = run(*object, launch, memory, options);
    EXPECT_TRUE(bool(report)) << llvm::toString(report.takeError());
    TimingOptions timingOptions;
    timingOptions.residentWorkgroups = residents;
    timingOptions.timeline = true;
    timingOptions.activeUnits = activeUnits;
    llvm::Expected<TimingReport> timing = estimateTiming(*object, launch, *report, unit, timingOptions);
    EXPECT_TRUE(bool(timing)) << llvm::toString(timing.takeError());
    lastReport = std::move(*report);
    return std::move(*timing);
  }
  /// The clocks that `body` adds to an empty kernel.
  double clocksOf(const std::string &body, int waves = 1, int ldsBytes = 0) {
    return timeOf(body, waves, ldsBytes).clocks - timeOf("", waves, ldsBytes).clocks;
  }

  ComputeUnit unit = testUnit();
  uint32_t traced = 1; // workgroups
  int activeUnits = 0; // compute units that share HBM
  CodeObjectPointer object;
  RunReport lastReport;
};

constexpr const char *chained = "v_mfma_f32_16x16x16_bf16 a[0:3], v[4:5], v[6:7], a[0:3]"; // 16 clocks

TEST_F(TimingModel, VectorInstructionsTakeFourClocksEach) {
  EXPECT_EQ(clocksOf(repeat("v_add_u32 v2, v2, v1", 50)), 200);
  EXPECT_EQ(clocksOf(repeat("v_exp_f32 v2, v1", 10)), 10 * 16 - 12); // the last one's slot, not its pipeline
}

TEST_F(TimingModel, MatrixInstructionsKeepTheirPasses) {
  // Forty of 16 clocks; the wave itself is done one slot after the last issue.
  EXPECT_EQ(clocksOf(repeat(chained, 40)), 39 * 16 + 4);
  // Four waves have a SIMD each; eight share them.
  EXPECT_EQ(clocksOf(repeat(chained, 40), 4), 39 * 16 + 4);
  const TimingReport eight = timeOf(repeat(chained, 40), 8);
  EXPECT_NEAR(eight.clocks - timeOf("", 8).clocks, 80 * 16, 20);
  EXPECT_GT(eight.matrixBusyShare, 0.7);
}

TEST_F(TimingModel, VectorWorkHidesBehindMatrixWork) {
  // Three independent vector instructions fit into the 12 clocks between two matrix instructions.
  const std::string both =
      std::string(chained) + "\n  v_add_u32 v2, v1, v1\n  v_add_u32 v3, v1, v1\n  v_add_u32 v8, v1, v1";
  EXPECT_EQ(clocksOf(repeat(both, 20)), 20 * 16);
  // A fourth does not.
  EXPECT_EQ(clocksOf(repeat(both + "\n  v_add_u32 v9, v1, v1", 20)), 20 * 20);
}

TEST_F(TimingModel, AMatrixResultIsReadAfterItsLastPass) {
  EXPECT_EQ(clocksOf("  " + std::string(chained) + "\n  v_accvgpr_read_b32 v2, a0\n"), 16 + 8 + 4);
}

TEST_F(TimingModel, AWaitEndsWhenTheLoadIsThere) {
  // 256 bytes: 4 clocks through L1, 8 from L2, 32 from HBM, and the latency of the last.
  const TimingReport timing = timeOf("  global_load_dword v2, v1, s[4:5]\n  s_waitcnt vmcnt(0)\n");
  EXPECT_EQ(timing.clocks - timeOf("").clocks, 32 + 2000 + 4);
  double stalled = 0;
  for (const InstructionTiming &counted : timing.perInstruction)
    stalled += counted.stallClocks[size_t(StallReason::VectorMemory)];
  EXPECT_EQ(stalled, 32 + 2000 - 4);
  // Two in flight overlap; waiting for the first only lets the second be under way.
  EXPECT_EQ(clocksOf("  global_load_dword v2, v1, s[4:5]\n  global_load_dword v3, v1, s[4:5] offset:256\n"
                     "  s_waitcnt vmcnt(1)\n"),
            32 + 2000 + 4);
  EXPECT_EQ(clocksOf("  global_load_dword v2, v1, s[4:5]\n  global_load_dword v3, v1, s[4:5] offset:256\n"
                     "  s_waitcnt vmcnt(0)\n"),
            64 + 2000 + 4);
}

TEST_F(TimingModel, LinesComeFromWhereTheyAre) {
  const std::string wait = "  s_waitcnt vmcnt(0)\n", load = "  global_load_dword v2, v1, s[4:5]";
  const double first = clocksOf(load + "\n" + wait);
  EXPECT_EQ(first, 32 + 2000 + 4);
  // Again, from L1: 4 clocks through it, its latency, and two instructions' slots.
  EXPECT_EQ(clocksOf(load + "\n" + wait + load + "\n" + wait), first + 4 + 50 + 4);
  // Not before it is there.
  EXPECT_EQ(clocksOf(load + "\n" + load + "\n" + wait), first);
  // Two more lines leave it in L1, four drive it out to L2, where the other half of the time is its path.
  const std::string others = load + " offset:256\n" + wait + load + " offset:512\n" + wait;
  const double three = clocksOf(load + "\n" + wait + others);
  EXPECT_EQ(three, 3 * first);
  EXPECT_EQ(clocksOf(load + "\n" + wait + others + load + "\n" + wait), three + 8 + 1000 + 4);
  const TimingReport counted = timeOf(load + "\n" + wait + others + load + "\n" + load + "\n" + wait);
  EXPECT_EQ(counted.memory.hbmLines, 6u);
  EXPECT_EQ(counted.memory.secondLevelLines, 2u);
  EXPECT_EQ(counted.memory.firstLevelLines, 2u);
}

TEST_F(TimingModel, LinesOfSeveralWorkgroupsComeFromL2) {
  const std::string load = "  global_load_dword v2, v1, s[4:5]\n  s_waitcnt vmcnt(0)\n";
  traced = 2;
  EXPECT_EQ(clocksOf(load), 8 + 1000 + 4);
  // Each its own lines again: a shift by the workgroup.
  const std::string own = "  s_lshl_b32 s8, s2, 8\n  v_add_u32 v1, s8, v1\n";
  EXPECT_EQ(clocksOf(own + load) - clocksOf(own), 32 + 2000 + 4);
}

TEST_F(TimingModel, WorkgroupsOnOneComputeUnitShareNoLinesInL1) {
  const std::string load = "  global_load_dword v2, v1, s[4:5]\n  s_waitcnt vmcnt(0)\n";
  traced = 2;
  const TimingReport timing = timeOf(load, 1, 0, /*residents=*/2);
  EXPECT_EQ(timing.memory.firstLevelLines, 0u);
  EXPECT_EQ(timing.memory.secondLevelLines, 4u); // both fetch the same two
  EXPECT_EQ(timing.memory.hbmLines, 0u);
  // Waves of one workgroup do.
  const std::string sameLines = "  v_and_b32 v1, 255, v1\n";
  EXPECT_EQ(timeOf(sameLines + load, 2).memory.firstLevelLines, 2u);
}

TEST_F(TimingModel, ComputeUnitsShareHbm) {
  const std::string load = "  global_load_dword v2, v1, s[4:5]\n  s_waitcnt vmcnt(0)\n";
  activeUnits = 5;
  EXPECT_EQ(clocksOf(load), 16 + 2000 + 4);
  // One alone is limited by its L1.
  activeUnits = 1;
  EXPECT_EQ(clocksOf(load), 4 + 2000 + 4);
}

TEST_F(TimingModel, StoresTakeHbmBandwidthOnly) {
  const std::string store = "  global_store_dword v1, v1, s[4:5]\n";
  EXPECT_EQ(clocksOf(store + "  s_waitcnt vmcnt(0)\n"), 8 + 1000 + 4);
  // 32 clocks of the share of HBM before the load's own.
  EXPECT_EQ(clocksOf(store + "  global_load_dword v2, v1, s[4:5] offset:256\n  s_waitcnt vmcnt(0)\n"),
            64 + 2000 + 4);
}

TEST_F(TimingModel, BytesInFlightAreLimited) {
  const std::string loads = "  global_load_dword v2, v1, s[4:5]\n"
                            "  global_load_dword v3, v1, s[4:5] offset:256\n"
                            "  global_load_dword v5, v1, s[4:5] offset:512\n  s_waitcnt vmcnt(0)\n";
  EXPECT_EQ(clocksOf(loads), 96 + 2000 + 4);
  unit.timing.memoryBytesInFlight = 512; // two of the three
  EXPECT_GT(clocksOf(loads), 4000);
}

TEST_F(TimingModel, BankConflictsTakeTheirClocks) {
  const std::string wait = "  s_waitcnt lgkmcnt(0)\n";
  const double clean = clocksOf("  ds_read_b32 v2, v1\n" + wait, 1, 16384);
  EXPECT_GE(clean, 100);
  EXPECT_LE(clean, 112);
  // All lanes in one bank: a stride of 128 bytes, 32 rows for each of the phases.
  const double conflicting = clocksOf("  v_lshlrev_b32 v3, 5, v1\n  ds_read_b32 v2, v3\n" + wait, 1, 16384);
  EXPECT_GE(conflicting, clean + 31);
}

TEST_F(TimingModel, ABarrierWaitsForTheLastWave) {
  // Wave 0 (work-items 0 to 63) skips the long part.
  const std::string body =
      "  v_readfirstlane_b32 s6, v0\n  s_nop 4\n  s_cmp_lt_u32 s6, 64\n  s_cbranch_scc1 short\n" +
      repeat("v_add_u32 v2, v2, v1", 100) + "short:\n  s_barrier\n";
  const TimingReport timing = timeOf(body, 2);
  double stalled = 0;
  for (const InstructionTiming &counted : timing.perInstruction)
    stalled += counted.stallClocks[size_t(StallReason::Barrier)];
  EXPECT_NEAR(stalled, 400, 24);
}

TEST_F(TimingModel, ALoopHasItsClocks) {
  const std::string body = "  s_mov_b32 s6, 20\nloop:\n" + repeat("v_add_u32 v2, v2, v1", 9) +
                           "  s_sub_u32 s6, s6, 1\n  s_cmp_lg_u32 s6, 0\n  s_cbranch_scc1 loop\n";
  const TimingReport timing = timeOf(body);
  ASSERT_EQ(timing.loops.size(), 1u);
  EXPECT_EQ(timing.loops[0].iterations, 20u);
  EXPECT_EQ(timing.loops[0].clocksPerIteration, 9 * 4 + 4 + 4 + 20);
  std::string text;
  llvm::raw_string_ostream stream(text);
  printTiming(*object, lastReport, timing, /*listing=*/true, stream);
  EXPECT_NE(text.find("hot loop: 64 clocks an iteration, 20 iterations"), std::string::npos) << text;
  EXPECT_NE(text.find("not measured on hardware"), std::string::npos);
}

/// An inner loop of 3 turns in an outer one of 5: each has its clocks, and the inner one comes first.
TEST_F(TimingModel, NestedLoopsHaveTheirClocks) {
  const std::string body = "  s_mov_b32 s6, 5\nouter:\n  s_mov_b32 s7, 3\n" +
                           repeat("v_add_u32 v2, v2, v1", 30) + "inner:\n" +
                           repeat("v_add_u32 v2, v2, v1", 9) +
                           "  s_sub_u32 s7, s7, 1\n  s_cmp_lg_u32 s7, 0\n  s_cbranch_scc1 inner\n"
                           "  s_sub_u32 s6, s6, 1\n  s_cmp_lg_u32 s6, 0\n  s_cbranch_scc1 outer\n";
  const TimingReport timing = timeOf(body);
  ASSERT_EQ(timing.loops.size(), 2u);
  EXPECT_EQ(timing.loops[0].iterations, 15u);
  EXPECT_EQ(timing.loops[0].clocksPerIteration, 64);
  EXPECT_EQ(timing.loops[1].iterations, 5u);
  // Two branches back, one fall through; then two scalars, the branch, and 31 instructions.
  EXPECT_EQ(timing.loops[1].clocksPerIteration, 3 * 64 - 20 + 4 + 8 + 20 + 31 * 4);
  ASSERT_EQ(lastReport.loops.size(), 2u);
  EXPECT_TRUE(lastReport.loops[0].isInnermost);
  EXPECT_EQ(lastReport.loops[0].iterations, 15u);
  EXPECT_EQ(lastReport.loops[0].totals.executions, 15u * 12);
  EXPECT_EQ(lastReport.loops[0].instructionsByClass[size_t(InstructionClass::Vector)], 15u * 9);
  EXPECT_FALSE(lastReport.loops[1].isInnermost);
  EXPECT_EQ(lastReport.loops[1].iterations, 5u);
  EXPECT_EQ(lastReport.loops[1].totals.executions, 5u * (31 + 3) + 15u * 12);
}

/// Two waves on four SIMDs: half of the matrix cores have a wave, and that keeps its core busy all the time.
TEST_F(TimingModel, LoopsShowTheirMatrixShare) {
  const std::string body = "  s_mov_b32 s6, 20\nloop:\n" +
                           repeat("v_mfma_f32_32x32x8_f16 a[0:15], v[2:3], v[4:5], a[0:15]", 4) +
                           repeat("v_mfma_f32_32x32x8_f16 a[16:31], v[2:3], v[4:5], a[16:31]", 4) +
                           "  s_sub_u32 s6, s6, 1\n  s_cmp_lg_u32 s6, 0\n  s_cbranch_scc1 loop\n";
  const TimingReport timing = timeOf(body, 2);
  ASSERT_EQ(timing.loops.size(), 1u);
  EXPECT_NEAR(timing.loops[0].clocksPerIteration, 8 * 64 / 2, 8 * 64 / 2 * 0.15);
  EXPECT_EQ(lastReport.loops[0].matrixBusyClocks, uint64_t(2 * 20 * 8 * 4 * 8));
  EXPECT_GT(timing.loops[0].matrixBusyShare, 0.4);
  EXPECT_LE(timing.loops[0].matrixBusyShare, 0.5);
  EXPECT_EQ(timing.wavesPerSimd, 0.5);
}

TEST_F(TimingModel, WorkgroupsShareAComputeUnit) {
  // The kernel declares 256 registers: two waves on each SIMD. Two workgroups of four waves reside.
  const TimingReport fits = timeOf(repeat(chained, 40), 4, 0, /*residents=*/0);
  EXPECT_EQ(fits.residentWorkgroups, 2);
  EXPECT_EQ(fits.residencyLimit, "registers");
  EXPECT_NEAR(fits.clocks, 80 * 16 + 320, 40);
  // LDS for one only.
  EXPECT_EQ(timeOf("", 4, 40000, 0).residentWorkgroups, 1);
  EXPECT_EQ(timeOf("", 4, 40000, 0).residencyLimit, "LDS");
}

TEST_F(TimingModel, TheTimelineHoldsEveryInstruction) {
  const TimingReport timing = timeOf(repeat("v_add_u32 v2, v2, v1", 5), 2);
  uint64_t executed = 0;
  for (const InstructionTiming &counted : timing.perInstruction)
    executed += counted.executions;
  EXPECT_EQ(timing.timeline.size(), executed);
  for (const TimelineEvent &event : timing.timeline) {
    EXPECT_LT(event.start, event.end);
    EXPECT_LE(event.end, timing.clocks);
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  printTimeline(*object, timing, stream);
  EXPECT_NE(text.find("\"traceEvents\""), std::string::npos);
  EXPECT_NE(text.find("v_add_u32"), std::string::npos);
}

} // namespace
