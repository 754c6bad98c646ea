// Address windows of generic (flat) addressing.
#pragma once

#include <cstdint>

namespace codesign::simulate {

// Any 4 GiB-aligned windows outside the buffers' range serve; flat instructions and s_mov src_*_base agree on
// them.
constexpr uint64_t sharedAperture = 0x0001000000000000ull;
constexpr uint64_t privateAperture = 0x0002000000000000ull;

inline bool isInWindow(uint64_t address, uint64_t window) {
  return (address >> 32) == (window >> 32);
}

} // namespace codesign::simulate
