// A fixture that compiles emitted kernels and executes them instruction by instruction on the CPU.
#pragma once

#include "../Interpret/GemmFixture.h"
#include "Compile.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Simulate/Simulator.h"

namespace codesign::test {

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
      const int spread = spreadOf(problem);
      Matrix a = randomMatrix(problem.type, m, problem.k, engine, spread),
             w = randomMatrix(problem.type, problem.n, problem.k, engine, spread);
      Matrix bias = randomMatrix(problem.type, 1, problem.n, engine),
             residual = randomMatrix(problem.type, m, problem.outputColumns(), engine),
             d(problem.type, m, problem.outputColumns(), 0xff);
      simulate::DeviceMemory memory;
      simulate::KernelArguments arguments;
      arguments.pointer(memory.allocateCopy("a", a.bytes)).pointer(memory.allocateCopy("w", w.bytes));
      if (problem.bias)
        arguments.pointer(memory.allocateCopy("bias", bias.bytes));
      if (problem.residual)
        arguments.pointer(memory.allocateCopy("residual", residual.bytes));
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
      EXPECT_EQ(firstMismatch(d, gemmReference(a, w, m, epilogueOf(problem, bias, residual))).value_or(""),
                "");
    }
  }

  llvm::SmallString<128> folder;
};

} // namespace codesign::test
