// Profiles as text and JSON for `codesign hw`. Text fits 100 columns.
#pragma once

#include "codesign/Hardware/Profile.h"
#include "llvm/Support/raw_ostream.h"

namespace codesign {

/// A table with one line per device: compute, clocks, rates,
/// memory, power, price and whether codesign has kernels for it.
void printProfiles(llvm::raw_ostream &stream, llvm::ArrayRef<Profile> profiles);

/// What printProfile adds: the value of every fitted constant, the instruction table of the architecture.
struct ProfileDetail {
  bool constants = false, instructions = false;
};

/// One device: each number with its unit and source, derived rates, the fitted sets with their errors.
void printProfile(llvm::raw_ostream &stream, const Profile &profile, const ProfileDetail &detail = {});

/// {"schema": "codesign.hardware_profiles/1", "profiles": […]}: names and main numbers, in SI units.
void printProfilesJson(llvm::raw_ostream &stream, llvm::ArrayRef<Profile> profiles);

/// {"schema": "codesign.hardware_profile/1", …}: every entry with value and source, every matrix instruction
/// with its layouts' formulas, copies, LDS phases and wait counters.
void printProfileJson(llvm::raw_ostream &stream, const Profile &profile);

} // namespace codesign
