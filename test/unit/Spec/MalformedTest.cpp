// Every file in test/spec/Inputs/bad is rejected with the message beside it: where, what was found, what was
// expected.
#include "LongRun.h"
#include "codesign/Spec/PlanRequest.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <random>

using namespace codesign;

namespace {

const std::string folder = std::string(CODESIGN_SOURCE_DIR) + "/test/spec/Inputs/bad";

std::vector<std::string> badFiles() {
  std::vector<std::string> names;
  std::error_code code;
  for (llvm::sys::fs::directory_iterator it(folder, code), end; it != end && !code; it.increment(code)) {
    llvm::StringRef name = llvm::sys::path::filename(it->path());
    if (!name.ends_with(".expected"))
      names.push_back(name.str());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The diagnostic with the folder left out, and the exit code.
std::string diagnose(const std::string &name, ExitCode &code) {
  auto request = loadPlanRequest(folder + "/" + name);
  if (request) {
    code = ExitCode::Ok;
    return "accepted";
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  code = reportError(request.takeError(), stream);
  for (size_t at; (at = text.find(folder + "/")) != std::string::npos;)
    text.erase(at, folder.size() + 1);
  return text;
}

class Malformed : public testing::TestWithParam<std::string> {};

TEST_P(Malformed, IsRejectedWithItsMessage) {
  ExitCode code;
  const std::string text = diagnose(GetParam(), code);
  const std::string expectedPath = folder + "/" + GetParam() + ".expected";
  // CODESIGN_UPDATE_EXPECTED=1 rewrites the expectations; read the diff.
  if (std::getenv("CODESIGN_UPDATE_EXPECTED"))
    std::ofstream(expectedPath, std::ios::binary) << text;
  auto expected = llvm::MemoryBuffer::getFile(expectedPath);
  ASSERT_TRUE(bool(expected)) << "no " << expectedPath;
  EXPECT_EQ(text, (*expected)->getBuffer().str());
  EXPECT_EQ(code, ExitCode::BadInput);
}

INSTANTIATE_TEST_SUITE_P(Files, Malformed, testing::ValuesIn(badFiles()), [](const auto &info) {
  std::string name = info.param;
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
});

TEST(Malformed, ThereAreAtLeastForty) {
  EXPECT_GE(badFiles().size(), 40u);
}

TEST(Malformed, MissingFileAndFolder) {
  for (const char *path : {"/nonexistent/model.yaml", "/"}) {
    auto request = loadPlanRequest(path);
    ASSERT_FALSE(bool(request));
    std::string text;
    llvm::raw_string_ostream stream(text);
    EXPECT_EQ(reportError(request.takeError(), stream), ExitCode::BadInput);
    EXPECT_NE(text.find("cannot read '" + std::string(path) + "'"), std::string::npos) << text;
  }
}

TEST(Malformed, EveryExpectationHasItsInput) {
  std::error_code code;
  for (llvm::sys::fs::directory_iterator it(folder, code), end; it != end && !code; it.increment(code)) {
    llvm::StringRef path = it->path();
    if (path.consume_back(".expected")) {
      EXPECT_TRUE(llvm::sys::fs::exists(path)) << path.str();
    }
  }
}

/// The first line of the diagnostic about a text, or "accepted".
std::string firstLine(const std::string &name, const std::string &text) {
  auto request = readPlanRequest(std::make_shared<const SourceFile>(SourceFile{name, text}));
  if (request)
    return "accepted";
  std::string message;
  llvm::raw_string_ostream stream(message);
  EXPECT_EQ(reportError(request.takeError(), stream), ExitCode::BadInput);
  return llvm::StringRef(message).split('\n').first.str();
}

std::string repeated(const std::string &text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i)
    result += text;
  return result;
}

TEST(Malformed, LargeInputsEndQuickly) {
  const std::string large(size_t(5) << 20, 'x');
  EXPECT_EQ(firstLine("a.yaml", large), "a.yaml: error: the file is larger than 4 MiB");
  EXPECT_EQ(firstLine("a.json", large), "a.json: error: the file is larger than 4 MiB");
  EXPECT_EQ(firstLine("a.yaml", "a: " + repeated("[", 100000)), "a.yaml:1:1: error: nested too deep");
  EXPECT_EQ(firstLine("a.yaml", "a:\n  " + repeated("- ", 100000)), "a.yaml:2:1000: error: nested too deep");
  EXPECT_EQ(firstLine("a.json", repeated("[", 100000)), "a.json:1:66: error: nested more than 64 deep");
  std::string yaml, json = "{";
  for (int i = 0; i < 50000; ++i) {
    yaml += "k" + std::to_string(i) + ": 1\n";
    json += "\"k" + std::to_string(i) + "\": 1, ";
  }
  EXPECT_EQ(firstLine("a.yaml", "base: config.json\n" + yaml), "a.yaml:2:1: error: unknown key 'k0'");
  EXPECT_EQ(firstLine("a.json", json + "\"model_type\": \"llama\"}"),
            "a.json:1:1: error: missing key 'hidden_size'");
  EXPECT_EQ(firstLine("a.yaml", std::string(100000, 'x') + ": 1\n").substr(0, 8), "a.yaml:1");
}

/// Ten lists, each of nine times the one before; and values that hold themselves.
TEST(Malformed, AliasesDoNotMultiply) {
  std::string text = "search:\n  hidden_size: &a0 [64, 64, 64, 64, 64, 64, 64, 64, 64]\n";
  for (int i = 1; i < 10; ++i)
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
            repeated("*a" + std::to_string(i - 1) + ", ", 9) + "]\n";
  EXPECT_EQ(firstLine("a.yaml", "base: b.json\nhardware: [x]\n" + text),
            "a.yaml:5:1: error: unknown key 'a1'");
  EXPECT_EQ(firstLine("a.yaml", "base: &a [*a]\n"), "a.yaml:1:7: error: 'base' must be text, found a list");
  EXPECT_EQ(firstLine("a.yaml", "base: b.json\nsearch: &a {hidden_size: *a}\n"),
            "a.yaml:2:9: error: missing key 'search.hidden_size.min'");
  EXPECT_EQ(firstLine("a.yaml", "base: b.json\nhardware: &a [*a]\n"),
            "a.yaml:2:11: error: 'hardware' must be text, found a list");
}

/// Mutated inputs give a request or a diagnostic with exit code 2; they never crash.
TEST(Malformed, MutationsNeverCrash) {
  std::mt19937 random(20261123);
  std::vector<std::string> seeds;
  for (const char *name : {"llama-3-8b/config.json", "qwen3-30b-a3b/config.json", "llama-3-8b/model.yaml"}) {
    auto buffer = llvm::MemoryBuffer::getFile(std::string(CODESIGN_SOURCE_DIR) + "/examples/" + name);
    ASSERT_TRUE(bool(buffer));
    seeds.push_back((*buffer)->getBuffer().str());
  }
  const size_t numExamples = seeds.size();
  std::vector<bool> isYaml = {false, false, true};
  for (const std::string &name : badFiles()) {
    auto buffer = llvm::MemoryBuffer::getFile(folder + "/" + name);
    ASSERT_TRUE(bool(buffer));
    seeds.push_back((*buffer)->getBuffer().str());
    isYaml.push_back(llvm::StringRef(name).ends_with(".yaml"));
  }
  for (int round = 0; round < repetitions(5000); ++round) {
    const size_t seed = random() % (round % 2 ? numExamples : seeds.size());
    std::string text = seeds[seed];
    for (int edits = 1 + int(random() % 4); edits > 0 && !text.empty(); --edits) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, 1 + random() % 8);
        break;
      case 2:
        text.insert(at, text.substr(random() % text.size(), random() % 16));
        break;
      default:
        text.insert(at, std::string(1, "{}[]:,\"&*-0"[random() % 11]));
      }
    }
    const std::string name = std::string(CODESIGN_SOURCE_DIR) + "/examples/llama-3-8b/mutated" +
                             (isYaml[seed] ? ".yaml" : ".json");
    auto request = readPlanRequest(std::make_shared<const SourceFile>(SourceFile{name, text}));
    if (request)
      continue;
    std::string message;
    llvm::raw_string_ostream stream(message);
    EXPECT_EQ(reportError(request.takeError(), stream), ExitCode::BadInput) << message;
  }
}

} // namespace
