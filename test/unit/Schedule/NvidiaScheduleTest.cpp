// Schedules of tiles in shared memory of NVIDIA devices, every number worked out by hand.
#include "Schedule/Schedules.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace codesign;

namespace {

TEST(NvidiaSchedule, HopperPersistentKernelFits) {
  GemmSchedule schedule = hopper();
  SharedMemoryUse use = sharedMemoryUse(schedule);
  EXPECT_EQ(use.inputBytes, 3 * 49152); // (128 + 256) x 64 bf16
  EXPECT_EQ(use.epilogueBytes, 65536);  // 128 x 256 bf16
  EXPECT_EQ(use.barrierBytes, 48);
  EXPECT_EQ(schedule.threads(), 384); // two consumer warpgroups and the producer
  EXPECT_EQ(registerUse(schedule).accumulators, 128);
  EXPECT_EQ(schedule.instructionsPerStep(), 4);
  Profile h100 = load("h100-sxm");
  h100.kernelFamilies = {"wgmma_tma_persistent"};
  EXPECT_EQ(reasonOf(schedule, h100), "");
  EXPECT_EQ(occupancy(schedule, h100).workgroupsPerComputeUnit, 1);
  schedule.stages = 4; // 196608 + 65536 + 64
  EXPECT_EQ(reasonOf(schedule, h100), "LDS 262208 B > 232448 B");
}

TEST(NvidiaSchedule, AmpereMultistage) {
  GemmSchedule schedule;
  schedule.family = GemmFamily::MmaCpAsyncMultistage;
  schedule.architecture = Architecture::Sm80;
  schedule.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32";
  schedule.macroTileM = 128;
  schedule.macroTileN = 128;
  schedule.macroTileK = 32;
  schedule.wavesM = 2;
  schedule.wavesN = 2;
  schedule.stages = 4;
  schedule.sharedLayout = SharedLayout::Swizzled;
  Profile a100 = load("a100-sxm");
  EXPECT_EQ(reasonOf(schedule, a100), "");
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 4 * 256 * 64);
  EXPECT_EQ(registerUse(schedule).accumulators, 128);
  EXPECT_EQ(registerUse(schedule).fragments, 4 * 4 + 8 * 2); // four A operands of 4 registers, eight B of 2
  EXPECT_EQ(registerUse(schedule).staging, 0);
  // 192 registers: two warps of each workgroup-quarter... 512 / 192 = 2 warps per sub-core, one per workgroup
  EXPECT_EQ(occupancy(schedule, a100).workgroupsPerComputeUnit, 2);
  schedule.stages = 1;
  EXPECT_EQ(reasonOf(schedule, a100), "1 stage, asynchronous copies need 2");
}

/// Tiles and panels of 212,992 bytes with 48 of mbarriers leave 19,408 of 232,448; three numbers of 1024
/// experts are 12,336.
TEST(NvidiaSchedule, PersistentWorkgroupsKeepRoomForExperts) {
  const Profile profile = load("h100-sxm");
  EXPECT_EQ(sharedMemoryUse(hopper()).total(), 212992 + 48);
  EXPECT_TRUE(hasRoomForExperts(hopper(), profile));
  GemmSchedule full = hopper();
  full.instruction = "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16.ss";
  full.macroTileN = 64;
  full.stages = 8; // 8 x 24,576 + 16,384 + 128
  EXPECT_TRUE(hasRoomForExperts(full, profile));
  full.macroTileN = 128;
  full.instruction = "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16.ss";
  full.stages = 6; // 6 x 32,768 + 32,768 + 96 = 229,472
  EXPECT_FALSE(hasRoomForExperts(full, profile));
  // 192 sums of a lane leave no registers: 4 x 40,960 + 49,152 + 64 bytes would.
  full.macroTileM = 192;
  full.wavesM = 1;
  full.stages = 4;
  EXPECT_EQ(sharedMemoryUse(full).total(), 213056);
  EXPECT_FALSE(hasRoomForExperts(full, profile));
  EXPECT_TRUE(hasRoomForExperts(largeMfma(), load("mi300x")));
}

TEST(NvidiaSchedule, ListedRowsAreCopiedByOneWorkgroupForItself) {
  GemmSchedule schedule = hopper();
  schedule.clusterM = schedule.clusterN = 1;
  schedule.stages = 3;
  EXPECT_TRUE(takesListedRows(schedule));
  schedule.stages = 2;
  EXPECT_FALSE(takesListedRows(schedule));
  schedule.stages = 3;
  schedule.clusterM = 2;
  EXPECT_FALSE(takesListedRows(schedule));
  EXPECT_TRUE(takesListedRows(largeMfma()));
}

} // namespace
