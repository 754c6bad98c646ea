// Vector registers whose numbers M0 shifts between s_set_gpr_idx_on and s_set_gpr_idx_off.
#pragma once

#include "Wave.h"

namespace codesign::simulate {

/// Does register indexing reach this instruction? It does for everything that the vector ALU and the matrix
/// cores execute, v_readlane and v_writelane included, and for no memory instruction.
inline bool canIndexRegisters(const Instruction &instruction) {
  switch (instruction.kind) {
  case InstructionClass::Vector:
  case InstructionClass::Transcendental:
  case InstructionClass::Packed:
  case InstructionClass::Matrix:
    return true;
  default:
    return false;
  }
}

/// The instruction with the registers that the wave's index selects, in its operands and in what the checks
/// look at.
Instruction withIndexedRegisters(const Wave &wave, const Instruction &instruction);

} // namespace codesign::simulate
