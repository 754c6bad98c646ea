// Which matrix element a lane holds in which of its register
// elements, as one closed form for every architecture.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <initializer_list>
#include <string>

namespace codesign {

/// A place in an operand matrix. A is m × k (row i, column k), B is k × n (row k, column j), C and D are m ×
/// n. Multi-block instructions multiply `blocks` independent matrices; otherwise block is 0.
struct MatrixPosition {
  int block = 0;
  int row = 0;
  int column = 0;
  bool operator==(const MatrixPosition &) const = default;
};

/// Where that element is held. Lanes count within the group that executes
/// the instruction (64 wave, 32 warp, 128 warpgroup); elements count within
/// the lane's registers, element 0 in the low bits of the first register.
struct FragmentSlot {
  int lane = 0;
  int element = 0;
  bool operator==(const FragmentSlot &) const = default;
};

enum class MatrixAxis : uint8_t { Block, Row, Column };

/// One digit of a mixed-radix number: it takes values 0 …
/// extent − 1 and moves `stride` steps along `axis` per unit.
struct LayoutDigit {
  int extent = 1;
  MatrixAxis axis = MatrixAxis::Row;
  int stride = 1;
  bool operator==(const LayoutDigit &) const = default;
};

/// A bijection (lane, element) ↔ (block, row, column). Both numbers are split into
/// digits, least significant first, and each coordinate is the sum of its digits times
/// their strides: the same idea as a CuTe layout. Example, C of a 16×16 MFMA: lane =
/// {16 columns, 4 × rows of stride 4}, element = {4 rows}: row = 4·(lane/16) + element.
class FragmentLayout {
public:
  /// No layout: the operand is not in registers (a shared-memory descriptor), or none is recorded yet.
  FragmentLayout() = default;
  /// Digits of extent 1 are dropped.
  FragmentLayout(std::initializer_list<LayoutDigit> lane, std::initializer_list<LayoutDigit> element);

  bool empty() const { return laneDigits.empty(); }
  int lanes() const;
  int elementsPerLane() const;
  /// Number of different values along an axis: blocks(), rows(), columns() of the operand matrix.
  int extent(MatrixAxis axis) const;
  int blocks() const { return extent(MatrixAxis::Block); }
  int rows() const { return extent(MatrixAxis::Row); }
  int columns() const { return extent(MatrixAxis::Column); }

  /// The element held by `lane` at `element`; both must be in range.
  MatrixPosition operator()(int lane, int element) const;
  /// The inverse; the position must be inside the operand.
  FragmentSlot slotOf(MatrixPosition position) const;

  /// Elements of a lane that follow one another along `axis`
  /// (consecutive k, for wide loads and packing), starting at element 0.
  int contiguousElements(MatrixAxis axis) const;

  /// Positions along `axis` that one lane holds.
  int elementsAlong(MatrixAxis axis) const;
  /// The slot's number among the lanes, and among the elements of a lane, that differ along `axis`.
  FragmentSlot numberAlong(MatrixAxis axis, FragmentSlot slot) const;

  llvm::ArrayRef<LayoutDigit> lane() const { return laneDigits; }
  llvm::ArrayRef<LayoutDigit> element() const { return elementDigits; }
  /// The same layout with rows and columns exchanged (B of an MFMA is the transposed A).
  FragmentLayout transposed() const;
  /// "row = lane%16; column = 4*(lane/16) + element%4": for comments in emitted code and for `hw show`.
  std::string formula() const;

  bool operator==(const FragmentLayout &) const = default;

private:
  llvm::SmallVector<LayoutDigit, 3> laneDigits;
  llvm::SmallVector<LayoutDigit, 3> elementDigits;
};

} // namespace codesign
