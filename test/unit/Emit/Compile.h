// Compiles emitted sources with the device compilers and reads their resource reports.
#pragma once

#include "codesign/Emit/Emit.h"
#include "codesign/Isa/Architecture.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace codesign::test {

/// The emitted source with its prelude.
inline std::string sourceOf(kernel::FuncOp function) {
  EmitOptions options;
  options.inlinePrelude = true;
  return llvm::cantFail(emitKernel(function, options));
}

struct CompilerReport {
  bool compiled = false;
  bool measured = false; // whether the compiler reports resources: clang's PTX has none
  int registers = 0;     // VGPR and AGPR, or NVIDIA registers
  int scratchBytes = 0;  // scratch, stack and spills
  int ldsBytes = 0;      // static
  int occupancy = 0;     // waves per SIMD; AMD only
  std::string log;
};

inline int numberAfter(llvm::StringRef text, llvm::StringRef pattern) {
  llvm::SmallVector<llvm::StringRef> groups;
  int value = 0;
  if (llvm::Regex(pattern).match(text, &groups))
    (void)groups[1].getAsInteger(10, value);
  return value;
}

/// Compiles to an object beside a temporary source; `objectPath` receives it. NVIDIA sources become PTX where
/// nvcc is absent, or is not to be asked.
inline CompilerReport compile(llvm::StringRef source, Architecture architecture,
                              const std::string &objectPath, bool asksNvcc = true) {
  CompilerReport report;
  const bool amd = vendorOf(architecture) == Vendor::Amd;
  const std::string input = objectPath + (amd ? ".hip" : ".cu"), log = objectPath + ".log";
  {
    std::error_code code;
    llvm::raw_fd_ostream(input, code) << source;
  }
  std::vector<std::string> command;
  const std::string arch = toString(architecture).str();
  report.measured = amd || (asksNvcc && llvm::sys::findProgramByName("nvcc"));
  if (amd)
    command = {"clang++-22",
               "-x",
               "hip",
               "--cuda-device-only",
               "--no-gpu-bundle-output",
               "--offload-arch=" + arch,
               "-nogpulib",
               "-nogpuinc",
               "-c",
               "-Rpass-analysis=kernel-resource-usage"};
  else if (report.measured)
    command = {"nvcc", "-cubin",   "-Xptxas",
               "-v",   "-gencode", "arch=compute_" + arch.substr(3) + ",code=" + arch};
  else
    command = {"clang++-22",
               "-x",
               "cuda",
               "--cuda-device-only",
               "--cuda-gpu-arch=" + arch,
               "--cuda-feature=+ptx80",
               "-nocudainc",
               "-nocudalib",
               "-Wno-unknown-cuda-version",
               "-S"};
  command.insert(command.end(), {"-std=c++17", "-O3", input, "-o", objectPath});
  llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName(command.front());
  if (!program) {
    report.log = command.front() + " not found";
    return report;
  }
  std::vector<llvm::StringRef> arguments(command.begin(), command.end());
  const std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(log),
                                                      llvm::StringRef(log)};
  (void)llvm::sys::fs::remove(log); // a shorter report would leave the end of the one before
  report.compiled = llvm::sys::ExecuteAndWait(*program, arguments, std::nullopt, redirects) == 0;
  if (auto buffer = llvm::MemoryBuffer::getFile(log))
    report.log = (*buffer)->getBuffer().str();
  if (amd) {
    report.registers =
        numberAfter(report.log, " VGPRs: ([0-9]+)") + numberAfter(report.log, " AGPRs: ([0-9]+)");
    report.scratchBytes = numberAfter(report.log, "ScratchSize .bytes/lane.: ([0-9]+)");
    report.ldsBytes = numberAfter(report.log, "LDS Size .bytes/block.: ([0-9]+)");
    report.occupancy = numberAfter(report.log, "Occupancy .waves/SIMD.: ([0-9]+)");
  } else {
    report.registers = numberAfter(report.log, "Used ([0-9]+) registers");
    report.scratchBytes = numberAfter(report.log, "([0-9]+) bytes stack frame") +
                          numberAfter(report.log, "([0-9]+) bytes spill stores") +
                          numberAfter(report.log, "([0-9]+) bytes spill loads");
    report.ldsBytes = numberAfter(report.log, "([0-9]+) bytes smem");
  }
  return report;
}

} // namespace codesign::test
