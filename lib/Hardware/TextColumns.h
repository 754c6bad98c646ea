// Lines up the columns of the `hw` listings.
#pragma once

#include "codesign/Isa/Architecture.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace codesign::hardware {

/// Collects rows and prints them two spaces apart, each column as wide as its widest cell (in code points).
class TextColumns {
public:
  /// One letter per column: 'l' left, 'r' right.
  explicit TextColumns(std::string alignment) : alignment(std::move(alignment)) {}
  void add(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }
  void print(llvm::raw_ostream &stream, unsigned indent = 2) const;

private:
  std::string alignment;
  std::vector<std::vector<std::string>> rows;
};

/// Breaks text at spaces into lines of at most 100 columns, each after `indent` spaces.
void printParagraph(llvm::raw_ostream &stream, llvm::StringRef text, unsigned indent);

/// 1307.4e12 → "1307.4"; at most `digits` after the point, no trailing zeros.
std::string fixed(double value, int digits);

/// A value with the unit its key ends in, in the customary
/// multiple: "4.73 TB/s", "64 KiB", "2.1 GHz", "2.4 us".
std::string withUnit(llvm::StringRef path, llvm::StringRef value);

/// The matrix, copy and LDS tables of the profile's architecture.
void printInstructions(llvm::raw_ostream &stream, Architecture architecture);

} // namespace codesign::hardware
