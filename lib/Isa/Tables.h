// The rows of each architecture's .def file, built once.
#pragma once

#include "codesign/Isa/MatrixInstruction.h"

namespace codesign::isa {

std::vector<MatrixInstruction> cdnaMatrixInstructions(Architecture architecture);
std::vector<MatrixInstruction> nvidiaMatrixInstructions(Architecture architecture);

/// 32-bit registers for this many elements in one lane.
inline int registersFor(int elements, DataType type) {
  return (elements * bitWidth(type) + 31) / 32;
}

} // namespace codesign::isa
