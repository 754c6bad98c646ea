// Runs one launch of a kernel on the CPU.
//
//   auto object = CodeObject::loadFile("gemm.co");            // Expected<shared_ptr<const CodeObject>>
//   DeviceMemory memory;
//   uint64_t a = memory.allocateValues<float>("a", values), c = memory.allocate("c", 4096);
//   Launch launch{.kernel = "gemm", .grid = {4, 4, 1}, .block = {256, 1, 1}};
//   launch.arguments = KernelArguments().pointer(a).pointer(c).value<int32_t>(64);
//   Expected<RunReport> report = run(**object, launch, memory, RunOptions{});
//   memory.values<float>(c)                                   // the result
#pragma once

#include "codesign/Simulate/CodeObject.h"
#include "codesign/Simulate/DeviceMemory.h"
#include "codesign/Simulate/RunReport.h"

namespace codesign::simulate {

struct Dimensions {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

/// Explicit kernel arguments, packed with natural alignment in the order of the kernel's parameters.
class KernelArguments {
public:
  template <class T>
  KernelArguments &value(const T &item) {
    return append({reinterpret_cast<const uint8_t *>(&item), sizeof(T)}, alignof(T));
  }
  /// The bytes of one argument.
  KernelArguments &append(llvm::ArrayRef<uint8_t> item, size_t alignment) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    bytes.insert(bytes.end(), item.begin(), item.end());
    return *this;
  }
  KernelArguments &pointer(uint64_t deviceAddress) { return value(deviceAddress); }

  std::vector<uint8_t> bytes;
};

struct Launch {
  std::string kernel;
  Dimensions grid;             // workgroups
  Dimensions block;            // work-items per workgroup, at most 1024
  KernelArguments arguments{}; // hidden arguments are filled in from grid and block
  uint32_t dynamicLdsBytes = 0;
};

struct RunOptions {
  /// Missing waits, races, bounds, undefined values, hazards and barriers; off is about twice as fast.
  bool checks = true;
  /// Order in which waves take turns; another seed, another order. 0: one instruction each, in turn.
  uint64_t seed = 1;
  /// Worker threads over workgroups; 0 takes one per core. Timing runs use one.
  unsigned threads = 0;
  /// A run that executes more wave instructions than this per workgroup stops with an error (endless loop).
  uint64_t maxInstructionsPerWorkgroup = 4'000'000'000;
  /// Stop the run after this many distinct findings.
  unsigned maxFindings = 200;
  /// Run only workgroups [firstWorkgroup, firstWorkgroup + workgroupCount) of the grid in x-fastest order.
  uint64_t firstWorkgroup = 0;
  uint64_t workgroupCount = ~0ull;
  /// Record what the first so many of them execute, for Timing.h (16 bytes for each wave instruction, 4 for
  /// each line).
  uint64_t tracedWorkgroups = 0;
};

/// Executes the launch. An error: unknown kernel, sizes beyond the device's limits, missing arguments, an
/// instruction the simulator does not know (with name and address), a wave that leaves the code. Findings of
/// the checks are no errors: they are in the report.
llvm::Expected<RunReport> run(const CodeObject &object, const Launch &launch, DeviceMemory &memory,
                              const RunOptions &options);

} // namespace codesign::simulate
