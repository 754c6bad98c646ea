// Profiles with one mistake each: the message names the key,
// the place and, where there is one, the word that was meant.
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace codesign;
using testing::HasSubstr;

namespace {

struct Mistake {
  const char *name;
  const char *from; // text of the frozen profile …
  const char *to;   // … and what stands there instead
  const char *message;
};

const Mistake mistakes[] = {
    {"MisspeltKey", "thermal_design_watts", "thermal_desing_watts",
     "unknown key 'power.thermal_desing_watts'; did you mean 'thermal_design_watts'?"},
    {"MissingKey", "  idle_watts: {value: 140, source: made_up}\n", "", "missing key 'power.idle_watts'"},
    {"MissingSection", "hbm:\n", "hbn:\n", "unknown key 'hbn'; did you mean 'hbm'?"},
    {"UnknownKey",
     "  banks:", "  color: {value: 1, source: made_up}\n  banks:", "unknown key 'shared_memory.color'"},
    {"DoubledKey",
     "  wave_size:", "  dies: {value: 8, source: made_up}\n  wave_size:", "'compute.dies' is given twice"},
    {"DoubledSection", "power:\n", "hbm: {}\npower:\n", "'hbm' is given twice"},
    {"Text", "{value: 304,", "{value: many,", "'compute.compute_units' must be a number"},
    {"QuotedNumber", "{value: 304,", "{value: \"304\",", "'compute.compute_units' must be a number"},
    {"UnitInValue", "{value: 5.3e12,", "{value: 5.3 TB/s,",
     "'hbm.datasheet_bandwidth_bytes_per_second' must be a number"},
    {"Hexadecimal", "{value: 65535,", "{value: 0xffff,", "'launch.max_grid_y' must be a number"},
    {"Fraction", "{value: 304,", "{value: 304.5,", "'compute.compute_units' must be a whole number"},
    {"NotANumber", "{value: 4.7e12,", "{value: .nan,",
     "'hbm.achieved_read_bandwidth_bytes_per_second' must be a number"},
    {"Infinite", "{value: 4.7e12,", "{value: .inf,",
     "'hbm.achieved_read_bandwidth_bytes_per_second' must be a number"},
    {"Overflow", "{value: 4.7e12,", "{value: 1e999,",
     "'hbm.achieved_read_bandwidth_bytes_per_second' must be a number"},
    {"Negative", "{value: 304,", "{value: -304,", "'compute.compute_units' is -304, outside 1 … 4096"},
    {"WrongUnit", "{value: 5.3e12,", "{value: 5.3,",
     "'hbm.datasheet_bandwidth_bytes_per_second' is 5.3, outside 1e+09 … 1e+15"},
    {"NoSource", "{value: 304, source: made_up}", "{value: 304}",
     "missing key 'compute.compute_units.source'"},
    {"UnknownSource", "{value: 304, source: made_up}", "{value: 304, source: madeup}",
     "'madeup' is not in 'sources'; did you mean 'made_up'?"},
    {"BareNumber", "{value: 304, source: made_up}", "304",
     "'compute.compute_units' must be {value: …, source: …}"},
    {"ExtraField", "{value: 304, source: made_up}", "{value: 304, source: made_up, unit: CU}",
     "unknown key 'compute.compute_units.unit'"},
    {"BadKind", "kind: estimate", "kind: guess",
     "'sources.made_up.kind' must be one of datasheet, measured, derived, estimate, user_input"},
    {"BadArchitecture", "architecture: gfx942", "architecture: gfx90a",
     "unknown architecture 'gfx90a'; known are gfx942, gfx950, sm_80, sm_90a, sm_100a"},
    {"BadVendor", "vendor: amd", "vendor: nvidia", "'vendor' does not make gfx942"},
    {"BadDataType", "  xf32: {", "  tensor32: {", "'tensor32' is not a data type"},
    {"AliasOfDataType", "  fp64: {value: 81.7e12", "  double: {value: 81.7e12",
     "'double' is not a data type; write 'fp64'"},
    {"TypeWithoutInstruction", "  fp8_fnuz: {value: 2614.9e12", "  fp8: {value: 2614.9e12",
     "gfx942 has no matrix instruction for 'fp8'"},
    {"AboveThePeak", "{value: 700e12,", "{value: 1400e12,", "'bf16' achieves more than its peak"},
    {"AboveTheDataSheet", "{value: 4.7e12,", "{value: 5.4e12,",
     "'hbm.achieved_read_bandwidth_bytes_per_second' exceeds the data sheet"},
    {"DiesDoNotMultiply", "{value: 38,", "{value: 40,", "8 dies of 40 compute units are not 304"},
    {"WaveSize", "{value: 64, source: made_up}\n  max_waves", "{value: 32, source: made_up}\n  max_waves",
     "'compute.wave_size' is 64 on gfx942"},
    {"MeshLinks", "links_per_gpu: {value: 7,", "links_per_gpu: {value: 8,",
     "a mesh has one link to each other GPU of the node"},
    {"BadTopology", "{value: mesh,", "{value: mess,",
     "'links.topology' must be one of nvswitch, mesh, pcie; did you mean 'mesh'?"},
    {"PriceNotFromUser", "{value: 2.0, source: your_price}", "{value: 2.0, source: made_up}",
     "the source of a price must be of kind 'user_input'"},
    {"FamilyTwice", "[mfma_lds_double_buffer]", "[mfma_lds_double_buffer, mfma_lds_double_buffer]",
     "'mfma_lds_double_buffer' is listed twice"},
    {"BorrowsFromItself", "kernel_families: [mfma_lds_double_buffer]",
     "borrows_calibration_from: [frozen-gfx942]\nkernel_families: [mfma_lds_double_buffer]",
     "a device cannot borrow from itself"},
    {"BorrowsFromAPath", "kernel_families: [mfma_lds_double_buffer]",
     "borrows_calibration_from: [../h100-sxm]\nkernel_families: [mfma_lds_double_buffer]",
     "'../h100-sxm' is not the name of a profile"},
    {"FamiliesNoList", "kernel_families: [mfma_lds_double_buffer]", "kernel_families: mfma_lds_double_buffer",
     "'kernel_families' must be a list"},
    {"CacheOrder", "scope: {value: device,", "scope: {value: compute_unit,",
     "caches must be listed from the compute unit outwards"},
    {"DoubledPrice", "power:\n", "price_dollars_per_hour: 3\npower:\n",
     "'price_dollars_per_hour' is given twice"},
    {"Version", "profile_version: 1", "profile_version: 2", "'profile_version' is 2, outside 1 … 1"},
    {"Syntax", "power:\n", "power: [\n", "error:"},
};

std::string frozenText() {
  auto buffer = llvm::MemoryBuffer::getFile(CODESIGN_SOURCE_DIR "/test/Inputs/hwprofiles/frozen-gfx942.yaml");
  EXPECT_TRUE(bool(buffer));
  return (*buffer)->getBuffer().str();
}

struct TemporaryFile {
  llvm::SmallString<128> path;
  explicit TemporaryFile(const std::string &text) {
    EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("profile", "yaml", path));
    std::error_code code;
    llvm::raw_fd_ostream(path, code) << text;
  }
  ~TemporaryFile() { llvm::sys::fs::remove(path); }
};

