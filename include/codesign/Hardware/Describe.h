// Profiles as text and JSON for `codesign hw`. Text fits 100 columns.
#pragma once

#include "codesign/Hardware/Profile.h"
#include "llvm/Support/raw_ostream.h"

namespace codesign {

/// A table with one line per device: compute, clocks, rates,
/// memory, power, price and whether codesign has kernels for it.
void printProfiles(llvm::raw_ostream &stream, llvm::ArrayRef<Profile> profiles);

/// Everything about one device: each number with its unit and source, derived rates, fitted constants, and
/// the instruction table of its architecture.
void printProfile(llvm::raw_ostream &stream, const Profile &profile);

/// {"schema": "codesign.hardware_profiles/1", "profiles": […]}: names and main numbers, in SI units.
void printProfilesJson(llvm::raw_ostream &stream, llvm::ArrayRef<Profile> profiles);

/// {"schema": "codesign.hardware_profile/1", …}: every entry with value and source, every matrix instruction
/// with its layouts' formulas, copies, LDS phases and wait counters.
void printProfileJson(llvm::raw_ostream &stream, const Profile &profile);

} // namespace codesign
