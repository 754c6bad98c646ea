#include "codesign/Hardware/ProfileLoader.h"

#include "ProfileReader.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <set>

namespace codesign {

std::vector<std::string> profileSearchDirs(llvm::StringRef dataDir, llvm::StringRef executablePath) {
  std::vector<std::string> candidates;
  auto add = [&](llvm::SmallString<256> base, std::initializer_list<llvm::StringRef> parts) {
    for (llvm::StringRef part : parts)
      llvm::sys::path::append(base, part);
    candidates.push_back(base.str().str());
  };
  if (!dataDir.empty()) {
    add(dataDir, {"hwprofiles"});
    return candidates;
  }
  // The address only helps where /proc is missing; any object of this binary will do.
  static const int anchor = 0;
  std::string executable =
      llvm::sys::fs::getMainExecutable(executablePath.str().c_str(), const_cast<int *>(&anchor));
  if (!executable.empty())
    add(llvm::sys::path::parent_path(executable), {"..", "share", "codesign", "hwprofiles"});
  candidates.push_back(CODESIGN_PROFILE_SOURCE_DIR);
  llvm::erase_if(candidates, [](const std::string &dir) { return !llvm::sys::fs::is_directory(dir); });
  return candidates;
}

static constexpr llvm::StringRef extension = ".yaml";
static constexpr llvm::StringRef calibrationExtension = ".calibration.yaml";

std::string calibrationPathFor(llvm::StringRef profilePath) {
  profilePath.consume_back(extension);
  return (profilePath + calibrationExtension).str();
}

std::vector<std::string> listProfiles(llvm::ArrayRef<std::string> searchDirs) {
  std::set<std::string> names;
  for (const std::string &dir : searchDirs) {
    std::error_code error;
    for (llvm::sys::fs::directory_iterator entry(dir, error), end; entry != end && !error;
         entry.increment(error)) {
      llvm::StringRef name = llvm::sys::path::filename(entry->path());
      if (!name.ends_with(calibrationExtension) && name.consume_back(extension))
        names.insert(name.str());
    }
  }
  return {names.begin(), names.end()};
}

static llvm::Expected<std::string> findProfile(llvm::StringRef name, llvm::ArrayRef<std::string> searchDirs) {
  for (const std::string &dir : searchDirs) {
    llvm::SmallString<256> path(dir);
    llvm::sys::path::append(path, name + extension);
    if (llvm::sys::fs::exists(path))
      return path.str().str();
  }
  std::vector<std::string> names = listProfiles(searchDirs);
  std::vector<llvm::StringRef> candidates(names.begin(), names.end());
  std::string known = names.empty() ? "no profiles found in " + llvm::join(searchDirs, ", ")
                                    : "known profiles: " + llvm::join(names, ", ");
  return usageError("unknown hardware profile '" + name + "'" + didYouMean(name, candidates) +
                    "\n  note: " + known);
}

/// Appends the sets of a device in the same folder for operators and types that have none yet.
static llvm::Error borrowCalibration(Profile &profile, llvm::StringRef device) {
  llvm::SmallString<256> path(llvm::sys::path::parent_path(profile.path));
  llvm::sys::path::append(path, device + calibrationExtension);
  if (!llvm::sys::fs::exists(path))
    return llvm::Error::success(); // not calibrated either
  llvm::Expected<Calibration> calibration = readCalibration(path);
  if (!calibration)
    return calibration.takeError();
  const std::vector<CalibrationSet> present = profile.calibration.sets;
  for (CalibrationSet &set : calibration->sets) {
    // What was simulated of a device's own kernels says nothing of its libraries.
    const bool known = llvm::any_of(present, [&](const CalibrationSet &own) {
      return own.key.operatorKind == set.key.operatorKind && own.key.dataType == set.key.dataType &&
             own.evidence == set.evidence;
    });
    if (known)
      continue;
    set.borrowedFrom = device.str();
    profile.calibration.sets.push_back(std::move(set));
  }
  return llvm::Error::success();
}

llvm::Expected<Profile> loadProfile(llvm::StringRef nameOrPath, llvm::ArrayRef<std::string> searchDirs) {
  std::string path = nameOrPath.str();
  bool isPath = nameOrPath.contains('/') || nameOrPath.ends_with(extension);
  if (!isPath) {
    llvm::Expected<std::string> found = findProfile(nameOrPath, searchDirs);
    if (!found)
      return found.takeError();
    path = *found;
  }
  llvm::Expected<YamlContext> context = YamlContext::open(path);
  if (!context)
    return context.takeError();
  Profile profile = hardware::readProfile(*context);
  if (!context->failed() && !isPath && profile.name != nameOrPath)
    context->fail(context->root()["name"], "'name' must be that of the file, '" + nameOrPath + "'");
  if (llvm::Error error = context->takeError())
    return error;
  std::string calibrationPath = calibrationPathFor(path);
  if (llvm::sys::fs::exists(calibrationPath)) {
    llvm::Expected<Calibration> calibration = readCalibration(calibrationPath);
    if (!calibration)
      return calibration.takeError();
    profile.calibration = std::move(*calibration);
  }
  for (const std::string &device : profile.borrowsCalibrationFrom)
    if (llvm::Error error = borrowCalibration(profile, device))
      return error;
  return profile;
}

} // namespace codesign
