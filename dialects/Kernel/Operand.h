// What an operand fragment means: which element of the wave's matrix each lane holds, and how it is counted.
#pragma once

#include "codesign/Isa/MatrixInstruction.h"
#include "dialects/Kernel/Kernel.h"

namespace codesign::kernel {

/// A place in a wave's fragment: dimension 0 and 1 of its type.
struct FragmentPosition {
  int64_t first = 0;
  int64_t second = 0;
};

/// A fragment type read together with its instruction. Elements of a lane are ordered by (instruction tile
/// along the first dimension, along the second, pack, element of the instruction's operand).
class Operand {
public:
  /// The instruction must exist on `architecture` and the shape be a multiple of it (the verifier's checks).
  Operand(FragmentType type, Architecture architecture);

  const MatrixInstruction &instruction() const { return *record; }
  int lanes() const { return record->lanes; }
  /// Extent of one group of `pack` instruction operands along each dimension.
  int64_t stepFirst() const { return firstStep; }
  int64_t stepSecond() const { return secondStep; }
  /// Number of such groups along each dimension.
  int64_t countFirst() const { return type.getShape()[0] / firstStep; }
  int64_t countSecond() const { return type.getShape()[1] / secondStep; }
  /// Elements one lane holds of one group.
  int64_t elementsPerGroup() const;
  int64_t elementsPerLane() const { return countFirst() * countSecond() * elementsPerGroup(); }
  /// Positions along k that one lane holds of one group of operand a or b.
  int64_t depthsPerLane() const;
  /// Runs of 16 consecutive bytes of k in which a lane holds each row of a group of operand a or b; 0 if not
  /// so.
  int64_t runsPerLane() const;
  /// 32-bit registers per lane.
  int64_t registersPerLane() const;
  /// Where `element` of `lane` inside one group lies, relative to the group's origin.
  FragmentPosition positionInGroup(int lane, int64_t element) const;

private:
  FragmentType type;
  const MatrixInstruction *record;
  int64_t firstStep = 0, secondStep = 0;
};

/// The record a fragment names, or null with the reason in `reason`: unknown on this architecture, operand
/// not in registers, shape no multiple of the instruction, or element type unlike the instruction's.
const MatrixInstruction *checkFragment(FragmentType type, Architecture architecture, std::string &reason);

} // namespace codesign::kernel
