// Helpers of the cost model's tests.
#pragma once

#include "codesign/Cost/Breakdown.h"
#include "codesign/Cost/GemmModel.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "gtest/gtest.h"

namespace codesign {

/// The frozen device of the tests, or a shipped one by name.
inline Profile frozenProfile() {
  return llvm::cantFail(loadProfile(CODESIGN_SOURCE_DIR "/test/Inputs/hwprofiles/frozen-gfx942.yaml", {}));
}
inline Profile shippedProfile(llvm::StringRef name) {
  return llvm::cantFail(
      loadProfile(std::string(CODESIGN_SOURCE_DIR "/hwprofiles/") + name.str() + ".yaml", {}));
}

/// Constants that leave the bare mechanisms: full rates, no overheads, nothing that limits.
inline GemmConstants bare() {
  GemmConstants c;
  c.mmaEfficiency = 1;
  c.launch = c.prologueCycles = c.epilogueCyclesPerLine = c.stepOverheadCycles = 0;
  c.bandwidth = 1;
  c.unitBytesPerClock = c.sharedEfficiency = c.unitMemoryBytesPerClock = 1e9;
  c.waveRounding = 1;
  c.droop = c.splitLaunch = c.splitTraffic = c.trafficRamp = c.stepLatencyCycles = c.outputOverlap = 0;
  c.splitWork = c.activationTraffic = 1;
  c.cacheShare = 2;
  return c;
}

inline double termOf(const Breakdown &breakdown, llvm::StringRef name) {
  for (const NamedSeconds &term : breakdown.terms())
    if (term.name == name)
      return term.time.value;
  return 0;
}
inline double resourceOf(const Breakdown &breakdown, llvm::StringRef name) {
  for (const NamedSeconds &resource : breakdown.resources())
    if (resource.name == name)
      return resource.time.value;
  return 0;
}

} // namespace codesign
