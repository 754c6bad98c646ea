// The fit of the timing model finds parameters that made up the "measured" times.
#include "codesign/Simulate/TimingFit.h"
#include "TestSupport.h"
#include <cmath>

using namespace codesign;
using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

using codesign::simulate::DeviceMemory; // not the profile's

ComputeUnit smallUnit() {
  ComputeUnit unit;
  unit.compute.computeUnits = 10;
  unit.compute.simdsPerComputeUnit = 4;
  unit.compute.maxWavesPerSimd = 8;
  unit.compute.maxWorkgroupsPerComputeUnit = 16;
  unit.registers.registersPerSimdLane = 512;
  unit.registers.allocationGranule = 8;
  unit.shared.capacityPerComputeUnit = Bytes(65536);
  unit.shared.allocationGranule = Bytes(512);
  unit.timing = {.vectorIssue = 4,
                 .transcendentalIssue = 16,
                 .scalarIssue = 4,
                 .branchTaken = 16,
                 .matrixResult = 8,
                 .sharedLatency = 64,
                 .memoryLatency = 1000,
                 .scalarMemoryLatency = 200,
                 .barrier = 16,
                 .sharedQueueEntries = 16,
                 .memoryBytesInFlight = 45056,
                 .memoryBytesPerClock = 40,
                 .firstLevelBytesPerClock = 64};
  return unit;
}

std::string repeated(const std::string &lines, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += lines;
  return text;
}

/// One launch of every kind of work, timed by the model under `truth`.
std::vector<TimedLaunch> launchesTimedBy(const ComputeUnit &truth) {
  const std::string load = "  global_load_dword v2, v1, s[4:5]\n  s_waitcnt vmcnt(0)\n",
                    read = "  ds_read_b32 v2, v1\n  s_waitcnt lgkmcnt(0)\n",
                    scalar = "  s_load_dword s6, s[4:5], 0x0\n  s_waitcnt lgkmcnt(0)\n",
                    barrier = "  s_barrier\n", vector = "  v_add_u32 v2, v2, v1\n";
  const std::string bodies[] = {repeated(load, 30),
                                repeated(read, 60),
                                repeated(scalar, 30),
                                repeated(barrier, 80),
                                repeated(load + read + scalar, 12),
                                repeated(vector, 200),
                                repeated("  global_load_dword v2, v1, s[4:5]\n", 60)};
  std::vector<TimedLaunch> launches;
  for (const std::string &body : bodies) {
    TimedLaunch timed;
    timed.object = loadAssembly(assemblyKernel({"timed",
                                                "  s_load_dwordx2 s[4:5], s[0:1], 0x0\n  v_mov_b32 v2, 0\n"
                                                "  v_lshlrev_b32 v1, 2, v0\n  s_waitcnt lgkmcnt(0)\n" +
                                                    body,
                                                1024}));
    DeviceMemory memory;
    timed.launch = {.kernel = "timed", .grid = {20, 1, 1}, .block = {128, 1, 1}};
    timed.launch.arguments.pointer(memory.allocate("buffer", 4096));
    RunOptions options;
    options.checks = false;
    options.tracedWorkgroups = options.workgroupCount = 2;
    auto report = run(*timed.object, timed.launch, memory, options);
    EXPECT_TRUE(bool(report)) << llvm::toString(report.takeError());
    timed.report = std::move(*report);
    timed.clock = Hertz(2e9);
    auto seconds = predictTime(timed, truth);
    EXPECT_TRUE(bool(seconds)) << llvm::toString(seconds.takeError());
    timed.measured = *seconds;
    launches.push_back(std::move(timed));
  }
  return launches;
}

TEST(TimingFit, RoundsFillTheDevice) {
  std::vector<TimedLaunch> launches = launchesTimedBy(smallUnit());
  TimedLaunch &launch = launches.front();
  const Seconds one = *predictTime(launch, smallUnit());
  launch.launch.grid.x = 10 * 4; // 256 registers: two waves on each SIMD, four workgroups of two waves
  const Seconds full = *predictTime(launch, smallUnit());
  EXPECT_LT(full.value, 1.5 * one.value); // latency hides behind the other workgroups
  launch.launch.grid.x = 10 * 4 * 7 + 1;
  EXPECT_NEAR(predictTime(launch, smallUnit())->value, 8 * full.value, 1e-12);
}

TEST(TimingFit, FindsTheParametersBehindTheTimes) {
  ComputeUnit truth = smallUnit();
  truth.timing.memoryLatency = 640;
  truth.timing.sharedLatency = 120;
  truth.timing.scalarMemoryLatency = 330;
  truth.timing.barrier = 40;
  auto fit = fitTiming(launchesTimedBy(truth), smallUnit());
  ASSERT_TRUE(bool(fit)) << llvm::toString(fit.takeError());
  EXPECT_GT(fit->errorBefore, 0.2);
  EXPECT_LT(fit->errorAfter, 0.03);
  EXPECT_NEAR(fit->timing.memoryLatency, 640, 0.1 * 640);
  EXPECT_NEAR(fit->timing.sharedLatency, 120, 0.1 * 120);
  EXPECT_NEAR(fit->timing.scalarMemoryLatency, 330, 0.1 * 330);
  EXPECT_NEAR(fit->timing.barrier, 40, 0.15 * 40);
  // Nothing here depends on these.
  EXPECT_EQ(fit->timing.matrixResult, 8);
  EXPECT_EQ(fit->timing.sharedQueueEntries, 16);
  // Leaving the only witness of a parameter out costs accuracy, and the band says so.
  EXPECT_GT(fit->errorHeldOut, fit->errorAfter);
  EXPECT_LE(fit->band.low, 1);
  EXPECT_GE(fit->band.high, 1);
}

TEST(TimingFit, AFitReplacesTheProfilesParameters) {
  Profile profile;
  profile.name = "made-up";
  llvm::Expected<ComputeUnit> none = computeUnitOf(profile);
  ASSERT_FALSE(bool(none));
  EXPECT_NE(llvm::toString(none.takeError()).find("no 'timing'"), std::string::npos);
  profile.timing = smallUnit().timing;
  EXPECT_FALSE(computeUnitOf(profile)->fitted);
  TimingFit fit;
  fit.timing = smallUnit().timing;
  fit.timing.memoryLatency = 700;
  fit.band = {"all", 0.9, 1.2, 1, 5};
  profile.calibration.sets.push_back(calibrationSetOf(fit, 5));
  llvm::Expected<ComputeUnit> unit = computeUnitOf(profile);
  ASSERT_TRUE(bool(unit));
  EXPECT_EQ(unit->timing.memoryLatency, 700);
  ASSERT_TRUE(unit->fitted);
  EXPECT_EQ(unit->fitted->kernels, 5);
  EXPECT_NEAR(unit->fitted->error, 0.2, 1e-9);
  profile.calibration.sets[0].constants[0].name = "branch_token_clocks";
  EXPECT_NE(llvm::toString(computeUnitOf(profile).takeError()).find("branch_token_clocks"),
            std::string::npos);
}

} // namespace
