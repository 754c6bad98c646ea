// Packages of operators that no plan asks for, written from their problems: as emitted they must pass, with
// one planted mistake they must fail.
#include "../Interpret/TestKernels.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Lowering/TokenSum.h"
#include "codesign/Package/Package.h"
#include "codesign/Verify/Verify.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace codesign;
using namespace codesign::test;
using ::testing::HasSubstr;

namespace {

class EpilogueVerify : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-verify-epilogue", folder));
    package = (folder + "/package").str();
  }
  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }

  /// One operator with one kernel for any number of rows.
  void write(GemmProblem problem, const GemmKernel &kernel) {
    problem.symbol = "linear";
    mlir::MLIRContext context;
    auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    const LaunchFacts facts = launchFacts(function);
    const Prelude prelude = preludeOf(kernel.architecture);
    PackageSpec spec;
    spec.name = "sample";
    spec.generator = "codesign";
    spec.architecture = toString(kernel.architecture).str();
    spec.preludeFile = prelude.fileName.str();
    spec.preludeText = prelude.text.str();
    PackagedKernel packaged;
    packaged.symbol = problem.symbol;
    packaged.source = llvm::cantFail(emitKernel(function, {}));
    packaged.threads = facts.threads;
    packaged.tileM = facts.tileM;
    packaged.tileN = facts.tileN;
    packaged.ldsBytes = facts.ldsBytes;
    packaged.splitK = facts.splitK;
    packaged.partialBytes = facts.partialBytes;
    packaged.squaresWidth = facts.squaresWidth;
    spec.kernels.push_back(packaged);
    PackagedGemm gemm;
    gemm.name = "op";
    gemm.type = problem.type;
    gemm.outputType = problem.outputType();
    gemm.quantisedBlocks = problem.quantisedBlocks;
    gemm.scaling = problem.scaling;
    gemm.n = problem.n;
    gemm.k = problem.k;
    gemm.layout = toString(problem.layout).lower();
    gemm.leadingA = problem.leadingA;
    gemm.leadingW = problem.leadingW;
    gemm.rowSquares = problem.rowSquares;
    if (problem.rotary)
      gemm.rotary = {problem.rotary->headColumns, problem.rotary->columns, problem.rotary->positions};
    gemm.bias = problem.bias;
    gemm.gated = problem.gated;
    gemm.residual = problem.residual;
    if (problem.activation)
      gemm.activation = stringifyActivation(*problem.activation).str();
    gemm.ranges = {{1, 0, problem.symbol}};
    gemm.experts = problem.experts;
    gemm.weighted = problem.weighted;
    if (problem.unrounded)
      addTokenSum(spec, gemm, kernel);
    spec.gemms.push_back(gemm);
    ASSERT_EQ(llvm::toString(writePackage(spec, package)), "");
  }

  /// Of four rows of each token.
  static void addTokenSum(PackageSpec &spec, PackagedGemm &gemm, const GemmKernel &kernel) {
    gemm.outputType = gemm.type;
    gemm.topK = 4;
    gemm.sumSymbol = "sum";
    const TokenSumProblem problem = {.symbol = "sum", .type = gemm.type, .n = gemm.n, .entries = gemm.topK};
    mlir::MLIRContext context;
    auto module = llvm::cantFail(
        lowerTokenSum(context, problem, tokenSumKernel(problem, kernel.architecture, kernel.limits)));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    const LaunchFacts facts = launchFacts(function);
    PackagedKernel packaged;
    packaged.symbol = problem.symbol;
    packaged.source = llvm::cantFail(emitKernel(function, {}));
    packaged.threads = facts.threads;
    packaged.tileM = facts.tileM;
    packaged.tileN = facts.tileN;
    spec.kernels.push_back(packaged);
  }

  /// Replaces the first `from` in a file of the package's src/.
  void plant(llvm::StringRef name, llvm::StringRef from, llvm::StringRef to) {
    const std::string path = package + "/src/" + name.str();
    auto buffer = llvm::MemoryBuffer::getFile(path);
    ASSERT_TRUE(bool(buffer)) << path;
    std::string text = (*buffer)->getBuffer().str();
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from.str();
    text.replace(at, from.size(), to);
    buffer->reset();
    std::error_code code;
    llvm::raw_fd_ostream(path, code) << text;
    ASSERT_FALSE(code);
  }

  /// What failed, or nothing.
  std::string failures() {
    llvm::Expected<VerifyReport> report = verifyPackage(package, {}, [](const VerifiedLaunch &) {});
    if (!report)
      return llvm::toString(report.takeError());
    EXPECT_GE(report->launches.size(), 2u);
    if (report->passed())
      return "";
    std::string text;
    llvm::raw_string_ostream stream(text);
    printVerifyReport(*report, stream);
    return text;
  }

  llvm::SmallString<128> folder;
  std::string package;
};

