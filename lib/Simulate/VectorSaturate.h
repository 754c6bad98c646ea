// The clamp bit of integer vector instructions.
#pragma once

#include "Vector.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace codesign::simulate {

/// For an integer instruction of this name: what to store in extra[3], 0 where the bit changes nothing; none
/// if the simulator does not know what the bit means.
std::optional<uint8_t> integerClamp(llvm::StringRef base);

/// Replaces wrapped results by saturated ones; the result lanes hold what the instruction computed without.
void saturateInteger(const Instruction &instruction, const LaneArguments &x, uint32_t *result);

} // namespace codesign::simulate
