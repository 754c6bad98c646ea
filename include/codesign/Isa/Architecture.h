// GPU instruction sets that codesign knows, and the names other tools give them.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace codesign {

enum class Architecture : uint8_t { Gfx942, Gfx950, Sm80, Sm90a, Sm100a };
enum class Vendor : uint8_t { Amd, Nvidia };

/// How far a number can be trusted: published by the vendor,
/// measured by somebody on hardware, or inferred and unconfirmed.
enum class Evidence : uint8_t { Documented, Measured, Assumed };

/// Every architecture, in declaration order.
llvm::ArrayRef<Architecture> allArchitectures();

/// The compiler's name: "gfx942", "gfx950", "sm_80", "sm_90a", "sm_100a".
/// It is the value of clang's --offload-arch (both vendors) and of nvcc's -arch.
llvm::StringRef toString(Architecture architecture);

/// Accepts the compiler's name ("gfx942", "sm_90a", also "sm90a")
/// and the family ("CDNA3", "Hopper"), any case; empty if unknown.
std::optional<Architecture> parseArchitecture(llvm::StringRef name);

/// "CDNA3", "CDNA4", "Ampere", "Hopper", "Blackwell".
llvm::StringRef familyName(Architecture architecture);

Vendor vendorOf(Architecture architecture);
/// "amd", "nvidia".
llvm::StringRef toString(Vendor vendor);
std::optional<Vendor> parseVendor(llvm::StringRef name);

/// Threads that execute one instruction together: 64 on CDNA, 32 on NVIDIA.
int waveSize(Architecture architecture);

/// "documented", "measured", "assumed".
llvm::StringRef toString(Evidence evidence);

} // namespace codesign
