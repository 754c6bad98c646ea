// What ptxas makes of the main loops for NVIDIA devices, counted in the machine code and held to Price.
#include "Sass.h"
#include "../Interpret/TestKernels.h"
#include "Compile.h"
#include "codesign/Price/Price.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace codesign;
using namespace codesign::test;

namespace {

/// A steady step's instructions, whatever the compiler unrolls.
struct Loop {
  SassCode code;
  int64_t steps = 0; // of k, in one pass of the loop

  double perStep(llvm::StringRef opcode, llvm::StringRef operand = "") const {
    return static_cast<double>(code.count(opcode, operand)) / static_cast<double>(steps);
  }
  double sizePerStep() const { return static_cast<double>(code.size()) / static_cast<double>(steps); }
};

class Sass : public testing::Test {
protected:
  void SetUp() override {
    disassembler = findDisassembler();
    if (!llvm::sys::findProgramByName("nvcc") || disassembler.empty())
      GTEST_SKIP() << "SKIPPED the loops of sm_80 and sm_90a in machine code: nvcc or nvdisasm is not on the "
                      "PATH; `make test-sass` fetches nvdisasm";
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-sass", folder));
  }
  void TearDown() override {
    if (!folder.empty())
      (void)llvm::sys::fs::remove_directories(folder);
  }

  /// The program of a lowered kernel, whose source `change` may spoil before.
  SassProgram compiled(const GemmProblem &problem, const GemmKernel &kernel,
                       llvm::function_ref<void(std::string &)> change = {}) {
    mlir::MLIRContext context;
    auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    price = llvm::cantFail(priceKernel(function));
    std::string source = sourceOf(function);
    if (change)
      change(source);
    const std::string object = (folder + "/kernel").str();
    const CompilerReport report = compile(source, kernel.architecture, object);
    EXPECT_TRUE(report.compiled) << report.log;
    EXPECT_EQ(report.scratchBytes, 0);
    SassProgram program(disassemble(disassembler, object));
    EXPECT_GT(program.size(), 0);
    for (const char *local : {"LDL", "STL"})
      EXPECT_EQ(program.count(local), 0);
    return program;
  }

  /// The steady loop of consumers, whose steps each begin with a fence.
  Loop productsOf(const SassProgram &program) {
    const char *opcode = program.count("QGMMA") > 0 ? "QGMMA" : "HGMMA";
    std::optional<SassCode> code = program.loopWith({opcode, "SYNCS.PHASECHK"});
    EXPECT_TRUE(code.has_value());
    Loop loop = {code.value_or(SassCode()), 1};
    loop.steps = std::max<int64_t>(1, loop.code.count("WARPGROUP.ARRIVE"));
    EXPECT_EQ(loop.perStep(opcode), static_cast<double>(price.step.matrixInstructions));
    // A wait is one attempt, and another out of line.
    EXPECT_EQ(loop.perStep("SYNCS.PHASECHK"), 2);
    EXPECT_EQ(loop.perStep("SYNCS.ARRIVE"), 1);
    EXPECT_EQ(loop.perStep("WARPGROUP.DEPBAR"), 1);
    for (const char *costly : {"MEMBAR", "BAR", "LDS", "STS", "SHFL"})
      EXPECT_EQ(loop.code.count(costly), 0) << costly;
    return loop;
  }

  /// Descriptors are in uniform registers from the start, if not the address of a barrier.
  static void expectFewMoves(const Loop &loop) { EXPECT_LE(loop.perStep("R2UR"), 1); }

  llvm::SmallString<128> folder;
  std::string disassembler;
  /// A step of a loop whose operands go past the registers: as many products, reads and copies as the price
  /// counts, and little else.
  template <class Code>
  void expectCopiesAndProducts(const Code &code, int64_t barriers) {
    EXPECT_EQ(code.count("HMMA"), price.step.matrixInstructions);
    EXPECT_EQ(code.count("LDSM"), price.step.reads.instructions);
    EXPECT_EQ(code.count("LDGSTS"), price.step.globalInstructions);
    EXPECT_EQ(code.count("BAR"), barriers);
    EXPECT_EQ(code.count("DEPBAR"), 1);
    EXPECT_EQ(code.count("SHFL") + code.count("STS") + code.count("LDG"), 0);
    const int64_t named = code.count("HMMA") + code.count("LDSM") + code.count("LDGSTS");
    // Each copy has a comparison and an address of two words.
    EXPECT_LE(code.size() - named, 24 + 3 * code.count("LDGSTS")) << code.size();
  }

