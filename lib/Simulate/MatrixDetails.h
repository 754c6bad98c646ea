// What execution of a matrix instruction needs of its record, computed once.
#pragma once

#include "Lanes/LaneTable.h"
#include "Translate.h"
#include "codesign/Isa/MatrixInstruction.h"
#include <vector>

namespace codesign::simulate {

struct MatrixBlock {
  std::vector<int> a, b, rows; // offsets per depth step (a, b) and per row (result), see MatrixStep
};

struct MatrixDetails {
  const MatrixInstruction *record = nullptr;
  MatrixType typeA = MatrixType::F32, typeB = MatrixType::F32;
  bool isInteger = false, isDouble = false, isSparse = false;
  int elementsA = 0, elementsB = 0, resultDwords = 0;
  std::vector<MatrixBlock> blocks;
  std::vector<uint8_t> scaleLanesA, scaleLanesB; // lane whose scale an element takes, element after element
  uint64_t multiplyAccumulates = 0;
};

/// Of an element of a matrix among the lanes of the registers that hold it.
int offsetOf(const FragmentLayout &layout, MatrixPosition position);

/// The record of an instruction, whose formats of A and B some mnemonics leave open; null if there is none.
const MatrixInstruction *findRecord(const RawInstruction &raw, int formatA, int formatB);

/// The details of a record, kept for good; null where its operands lie as the fast loops do not take them.
const MatrixDetails *detailsOf(const MatrixInstruction &record);

} // namespace codesign::simulate
