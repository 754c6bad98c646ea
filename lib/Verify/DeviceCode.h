// Compiled code of one kernel of a package, for a device of either vendor, and launches of it on the CPU.
#pragma once

#include "codesign/Ptx/Ptx.h"
#include "codesign/Simulate/Simulator.h"
#include "codesign/Verify/Verify.h"

namespace codesign {

class DeviceCode {
public:
  /// Compiles a source to a file in `folder`. An error: the compiler's messages; code that cannot be
  /// executed.
  static llvm::Expected<DeviceCode> compile(llvm::StringRef compiler, llvm::StringRef source,
                                            llvm::StringRef architecture, llvm::StringRef folder);

  /// Runs `count` workgroups from `first` on, x first, and adds what they executed and what was found to
  /// `report`. An error is one of the simulator.
  llvm::Error run(const ptx::Launch &launch, simulate::DeviceMemory &memory, const VerifyOptions &options,
                  uint64_t first, uint64_t count, VerifiedLaunch &report) const;

  int64_t lanes() const { return object ? 64 : 32; } // of a wave

private:
  llvm::Error simulateWorkgroups(const ptx::Launch &launch, simulate::DeviceMemory &memory,
                                 const VerifyOptions &options, uint64_t first, uint64_t count,
                                 VerifiedLaunch &report) const;

  std::shared_ptr<const simulate::CodeObject> object; // AMD
  std::shared_ptr<const ptx::Program> program;        // NVIDIA
};

} // namespace codesign
