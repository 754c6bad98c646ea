// Calibration files: what is written reads back, and the rest of the file keeps every byte.
#include "codesign/Hardware/Calibration.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace codesign;
using testing::HasSubstr;

namespace {

class CalibrationFile : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("calibration", dir));
    profilePath = (dir + "/device.yaml").str();
    path = calibrationPathFor(profilePath);
  }
  void TearDown() override { llvm::sys::fs::remove_directories(dir); }

  void write(llvm::StringRef text) {
    std::error_code code;
    llvm::raw_fd_ostream(path, code) << text;
  }
  std::string text() { return (*llvm::MemoryBuffer::getFile(path))->getBuffer().str(); }
  Calibration read() {
    llvm::Expected<Calibration> calibration = readCalibration(path);
    if (!calibration) {
      ADD_FAILURE() << llvm::toString(calibration.takeError());
      return {};
    }
    return *calibration;
  }
  std::string failure() {
    llvm::Expected<Calibration> calibration = readCalibration(path);
    EXPECT_FALSE(bool(calibration));
    return llvm::toString(calibration.takeError());
  }

  llvm::SmallString<128> dir;
  std::string profilePath, path;
};

CalibrationSet exampleSet(std::optional<DataType> type) {
  CalibrationSet set;
  set.key = {"gemm", "hipblaslt", type};
  set.constants = {{"ceiling", 0.1 + 0.2, "fraction", "share of \"peak\" that large shapes reach: a # b"},
                   {"launch", 2.4e-6, "seconds", "fixed time per kernel"}};
  set.measurements = "gemm_mi300x.csv";
  set.source = "somebody, MIT";
  set.date = "2026-11-23";
  set.evidence = "measured";
  set.rowsFitted = 412;
  set.meanAbsolutePercentageError = 7.25;
  set.absoluteBands = {{"all", 0.85, 1.2, 0.8, 100}, {"small_m", 0.7, 1.4, 0.8, 40}};
  set.ratioBands = {{"n", 0.97, 1.03, 0.8, 900}};
  return set;
}

TEST_F(CalibrationFile, RoundTripIsExact) {
  CalibrationSet set = exampleSet(DataType::BF16);
  ASSERT_FALSE(bool(writeCalibration(profilePath, {set})));
  Calibration calibration = read();
  ASSERT_EQ(calibration.sets.size(), 1u);
  const CalibrationSet &back = calibration.sets[0];
  EXPECT_EQ(back.key, set.key);
  EXPECT_EQ(back.constant("ceiling"), 0.1 + 0.2);
  EXPECT_EQ(back.constants[0].meaning, set.constants[0].meaning);
  EXPECT_EQ(back.constant("launch"), 2.4e-6);
  EXPECT_FALSE(back.constant("lunch"));
  EXPECT_EQ(back.rowsFitted, 412);
  EXPECT_EQ(back.meanAbsolutePercentageError, 7.25);
  EXPECT_EQ(back.evidence, "measured");
  ASSERT_EQ(back.absoluteBands.size(), 2u);
  EXPECT_EQ(back.absoluteBand("small_m")->low, 0.7);
  EXPECT_EQ(back.absoluteBand("large_m")->high, 1.2); // falls back to "all"
  EXPECT_EQ(back.ratioBand("n")->rows, 900);
  EXPECT_FALSE(back.ratioBand("k"));
}

TEST(CalibrationSet, FindsTheRatioBandOfTheClosestKindWithEnoughPairs) {
  CalibrationSet set;
  set.ratioBands = {{"n", 0.97, 1.03, 0.8, 900},
                    {"n, aligned", 0.98, 1.02, 0.8, 800},
                    {"k", 0.9, 1.1, 0.8, minPairsOfKind - 1}};
  EXPECT_EQ(set.ratioBand("n, aligned")->low, 0.98);
  EXPECT_EQ(set.ratioBand("n, unaligned")->low, 0.97); // its dimension's
  EXPECT_FALSE(set.ratioBand("k, aligned"));
  set.ratioBands.push_back({"all", 0.95, 1.05, 0.8, 5});
  EXPECT_EQ(set.ratioBand("k, aligned")->low, 0.95); // too few of k; "all" whatever its size
  EXPECT_EQ(set.ratioBand("heads")->low, 0.95);
}

