// Loads that go straight to LDS, from device memory or from scratch.
#pragma once

#include "Access.h"

namespace codesign::simulate {

/// Begins what a direct load to LDS will write, before the load is counted as issued. Data reach LDS when the
/// wave has waited for them, or else before its next barrier or any wave's store to LDS: code that reads too
/// early finds the old bytes, and code that refills a tile which other waves still read is right here too, as
/// it is on hardware through the latency of memory.
LateLdsWrite &beginLateLdsWrite(Wave &wave, int bytesPerLane);

/// Adds one lane's loaded bytes at its place in LDS; bytes and halves arrive extended to a dword.
void addToLateLdsWrite(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                       uint32_t operation, LateLdsWrite &write, uint32_t ldsBase, int lane, uint8_t *bytes);

} // namespace codesign::simulate
