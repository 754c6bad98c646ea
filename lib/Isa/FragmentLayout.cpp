#include "codesign/Isa/FragmentLayout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include <cassert>

namespace codesign {

FragmentLayout::FragmentLayout(std::initializer_list<LayoutDigit> lane,
                               std::initializer_list<LayoutDigit> element) {
  auto isReal = [](const LayoutDigit &digit) { return digit.extent > 1; };
  llvm::copy_if(lane, std::back_inserter(laneDigits), isReal);
  llvm::copy_if(element, std::back_inserter(elementDigits), isReal);
}

static int product(llvm::ArrayRef<LayoutDigit> digits) {
  int total = 1;
  for (const LayoutDigit &digit : digits)
    total *= digit.extent;
  return total;
}

int FragmentLayout::lanes() const {
  return product(laneDigits);
}
int FragmentLayout::elementsPerLane() const {
  return product(elementDigits);
}

int FragmentLayout::extent(MatrixAxis axis) const {
  int last = 0;
  for (const LayoutDigit &digit : llvm::concat<const LayoutDigit>(laneDigits, elementDigits))
    if (digit.axis == axis)
      last += (digit.extent - 1) * digit.stride;
  return last + 1;
}

static int &coordinate(MatrixPosition &position, MatrixAxis axis) {
  switch (axis) {
  case MatrixAxis::Block:
    return position.block;
  case MatrixAxis::Row:
    return position.row;
  case MatrixAxis::Column:
    break;
  }
  return position.column;
}

static void addDigits(llvm::ArrayRef<LayoutDigit> digits, int number, MatrixPosition &position) {
  for (const LayoutDigit &digit : digits) {
    coordinate(position, digit.axis) += number % digit.extent * digit.stride;
    number /= digit.extent;
  }
}

MatrixPosition FragmentLayout::operator()(int lane, int element) const {
  assert(lane >= 0 && lane < lanes() && element >= 0 && element < elementsPerLane());
  MatrixPosition position;
  addDigits(laneDigits, lane, position);
  addDigits(elementDigits, element, position);
  return position;
}

static int collectDigits(llvm::ArrayRef<LayoutDigit> digits, MatrixPosition position) {
  int number = 0;
  int weight = 1;
  for (const LayoutDigit &digit : digits) {
    number += coordinate(position, digit.axis) / digit.stride % digit.extent * weight;
    weight *= digit.extent;
  }
  return number;
}

FragmentSlot FragmentLayout::slotOf(MatrixPosition position) const {
  assert(position.block < blocks() && position.row < rows() && position.column < columns());
  return {collectDigits(laneDigits, position), collectDigits(elementDigits, position)};
}

int FragmentLayout::contiguousElements(MatrixAxis axis) const {
  int run = 1;
  for (const LayoutDigit &digit : elementDigits) {
    if (digit.axis != axis || digit.stride != run)
      break;
    run *= digit.extent;
  }
  return run;
}

/// The digits of a number that belong to `axis`, as a number of their own.
static int digitsAlong(llvm::ArrayRef<LayoutDigit> digits, MatrixAxis axis, int number) {
  int result = 0, weight = 1;
  for (const LayoutDigit &digit : digits) {
    if (digit.axis == axis) {
      result += number % digit.extent * weight;
      weight *= digit.extent;
    }
    number /= digit.extent;
  }
  return result;
}

int FragmentLayout::elementsAlong(MatrixAxis axis) const {
  return digitsAlong(elementDigits, axis, elementsPerLane() - 1) + 1;
}

FragmentSlot FragmentLayout::numberAlong(MatrixAxis axis, FragmentSlot slot) const {
  return {digitsAlong(laneDigits, axis, slot.lane), digitsAlong(elementDigits, axis, slot.element)};
}

FragmentLayout FragmentLayout::transposed() const {
  FragmentLayout result = *this;
  for (auto *digits : {&result.laneDigits, &result.elementDigits})
    for (LayoutDigit &digit : *digits) {
      if (digit.axis == MatrixAxis::Row)
        digit.axis = MatrixAxis::Column;
      else if (digit.axis == MatrixAxis::Column)
        digit.axis = MatrixAxis::Row;
    }
  return result;
}

/// Appends "stride*(number/below%extent)" for each digit of the axis, leaving out factors that do nothing.
static void describeDigits(llvm::ArrayRef<LayoutDigit> digits, llvm::StringRef number, MatrixAxis axis,
                           std::string &text) {
  int below = 1;
  for (size_t i = 0; i < digits.size(); ++i) {
    const LayoutDigit &digit = digits[i];
    if (digit.axis == axis) {
      std::string term = number.str();
      if (below > 1)
        term += "/" + std::to_string(below);
      if (i + 1 < digits.size())
        term += "%" + std::to_string(digit.extent);
      if (digit.stride > 1)
        term = std::to_string(digit.stride) + "*" + (term == number ? term : "(" + term + ")");
      text += (text.empty() ? "" : " + ") + term;
    }
    below *= digit.extent;
  }
}

std::string FragmentLayout::formula() const {
  static constexpr std::pair<MatrixAxis, const char *> axes[] = {
      {MatrixAxis::Block, "block"}, {MatrixAxis::Row, "row"}, {MatrixAxis::Column, "column"}};
  std::string text;
  for (auto [axis, name] : axes) {
    if (empty() || (axis == MatrixAxis::Block && blocks() == 1))
      continue;
    std::string sum;
    describeDigits(laneDigits, "lane", axis, sum);
    describeDigits(elementDigits, "element", axis, sum);
    text += (text.empty() ? "" : "; ") + std::string(name) + " = " + (sum.empty() ? "0" : sum);
  }
  return text;
}

} // namespace codesign
