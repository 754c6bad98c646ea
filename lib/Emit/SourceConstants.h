// The numbers of a kernel that have names in its source: sizes of the layer, of a workgroup's tile and of a
// wave's part of it.
#pragma once

#include "codesign/Isa/Architecture.h"
#include "dialects/Kernel/Kernel.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>
#include <string>
#include <vector>

namespace codesign::emit {

class SourceConstants {
public:
  /// Those that follow from how the kernel is laid out, and those that its IR names.
  static SourceConstants of(kernel::FuncOp function);

  /// Constants of one group are declared together, under its note. The definition is the first of the
  /// formulas, in names added before, that has the value; digits where none has.
  void add(llvm::StringRef group, llvm::StringRef name, int64_t value,
           llvm::ArrayRef<llvm::StringRef> formulas = {});
  /// A constant of the primitives' header.
  void know(llvm::StringRef name, int64_t value);
  /// Whether the sums are Dᵀ, so that their first dimension is n.
  bool sumsAreTransposed() const { return transposed; }
  void setSumsAreTransposed() { transposed = true; }
  bool has(llvm::StringRef name) const;
  /// 0 where there is none of that name.
  int64_t valueOf(llvm::StringRef name) const;
  std::vector<std::string> names() const;

  /// The number as the first of these formulas that has its value ("tileK", "mmasN / 2"); as digits where
  /// none has.
  std::string text(int64_t value, llvm::ArrayRef<llvm::StringRef> formulas) const;
  /// What a formula of names, digits, + - * / and parentheses comes to, as C++ has it; none where a name is
  /// not known.
  std::optional<int64_t> evaluate(llvm::StringRef formula) const;

  /// Declares those that `source` mentions, and what they are defined by.
  void write(llvm::StringRef source, llvm::raw_ostream &out) const;

private:
  struct Constant {
    std::string group, name, definition; // no definition: the header has it
    int64_t value = 0;
  };
  std::vector<Constant> constants;
  bool transposed = false;
};

/// What the preludes' operands have along k: reads of CDNA's lanes, instructions elsewhere.
int64_t depthOf(kernel::FragmentType type, Architecture architecture);

} // namespace codesign::emit
