// Names, register counts, cycles and rates against sources outside the tables: LLVM's assembler, compiler and
// scheduling model, and the rates per clock that follow from the vendors' data sheets.
#include "codesign/Isa/MatrixInstruction.h"
#include "codesign/Isa/MemoryInstruction.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <set>

using namespace codesign;

namespace {

/// Runs a tool on a text; gives its standard output, and its standard error on failure.
std::string runTool(const char *tool, std::vector<std::string> arguments, const std::string &input,
                    bool &succeeded) {
  llvm::SmallString<128> in, out, err;
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("isa-in", "s", in));
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("isa-out", "txt", out));
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("isa-err", "txt", err));
  std::error_code code;
  llvm::raw_fd_ostream(in, code) << input;
  std::vector<llvm::StringRef> argv = {tool};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.push_back(in);
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, out.str(), err.str()};
  succeeded = llvm::sys::ExecuteAndWait(tool, argv, std::nullopt, redirects) == 0;
  auto text = llvm::MemoryBuffer::getFile(succeeded ? out : err);
  for (const auto &path : {in, out, err})
    llvm::sys::fs::remove(path);
  return text ? (*text)->getBuffer().str() : std::string();
}

std::string registers(int first, int count) {
  return count == 1 ? "v" + std::to_string(first)
                    : "v[" + std::to_string(first) + ":" + std::to_string(first + count - 1) + "]";
}

/// One line of assembly with operands as wide as the record says.
std::string assembly(const MatrixInstruction &row) {
  std::string d = registers(0, row.c.registersPerLane);
  std::string text = row.mnemonic + " " + d + ", " + registers(64, row.a.registersPerLane) + ", " +
                     registers(96, row.b.registersPerLane) + ", " + (row.sparse ? "v128" : d);
  if (row.scaled)
    text += ", v130, v131";
  if (llvm::StringRef(row.mnemonic).ends_with("f8f6f4"))
    text += " cbsz:" + std::to_string(row.formatA) + " blgp:" + std::to_string(row.formatB);
  return text;
}

class Cdna : public testing::TestWithParam<Architecture> {};

TEST_P(Cdna, AssemblerAcceptsEveryMatrixInstruction) {
  std::string text;
  for (const MatrixInstruction &row : matrixInstructions(GetParam()))
    text += assembly(row) + "\n";
  bool succeeded = false;
  std::string output =
      runTool(CODESIGN_LLVM_MC, {"-triple=amdgcn", "-mcpu=" + toString(GetParam()).str()}, text, succeeded);
  EXPECT_TRUE(succeeded) << output;
}

TEST_P(Cdna, AssemblerAcceptsEveryCopy) {
  std::string text;
  for (const CopyInstruction &copy : copyInstructions(GetParam())) {
    std::string data = registers(0, std::max(1, copy.bytesPerLane / 4));
    llvm::StringRef name = copy.name;
    if (name.ends_with("_lds"))
      text += copy.mnemonic + " v8, s[4:7], 0 offen lds\n";
    else if (name.starts_with("global_load_lds"))
      text += copy.mnemonic + " v[8:9], off\n";
    else if (name.starts_with("buffer"))
      text += copy.mnemonic + " " + data + ", v8, s[4:7], 0 offen\n";
    else if (name.starts_with("global_load"))
      text += copy.mnemonic + " " + data + ", v[8:9], off\n";
    else if (name.starts_with("global_store"))
      text += copy.mnemonic + " v[8:9], " + data + ", off\n";
    else if (name.starts_with("ds_read"))
      text += copy.mnemonic + " " + data + ", v8\n";
    else
      text += copy.mnemonic + " v8, " + data + "\n";
  }
  bool succeeded = false;
  std::string output =
      runTool(CODESIGN_LLVM_MC, {"-triple=amdgcn", "-mcpu=" + toString(GetParam()).str()}, text, succeeded);
  EXPECT_TRUE(succeeded) << output;
}

TEST_P(Cdna, CompilerKnowsEveryBuiltin) {
  std::set<std::string> builtins;
  for (const MatrixInstruction &row : matrixInstructions(GetParam()))
    builtins.insert(row.text);
  std::string text;
  for (const std::string &builtin : builtins)
    text += "#if !__has_builtin(" + builtin + ")\n#error no " + builtin + "\n#endif\n";
  bool succeeded = false;
  std::string output = runTool(CODESIGN_CLANG,
                               {"-target", "amdgcn-amd-amdhsa", "-mcpu=" + toString(GetParam()).str(),
                                "-nogpulib", "-fsyntax-only", "-x", "c"},
                               text, succeeded);
  EXPECT_TRUE(succeeded) << output;
}

TEST_P(Cdna, CyclesAgreeWithLlvmsSchedulingModel) {
  std::vector<const MatrixInstruction *> rows;
  std::string text;
  for (const MatrixInstruction &row : matrixInstructions(GetParam())) {
    // LLVM resolves the f8f6f4 forms only with their formats; its static tables give one value for all.
    if (llvm::StringRef(row.mnemonic).ends_with("f8f6f4"))
      continue;
    rows.push_back(&row);
    text += assembly(row) + "\n";
  }
  bool succeeded = false;
  std::string output = runTool(
      CODESIGN_LLVM_MCA, {"-mtriple=amdgcn", "-mcpu=" + toString(GetParam()).str(), "-instruction-tables"},
      text, succeeded);
  ASSERT_TRUE(succeeded) << output;
  // "[1] uops [2] latency [3] reciprocal throughput … instruction"; one unit is four clocks.
  size_t next = 0;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(output).split(lines, '\n');
  for (llvm::StringRef line : lines) {
    llvm::SmallVector<llvm::StringRef> words;
    line.split(words, ' ', -1, /*KeepEmpty=*/false);
    double throughput = 0;
    if (words.size() < 4 || next == rows.size() || words[2].getAsDouble(throughput) || !line.contains("v_"))
      continue;
    EXPECT_TRUE(line.contains(rows[next]->mnemonic)) << line.str();
    EXPECT_EQ(rows[next]->cycles, 4 * throughput) << rows[next]->name;
    ++next;
  }
  EXPECT_EQ(next, rows.size());
}

INSTANTIATE_TEST_SUITE_P(Targets, Cdna, testing::Values(Architecture::Gfx942, Architecture::Gfx950),
                         [](const auto &info) { return toString(info.param).str(); });

struct Rate {
  Architecture architecture;
  DataType type;
  double flopsPerClock; // of one compute unit: data-sheet peak / (compute units · clock)
};

TEST(Rates, BestInstructionReachesTheDataSheet) {
  using enum Architecture;
  using enum DataType;
  // MI300X: 1307.4 TF / (304 · 2.1 GHz); MI355X: 2516.6 TF / (256 · 2.4 GHz); A100: 312 TF / (108 · 1.41
  // GHz); H100: 989.4 TF / (132 · 1.83 GHz); B200: 2250 TF / (148 · 1.856 GHz).
  static const Rate rates[] = {
      {Gfx942, BF16, 2048},    {Gfx942, F16, 2048},    {Gfx942, F8E4M3FNUZ, 4096}, {Gfx942, I8, 4096},
      {Gfx942, XF32, 1024},    {Gfx942, F32, 256},     {Gfx942, F64, 256},         {Gfx950, BF16, 4096},
      {Gfx950, F16, 4096},     {Gfx950, F8E4M3, 8192}, {Gfx950, I8, 8192},         {Gfx950, F4E2M1, 16384},
      {Gfx950, F6E2M3, 16384}, {Gfx950, F64, 128},     {Gfx950, F32, 256},         {Sm80, BF16, 2048},
      {Sm80, XF32, 1024},      {Sm80, I8, 4096},       {Sm80, F64, 128},           {Sm90a, BF16, 4096},
      {Sm90a, F8E4M3, 8192},   {Sm90a, XF32, 2048},    {Sm100a, BF16, 8192},       {Sm100a, F8E4M3, 16384},
      {Sm100a, F4E2M1, 32768},
  };
  for (const Rate &rate : rates) {
    double best = 0;
    for (const MatrixInstruction &row : matrixInstructions(rate.architecture))
      if (!row.sparse && row.a.type == rate.type && row.b.type == rate.type)
        best = std::max(best, row.flopsPerCyclePerComputeUnit());
    EXPECT_EQ(best, rate.flopsPerClock)
        << toString(rate.architecture).str() << " " << toString(rate.type).str();
  }
}

