// Sums over the rows of tokens in compiled gfx942 and gfx950 code, executed instruction by instruction.
#include "../Interpret/TokenSumFixture.h"
#include "SimulatedGemm.h"
#include "codesign/Interpret/GemmReference.h"

using namespace codesign;
using namespace codesign::test;

namespace {

constexpr TargetLimits limits = {.sharedBytes = 65536, .registersPerLane = 512, .chiplets = 8};

class SimulatedTokenSum : public testing::Test {
protected:
  void SetUp() override { ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-sum", folder)); }
  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }

  /// What is wrong with the sums of so many tokens, or nothing. `change` may plant a mistake in the source.
  std::string run(Architecture architecture, int64_t n, int64_t entries, int64_t tokens,
                  llvm::function_ref<void(std::string &)> change = {}) {
    const TokenSumProblem problem = {.symbol = "sum", .n = n, .entries = entries};
    mlir::MLIRContext context;
    auto module =
        llvm::cantFail(lowerTokenSum(context, problem, tokenSumKernel(problem, architecture, limits)));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    std::string source = sourceOf(function);
    if (change)
      change(source);
    const std::string object = (folder + "/sum").str();
    const CompilerReport report = compile(source, architecture, object);
    if (!report.compiled || report.scratchBytes != 0)
      return "scratch, or not compiled: " + report.log;
    auto code = llvm::cantFail(simulate::CodeObject::loadFile(object));
    std::mt19937 engine(std::random_device{}());
    const Routing routing(tokens, entries, 2 * entries, engine);
    std::vector<int64_t> firstRows;
    int64_t count = 0;
    for (int64_t rows : routing.counts(2 * entries)) {
      firstRows.push_back(count);
      count += rows;
    }
    const Matrix rows = randomMatrix(DataType::F32, count, n, engine);
    const Matrix lists = routing.lists(entries, firstRows, engine);
    Matrix d(DataType::BF16, tokens + 1, n, 0xff);
    simulate::DeviceMemory memory;
    const uint64_t output = memory.allocateCopy("d", d.bytes);
    simulate::Launch launch;
    launch.kernel = problem.symbol;
    launch.grid.x = workgroupsOf(function, tokens);
    launch.block.x = uint32_t(function.getThreadCount());
    launch.arguments.pointer(memory.allocateCopy("rows", rows.bytes))
        .pointer(memory.allocateCopy("lists", lists.bytes))
        .pointer(output)
        .value<int32_t>(int32_t(count))
        .value<int32_t>(int32_t(tokens));
    auto ran = simulate::run(*code, launch, memory, {});
    if (!ran)
      return llvm::toString(ran.takeError());
    std::string findings;
    llvm::raw_string_ostream stream(findings);
    if (!ran->findings.empty())
      simulate::printFindings(*ran, stream);
    d.bytes.assign(memory.region(output).data(), memory.region(output).data() + d.bytes.size());
    return findings + firstMismatch(d, tokenSumReference(rows, count, lists, tokens)).value_or("");
  }

  llvm::SmallString<128> folder;
};

TEST_F(SimulatedTokenSum, everyTokenIsWritten) {
  for (Architecture architecture : {Architecture::Gfx942, Architecture::Gfx950})
    for (int64_t n : {63, 72, 2568})
      for (int64_t entries : {2, 8})
        for (int64_t tokens : {1, 7})
          EXPECT_EQ(run(architecture, n, entries, tokens), "")
              << toString(architecture).str() << ", n = " << n << ", " << entries << " entries, " << tokens;
  EXPECT_EQ(run(Architecture::Gfx942, 264, 32, 5), "");
}

TEST_F(SimulatedTokenSum, plantedMistakesAreSeen) {
  auto replace = [](llvm::StringRef from, llvm::StringRef to) {
    return [from, to](std::string &source) {
      const size_t at = source.find(from.str(), source.find("sumListedRows"));
      ASSERT_NE(at, std::string::npos) << from.str();
      source.replace(at, from.size(), to.str());
    };
  };
  EXPECT_NE(run(Architecture::Gfx942, 72, 4, 9, replace("int i = 1; i < Entries", "int i = 2; i < Entries")),
            "");
  EXPECT_NE(run(Architecture::Gfx942, 72, 4, 9,
                replace("static_cast<unsigned>(listed) < static_cast<unsigned>(count)", "listed < count")),
            "");
}

} // namespace
