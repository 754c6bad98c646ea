// LDS phases and conflicts, copies and counters, against hand-counted cases.
#include "codesign/Isa/MemoryInstruction.h"
#include "gtest/gtest.h"
#include <bit>

using namespace codesign;

namespace {

using Addresses = std::vector<std::optional<uint32_t>>;

Addresses addresses(int lanes, uint32_t (*address)(int lane)) {
  Addresses result;
  for (int lane = 0; lane < lanes; ++lane)
    result.push_back(address(lane));
  return result;
}

SharedAccessCost cost(Architecture architecture, int bytes, bool isWrite, const Addresses &addresses) {
  const SharedAccessPhases *phases = findSharedAccessPhases(architecture, bytes, isWrite);
  EXPECT_TRUE(phases);
  return sharedAccessCost(*phases, addresses);
}

TEST(SharedPhases, EveryRowPartitionsTheWave) {
  for (Architecture architecture : allArchitectures()) {
    EXPECT_FALSE(sharedAccessPhases(architecture).empty());
    for (const SharedAccessPhases &row : sharedAccessPhases(architecture)) {
      uint64_t all = 0;
      int lanes = 0;
      for (uint64_t mask : row.phases) {
        EXPECT_EQ(all & mask, 0u);
        all |= mask;
        lanes += std::popcount(mask);
        // a phase moves at most the width of the banks
        EXPECT_LE(std::popcount(mask) * std::max(4, row.bytesPerLane), row.banks * 4);
      }
      EXPECT_EQ(lanes, waveSize(architecture));
    }
  }
}

TEST(SharedPhases, Cdna3WideReadsMixLaneGroups) {
  const SharedAccessPhases *phases = findSharedAccessPhases(Architecture::Gfx942, 16, false);
  ASSERT_TRUE(phases);
  ASSERT_EQ(phases->phases.size(), 8u);
  EXPECT_EQ(phases->phases[0], 0x00F0000Fu); // lanes 0-3 and 20-23
  EXPECT_EQ(phases->phases[1], 0x000F00F0u); // 4-7 and 16-19
  EXPECT_EQ(phases->phases[2], 0xF0000F00u); // 8-11 and 28-31
  EXPECT_EQ(phases->phases[3], 0x0F00F000u); // 12-15 and 24-27
  EXPECT_EQ(phases->phases[4], 0x00F0000Full << 32);
  EXPECT_EQ(phases->evidence, Evidence::Documented);
}

TEST(SharedPhases, Cdna4WideReadsAreMeasured) {
  const SharedAccessPhases *phases = findSharedAccessPhases(Architecture::Gfx950, 16, false);
  ASSERT_TRUE(phases);
  ASSERT_EQ(phases->phases.size(), 4u);
  EXPECT_EQ(phases->phases[0], 0x0FF0F00Fu); // 0-3, 12-15, 20-27
  EXPECT_EQ(phases->phases[1], 0xF00F0FF0u); // 4-11, 16-19, 28-31
  EXPECT_EQ(phases->banks, 64);
  EXPECT_EQ(phases->evidence, Evidence::Measured);
}

TEST(SharedCost, ConsecutiveWordsHaveNoConflict) {
  EXPECT_EQ(
      cost(Architecture::Gfx942, 4, false, addresses(64, [](int lane) { return uint32_t(lane * 4); })).passes,
      2);
  SharedAccessCost wide =
      cost(Architecture::Gfx942, 16, false, addresses(64, [](int lane) { return uint32_t(lane * 16); }));
  EXPECT_EQ(wide.passes, 8);
  EXPECT_EQ(wide.conflictPasses(), 0);
  EXPECT_EQ(cost(Architecture::Sm90a, 16, false, addresses(32, [](int lane) { return uint32_t(lane * 16); }))
                .passes,
            4);
}

TEST(SharedCost, StrideOf128BytesHitsOneBank) {
  // 32 lanes of a half wave, all in bank 0
  SharedAccessCost column =
      cost(Architecture::Gfx942, 4, false, addresses(64, [](int lane) { return uint32_t(lane * 128); }));
  EXPECT_EQ(column.passes, 64);
  EXPECT_EQ(column.idealPasses, 2);
}

TEST(SharedCost, SameWordIsBroadcast) {
  EXPECT_EQ(
      cost(Architecture::Gfx942, 4, false, addresses(64, [](int) { return uint32_t(20); })).conflictPasses(),
      0);
}

TEST(SharedCost, InactiveLanesAreFree) {
  Addresses none(64);
  EXPECT_EQ(cost(Architecture::Gfx942, 4, false, none).passes, 0);
  none[40] = 0;
  EXPECT_EQ(cost(Architecture::Gfx942, 4, false, none).passes, 1);
}

TEST(SharedCost, XorSwizzleFreesMfmaOperandReads) {
  // Lane l reads 16 bytes of row l % 16 of a tile with 128-byte rows, at 16-byte column l / 16.
  auto plain = [](int lane) { return uint32_t(lane % 16 * 128 + lane / 16 * 16); };
  auto swizzled = [](int lane) { return uint32_t(lane % 16 * 128 + ((lane / 16) ^ (lane % 16 % 8)) * 16); };
  // Lanes 0-3 share a column of four rows, lanes 20-23 the
  // next one: four-fold conflicts in each of the eight phases.
  EXPECT_EQ(cost(Architecture::Gfx942, 16, false, addresses(64, plain)).passes, 32);
  EXPECT_EQ(cost(Architecture::Gfx942, 16, false, addresses(64, swizzled)).passes, 8);
}

TEST(Copies, WidestBetweenSpaces) {
  auto widest = [](Architecture architecture, MemorySpace from, MemorySpace to) {
    const CopyInstruction *copy = widestCopy(architecture, from, to);
    return copy ? copy->bytesPerLane : -1;
  };
  using enum MemorySpace;
  EXPECT_EQ(widest(Architecture::Gfx942, Global, Shared), 4);
  EXPECT_EQ(widest(Architecture::Gfx950, Global, Shared), 16);
  EXPECT_EQ(widest(Architecture::Gfx942, Global, Registers), 16);
  EXPECT_EQ(widest(Architecture::Sm80, Global, Shared), 16);
  EXPECT_EQ(widest(Architecture::Sm80, Shared, Tensor), -1);
  EXPECT_TRUE(findCopyInstruction(Architecture::Sm90a, "tma_load_2d"));
  EXPECT_FALSE(findCopyInstruction(Architecture::Sm80, "tma_load_2d"));
  EXPECT_TRUE(findCopyInstruction(Architecture::Gfx942, "buffer_load_dword_lds")->laneContiguousDestination);
  EXPECT_TRUE(findCopyInstruction(Architecture::Gfx942, "buffer_load_dwordx4")->clampsOutOfRange);
  EXPECT_FALSE(findCopyInstruction(Architecture::Gfx942, "global_load_dwordx4")->clampsOutOfRange);
}

TEST(Counters, LimitsOfGfx9) {
  llvm::ArrayRef<WaitCounter> counters = waitCounters(Architecture::Gfx942);
  ASSERT_EQ(counters.size(), 3u);
  EXPECT_EQ(counters[0].name, "vmcnt");
  EXPECT_EQ(counters[0].maximum, 63);
  EXPECT_EQ(counters[1].name, "lgkmcnt");
  EXPECT_EQ(counters[1].maximum, 15);
  EXPECT_FALSE(counters[1].inOrder);
  EXPECT_EQ(counters[2].maximum, 7);
  EXPECT_EQ(findIssueCost(Architecture::Gfx942, "valu")->cycles, 4);
  EXPECT_EQ(findIssueCost(Architecture::Gfx942, "transcendental")->cycles, 16);
  EXPECT_FALSE(findIssueCost(Architecture::Gfx942, "teleport"));
}

} // namespace
