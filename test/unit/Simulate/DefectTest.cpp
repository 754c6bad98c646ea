// The checks find each planted defect, and stay silent on its clean twin.
#include "Defects.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <map>
#include <numeric>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace codesign::simulate::test {

static void PrintTo(const Defect &defect, std::ostream *stream) {
  *stream << defect.name;
}

} // namespace codesign::simulate::test

namespace {

// s[4:5] input and s[6:7] output of 4096 bytes each, v1 = 4 * work-item, v2 = 4 * lane.
const char *const prelude = R"(
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  v_lshlrev_b32 v1, 2, v0
  v_and_b32 v2, 0xfc, v1
  s_waitcnt lgkmcnt(0)
)";
const char *const storeV10 = "\n  global_store_dword v1, v10, s[6:7]\n";

std::vector<Defect> allDefects() {
  std::vector<Defect> all;
  for (llvm::ArrayRef<Defect> some : {memoryDefects(), valueDefects(), hazardDefects()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

std::string bodyOf(const Defect &defect, bool isDefective) {
  std::string text = prelude, label = std::string(defect.name) + (isDefective ? "_bad" : "_good");
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(defect.body).split(lines, '\n');
  for (llvm::StringRef line : lines) {
    if (line.starts_with(isDefective ? "-" : "+"))
      continue;
    std::string plain = line.ltrim("+-").str();
    if (size_t at = plain.find("%="); at != std::string::npos)
      plain.replace(at, 2, label);
    text += plain + "\n";
  }
  return text + "  s_nop 7" + storeV10;
}

class DefectTest : public ::testing::TestWithParam<Defect> {
protected:
  static void SetUpTestSuite() {
    std::map<std::string, std::string> source;
    for (const Defect &defect : allDefects())
      for (bool isDefective : {true, false})
        source[defect.arch] += assemblyKernel({std::string(defect.name) + (isDefective ? "_bad" : "_good"),
                                               bodyOf(defect, isDefective), 4096, 16});
    for (const auto &[arch, text] : source)
      objects[arch] = loadAssembly(text, arch);
  }
  static void TearDownTestSuite() { objects.clear(); }
  RunReport runOne(const CodeObject &object, const std::string &name, int block, uint64_t seed) {
    DeviceMemory memory;
    std::vector<uint32_t> values(1024);
    std::iota(values.begin(), values.end(), 1);
    uint64_t in = memory.allocateValues<uint32_t>("in", values), out = memory.allocate("out", 4096);
    RunOptions options;
    options.seed = seed;
    return runChecked(object,
                      {name, {1}, {static_cast<uint32_t>(block)}, KernelArguments().pointer(in).pointer(out)},
                      memory, options);
  }
  static std::map<std::string, CodeObjectPointer> objects; // by architecture
};
std::map<std::string, CodeObjectPointer> DefectTest::objects;

TEST_P(DefectTest, IsFoundAndItsTwinIsSilent) {
  const Defect &defect = GetParam();
  const CodeObjectPointer object = objects[defect.arch];
  ASSERT_TRUE(object);
  for (uint64_t seed : {1, 2, 3}) { // whatever the order of the waves
    RunReport bad = runOne(*object, std::string(defect.name) + "_bad", defect.block, seed);
    EXPECT_GE(bad.count(defect.kind), 1u) << describe(bad);
    for (const Finding &finding : bad.findings) {
      // A lost race may read LDS that was never written.
      bool follows = defect.kind == FindingKind::LdsRace && finding.kind == FindingKind::Uninitialized;
      EXPECT_TRUE(finding.kind == defect.kind || follows) << describe(bad);
      EXPECT_FALSE(finding.message.empty());
      EXPECT_FALSE(finding.site.text.empty());
      const bool hasTwoSides = llvm::is_contained(
          {FindingKind::MissingWait, FindingKind::LdsRace, FindingKind::Hazard}, defect.kind);
      if (!follows && hasTwoSides) {
        EXPECT_GE(finding.other.index, 0) << describe(bad); // both sides are named
      }
    }
    RunReport good = runOne(*object, std::string(defect.name) + "_good", defect.block, seed);
    EXPECT_TRUE(good.findings.empty()) << describe(good);
  }
}

INSTANTIATE_TEST_SUITE_P(All, DefectTest, ::testing::ValuesIn(allDefects()),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace