// Finding and reading profiles.
#pragma once

#include "codesign/Hardware/Profile.h"
#include "llvm/Support/Error.h"

namespace codesign {

/// Folders searched for <name>.yaml, in order: `dataDir`/hwprofiles
/// if an option gave one (then nothing else), else
/// ../share/codesign/hwprofiles next to the executable, then the source folder this binary was built from.
/// Folders that do not exist are left out. `executablePath` is argv[0] or empty.
std::vector<std::string> profileSearchDirs(llvm::StringRef dataDir, llvm::StringRef executablePath);

/// Reads one profile: a path (has a '/' or ends in ".yaml") or a name looked up in the folders. Its
/// calibration file is read with it. Every unknown, missing, doubled or ill-typed key and every number out of
/// range is an error with a caret; an unknown name lists the names there are. Exit code 2.
llvm::Expected<Profile> loadProfile(llvm::StringRef nameOrPath, llvm::ArrayRef<std::string> searchDirs);

/// Names of all profiles in the folders, sorted, each once.
std::vector<std::string> listProfiles(llvm::ArrayRef<std::string> searchDirs);

} // namespace codesign
