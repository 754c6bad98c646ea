// The generated files of a package, each a function of the spec.
#pragma once

#include "codesign/Package/Package.h"

namespace codesign::package {

std::string manifestText(const PackageSpec &spec);
std::string headerText(const PackageSpec &spec);
std::string dispatchText(const PackageSpec &spec);
std::string imagesText(const PackageSpec &spec);
std::string cmakeText(const PackageSpec &spec);

/// "gemm.hip".
std::string sourceName(const PackageSpec &spec, llvm::StringRef symbol);
/// "llama_qkv_proj_launch_1a2b3c4d": an exported C symbol.
std::string exported(const PackageSpec &spec, const llvm::Twine &name);
/// True for a C identifier of at most 128 characters that is no keyword.
bool isIdentifier(llvm::StringRef name);

} // namespace codesign::package