CalibrationSet correctedSet() {
  CalibrationSet set = exampleSet(DataType::BF16);
  set.corrections = {{{"m", 0, 2}, {"n", 5, 3}}, {0.001, -0.2, 0, 0.5, 1.25, -3}, 304, 4.2};
  return set;
}

TEST_F(CalibrationFile, CorrectionsReadBack) {
  ASSERT_FALSE(bool(writeCalibration(profilePath, {correctedSet(), exampleSet(DataType::F16)})));
  const Calibration calibration = read();
  ASSERT_TRUE(calibration.sets[0].corrections);
  EXPECT_FALSE(calibration.sets[1].corrections);
  const CalibrationCorrections &back = *calibration.sets[0].corrections;
  EXPECT_EQ(back.axes, correctedSet().corrections->axes);
  EXPECT_EQ(back.computeUnits, 304);
  EXPECT_EQ(back.meanAbsolutePercentageError, 4.2);
  ASSERT_EQ(back.logRatios.size(), 6u);
  for (size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(back.logRatios[i], correctedSet().corrections->logRatios[i], 1e-12);
}

TEST_F(CalibrationFile, MalformedCorrectionsAreErrors) {
  ASSERT_FALSE(bool(writeCalibration(profilePath, {correctedSet()})));
  const std::string good = text();
  auto failureOf = [&](llvm::StringRef from, llvm::StringRef to) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    write(bad);
    return failure();
  };
  EXPECT_THAT(failureOf("\"1 -200 0\"", "\"1 -200\""), HasSubstr("this line has 2 numbers"));
  EXPECT_THAT(failureOf("\"1 -200 0\"", "\"1 -200 0 7\""), HasSubstr("this line has 4 numbers"));
  EXPECT_THAT(failureOf("\"1 -200 0\"", "\"1 0.5 0\""), HasSubstr("whole numbers"));
  EXPECT_THAT(failureOf("\"1 -200 0\"", "\"1 -9000 0\""), HasSubstr("whole numbers"));
  EXPECT_THAT(failureOf("        - \"1 -200 0\"\n", ""), HasSubstr("has 1 lines, the axes make 2"));
  EXPECT_THAT(failureOf("corners: 3", "corners: 1"), HasSubstr("corners"));
  EXPECT_THAT(failureOf("compute_units: 304", "compute_unit: 304"), HasSubstr("compute_units"));
}

TEST_F(CalibrationFile, WritingTheSameAgainChangesNothing) {
  ASSERT_FALSE(bool(writeCalibration(profilePath, {exampleSet(DataType::BF16), exampleSet(std::nullopt)})));
  std::string before = text();
  ASSERT_FALSE(bool(writeCalibration(profilePath, {exampleSet(std::nullopt)})));
  EXPECT_EQ(text(), before);
}

TEST_F(CalibrationFile, OnlyTheReplacedSetChanges) {
  ASSERT_FALSE(bool(writeCalibration(
      profilePath, {exampleSet(DataType::BF16), exampleSet(DataType::F16), exampleSet(DataType::F32)})));
  // A hand-written comment before the second and third set, one inside the first, and a trailing one.
  std::string edited = text();
  auto insertBefore = [&](const char *what, int nth, const char *comment) {
    size_t at = 0;
    for (int i = 0; i <= nth; ++i)
      at = edited.find(what, i == 0 ? 0 : at + 1);
    edited.insert(at, comment);
  };
  insertBefore("    constants:", 0, "    # inside the first\n");
  insertBefore("  - operator:", 1, "\n  # about the second\n");
  insertBefore("  - operator:", 2, "  # about the third\n");
  edited += "# the end\n";
  write(edited);
  CalibrationSet changed = exampleSet(DataType::F16);
  changed.rowsFitted = 99999;
  ASSERT_FALSE(bool(writeCalibration(profilePath, {changed})));
  std::string expected = edited;
  size_t at = expected.find("rows_fitted: 412", expected.find("about the second"));
  expected.replace(at, std::strlen("rows_fitted: 412"), "rows_fitted: 99999");
  EXPECT_EQ(text(), expected);
}

