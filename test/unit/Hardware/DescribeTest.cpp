// The listings of `codesign hw`: complete, within 100 columns, and JSON that parses.
#include "codesign/Hardware/Describe.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Isa/MatrixInstruction.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace codesign;
using testing::HasSubstr;
using testing::Not;

namespace {

std::vector<Profile> loadAll() {
  std::vector<std::string> dirs = {CODESIGN_SOURCE_DIR "/hwprofiles"};
  std::vector<Profile> profiles;
  for (const std::string &name : listProfiles(dirs))
    profiles.push_back(llvm::cantFail(loadProfile(name, dirs)));
  return profiles;
}

Profile frozen() {
  return llvm::cantFail(loadProfile("frozen-gfx942", {CODESIGN_SOURCE_DIR "/test/Inputs/hwprofiles"}));
}

template <class... Arguments>
std::string printed(void (*print)(llvm::raw_ostream &, Arguments...), Arguments... arguments) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  print(stream, arguments...);
  return text;
}

constexpr ProfileDetail everything = {true, true};

std::string printedProfile(const Profile &profile, const ProfileDetail &detail = everything) {
  return printed<const Profile &, const ProfileDetail &>(printProfile, profile, detail);
}

void expectNarrow(llvm::StringRef text) {
  for (llvm::StringRef line : llvm::split(text, "\n")) {
    size_t columns =
        llvm::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    EXPECT_LE(columns, 100u) << line.str();
    EXPECT_EQ(line, line.rtrim());
  }
}

TEST(Describe, TableHasOneLinePerProfile) {
  std::vector<Profile> profiles = loadAll();
  std::string text = printed<llvm::ArrayRef<Profile>>(printProfiles, profiles);
  expectNarrow(text);
  EXPECT_THAT(
      text,
      HasSubstr(
          "mi300x     gfx942   304  2.10  1307      708  2615  192 GiB  4.73   750     -  own and library"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "a100-sxm   sm_80    108  1.41   312      271     -   80 GiB  1.74   400  1.90  own and library"));
  for (const Profile &profile : profiles)
    EXPECT_THAT(text, HasSubstr("\n" + profile.name + " "));
}

TEST(Describe, EveryNumberAppearsWithUnitAndSource) {
  std::string text = printedProfile(frozen());
  expectNarrow(text);
  for (const char *part :
       {"frozen-gfx942: Frozen test device (gfx942), CDNA3 (gfx942)",
        "kernel families: mfma_lds_double_buffer", "achieved_read_bandwidth_bytes_per_second", "4.7 TB/s",
        "192 GiB", "2.1 GHz", "2.5 us", "750 W", "2 $/h", "64 KiB", "128 B/clk", "1307.4 TFLOP/s",
        "no co-issue", "made_up (estimate)", "your_price (user_input): chosen for the tests", "16×16×16",
        "bf16 × bf16 → fp32", "buffer_load_dwordx4", "vmcnt up to 63"})
    EXPECT_THAT(text, HasSubstr(part));
  Profile profile = frozen();
  for (const ProfileEntry &entry : profile.entries)
    EXPECT_THAT(text, HasSubstr(llvm::StringRef(entry.path).split('.').second.str()));
}

TEST(Describe, EveryProfileIsNarrow) {
  for (const Profile &profile : loadAll())
    for (const ProfileDetail &detail : {everything, ProfileDetail()})
      expectNarrow(printedProfile(profile, detail));
}

TEST(Describe, CalibrationIsShown) {
  Profile profile = frozen();
  CalibrationSet set;
  set.key = {"gemm", "hipblaslt", DataType::BF16};
  set.evidence = "measured";
  set.rowsFitted = 12;
  set.meanAbsolutePercentageError = 6.5;
  set.constants = {{"ceiling", 0.93, "fraction", "share of the peak"}};
  profile.calibration.sets = {set};
  std::string text = printedProfile(profile);
  EXPECT_THAT(text, HasSubstr("calibration: gemm, hipblaslt, bf16\n  measured, 12 rows, held out 6.5 %; "));
  EXPECT_THAT(text, HasSubstr("ceiling"));
  const std::string summary = printedProfile(profile, {});
  EXPECT_THAT(summary, HasSubstr("gemm      hipblaslt  bf16    12     6.5 %  measured"));
  EXPECT_THAT(summary, Not(HasSubstr("ceiling")));
  EXPECT_THAT(summary, Not(HasSubstr("buffer_load_dwordx4")));
}

TEST(Describe, JsonParsesAndIsComplete) {
  std::vector<Profile> profiles = loadAll();
  llvm::json::Value list =
      llvm::cantFail(llvm::json::parse(printed<llvm::ArrayRef<Profile>>(printProfilesJson, profiles)));
  EXPECT_EQ(list.getAsObject()->getString("schema"), "codesign.hardware_profiles/1");
  EXPECT_EQ(list.getAsObject()->getArray("profiles")->size(), profiles.size());
  for (const Profile &profile : profiles) {
    llvm::json::Value value =
        llvm::cantFail(llvm::json::parse(printed<const Profile &>(printProfileJson, profile)));
    const llvm::json::Object &object = *value.getAsObject();
    EXPECT_EQ(object.getString("schema"), "codesign.hardware_profile/1");
    EXPECT_EQ(object.getString("name"), profile.name);
    EXPECT_EQ(object.getArray("entries")->size(), profile.entries.size());
    EXPECT_EQ(object.getArray("matrix_instructions")->size(),
              matrixInstructions(profile.architecture).size());
    EXPECT_EQ(object.getObject("matrix_peak_flops_per_second")->getNumber("bf16"),
              profile.peakMatrix.at(DataType::BF16).value);
  }
}

} // namespace