/// The message of a load that must fail with exit code 2.
std::string messageOf(const std::string &text) {
  TemporaryFile file(text);
  llvm::Expected<Profile> profile = loadProfile(file.path, {});
  if (profile) {
    ADD_FAILURE() << "the profile was accepted";
    return {};
  }
  std::string message;
  llvm::raw_string_ostream stream(message);
  EXPECT_EQ(reportError(profile.takeError(), stream), ExitCode::BadInput);
  return message;
}

/// Printed by GoogleTest on failure.
void PrintTo(const Mistake &mistake, std::ostream *out) {
  *out << mistake.name;
}

class MalformedProfile : public testing::TestWithParam<Mistake> {};

TEST_P(MalformedProfile, IsRejectedByName) {
  std::string text = frozenText();
  size_t at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos) << "the frozen profile has changed";
  text.replace(at, std::strlen(GetParam().from), GetParam().to);
  std::string message = messageOf(text);
  EXPECT_THAT(message, HasSubstr(GetParam().message));
  EXPECT_THAT(message, testing::ContainsRegex("\\.yaml:[0-9]+:[0-9]+: error: ")) << message;
  EXPECT_THAT(message, HasSubstr("\n  ")) << "no source line";
  EXPECT_THAT(message, HasSubstr("^")) << "no caret";
}

INSTANTIATE_TEST_SUITE_P(Table, MalformedProfile, testing::ValuesIn(mistakes),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(MalformedProfiles, WholeMessage) {
  std::string text = frozenText();
  size_t at = text.find("idle_watts");
  text.replace(at, 10, "idel_watts");
  std::string message = messageOf(text);
  EXPECT_THAT(message, HasSubstr("unknown key 'power.idel_watts'; did you mean 'idle_watts'?\n"
                                 "    idel_watts: {value: 140, source: made_up}\n"
                                 "    ^"));
}

TEST(MalformedProfiles, EmptyAndForeignFiles) {
  EXPECT_THAT(messageOf(""), HasSubstr("the file is empty"));
  EXPECT_THAT(messageOf("- 1\n- 2\n"), HasSubstr("expected one YAML mapping"));
  EXPECT_THAT(messageOf("{}\n"), HasSubstr("missing key 'profile_version'"));
  EXPECT_THAT(messageOf(frozenText() + "---\nname: again\n"), HasSubstr("expected one YAML mapping"));
  EXPECT_THAT(messageOf("? [a, b]\n: 1\n"), HasSubstr("keys must be plain words"));
  EXPECT_THAT(messageOf(std::string("\0\x01\xff", 3)), HasSubstr("error"));
}

TEST(MalformedProfiles, UnknownNameListsAndSuggests) {
  std::vector<std::string> dirs = {CODESIGN_SOURCE_DIR "/hwprofiles"};
  llvm::Expected<Profile> profile = loadProfile("mi30x", dirs);
  ASSERT_FALSE(profile);
  std::string message = llvm::toString(profile.takeError());
  EXPECT_THAT(message, HasSubstr("unknown hardware profile 'mi30x'; did you mean 'mi300x'?"));
  EXPECT_THAT(message,
              HasSubstr("known profiles: a100-sxm, b200, h100-pcie, h100-sxm, h200, mi300x, mi325x, mi355x"));
}

TEST(MalformedProfiles, NameMustBeThatOfTheFile) {
  llvm::SmallString<128> dir;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("profiles", dir));
  std::string path = (dir + "/other.yaml").str();
  std::error_code code;
  llvm::raw_fd_ostream(path, code) << frozenText();
  llvm::Expected<Profile> profile = loadProfile("other", {dir.str().str()});
  ASSERT_FALSE(profile);
  EXPECT_THAT(llvm::toString(profile.takeError()), HasSubstr("'name' must be that of the file, 'other'"));
  llvm::sys::fs::remove_directories(dir);
}

} // namespace
