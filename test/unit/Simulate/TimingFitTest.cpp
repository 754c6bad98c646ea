// The fit of the timing model finds parameters that made up the "measured" times.
#include "codesign/Simulate/TimingFit.h"
#include "TestSupport.h"
#include "codesign/Hardware/ProfileLoader.h"
#include <cmath>

using namespace codesign;
using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

using codesign::simulate::DeviceMemory; // not the profile's

/// Ten compute units at 2 GHz that never reach their power limit.
TimedDevice smallDevice() {
  TimedDevice device;
  device.boost = device.sustained = Hertz(2e9);
  device.hbm = BytesPerSecond(1e12);
  ComputeUnit &unit = device.unit;
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
                 .firstLevelLatency = 100,
                 .memoryLatency = 1000,
                 .hbmLatency = 2000,
                 .scalarMemoryLatency = 200,
                 .barrier = 16,
                 .sharedQueueEntries = 16,
                 .memoryBytesInFlight = 45056,
                 .memoryBytesPerClock = 40,
                 .firstLevelBytesPerClock = 64,
                 .hbmBytesPerClock = 8,
                 .firstLevelBytes = 0};
  return device;
}

std::string repeated(const std::string &lines, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += lines;
  return text;
}

/// One kernel of every kind of work, timed by the model under `truth`.
std::vector<TimedKernel> kernelsTimedBy(const TimedDevice &truth) {
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
  std::vector<TimedKernel> kernels;
  for (const std::string &body : bodies) {
    TimedKernel timed;
    timed.name = std::to_string(kernels.size());
    timed.object = loadAssembly(assemblyKernel({"timed",
                                                "  s_load_dwordx2 s[4:5], s[0:1], 0x0\n  v_mov_b32 v2, 0\n"
                                                "  v_lshlrev_b32 v1, 2, v0\n  s_waitcnt lgkmcnt(0)\n" +
                                                    body,
                                                1024}));
    DeviceMemory memory;
    TracedLaunch &traced = timed.traces.emplace_back();
    traced.launch = {.kernel = "timed", .grid = {20, 1, 1}, .block = {128, 1, 1}};
    traced.launch.arguments.pointer(memory.allocate("buffer", 4096));
    RunOptions options;
    options.checks = false;
    options.tracedWorkgroups = options.workgroupCount = 2;
    auto report = run(*timed.object, traced.launch, memory, options);
    EXPECT_TRUE(bool(report)) << llvm::toString(report.takeError());
    traced.report = std::move(*report);
    timed.measured.push_back({20, 0, 0, Seconds(0)});
    auto seconds = predictTimes(timed, truth);
    EXPECT_TRUE(bool(seconds)) << llvm::toString(seconds.takeError());
    timed.measured[0].time = seconds->front();
    kernels.push_back(std::move(timed));
  }
  return kernels;
}

/// Of the kernel, with one workgroup or more.
double timeOf(TimedKernel &kernel, const TimedDevice &device, uint64_t workgroups) {
  kernel.measured = {{workgroups, 0, 0, Seconds(0)}};
  return predictTimes(kernel, device)->front().value;
}

TEST(TimingFit, RoundsFillTheDevice) {
  TimedKernel kernel = kernelsTimedBy(smallDevice()).front();
  const double one = timeOf(kernel, smallDevice(), 20);
  const double full = timeOf(kernel, smallDevice(), 10 * 4); // 256 registers: two waves on each SIMD
  EXPECT_LT(full, 1.5 * one);                                // latency hides behind the other workgroups
  EXPECT_NEAR(timeOf(kernel, smallDevice(), 10 * 4 * 7 + 1), 8 * full, 1e-12);
  TimedDevice started = smallDevice();
  started.launch = Seconds(3e-6);
  EXPECT_NEAR(timeOf(kernel, started, 40), 3e-6 + full, 1e-12);
  // Never faster than its bytes.
  kernel.measured = {{40, 0, 50e6, Seconds(0)}};
  EXPECT_NEAR(predictTimes(kernel, started)->front().value, 3e-6 + 50e-6, 1e-12);
}

