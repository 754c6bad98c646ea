// Executes the PTX of one kernel for sm_80 or sm_90a on the CPU, thread by thread: what ldmatrix, mma.sync,
// cp.async, tensor copies, mbarriers, wgmma and clusters do is written from the PTX ISA (8.x), without regard
// to the layouts that the compiler of this project assumes. Nothing here is timed.
//
//   auto program = ptx::parse(text);                          // Expected<shared_ptr<const Program>>
//   simulate::DeviceMemory memory;
//   ptx::Launch launch{.kernel = "gemm", .gridX = 4, .threads = 128};
//   launch.arguments = {ptx::pointer(memory.allocateCopy("a", bytes)), ptx::number(64)};
//   Expected<ptx::RunReport> report = ptx::run(**program, launch, memory);
#pragma once

#include "codesign/Simulate/DeviceMemory.h"
#include "llvm/Support/Error.h"
#include <optional>

namespace codesign::ptx {

/// A parsed module. Immutable; runs may share it.
class Program;

/// An error names the line, and what about it is not known.
llvm::Expected<std::shared_ptr<const Program>> parse(llvm::StringRef text);

/// What a tensor copy knows of its matrix: rows of `columns` elements that start `rowBytes` apart, copied in
/// boxes to shared memory, whose 16-byte pieces are swizzled within rows of `swizzleBytes` (32, 64, 128; 0:
/// not at all).
struct TensorMap {
  uint64_t address = 0, rows = 0, columns = 0, rowBytes = 0;
  uint32_t boxRows = 0, boxColumns = 0, elementBytes = 0, swizzleBytes = 0;
};

/// One parameter of a kernel: its bytes, or a tensor map of 128.
struct Argument {
  std::vector<uint8_t> bytes;
  std::optional<TensorMap> map{};
};
Argument pointer(uint64_t address);
Argument number(int32_t value);
Argument tensorMap(const TensorMap &map);

struct Launch {
  std::string kernel;
  uint32_t gridX = 1, gridY = 1;
  uint32_t threads = 1;     // of a workgroup
  uint32_t clusterSize = 1; // workgroups along x that run together
  std::vector<Argument> arguments{};
  uint32_t dynamicSharedBytes = 0;
};

struct RunOptions {
  /// Order in which warps take turns, and when copies under way arrive: at once or as late as they may.
  uint64_t seed = 1;
  uint64_t maxInstructions = 40'000'000'000; // of threads, in all; more is an error
  /// Run only these workgroups of the grid, x first; whole clusters.
  uint64_t firstWorkgroup = 0, workgroupCount = ~0ull;
};

struct RunReport {
  uint64_t instructions = 0; // of threads
  uint64_t products = 0;     // matrix instructions of warps
};

/// Executes the launch, cluster after cluster. An error: an instruction that is not known; an access outside
/// every buffer, or not aligned; operands of wgmma that change before it is waited for; a copy that nobody
/// waits for; lanes that do not meet where the instruction says they do; threads that wait for ever.
llvm::Expected<RunReport> run(const Program &program, const Launch &launch, simulate::DeviceMemory &memory,
                              const RunOptions &options = {});

} // namespace codesign::ptx
