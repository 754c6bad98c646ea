#include "dialects/Kernel/Operand.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include <map>

namespace codesign::kernel {

namespace {

/// The two dimensions of one instruction operand, in fragment order.
FragmentPosition operandShape(const MatrixInstruction &record, Role role) {
  switch (role) {
  case Role::A:
    return {record.m, record.k};
  case Role::B:
    return {record.n, record.k};
  case Role::Accumulator:
    return {record.m, record.n};
  }
  return {};
}

const MatrixOperand &operandOf(const MatrixInstruction &record, Role role) {
  return role == Role::A ? record.a : role == Role::B ? record.b : record.c;
}

/// A is m × k, B is k × n.
MatrixAxis depthAxisOf(Role role) {
  return role == Role::A ? MatrixAxis::Column : MatrixAxis::Row;
}

std::string shapeText(int64_t first, int64_t second) {
  return (llvm::Twine(first) + "x" + llvm::Twine(second)).str();
}

} // namespace

Operand::Operand(FragmentType type, Architecture architecture)
    : type(type), record(findMatrixInstruction(architecture, type.getInstruction().getValue())) {
  assert(record && "the verifier checks that the instruction exists");
  FragmentPosition shape = operandShape(*record, type.getRole());
  firstStep = shape.first;
  secondStep = shape.second * type.getPack();
}

int64_t Operand::elementsPerGroup() const {
  return operandOf(*record, type.getRole()).layout.elementsPerLane() * type.getPack();
}

int64_t Operand::depthsPerLane() const {
  const FragmentLayout &layout = operandOf(*record, type.getRole()).layout;
  return layout.elementsAlong(depthAxisOf(type.getRole())) * type.getPack();
}

int64_t Operand::runsPerLane() const {
  const int64_t length = chunkLength(type.getElementType());
  // A whole run has as many elements as fit.
  std::map<std::pair<int64_t, int64_t>, int64_t> runs;
  for (int64_t element = 0; element < elementsPerGroup(); ++element) {
    const FragmentPosition at = positionInGroup(0, element);
    ++runs[{at.first, at.second / length}];
  }
  const bool whole = llvm::all_of(runs, [&](const auto &run) { return run.second == length; });
  return whole ? depthsPerLane() / length : 0;
}

int64_t Operand::registersPerLane() const {
  return (elementsPerLane() * type.getElementType().getIntOrFloatBitWidth() + 31) / 32;
}

FragmentPosition Operand::positionInGroup(int lane, int64_t element) const {
  const FragmentLayout &layout = operandOf(*record, type.getRole()).layout;
  const int64_t perInstruction = layout.elementsPerLane();
  const int64_t packed = element / perInstruction;
  const MatrixPosition position = layout(lane, element % perInstruction);
  if (type.getRole() == Role::Accumulator)
    return {position.row, position.column};
  // A is m × k, B is k × n: both have their non-reduced dimension first here.
  const int64_t row = type.getRole() == Role::A ? position.row : position.column;
  const int64_t depth = type.getRole() == Role::A ? position.column : position.row;
  if (type.getPack() == 1)
    return {row, depth};
  // Packed: what a lane holds of the depth of all its instructions is one run.
  const FragmentSlot number =
      layout.numberAlong(depthAxisOf(type.getRole()), {lane, static_cast<int>(element % perInstruction)});
  const int64_t depths = layout.elementsAlong(depthAxisOf(type.getRole()));
  return {row, (number.lane * type.getPack() + packed) * depths + number.element};
}

const MatrixInstruction *checkFragment(FragmentType type, Architecture architecture, std::string &reason) {
  const MatrixInstruction *record = findMatrixInstruction(architecture, type.getInstruction().getValue());
  if (!record) {
    reason =
        ("'" + type.getInstruction().getValue() + "' is no matrix instruction of " + toString(architecture))
            .str();
    return nullptr;
  }
  const MatrixOperand &operand = operandOf(*record, type.getRole());
  if (operand.space != OperandSpace::Registers || operand.layout.empty()) {
    reason = (llvm::Twine(record->name) + " does not take operand " + stringifyRole(type.getRole()) +
              " from registers")
                 .str();
    return nullptr;
  }
  FragmentPosition shape = operandShape(*record, type.getRole());
  if (type.getRole() == Role::Accumulator && type.getPack() != 1) {
    reason = "an accumulator has no pack";
    return nullptr;
  }
  shape.second *= type.getPack();
  if (type.getShape()[0] % shape.first || type.getShape()[1] % shape.second) {
    reason = (shapeText(type.getShape()[0], type.getShape()[1]) + " is no multiple of the " +
              shapeText(shape.first, shape.second) + " that operand " + stringifyRole(type.getRole()) +
              " of " + llvm::Twine(record->name) + " takes")
                 .str();
    return nullptr;
  }
  std::optional<DataType> element = dataTypeOf(type.getElementType());
  if (!element || *element != operand.type) {
    reason = (llvm::Twine(record->name) + " takes operand " + stringifyRole(type.getRole()) + " as " +
              toString(operand.type))
                 .str();
    return nullptr;
  }
  return record;
}

} // namespace codesign::kernel
