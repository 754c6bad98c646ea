// The numbers of a kernel that have names in its source: sizes of the layer, of a workgroup's tile and of a
// wave's part of it.
#pragma once

#include "codesign/Isa/Architecture.h"
#include "dialects/Kernel/Kernel.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace codesign::emit {

class SourceConstants {
public:
  /// Those that follow from how the kernel is laid out.
  static SourceConstants of(kernel::FuncOp function);

  /// Constants of one group are declared together, under its note.
  void add(llvm::StringRef group, llvm::StringRef name, int64_t value, std::string definition = "");
  /// Whether the sums are Dᵀ, so that their first dimension is n.
  bool sumsAreTransposed() const { return transposed; }
  /// 0 where there is none of that name.
  int64_t valueOf(llvm::StringRef name) const;
  std::vector<std::string> names() const;

  /// The number as the first of these that has its value, a name or "name / 2"; as digits where none has.
  std::string text(int64_t value, llvm::ArrayRef<llvm::StringRef> names) const;

  /// Declares those that `source` mentions, and what they are defined by.
  void write(llvm::StringRef source, llvm::raw_ostream &out) const;

private:
  struct Constant {
    std::string group, name, definition;
    int64_t value = 0;
  };
  std::vector<Constant> constants;
  bool transposed = false;
};

/// What the preludes' operands have along k: reads of CDNA's lanes, instructions elsewhere.
int64_t depthOf(kernel::FragmentType type, Architecture architecture);

} // namespace codesign::emit