TEST(Rates, CoIssueSlots) {
  // 12 and 28 clocks of vector work fit beside a 16 × 16 × 16 and a 32 × 32 × 8; none beside f32 and f64.
  auto slots = [](const char *name) {
    return findMatrixInstruction(Architecture::Gfx942, name)->coIssueCycles;
  };
  EXPECT_EQ(slots("v_mfma_f32_16x16x16_bf16"), 12);
  EXPECT_EQ(slots("v_mfma_f32_32x32x8_bf16"), 28);
  EXPECT_EQ(slots("v_mfma_f32_16x16x4_f32"), 0);
  EXPECT_EQ(slots("v_mfma_f64_16x16x4_f64"), 0);
}

TEST(Lookup, NamesAreUniqueAndFound) {
  for (Architecture architecture : allArchitectures()) {
    std::set<std::string> names;
    for (const MatrixInstruction &row : matrixInstructions(architecture)) {
      EXPECT_TRUE(names.insert(row.name).second) << row.name;
      EXPECT_EQ(findMatrixInstruction(architecture, row.name), &row);
      EXPECT_EQ(row.architecture, architecture);
      EXPECT_GT(row.cycles, 0);
      EXPECT_FALSE(row.feature.empty() || row.text.empty()) << row.name;
    }
    EXPECT_FALSE(findMatrixInstruction(architecture, "v_mfma_f32_16x16x17_bf16"));
  }
}

TEST(Lookup, ByTypesAndShape) {
  const MatrixInstruction *row =
      findMatrixInstruction(Architecture::Gfx942, DataType::BF16, DataType::BF16, DataType::F32, 16, 16, 16);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->mnemonic, "v_mfma_f32_16x16x16_bf16");
  // xf32 is gone on gfx950, the deeper bf16 forms do not exist on gfx942
  EXPECT_FALSE(
      findMatrixInstruction(Architecture::Gfx950, DataType::XF32, DataType::XF32, DataType::F32, 16, 16, 8));
  EXPECT_FALSE(
      findMatrixInstruction(Architecture::Gfx942, DataType::BF16, DataType::BF16, DataType::F32, 16, 16, 32));
  EXPECT_EQ(denseMatrixInstructions(Architecture::Gfx942, DataType::BF16, DataType::BF16).size(), 2u);
  EXPECT_EQ(denseMatrixInstructions(Architecture::Gfx950, DataType::BF16, DataType::BF16).size(), 4u);
}

TEST(Architecture, NamesRoundTrip) {
  for (Architecture architecture : allArchitectures()) {
    EXPECT_EQ(parseArchitecture(toString(architecture)), architecture);
    EXPECT_EQ(parseArchitecture(familyName(architecture)), architecture);
  }
  EXPECT_EQ(parseArchitecture("GFX942"), Architecture::Gfx942);
  EXPECT_EQ(parseArchitecture("sm90a"), Architecture::Sm90a);
  EXPECT_FALSE(parseArchitecture("gfx90a"));
  EXPECT_EQ(waveSize(Architecture::Gfx950), 64);
  EXPECT_EQ(waveSize(Architecture::Sm100a), 32);
}

} // namespace
