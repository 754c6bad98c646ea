// What changed between two operators, in the words under which the error of predicted ratios is kept.
#pragma once

#include "codesign/Model/Operators.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace codesign {

/// The dimension's name; for m, n and k of a product, which macro-tiles cut, with ", aligned" if both sizes
/// are multiples of 128 elements, the shorter edge of the macro-tiles that serve large products, else
/// ", unaligned". Bands without the more precise kind are found under the dimension's name.
std::string kindOfChange(llvm::StringRef dimension, double from, double to);

/// A dimension with different sizes in two operators, by the names that measured tables have for it. There
/// are two where a table of whole layers cannot tell: n of an expert's product is its hidden or its
/// expert_ffn.
struct DimensionChange {
  llvm::SmallVector<llvm::StringRef, 2> names;
  double from = 0, to = 0;
};

/// The dimensions in which two shapes of one kind differ: none for equal shapes. Which collective runs, which
/// pass, and whether attention is backward are kinds of their own, not dimensions.
llvm::SmallVector<DimensionChange> changesBetween(const OperatorShape &from, const OperatorShape &to);

} // namespace codesign