TEST_F(CalibrationFile, NewSetsAreAppended) {
  write("# mine\ncalibration_version: 1\nsets: []\n");
  ASSERT_FALSE(bool(writeCalibration(profilePath, {exampleSet(DataType::BF16)})));
  EXPECT_THAT(text(), testing::StartsWith("# mine\ncalibration_version: 1\nsets:\n  - operator: gemm\n"));
  ASSERT_FALSE(bool(writeCalibration(profilePath, {exampleSet(DataType::F16)})));
  EXPECT_EQ(read().sets.size(), 2u);
}

TEST_F(CalibrationFile, FindPrefersTheExactType) {
  Calibration calibration;
  calibration.sets = {exampleSet(std::nullopt), exampleSet(DataType::F16)};
  EXPECT_EQ(calibration.find("gemm", "hipblaslt", DataType::F16), &calibration.sets[1]);
  EXPECT_EQ(calibration.find("gemm", "hipblaslt", DataType::BF16), &calibration.sets[0]);
  EXPECT_EQ(calibration.find("gemm", "hipblaslt", std::nullopt), &calibration.sets[0]);
  EXPECT_FALSE(calibration.find("gemm", "aiter", DataType::F16));
  EXPECT_FALSE(calibration.find("moe", "hipblaslt", DataType::F16));
}

TEST_F(CalibrationFile, ComesWithItsProfile) {
  auto profile =
      llvm::MemoryBuffer::getFile(CODESIGN_SOURCE_DIR "/test/Inputs/hwprofiles/frozen-gfx942.yaml");
  std::error_code code;
  llvm::raw_fd_ostream(profilePath, code) << (*profile)->getBuffer();
  ASSERT_FALSE(bool(writeCalibration(profilePath, {exampleSet(DataType::BF16)})));
  llvm::Expected<Profile> loaded = loadProfile(profilePath, {});
  ASSERT_TRUE(bool(loaded)) << llvm::toString(loaded.takeError());
  EXPECT_TRUE(loaded->calibration.find("gemm", "hipblaslt", DataType::BF16));
  EXPECT_EQ(listProfiles({dir.str().str()}), std::vector<std::string>{"device"});
}

TEST_F(CalibrationFile, Mistakes) {
  ASSERT_FALSE(bool(writeCalibration(profilePath, {exampleSet(DataType::BF16)})));
  const std::string good = text();
  struct Mistake {
    const char *from, *to, *message;
  };
  static const Mistake mistakes[] = {
      {"provider:", "provder:", "unknown key 'sets.provder'; did you mean 'provider'?"},
      {"operator: gemm", "operator: GEMM now", "must be a word of a-z, 0-9 and _"},
      {"dtype: bf16", "dtype: bf17", "'bf17' is not a data type; write 'any' for all"},
      {"evidence: measured", "evidence: dreamt", "'sets.evidence' must be one of measured, simulated"},
      {"rows_fitted: 412", "rows_fitted: 41.5", "'sets.rows_fitted' must be a whole number"},
      {"low: 0.85", "low: 1.85", "'low' is above 'high'"},
      {"coverage: 0.8", "coverage: 80", "is 80, outside 0 … 1"},
      {"calibration_version: 1", "calibration_version: 7", "outside 1 … 1"},
  };
  for (const Mistake &mistake : mistakes) {
    std::string bad = good;
    bad.replace(bad.find(mistake.from), std::strlen(mistake.from), mistake.to);
    write(bad);
    EXPECT_THAT(failure(), HasSubstr(mistake.message)) << mistake.from;
  }
  write(good + good.substr(good.find("  - operator")));
  EXPECT_THAT(failure(), HasSubstr("already have a set"));
}

TEST_F(CalibrationFile, ABrokenFileIsNotOverwritten) {
  write("calibration_version: 1\nsets: {}\n");
  llvm::Error error = writeCalibration(profilePath, {exampleSet(DataType::BF16)});
  EXPECT_TRUE(bool(error));
  llvm::consumeError(std::move(error));
  EXPECT_EQ(text(), "calibration_version: 1\nsets: {}\n");
}

} // namespace
