// A fixture that compiles emitted CUDA kernels to PTX and executes it thread by thread on the CPU.
#pragma once

#include "../Interpret/GemmFixture.h"
#include "Compile.h"
#include "codesign/Ptx/Ptx.h"

namespace codesign::test {

class ExecutedGemm : public testing::Test {
protected:
  void SetUp() override { ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-ptx", folder)); }
  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }

  /// The PTX that clang makes of a source; empty, with a failure, where it does not compile.
  std::string ptxOf(const std::string &source, Architecture architecture) {
    const std::string path = (folder + "/gemm").str();
    const CompilerReport report = compile(source, architecture, path, /*asksNvcc=*/false);
    EXPECT_TRUE(report.compiled) << report.log;
    auto buffer = llvm::MemoryBuffer::getFile(path);
    return report.compiled && buffer ? (*buffer)->getBuffer().str() : "";
  }

  /// What is wrong with a launch over m rows, whose copies arrive by this seed; nothing where all is right.
  std::string run(const ptx::Program &program, kernel::FuncOp function, const GemmProblem &problem, int64_t m,
                  uint64_t seed, std::mt19937 &engine) {
    const LaunchFacts facts = launchFacts(function);
    GemmOperands operands(problem, m, /*spare=*/0, engine);
    operands.makeWorkspace(function, m);
    simulate::DeviceMemory memory;
    ptx::Launch launch;
    std::vector<std::pair<Matrix *, uint64_t>> written;
    for (auto [matrix, type] : llvm::zip(operands.arguments(problem), function.getArgumentTypes())) {
      const uint64_t address = memory.allocateCopy("operand", matrix->bytes);
      if (auto map = mlir::dyn_cast<kernel::TensorMapType>(type)) {
        const uint32_t bytes = uint32_t(matrix->elementBytes()), columns = uint32_t(map.getBox()[1]);
        launch.arguments.push_back(ptx::tensorMap(
            {address, uint64_t(matrix->rows), uint64_t(matrix->columns), uint64_t(matrix->columns * bytes),
             uint32_t(map.getBox()[0]), columns, bytes, columns * bytes}));
      } else {
        launch.arguments.push_back(ptx::pointer(address));
      }
      if (matrix == &operands.d || matrix == &operands.arrivals || matrix == &operands.rowSquares ||
          (matrix == &operands.dScale && problem.quantisedBlocks))
        written.emplace_back(matrix, address);
    }
    for (int64_t number : operands.numbers(problem, m))
      launch.arguments.push_back(ptx::number(int32_t(number)));
    int64_t tiles = 0;
    function.walk(
        [&](kernel::PlacementOpInterface order) { tiles = order.getWorkgroupCount(problem.outputRows(m)); });
    if (tiles == 0)
      return operands.mismatch(problem);
    const int64_t size = std::max<int64_t>(1, facts.persistentCluster);
    // Persistent workgroups walk several tiles.
    const bool isPersistent = facts.persistentCluster > 0 && facts.streamK.workgroups == 0;
    launch.kernel = problem.symbol;
    launch.gridX = uint32_t(isPersistent ? std::min<int64_t>(tiles, 2) * size : tiles);
    launch.gridY = uint32_t(isPersistent ? 1 : facts.splitK);
    launch.clusterSize = uint32_t(size);
    launch.threads = uint32_t(facts.threads);
    launch.dynamicSharedBytes = uint32_t(facts.dynamicLdsBytes);
    auto report = ptx::run(program, launch, memory, {.seed = seed});
    if (!report)
      return llvm::toString(report.takeError());
    const bool hasRows = llvm::any_of(operands.expertRows, [](int64_t rows) { return rows > 0; });
    EXPECT_EQ(report->products > 0, hasRows);
    for (auto [matrix, address] : written)
      matrix->bytes.assign(memory.region(address).data(),
                           memory.region(address).data() + matrix->bytes.size());
    return operands.mismatch(problem);
  }

  /// Right on fresh operands for each number of rows, with copies that arrive at once and as late as they
  /// may.
  void expectRight(const GemmProblem &problem, const GemmKernel &schedule, std::vector<int64_t> rowCounts) {
    mlir::MLIRContext context;
    auto module = llvm::cantFail(lowerGemm(context, problem, schedule));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    auto program = ptx::parse(ptxOf(sourceOf(function), schedule.architecture));
    ASSERT_TRUE(static_cast<bool>(program)) << llvm::toString(program.takeError());
    std::mt19937 engine(std::random_device{}());
    for (int64_t m : rowCounts)
      for (uint64_t late : {0, 1})
        EXPECT_EQ(run(**program, function, problem, m, 2 * (engine() % 1000) + late, engine), "")
            << m << " rows, copies arrive " << (late ? "late" : "at once");
  }

  llvm::SmallString<128> folder;
};

} // namespace codesign::test