TEST_F(EpilogueVerify, results8Bits) {
  GemmProblem problem = {.symbol = "", .type = DataType::BF16, .n = 200, .k = 136};
  problem.quantised = DataType::F8E4M3FNUZ;
  problem.bias = problem.residual = true;
  write(problem, gfx942Kernel());
  EXPECT_EQ(failures(), "");
  plant("codesign_cdna.h", "return x != x ? x : __builtin_amdgcn_fmed3f(x, -float(Largest), float(Largest));",
        "return x;");
  EXPECT_THAT(failures(), HasSubstr("written in part")); // a NaN is what D was filled with
  write(problem, gfx942Kernel());
  plant("linear.hip", "{1 / *dScale}", "{*dScale}");
  EXPECT_THAT(failures(), HasSubstr("instead of"));
}

/// Scales that follow from the results: of waves that share blocks, of waves that hold one.
TEST_F(EpilogueVerify, results8BitsInBlocks) {
  GemmProblem problem = {.symbol = "", .type = DataType::BF16, .n = 280, .k = 136};
  problem.quantised = DataType::F8E4M3FNUZ;
  problem.quantisedBlocks = problem.gated = true;
  problem.activation = kernel::Activation::Silu;
  GemmKernel kernel = gfx942Kernel();
  kernel.tileN = 256;
  kernel.wavesM = 1;
  kernel.wavesN = 4;
  kernel.stages = 1;
  auto planted = [&](const char *from, const char *to) {
    write(problem, kernel);
    plant("codesign_cdna.h", from, to);
    EXPECT_NE(failures(), "") << to;
  };
  write(problem, kernel);
  EXPECT_EQ(failures(), "");
  // A maximum without lanes, or without the last wave; a scale in another block's place, or of one.
  planted("__builtin_fmaxf(largest[j], fromLane(largest[j], laneId() ^ step))", "largest[j]");
  planted("wave < sharing; ++wave", "wave < sharing - 1; ++wave");
  planted("column / (Stride * scaledColumns) + Block", "column / (4 * scaledColumns) + Block");
  problem.gated = false;
  planted("part / sharing * sharing + wave", "wave");
  kernel.wavesN = 2;
  write(problem, kernel);
  EXPECT_EQ(failures(), "");
  planted("part[first + e]));", "part[first]));");
}

/// Rows of experts in fp32, and the sums of those of each token.
TEST_F(EpilogueVerify, sumsOfTheRowsOfTokens) {
  GemmProblem problem = {.symbol = "", .type = DataType::BF16, .n = 200, .k = 136};
  problem.experts = 6;
  problem.weighted = problem.unrounded = true;
  write(problem, gfx942Kernel());
  EXPECT_EQ(failures(), "");
  plant("codesign_cdna.h", "int i = 1; i < Entries", "int i = 2; i < Entries");
  EXPECT_THAT(failures(), HasSubstr("instead of"));
  write(problem, gfx942Kernel());
  plant("codesign_cdna.h", "static_cast<unsigned>(listed) < static_cast<unsigned>(count)",
        "listed < count"); // a row that is not there
  EXPECT_NE(failures(), "");
  write(problem, gfx942Kernel());
  plant("linear.hip", "sums.scaleColumns(weightRows, wave.row);", "");
  EXPECT_THAT(failures(), HasSubstr("instead of"));
}

