// From a parsed profile file to a Profile.
#pragma once

#include "codesign/Hardware/Profile.h"
#include "codesign/Support/YamlReader.h"

namespace codesign::hardware {

/// Reads and checks everything but the calibration.
Profile readProfile(YamlContext &context);

} // namespace codesign::hardware
