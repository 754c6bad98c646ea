// Text tables whose columns line up in a terminal, multi-byte characters included.
#pragma once

#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace codesign {

enum class Align : uint8_t { Left, Right };

/// Rows of cells; columns are as wide as their widest cell, two spaces apart, or one where a width asks for
/// it.
class Table {
public:
  explicit Table(std::vector<Align> alignment) : alignment(std::move(alignment)) {}

  /// Missing cells at the end are empty; more cells than columns are a programmer error.
  void addRow(std::vector<std::string> cells);
  /// A line of dashes over the whole width.
  void addRule();

  /// Every line starts with `indent` spaces and has no spaces at its end. With a `maxWidth`, lines stay
  /// within it: by a space less between columns where that is enough, else the last column is broken at
  /// spaces, if its words and the other columns allow.
  void print(llvm::raw_ostream &stream, unsigned indent = 2, unsigned maxWidth = 0) const;
  /// Columns of the longest line that print() with this indent and no limit makes.
  unsigned width(unsigned indent = 2) const;
  /// The same of lines whose columns are one space apart.
  unsigned denseWidth(unsigned indent = 2) const;

private:
  std::vector<unsigned> columnWidths() const;

  std::vector<Align> alignment;
  std::vector<std::vector<std::string>> rows; // an empty row is a rule
};

/// Columns that a UTF-8 text takes when every code point is one column wide.
unsigned displayWidth(llvm::StringRef text);

/// Prints `text` broken at spaces into lines of at most `width` columns, each after `indent` spaces; the
/// first line starts with `lead` instead of the last characters of its indent.
void printWrapped(llvm::raw_ostream &stream, llvm::StringRef text, unsigned indent, unsigned width,
                  llvm::StringRef lead = "");

} // namespace codesign