/// Two depths show the loop: 8 and 24 turns of 64 clocks; 100 turns have as many more.
TEST(TimingFit, TwoDepthsShowTheLoop) {
  TimedKernel kernel;
  kernel.object = loadAssembly(
      assemblyKernel({"timed", "  s_load_dword s6, s[0:1], 0x0\n  s_waitcnt lgkmcnt(0)\nloop:\n" +
                                   repeated("  v_add_u32 v2, v0, v1\n", 10) +
                                   "  s_sub_u32 s6, s6, 1\n  s_cmp_lg_u32 s6, 0\n  s_cbranch_scc1 loop\n"}));
  for (const int32_t turns : {8, 24}) {
    DeviceMemory memory;
    TracedLaunch &traced = kernel.traces.emplace_back();
    traced.depth = turns;
    traced.launch = {.kernel = "timed", .grid = {1, 1, 1}, .block = {64, 1, 1}};
    traced.launch.arguments.value(turns);
    RunOptions options;
    options.checks = false;
    options.tracedWorkgroups = 1;
    auto report = run(*kernel.object, traced.launch, memory, options);
    ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
    traced.report = std::move(*report);
  }
  kernel.measured = {{1, 24, 0, Seconds(0)}, {1, 100, 0, Seconds(0)}};
  auto times = predictTimes(kernel, smallDevice());
  ASSERT_TRUE(bool(times)) << llvm::toString(times.takeError());
  EXPECT_NEAR((*times)[1].value - (*times)[0].value, 76 * 64 / 2e9, 1e-15);
}

/// A loop that keeps a matrix core of each SIMD busy: the clock falls to what power allows for it.
TEST(TimingFit, PowerLimitsTheClock) {
  TimedKernel kernel;
  kernel.object = loadAssembly(assemblyKernel(
      {"timed", repeated("  v_mfma_f32_32x32x8_f16 a[0:15], v[2:3], v[4:5], a[0:15]\n", 400)}));
  DeviceMemory memory;
  TracedLaunch &traced = kernel.traces.emplace_back();
  traced.launch = {.kernel = "timed", .grid = {1, 1, 1}, .block = {256, 1, 1}};
  RunOptions options;
  options.checks = false;
  options.tracedWorkgroups = 1;
  auto report = run(*kernel.object, traced.launch, memory, options);
  ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
  traced.report = std::move(*report);
  TimedDevice limited = smallDevice();
  limited.vectorActivity = 0;
  const double free = timeOf(kernel, limited, 10);
  // Half the activity is sustained at half the clock.
  limited.sustained = Hertz(1e9);
  limited.sustainedActivity = 0.5;
  limited.powerExponent = 1; // the whole of it at a quarter
  EXPECT_NEAR(timeOf(kernel, limited, 10) / free, 4, 0.01);
  limited.powerExponent = 2; // or at half of that clock times the root of a half
  EXPECT_NEAR(timeOf(kernel, limited, 10) / free, 2 * std::sqrt(2.0), 0.01);
  // Half of the compute units at work: half of the power.
  EXPECT_NEAR(timeOf(kernel, limited, 5) / free, 2, 0.01);
  kernel.clock = Hertz(2e9); // known
  EXPECT_NEAR(timeOf(kernel, limited, 10) / free, 1, 0.01);
}

TEST(TimingFit, FindsTheParametersBehindTheTimes) {
  TimedDevice truth = smallDevice();
  truth.unit.timing.memoryLatency = 640;
  truth.unit.timing.sharedLatency = 120;
  truth.unit.timing.scalarMemoryLatency = 330;
  truth.unit.timing.barrier = 40;
  auto fit = fitTiming(kernelsTimedBy(truth), smallDevice());
  ASSERT_TRUE(bool(fit)) << llvm::toString(fit.takeError());
  EXPECT_GT(fit->errorBefore, 0.2);
  EXPECT_LT(fit->errorAfter, 0.03);
  const codesign::Timing &timing = fit->device.unit.timing;
  EXPECT_NEAR(timing.memoryLatency, 640, 0.1 * 640);
  EXPECT_NEAR(timing.sharedLatency, 120, 0.1 * 120);
  EXPECT_NEAR(timing.scalarMemoryLatency, 330, 0.1 * 330);
  EXPECT_NEAR(timing.barrier, 40, 0.15 * 40);
  // Nothing here depends on these.
  EXPECT_EQ(timing.matrixResult, 8);
  EXPECT_EQ(timing.sharedQueueEntries, 16);
  EXPECT_EQ(timing.hbmLatency, 2000);
  // Leaving the only witness of a parameter out costs accuracy, and the band says so.
  EXPECT_EQ(fit->heldOut.size(), 7u);
  EXPECT_GT(fit->errorHeldOut, fit->errorAfter);
  EXPECT_LE(fit->band.low, 1);
  EXPECT_GE(fit->band.high, 1);
}

