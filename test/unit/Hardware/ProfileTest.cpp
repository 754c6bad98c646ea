// The shipped profiles: they load, and their numbers agree with one another and with the instruction tables.
#include "codesign/Hardware/ProfileLoader.h"
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

INSTANTIATE_TEST_SUITE_P(All, ShippedProfile, testing::ValuesIn(listProfiles(sourceDirs())),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace
