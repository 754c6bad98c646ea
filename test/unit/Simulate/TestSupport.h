// Builds code objects at test time: HIP through clang, assembly through llvm-mc, both linked by lld.
#pragma once

#include "codesign/Simulate/Simulator.h"
#include "llvm/ADT/StringRef.h"
#include "gtest/gtest.h"
#include <memory>
#include <string>
#include <vector>

namespace codesign::simulate::test {

using CodeObjectPointer = std::shared_ptr<const CodeObject>;

/// Bytes of the linked code object; fails the test with the tool's output otherwise.
std::string compileHip(llvm::StringRef source, llvm::StringRef arch = "gfx942",
                       std::vector<std::string> extra = {});
std::string assembleBytes(llvm::StringRef source, llvm::StringRef arch = "gfx942");

CodeObjectPointer loadHip(llvm::StringRef source, llvm::StringRef arch = "gfx942");
CodeObjectPointer loadAssembly(llvm::StringRef source, llvm::StringRef arch = "gfx942");

/// Lines that every HIP test source starts with.
extern const char *const hipPrelude;

struct AssemblyKernel {
  std::string name;
  std::string body; // s_endpgm is added
  int ldsBytes = 0;
  int scratchBytes = 0;
};
/// A kernel with s[0:1] = kernel arguments, s2 = workgroup id, v0 = work-item id, 128 VGPRs and 128 AGPRs.
std::string assemblyKernel(const AssemblyKernel &kernel);

/// Runs with checks; a failed run fails the test and gives an empty report.
RunReport runChecked(const CodeObject &object, const Launch &launch, DeviceMemory &memory,
                     RunOptions options = {});
/// Findings as text, for failure messages.
std::string describe(const RunReport &report);

} // namespace codesign::simulate::test