/// Two entries of one kernel leave the fit together: neither is the other's witness.
TEST(TimingFit, EntriesOfOneKernelAreHeldOutTogether) {
  TimedDevice truth = smallDevice();
  truth.unit.timing.barrier = 40;
  std::vector<TimedKernel> kernels = kernelsTimedBy(truth);
  TimedKernel &barriers = kernels[3], &loads = kernels[0];
  std::vector<TimedKernel> apart = {loads, barriers, barriers}, together = apart;
  apart[2].name = "barriers, once more";
  auto seen = fitTiming(apart, smallDevice()), unseen = fitTiming(together, smallDevice());
  ASSERT_TRUE(bool(seen) && bool(unseen));
  EXPECT_LT(seen->heldOut[1], 0.05);
  EXPECT_GT(unseen->heldOut[1], 0.2);
  EXPECT_EQ(unseen->heldOut[1], unseen->heldOut[2]);
}

/// Times that ask for L2 slower than HBM do not get it.
TEST(TimingFit, MemoryIsNotSlowerThanWhatLiesBehindIt) {
  TimedDevice truth = smallDevice();
  truth.unit.timing.memoryLatency = 2500;
  auto fit = fitTiming(kernelsTimedBy(truth), smallDevice());
  ASSERT_TRUE(bool(fit));
  EXPECT_LE(fit->device.unit.timing.memoryLatency, fit->device.unit.timing.hbmLatency);
  EXPECT_GT(fit->device.unit.timing.memoryLatency, 1500);
}

TEST(TimingFit, AFitReplacesTheProfilesParameters) {
  Profile profile;
  profile.name = "made-up";
  llvm::Expected<ComputeUnit> none = computeUnitOf(profile);
  ASSERT_FALSE(bool(none));
  EXPECT_NE(llvm::toString(none.takeError()).find("no 'timing'"), std::string::npos);
  profile.timing = smallDevice().unit.timing;
  EXPECT_FALSE(computeUnitOf(profile)->fitted);
  TimingFit fit;
  fit.device = smallDevice();
  fit.device.unit.timing.memoryLatency = 700;
  fit.device.powerExponent = 1.5;
  fit.band = {"all", 0.9, 1.2, 1, 5};
  profile.calibration.sets.push_back(calibrationSetOf(fit, 5));
  llvm::Expected<TimedDevice> device = timedDeviceOf(profile);
  ASSERT_TRUE(bool(device)) << llvm::toString(device.takeError());
  EXPECT_EQ(device->unit.timing.memoryLatency, 700);
  EXPECT_EQ(device->powerExponent, 1.5);
  ASSERT_TRUE(device->unit.fitted);
  EXPECT_EQ(device->unit.fitted->kernels, 5);
  EXPECT_NEAR(device->unit.fitted->error, 0.2, 1e-9);
  profile.calibration.sets[0].constants[0].name = "branch_token_clocks";
  EXPECT_NE(llvm::toString(computeUnitOf(profile).takeError()).find("branch_token_clocks"),
            std::string::npos);
}

/// Where power holds the clock of long dense products: AMD's published rates and clocks of MI300X.
TEST(TimingFit, TheSustainedClockIsTheProfiles) {
  llvm::Expected<Profile> profile = loadProfile("mi300x", {std::string(CODESIGN_SOURCE_DIR) + "/hwprofiles"});
  ASSERT_TRUE(bool(profile));
  llvm::Expected<TimedDevice> device = timedDeviceOf(*profile);
  ASSERT_TRUE(bool(device));
  EXPECT_EQ(device->sustained.value, 1.207e9);
  EXPECT_NEAR(device->sustainedActivity, 708e12 / (304 * 2048 * 1.207e9), 1e-6);
}

} // namespace
