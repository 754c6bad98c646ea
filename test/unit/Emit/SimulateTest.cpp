// Emitted gfx942 kernels, compiled by clang and executed instruction by instruction on the CPU.
#include "../Interpret/GemmFixture.h"
#include "Compile.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Simulate/Simulator.h"

using namespace codesign;
using namespace codesign::test;

namespace {

class SimulatedGemm : public testing::Test {
protected:
  void SetUp() override { ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-simulate", folder)); }
  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }

  /// Result within the bound, nothing outside written, no finding, no bank conflict.
  void expectRight(const GemmProblem &problem, const GemmKernel &schedule, std::vector<int64_t> rowCounts,
                   bool checks = true) {
    mlir::MLIRContext context;
    auto module = llvm::cantFail(lowerGemm(context, problem, schedule));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    EmitOptions emitOptions;
    emitOptions.inlinePrelude = true;
    const std::string object = (folder + "/gemm").str();
    const CompilerReport report =
        compile(llvm::cantFail(emitKernel(function, emitOptions)), schedule.architecture, object);
    ASSERT_TRUE(report.compiled) << report.log;
    auto code = simulate::CodeObject::loadFile(object);
    ASSERT_TRUE(static_cast<bool>(code)) << llvm::toString(code.takeError());
    std::mt19937 engine(std::random_device{}());
    const LaunchFacts facts = launchFacts(function);
    for (int64_t m : rowCounts) {
      SCOPED_TRACE(m);
      Matrix a = randomMatrix(problem.type, m, problem.k, engine),
             w = randomMatrix(problem.type, problem.n, problem.k, engine);
      Matrix bias = randomMatrix(problem.type, 1, problem.n, engine), d(problem.type, m, problem.n, 0xff);
      simulate::DeviceMemory memory;
      simulate::KernelArguments arguments;
      arguments.pointer(memory.allocateCopy("a", a.bytes)).pointer(memory.allocateCopy("w", w.bytes));
      if (problem.bias)
        arguments.pointer(memory.allocateCopy("bias", bias.bytes));
      const uint64_t output = memory.allocateCopy("d", d.bytes);
      arguments.pointer(output).value<int32_t>(m);
      simulate::Launch launch;
      launch.kernel = problem.symbol;
      launch.grid.x = llvm::divideCeil(m, facts.tileM) * llvm::divideCeil(problem.n, facts.tileN);
      launch.block.x = facts.threads;
      launch.arguments = arguments;
      simulate::RunOptions options;
      options.checks = checks;
      auto run = simulate::run(**code, launch, memory, options);
      ASSERT_TRUE(static_cast<bool>(run)) << llvm::toString(run.takeError());
      std::string findings;
      llvm::raw_string_ostream stream(findings);
      simulate::printFindings(*run, stream);
      EXPECT_TRUE(run->findings.empty()) << findings;
      uint64_t conflicts = 0;
      for (const simulate::InstructionStatistics &instruction : run->perInstruction)
        conflicts += instruction.ldsConflictCycles;
      EXPECT_EQ(conflicts, 0u);
      d.bytes.assign(memory.region(output).data(), memory.region(output).data() + d.bytes.size());
      EXPECT_EQ(firstMismatch(d, gemmReference(a, w, m, problem.bias ? &bias : nullptr, problem.activation))
                    .value_or(""),
                "");
    }
  }

  llvm::SmallString<128> folder;
};

TEST_F(SimulatedGemm, raggedRowsColumnsAndDepth) {
  GemmProblem problem;
  problem.symbol = "gemm";
  problem.n = 72;
  problem.k = 104;
  expectRight(problem, gfx942Kernel(), {1, 7, 64, 65});
}

TEST_F(SimulatedGemm, eightWavesOnALargeTile) {
  GemmProblem problem;
  problem.symbol = "gemm";
  problem.n = 264;
  problem.k = 160;
  GemmKernel kernel = gfx942Kernel();
  kernel.tileM = kernel.tileN = 256;
  kernel.wavesN = 4;
  expectRight(problem, kernel, {129});
}

TEST_F(SimulatedGemm, fewRowsOneSlotAndTheLargerInstruction) {
  GemmProblem problem;
  problem.symbol = "gemm";
  problem.n = 128;
  problem.k = 256;
  GemmKernel skinny = gfx942Kernel();
  skinny.tileM = 16;
  skinny.tileN = 128;
  skinny.tileK = 64;
  skinny.wavesM = 1;
  skinny.wavesN = 4;
  expectRight(problem, skinny, {1, 16, 17});
  GemmKernel single = gfx942Kernel();
  single.stages = 1;
  single.tileK = 64;
  single.instruction = "v_mfma_f32_32x32x8_bf16";
  expectRight(problem, single, {65});
}

TEST_F(SimulatedGemm, halfPrecisionAndEpilogues) {
  for (int64_t n : {70, 72}) // 70: stores of single elements
    for (int activation = -1; activation < 4; ++activation) {
      GemmProblem problem;
      problem.symbol = "gemm";
      problem.type = DataType::F16;
      problem.n = n;
      problem.k = 64;
      problem.bias = n == 70;
      if (activation >= 0)
        problem.activation = static_cast<kernel::Activation>(activation);
      SCOPED_TRACE(std::to_string(n) + " columns, activation " + std::to_string(activation));
      GemmKernel kernel = gfx942Kernel();
      kernel.instruction = "v_mfma_f32_16x16x16_f16";
      // Packed fp32 operations read only the low half of a register pair where op_sel_hi says so; the
      // definedness check takes the unset high half of clang's constants for a use. The result is held to the
      // same bound.
      const bool checks = problem.activation != kernel::Activation::Gelu;
      expectRight(problem, kernel, {33}, checks);
    }
}

} // namespace