  KernelPrice price;
};

GemmProblem problemOf(int64_t n, int64_t k, DataType type = DataType::BF16) {
  return {.symbol = "linear", .type = type, .n = n, .k = k};
}

GemmKernel largeWgmma() {
  GemmKernel kernel = wgmmaKernel();
  kernel.instruction = "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16.ss";
  kernel.tileN = 256;
  return kernel;
}

GemmKernel largeMmaSync(GemmKernel kernel) {
  kernel.tileM = kernel.tileN = 128;
  kernel.stages = 4;
  return kernel;
}

TEST_F(Sass, wgmmaAloneAndInAClusterAndOverRows) {
  GemmKernel cluster = largeWgmma();
  cluster.clusterM = 2;
  GemmProblem turned = problemOf(4096, 6144);
  turned.layout = GemmLayout::TN;
  const std::pair<GemmProblem, GemmKernel> cases[] = {
      {problemOf(4096, 4096), largeWgmma()}, {problemOf(4096, 4096), cluster}, {turned, largeWgmma()}};
  for (const auto &[problem, kernel] : cases) {
    SCOPED_TRACE(kernel.clusterM * 10 + static_cast<int64_t>(problem.layout));
    const SassProgram program = compiled(problem, kernel);
    const Loop loop = productsOf(program);
    expectFewMoves(loop);
    EXPECT_EQ(loop.perStep("WARPGROUP.DEPBAR", "0x1"), 1); // one group stays under way
    EXPECT_LE(loop.sizePerStep(), 62);                     // beside 512 clocks of products
    EXPECT_EQ(program.count("BRA.U.ANY"), 0); // a box is asked for once, not in a loop over the lanes
    // All lanes of a warp come to its exchanges: ptxas need not provide for some that do not.
    EXPECT_EQ(program.count("BRA.DIV"), 0);
    // The producer's loop: boxes, one wait, one arrival.
    const auto copies = program.loopWith({"UTMALDG", "SYNCS.PHASECHK"});
    ASSERT_TRUE(copies.has_value());
    EXPECT_EQ(copies->count("UTMALDG"), problem.layout == GemmLayout::TN ? 6 : 2);
    EXPECT_EQ(copies->count("SYNCS.PHASECHK"), 2);
    EXPECT_LE(copies->size(), problem.layout == GemmLayout::TN ? 80 : 48);
  }
}

TEST_F(Sass, wgmmaOfExpertsByAListAndOfPieces) {
  GemmProblem experts = problemOf(1536, 2048);
  experts.experts = 128;
  experts.gathered = experts.gated = true;
  experts.activation = kernel::Activation::Silu;
  const SassProgram program = compiled(experts, largeWgmma());
  const Loop loop = productsOf(program);
  expectFewMoves(loop);
  EXPECT_LE(loop.sizePerStep(), 64);
  const auto copies = program.loopWith({"LDGSTS", "UTMALDG"});
  ASSERT_TRUE(copies.has_value());
  EXPECT_EQ(copies->count("LDGSTS"), 8); // of 128 rows of 128 bytes, by 128 threads
  EXPECT_LE(copies->size(), 100);

  GemmKernel pieces = wgmmaKernel();
  pieces.instruction = "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16.ss";
  pieces.tileN = 128;
  pieces.stages = 4;
  pieces.streamWorkgroups = 132;
  const SassProgram cut = compiled(problemOf(1536, 2048), pieces);
  const Loop loopOfPieces = productsOf(cut);
  expectFewMoves(loopOfPieces);
  EXPECT_LE(loopOfPieces.sizePerStep(), 58);
}

/// The additions of two levels are those that docs/kernels.md prices: one for each sum of a lane.
TEST_F(Sass, float8AddsEachSumOnce) {
  GemmKernel kernel = float8WgmmaKernel();
  kernel.instruction = "wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3.ss";
  kernel.tileN = 128;
  kernel.stages = 4;
  for (const auto &[scaling, gated] :
       {std::pair{Scaling::PerTensor, false}, {Scaling::Block128, false}, {Scaling::Block128, true}}) {
    GemmProblem problem = problemOf(4096, 4096, DataType::F8E4M3);
    problem.scaling = scaling;
    problem.gated = gated;
    if (gated)
      problem.activation = kernel::Activation::Silu;
    const SassProgram program = compiled(problem, kernel);
    const Loop loop = productsOf(program);
    expectFewMoves(loop);
    const bool blocks = scaling == Scaling::Block128;
    EXPECT_EQ(loop.perStep(blocks ? "FFMA" : "FADD"), 64);
    EXPECT_EQ(loop.perStep(blocks ? "FADD" : "FFMA"), 0);
    const int columns = gated ? 2 : 1; // whose scales multiply those of the lane's two rows
    EXPECT_EQ(loop.perStep("FMUL"), blocks ? 2 * columns : 0);
    EXPECT_EQ(loop.perStep("LDG"), blocks ? 2 + columns : 0);
    EXPECT_LE(loop.sizePerStep(), blocks ? 148 : 122); // beside 256 clocks of its products and 256 of others'
  }
}

TEST_F(Sass, mmaSyncOutOfARing) {
  GemmProblem turned = problemOf(4096, 6144);
  turned.layout = GemmLayout::TN;
  const std::pair<GemmProblem, GemmKernel> cases[] = {{problemOf(4096, 4096), largeMmaSync(sm80Kernel())},
                                                      {turned, largeMmaSync(sm80Kernel())},
                                                      {problemOf(4096, 4096), largeMmaSync(sm90aKernel())}};
  for (const auto &[problem, kernel] : cases) {
    SCOPED_TRACE(toString(kernel.architecture).str());
    const SassProgram program = compiled(problem, kernel);
    const auto code = program.loopWith({"HMMA", "LDGSTS"});
    ASSERT_TRUE(code.has_value());
    expectCopiesAndProducts(*code, /*barriers=*/1);
  }
}

TEST_F(Sass, streamedWeights) {
  GemmKernel kernel = streamingSm80Kernel(); // for sm_80 itself ptxas writes the loop out
  kernel.architecture = Architecture::Sm90a;
  kernel.tileN = 16;
  kernel.tileK = 4 * 64;
  kernel.stages = 4;
  kernel.pack = 2;
  const SassProgram program = compiled(problemOf(4096, 14336), kernel);
  const auto code = program.loopWith({"HMMA", "LDG"});
  ASSERT_TRUE(code.has_value());
  EXPECT_EQ(code->count("HMMA"), price.step.matrixInstructions);
  EXPECT_EQ(code->count("LDG"), price.step.globalInstructions);
  EXPECT_EQ(code->count("BAR") + code->count("STS") + code->count("LDS"), 0);
  // Each load has an address of two words; the first operand's registers come from two loads.
  const int64_t named = code->count("HMMA") + code->count("LDG");
  EXPECT_LE(code->size() - named, 24 + 5 * code->count("LDG")) << code->size();
}

/// Up to 64 rows: a step is the products, what ldmatrix reads, copies, and their addresses.
TEST_F(Sass, streamedWeightsOfManyRows) {
  GemmKernel half = copiedStream(streamingSm80Kernel());
  half.tileN = 64;
  half.stages = 2;
  GemmKernel hopper = half;
  hopper.architecture = Architecture::Sm90a;
  hopper.limits.sharedBytes = 232448;
  hopper.stages = 4;
  for (const GemmKernel &kernel : {half, hopper}) {
    SCOPED_TRACE(toString(kernel.architecture).str());
    const SassProgram program = compiled(problemOf(4096, 14336), kernel);
    const auto code = program.loopWith({"HMMA", "LDGSTS"});
    ASSERT_TRUE(code.has_value());
    expectCopiesAndProducts(*code, /*barriers=*/0);
  }
}

/// Each operand of 8 bits is converted once, whatever it is multiplied with.
TEST_F(Sass, streamedBytesAreConvertedOnce) {
  GemmKernel kernel = copiedStream(float8StreamingSm90aKernel());
  kernel.tileN = 32;
  kernel.stages = 4;
  const SassProgram program = compiled(problemOf(4096, 14336, DataType::F8E4M3), kernel);
  const auto code = program.loopWith({"HMMA", "LDGSTS"});
  ASSERT_TRUE(code.has_value());
  EXPECT_EQ(price.step.matrixInstructions, 32); // 2 x 8 of 16 x 8, twice in 64 of k
  EXPECT_EQ(code->count("HMMA"), 64);           // of fp16
  EXPECT_EQ(code->count("F2FP"),
            2 * (2 * 8 + 8 * 4)); // twice 4 registers of weights and 2 of rows become two
  EXPECT_EQ(code->count("LDSM"), price.step.reads.instructions);
  EXPECT_EQ(code->count("LDGSTS"), price.step.globalInstructions);
}

/// Where an epilogue needs the registers, the compiler does not know that lanes agree on their role.
TEST_F(Sass, wgmmaOfManySumsAndSquares) {
  GemmKernel kernel = wgmmaKernel();
  kernel.instruction = "wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16.ss";
  kernel.tileN = 192;
  kernel.wavesM = 1;
  kernel.producerRegisters = kernel.consumerRegisters = 0;
  GemmProblem problem = problemOf(6144, 4096);
  const Loop plain = productsOf(compiled(problem, kernel));
  expectFewMoves(plain);
  problem.residual = problem.rowSquares = true;
  const Loop crowded = productsOf(compiled(problem, kernel));
  EXPECT_EQ(crowded.perStep("R2UR"), 32); // four for each of eight products
}

/// Counts that cannot be wrong show nothing.
TEST_F(Sass, whatIsSpoiltIsCounted) {
  auto replace = [](std::string &source, llvm::StringRef from, llvm::StringRef to) {
    const size_t at = source.find(from.str());
    ASSERT_NE(at, std::string::npos) << from.str();
    source.replace(at, from.size(), to.str());
  };
  // A lane that the compiler takes for many, and products that are waited for at once.
  const SassProgram program = compiled(problemOf(4096, 4096), largeWgmma(), [&](std::string &source) {
    replace(source, "return elected && warp == 0;", "return threadId() == 0;");
    replace(source, "sums.wait<1>();", "sums.wait<0>();");
  });
  EXPECT_GT(program.loopWith({"UTMALDG", "SYNCS.PHASECHK"})->count("BRA.U.ANY"), 0);
  const Loop loop = productsOf(program);
  EXPECT_EQ(loop.perStep("WARPGROUP.DEPBAR", "0x1"), 0);
  EXPECT_EQ(loop.perStep("WARPGROUP.DEPBAR", "0x0"), 1);

  // A role that the compiler does not know to be uniform.
  const Loop varying = productsOf(compiled(problemOf(4096, 4096), largeWgmma(), [&](std::string &source) {
    replace(source, "const int warp = uniformWarp();\n  if (isProducer(warp))",
            "const int warp = waveId();\n  if (isProducer(warp))");
  }));
  EXPECT_GT(varying.code.count("R2UR"), 0);

  // An exchange of all lanes to which one comes.
  const SassProgram alone = compiled(problemOf(4096, 4096), largeWgmma(), [&](std::string &source) {
    replace(source, "return elected && warp % (warpgroupSize / waveSize) == 0;",
            "return elected && uniformWarp() % (warpgroupSize / waveSize) == 0;");
  });
  EXPECT_GT(alone.count("BRA.DIV"), 0);
}

TEST(SassLoops, aLoopWithAWaitOutOfLineAndOneInside) {
  const SassProgram program(R"(
        /*0000*/                   MOV R1, c[0x0][0x28] ;
.L_x_3:
        /*0010*/                   SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [UR4], R2 ;
.L_x_1:
        /*0020*/               @!P0 BRA `(.L_x_5) ;
        /*0030*/                   HGMMA.64x256x16.F32.BF16 R24, gdesc[UR12], R24, gsb0 ;
.L_x_2:
        /*0040*/              @P1 BRA `(.L_x_2) ;
        /*0050*/              @P2 BRA `(.L_x_3) ;
        /*0060*/                   EXIT ;
.L_x_5:
        /*0070*/                   SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [UR4], R2 ;
        /*0080*/                   BRA `(.L_x_1) ;
.L_x_6:
        /*0090*/                   BRA `(.L_x_6) ;
)");
  ASSERT_EQ(program.size(), 10);
  const auto hot = program.loopWith({"HGMMA"});
  ASSERT_TRUE(hot.has_value());
  EXPECT_EQ(hot->size(), 7); // 1 to 5, and 7 and 8 out of line
  EXPECT_EQ(hot->count("SYNCS.PHASECHK"), 2);
  EXPECT_EQ(hot->count("HGMMA", "gsb0"), 1);
  EXPECT_EQ(hot->count("HG"), 0); // whole words only
  EXPECT_FALSE(program.loopWith({"MOV"}).has_value());
  const auto inner = program.loopWith({"BRA"});
  ASSERT_TRUE(inner.has_value());
  EXPECT_EQ(inner->size(), 1);
}

} // namespace
