#include "codesign/Verify/DeviceCompiler.h"

#include "codesign/Support/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include <vector>

namespace codesign {

llvm::Expected<std::string> findDeviceCompiler(llvm::StringRef wanted) {
  for (llvm::StringRef name : {wanted, llvm::StringRef("clang++-22"), llvm::StringRef("clang++")}) {
    if (name.empty())
      continue;
    if (llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName(name))
      return *found;
    if (name == wanted)
      return usageError("there is no compiler '" + wanted + "'");
  }
  return usageError(
      "no clang++-22 or clang++ on the PATH to compile the kernels with; install clang-22 or name one with "
      "--compiler");
}

llvm::Error compileForDevice(llvm::StringRef compiler, llvm::StringRef source, llvm::StringRef architecture,
                             llvm::StringRef object) {
  const bool isAmd = architecture.starts_with("gfx");
  const std::string arch = ((isAmd ? "--offload-arch=" : "--cuda-gpu-arch=") + architecture).str(),
                    log = (object + ".log").str();
  std::vector<llvm::StringRef> arguments = {compiler, "-x", isAmd ? "hip" : "cuda", "--cuda-device-only",
                                            arch};
  if (isAmd)
    arguments.insert(arguments.end(), {"--no-gpu-bundle-output", "-nogpulib", "-nogpuinc", "-c"});
  else
    arguments.insert(arguments.end(), {"--cuda-feature=+ptx80", "-nocudainc", "-nocudalib",
                                       "-Wno-unknown-cuda-version", "-S"});
  arguments.insert(arguments.end(), {"-std=c++17", "-O3", source, "-o", object});
  const std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(log),
                                                      llvm::StringRef(log)};
  const int code = llvm::sys::ExecuteAndWait(compiler, arguments, std::nullopt, redirects);
  std::string messages;
  if (auto buffer = llvm::MemoryBuffer::getFile(log))
    messages = (*buffer)->getBuffer().str();
  (void)llvm::sys::fs::remove(log);
  if (code != 0)
    return usageError("'" + source + "' does not compile for " + architecture + ":\n" + messages);
  return llvm::Error::success();
}

} // namespace codesign
