// The shipped profiles: they load, and their numbers agree with one another and with the instruction tables.
#include "codesign/Hardware/ProfileLoader.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace codesign;

namespace {

std::vector<std::string> sourceDirs() {
  return {CODESIGN_SOURCE_DIR "/hwprofiles"};
}

Profile load(const std::string &name) {
  llvm::Expected<Profile> profile = loadProfile(name, sourceDirs());
  if (!profile) {
    ADD_FAILURE() << llvm::toString(profile.takeError());
    return {};
  }
  return *profile;
}

class ShippedProfile : public testing::TestWithParam<std::string> {};

TEST_P(ShippedProfile, PeakFollowsFromInstructionsAndClock) {
  Profile profile = load(GetParam());
  for (const auto &[type, peak] : profile.peakMatrix)
    EXPECT_NEAR(profile.matrixPeakFromInstructions(type) / peak, 1.0, 0.02) << toString(type).str();
}

TEST_P(ShippedProfile, EveryNumberHasASource) {
  Profile profile = load(GetParam());
  EXPECT_GE(profile.entries.size(), 60u);
  for (const ProfileEntry &entry : profile.entries) {
    ASSERT_TRUE(profile.sourceOf(entry.path)) << entry.path;
    EXPECT_GT(profile.sourceOf(entry.path)->text.size(), 10u) << entry.path;
  }
  for (const Source &source : profile.sources)
    EXPECT_TRUE(llvm::any_of(profile.entries, [&](const ProfileEntry &e) { return e.sourceId == source.id; }))
        << source.id << " is not used";
}

TEST_P(ShippedProfile, EveryKeyIsDocumented) {
  auto page = llvm::MemoryBuffer::getFile(CODESIGN_SOURCE_DIR "/docs/hwprofiles.md");
  ASSERT_TRUE(bool(page));
  for (const ProfileEntry &entry : load(GetParam()).entries) {
    llvm::StringRef key = llvm::StringRef(entry.path).rsplit('.').second;
    if (key.empty())
      key = entry.path;
    EXPECT_TRUE((*page)->getBuffer().contains(key)) << entry.path;
  }
}

TEST_P(ShippedProfile, RegisterFileHoldsTheWaves) {
  Profile profile = load(GetParam());
  // 512 registers of 4 bytes for 64 lanes on 4 SIMDs are
  // 512 KiB per compute unit (CDNA); for 32 lanes, 256 KiB.
  double bytes = 4.0 * profile.registers.registersPerSimdLane * profile.compute.waveSize *
                 profile.compute.simdsPerComputeUnit;
  EXPECT_EQ(bytes, profile.vendor == Vendor::Amd ? 524288 : 262144);
  EXPECT_EQ(profile.wavesPerSimd(16), profile.compute.maxWavesPerSimd);
  EXPECT_EQ(profile.wavesPerSimd(128), 4);
  EXPECT_EQ(profile.wavesPerSimd(129), 3);
  EXPECT_EQ(profile.wavesPerSimd(profile.registers.maxPerThread), profile.vendor == Vendor::Amd ? 1 : 2);
  EXPECT_EQ(profile.wavesPerSimd(profile.registers.maxPerThread + 1), 0);
}

TEST_P(ShippedProfile, IsPlausible) {
  Profile profile = load(GetParam());
  EXPECT_LE(profile.memory.achievedReadBandwidth, profile.memory.datasheetBandwidth);
  EXPECT_GE(profile.lastLevelCache().totalBandwidth, profile.memory.achievedReadBandwidth);
  EXPECT_GT(profile.ridgeFlopsPerByte(DataType::BF16), 100);
  EXPECT_LT(profile.ridgeFlopsPerByte(DataType::BF16), 400);
  for (const auto &[type, peak] : profile.peakMatrix) {
    EXPECT_GT(profile.achievableMatrixFor(type).value, 0);
    EXPECT_LE(profile.achievableMatrixFor(type), peak);
    EXPECT_LE(profile.sustainedClockFor(type), profile.boostClock);
  }
  for (const auto &[type, clock] : profile.sustainedClock)
    EXPECT_LE(clock, profile.peakClock);
}

INSTANTIATE_TEST_SUITE_P(All, ShippedProfile, testing::ValuesIn(listProfiles(sourceDirs())),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Profile, ListsTheShippedDevices) {
  EXPECT_THAT(listProfiles(sourceDirs()), testing::ElementsAre("a100-sxm", "b200", "h100-pcie", "h100-sxm",
                                                               "h200", "mi300x", "mi325x", "mi355x"));
}

TEST(Profile, Mi300xByHand) {
  Profile profile = load("mi300x");
  EXPECT_EQ(profile.architecture, Architecture::Gfx942);
  EXPECT_EQ(profile.compute.computeUnits, 304);
  EXPECT_EQ(profile.matrixFlopsPerClockPerComputeUnit(DataType::BF16), 2048);
  EXPECT_EQ(profile.matrixPeakFromInstructions(DataType::BF16).value, 2048 * 304 * 2.1e9);
  EXPECT_EQ(profile.matrixPeakFromInstructions(DataType::F4E2M1).value, 0);
  EXPECT_FALSE(profile.supportsMatrix(DataType::F8E4M3));
  EXPECT_EQ(profile.nativeFloat8(), DataType::F8E4M3FNUZ);
  EXPECT_EQ(profile.sustainedClockFor(DataType::BF16).value, 1.207e9);
  // what was measured with the other 8-bit float on the same units
  EXPECT_EQ(profile.achievableMatrixFor(DataType::F8E5M2FNUZ).value,
            profile.achievableMatrixFor(DataType::F8E4M3FNUZ).value);
  // nobody measured int8: the share that bf16 reaches
  EXPECT_DOUBLE_EQ(profile.achievableMatrixFor(DataType::I8).value, 2614.9e12 * 708 / 1307.4);
  EXPECT_EQ(profile.lastLevelCache().name, "MALL");
  const Cache *l2 = profile.findCache("L2");
  ASSERT_TRUE(l2);
  EXPECT_EQ(profile.totalSizeOf(*l2).value, 8 * 4194304);
  EXPECT_FALSE(profile.findCache("L3"));
  EXPECT_EQ(profile.sourceOf("hbm.achieved_read_bandwidth_bytes_per_second")->kind, SourceKind::Measured);
  EXPECT_FALSE(profile.sourceOf("hbm.colour"));
}

TEST(Profile, GroupsOfAMeshUseTheirOwnLinksOnly) {
  Profile mesh = load("mi300x");
  EXPECT_EQ(mesh.links.groupBandwidth(1).value, 0);
  EXPECT_EQ(mesh.links.groupBandwidth(2).value, 64e9);
  EXPECT_EQ(mesh.links.groupBandwidth(4).value, 3 * 64e9);
  EXPECT_EQ(mesh.links.groupBandwidth(8).value, 7 * 64e9);
  Profile switched = load("h100-sxm");
  EXPECT_EQ(switched.links.groupBandwidth(2).value, 450e9);
  EXPECT_EQ(switched.links.groupBandwidth(8).value, 450e9);
}

TEST(Profile, FrozenTestProfileLoads) {
  llvm::Expected<Profile> profile =
      loadProfile("frozen-gfx942", {CODESIGN_SOURCE_DIR "/test/Inputs/hwprofiles"});
  ASSERT_TRUE(bool(profile)) << llvm::toString(profile.takeError());
  EXPECT_EQ(profile->priceDollarsPerHour, 2.0);
}

TEST(Profile, SearchDirectories) {
  std::vector<std::string> given = profileSearchDirs("/some/where", "");
  EXPECT_THAT(given, testing::ElementsAre("/some/where/hwprofiles"));
  EXPECT_THAT(profileSearchDirs("", ""), testing::Contains(CODESIGN_SOURCE_DIR "/hwprofiles"));
}

} // namespace
