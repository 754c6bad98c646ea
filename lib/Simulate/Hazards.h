// Wait states that software must keep between two instructions on gfx940 and later.
#pragma once

#include "Wave.h"

namespace codesign::simulate {

/// Compares an instruction about to issue with the wave's recent writers, then records its own writes.
void checkHazards(Wave &wave, const Instruction &instruction);

} // namespace codesign::simulate
