#include "codesign/Report/Table.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>
#include <cassert>

namespace codesign {

unsigned displayWidth(llvm::StringRef text) {
  return llvm::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

void Table::addRow(std::vector<std::string> cells) {
  assert(!cells.empty() && cells.size() <= alignment.size() && "more cells than columns");
  cells.resize(alignment.size());
  rows.push_back(std::move(cells));
}

void Table::addRule() {
  rows.emplace_back();
}

void Table::print(llvm::raw_ostream &stream, unsigned indent) const {
  std::vector<unsigned> widths(alignment.size(), 0);
  for (const auto &row : rows)
    for (auto [width, cell] : llvm::zip(widths, row))
      width = std::max(width, displayWidth(cell));
  unsigned total = 0;
  for (unsigned width : widths)
    total += width + 2;
  for (const auto &row : rows) {
    std::string line(indent, ' ');
    if (row.empty()) {
      line.append(total - 2, '-');
    } else {
      for (auto [align, width, cell] : llvm::zip(alignment, widths, row)) {
        std::string padding(width - displayWidth(cell), ' ');
        line += align == Align::Left ? cell + padding : padding + cell;
        line += "  ";
      }
    }
    stream << llvm::StringRef(line).rtrim() << '\n';
  }
}

void printWrapped(llvm::raw_ostream &stream, llvm::StringRef text, unsigned indent, unsigned width,
                  llvm::StringRef lead) {
  std::string line(indent - displayWidth(lead), ' ');
  line += lead;
  unsigned column = indent;
  bool empty = true;
  for (llvm::StringRef word : llvm::split(text, ' ')) {
    if (word.empty())
      continue;
    if (!empty && column + 1 + displayWidth(word) > width) {
      stream << line << '\n';
      line.assign(indent, ' ');
      column = indent;
      empty = true;
    }
    if (!empty) {
      line += ' ';
      ++column;
    }
    line += word;
    column += displayWidth(word);
    empty = false;
  }
  if (!empty)
    stream << line << '\n';
}

} // namespace codesign
