// Compiles kernels with clang, without ROCm or the CUDA toolkit.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace codesign {

/// Path of the device compiler: `wanted` if it is not empty, else the first of clang++-22 and clang++ on the
/// PATH. None: an error with exit code 2 that says what to install.
llvm::Expected<std::string> findDeviceCompiler(llvm::StringRef wanted);

/// Compiles one source to a code object for an AMD `architecture` ("gfx942"), to PTX for one of NVIDIA's
/// ("sm_90a"). The compiler's messages are in the error.
llvm::Error compileForDevice(llvm::StringRef compiler, llvm::StringRef source, llvm::StringRef architecture,
                             llvm::StringRef object);

} // namespace codesign
