// Wait states that software must keep between two instructions on gfx940 and later.
#pragma once

#include "Wave.h"

namespace codesign::simulate {

/// Fills in what the checks want to know of an instruction; after a change of its registers as well.
void describeRegisters(Instruction &instruction);

/// Compares an instruction about to issue with the wave's recent writers, then records its own writes.
void checkHazards(Wave &wave, const Instruction &instruction);

} // namespace codesign::simulate