/// Both gradients of a layer.
TEST_F(EpilogueVerify, operandsAlongRows) {
  for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN}) {
    SCOPED_TRACE(toString(layout).str());
    GemmProblem problem = {.symbol = "", .type = DataType::BF16, .n = 200, .k = 136};
    problem.layout = layout;
    GemmKernel kernel = gfx942Kernel();
    kernel.tileK = 64;
    write(problem, kernel);
    EXPECT_EQ(failures(), "");
    plant("codesign_cdna.h", "first, 0x05040100", "first, 0x07060100");
    EXPECT_THAT(failures(), HasSubstr("instead of"));
    if (layout == GemmLayout::TN) { // what the parts of any number of rows leave has one size
      kernel.splitK = 2;
      write(problem, kernel);
      EXPECT_EQ(failures(), "");
      kernel.splitK = 1;
    }
    write(problem, kernel);
    plant("codesign_cdna.h", "(block & 1) << 1", "(block & 1)");
    EXPECT_EQ(failures(), ""); // slower, by bank conflicts, but right: both sides of LDS agree
  }
}

TEST_F(EpilogueVerify, bytesAlongRows) {
  for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN}) {
    SCOPED_TRACE(toString(layout).str());
    GemmProblem problem = {.symbol = "", .type = DataType::F8E4M3FNUZ, .n = 200, .k = 208};
    problem.scaling = Scaling::PerTensor;
    problem.layout = layout;
    GemmKernel kernel = float8Kernel();
    kernel.tileK = 128;
    write(problem, kernel);
    EXPECT_EQ(failures(), "");
    plant("codesign_cdna.h", "0x07030602", "0x07020603");
    EXPECT_THAT(failures(), HasSubstr("instead of"));
  }
}

TEST_F(EpilogueVerify, rotatedHeadsAndSquares) {
  GemmProblem problem = {.symbol = "", .type = DataType::BF16, .n = 200, .k = 136};
  problem.bias = true;
  problem.rotary = {.headColumns = 40, .columns = 160, .positions = 50};
  write(problem, gfx942Kernel());
  EXPECT_EQ(failures(), "");
  plant("codesign_cdna.h", "{-pair[1], pair[0]}", "{pair[1], pair[0]}");
  EXPECT_THAT(failures(), HasSubstr("instead of"));

  problem.rotary.reset();
  problem.residual = problem.rowSquares = true;
  write(problem, gfx942Kernel());
  EXPECT_EQ(failures(), "");
  plant("codesign_cdna.h", "laneId() ^ step", "laneId()");
  EXPECT_THAT(failures(), HasSubstr("squares"));
}

TEST_F(EpilogueVerify, rowsWithGaps) {
  GemmProblem problem = {.symbol = "linear", .type = DataType::BF16, .n = 96, .k = 232};
  problem.leadingA = 248;
  problem.leadingW = 352;
  for (const char *kernel : {"lds", "stream"}) {
    write(problem, kernel == llvm::StringRef("lds") ? gfx942Kernel() : streamingKernel());
    EXPECT_EQ(failures(), "");
    plant("linear.hip", "<bf16, layerK, pitchW> wRows", "<bf16, layerK> wRows"); // as if the rows had none
    EXPECT_THAT(failures(), HasSubstr("element"));
    write(problem, kernel == llvm::StringRef("lds") ? gfx942Kernel() : streamingKernel());
    plant("linear.hip", "<bf16, layerK, 248> aRows", "<bf16, 248> aRows"); // as if they were longer
    EXPECT_THAT(failures(), HasSubstr("element"));
  }
}

} // namespace
