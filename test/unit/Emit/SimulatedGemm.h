// A fixture that compiles emitted kernels and executes them instruction by instruction on the CPU.
#pragma once

#include "../Interpret/GemmFixture.h"
#include "Compile.h"
#include "codesign/Simulate/Simulator.h"

namespace codesign::test {

inline GemmProblem problem(int64_t n, int64_t k, DataType type = DataType::BF16) {
  return {.symbol = "gemm", .type = type, .n = n, .k = k};
}

/// The same kernel with copies past the registers.
inline GemmKernel direct(GemmKernel kernel, int64_t stages) {
  kernel.directCopies = true;
  kernel.stages = stages;
  return kernel;
}

/// With a tile of 256 x 256.
inline GemmKernel large(GemmKernel kernel) {
  kernel.tileM = kernel.tileN = 256;
  return kernel;
}

/// Workgroups of a launch over m rows.
inline uint32_t workgroupsOf(kernel::FuncOp function, int64_t m) {
  int64_t count = 0;
  function.walk([&](kernel::PlacementOpInterface order) { count = order.getWorkgroupCount(m); });
  return static_cast<uint32_t>(count);
}

class SimulatedGemm : public testing::Test {
protected:
  void SetUp() override { ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-simulate", folder)); }
  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }

  /// Result within the bound, nothing outside written, no finding, no bank conflict; on operands that
  /// `change` has had.
  void expectRight(const GemmProblem &problem, const GemmKernel &schedule, std::vector<int64_t> rowCounts,
                   llvm::function_ref<void(GemmOperands &)> change = {}) {
    mlir::MLIRContext context;
    auto module = llvm::cantFail(lowerGemm(context, problem, schedule));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    const std::string object = (folder + "/gemm").str();
    const CompilerReport report = compile(sourceOf(function), schedule.architecture, object);
    ASSERT_TRUE(report.compiled) << report.log;
    auto code = simulate::CodeObject::loadFile(object);
    ASSERT_TRUE(static_cast<bool>(code)) << llvm::toString(code.takeError());
    std::mt19937 engine(std::random_device{}());
    const LaunchFacts facts = launchFacts(function);
    for (int64_t m : rowCounts) {
      SCOPED_TRACE(m);
      GemmOperands operands(problem, m, /*spare=*/0, engine);
      operands.makeWorkspace(function, m);
      if (change)
        change(operands);
      simulate::DeviceMemory memory;
      simulate::KernelArguments arguments;
      uint64_t output = 0, arrivals = 0, squares = 0, scales = 0;
      for (const Matrix *matrix : operands.arguments(problem)) {
        output = memory.allocateCopy("operand", matrix->bytes); // the last one is d
        arguments.pointer(output);
        if (matrix == &operands.arrivals)
          arrivals = output;
        if (matrix == &operands.rowSquares)
          squares = output;
        if (matrix == &operands.dScale)
          scales = output;
      }
      for (int64_t number : operands.numbers(problem, m))
        arguments.value<int32_t>(int32_t(number));
      simulate::Launch launch;
      launch.kernel = problem.symbol;
      launch.grid.x = workgroupsOf(function, problem.outputRows(m));
      launch.grid.y = uint32_t(facts.splitK);
      launch.block.x = facts.threads;
      launch.arguments = arguments;
      if (launch.grid.x == 0) {
        EXPECT_EQ(operands.mismatch(problem), "");
        continue;
      }
      auto run = simulate::run(**code, launch, memory, simulate::RunOptions());
      ASSERT_TRUE(static_cast<bool>(run)) << llvm::toString(run.takeError());
      std::string findings;
      llvm::raw_string_ostream stream(findings);
      simulate::printFindings(*run, stream);
      EXPECT_TRUE(run->findings.empty()) << findings;
      uint64_t conflicts = 0;
      for (const simulate::InstructionStatistics &instruction : run->perInstruction)
        conflicts += instruction.ldsConflictCycles;
      EXPECT_EQ(conflicts, 0u);
      if (arrivals != 0)
        operands.arrivals.bytes.assign(memory.region(arrivals).data(),
                                       memory.region(arrivals).data() + operands.arrivals.bytes.size());
      if (squares != 0)
        operands.rowSquares.bytes.assign(memory.region(squares).data(),
                                         memory.region(squares).data() + operands.rowSquares.bytes.size());
      if (scales != 0)
        operands.dScale.bytes.assign(memory.region(scales).data(),
                                     memory.region(scales).data() + operands.dScale.bytes.size());
      operands.d.bytes.assign(memory.region(output).data(),
                              memory.region(output).data() + operands.d.bytes.size());
      EXPECT_EQ(operands.mismatch(problem), "");
    }
  }

  llvm::SmallString<128> folder;
};

} // namespace codesign::test
