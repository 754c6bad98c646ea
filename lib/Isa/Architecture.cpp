#include "codesign/Isa/Architecture.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ErrorHandling.h"

namespace codesign {

llvm::ArrayRef<Architecture> allArchitectures() {
  static constexpr Architecture all[] = {Architecture::Gfx942, Architecture::Gfx950, Architecture::Sm80,
                                         Architecture::Sm90a, Architecture::Sm100a};
  return all;
}

llvm::StringRef toString(Architecture architecture) {
  switch (architecture) {
  case Architecture::Gfx942:
    return "gfx942";
  case Architecture::Gfx950:
    return "gfx950";
  case Architecture::Sm80:
    return "sm_80";
  case Architecture::Sm90a:
    return "sm_90a";
  case Architecture::Sm100a:
    return "sm_100a";
  }
  llvm_unreachable("unknown architecture");
}

std::optional<Architecture> parseArchitecture(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Architecture>>(name)
      .CasesLower({"gfx942", "cdna3"}, Architecture::Gfx942)
      .CasesLower({"gfx950", "cdna4"}, Architecture::Gfx950)
      .CasesLower({"sm_80", "sm80", "ampere"}, Architecture::Sm80)
      .CasesLower({"sm_90a", "sm90a", "hopper"}, Architecture::Sm90a)
      .CasesLower({"sm_100a", "sm100a", "blackwell"}, Architecture::Sm100a)
      .Default(std::nullopt);
}

llvm::StringRef familyName(Architecture architecture) {
  switch (architecture) {
  case Architecture::Gfx942:
    return "CDNA3";
  case Architecture::Gfx950:
    return "CDNA4";
  case Architecture::Sm80:
    return "Ampere";
  case Architecture::Sm90a:
    return "Hopper";
  case Architecture::Sm100a:
    return "Blackwell";
  }
  llvm_unreachable("unknown architecture");
}

Vendor vendorOf(Architecture architecture) {
  return architecture == Architecture::Gfx942 || architecture == Architecture::Gfx950 ? Vendor::Amd
                                                                                      : Vendor::Nvidia;
}

llvm::StringRef toString(Vendor vendor) {
  return vendor == Vendor::Amd ? "amd" : "nvidia";
}

std::optional<Vendor> parseVendor(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Vendor>>(name)
      .CaseLower("amd", Vendor::Amd)
      .CaseLower("nvidia", Vendor::Nvidia)
      .Default(std::nullopt);
}

int waveSize(Architecture architecture) {
  return vendorOf(architecture) == Vendor::Amd ? 64 : 32;
}

llvm::StringRef toString(Evidence evidence) {
  switch (evidence) {
  case Evidence::Documented:
    return "documented";
  case Evidence::Measured:
    return "measured";
  case Evidence::Assumed:
    return "assumed";
  }
  llvm_unreachable("unknown evidence");
}

} // namespace codesign
