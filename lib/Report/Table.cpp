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

std::vector<unsigned> Table::columnWidths() const {
  std::vector<unsigned> widths(alignment.size(), 0);
  for (const auto &row : rows)
    for (auto [width, cell] : llvm::zip(widths, row))
      width = std::max(width, displayWidth(cell));
  return widths;
}

unsigned Table::width(unsigned indent) const {
  unsigned total = indent;
  for (unsigned width : columnWidths())
    total += width + 2;
  return total - 2;
}

unsigned Table::denseWidth(unsigned indent) const {
  return width(indent) - (alignment.size() - 1);
}

/// The text in lines of at most `width` columns.
static std::vector<std::string> brokenAtSpaces(const std::string &text, unsigned width) {
  std::string lines;
  llvm::raw_string_ostream stream(lines);
  printWrapped(stream, text, 0, width);
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(lines).rtrim('\n').split(parts, '\n');
  return std::vector<std::string>(parts.begin(), parts.end());
}

void Table::print(llvm::raw_ostream &stream, unsigned indent, unsigned maxWidth) const {
  const std::vector<unsigned> widths = columnWidths();
  const unsigned own = width(indent), last = widths.back();
  const bool isTooWide = maxWidth > 0 && own > maxWidth,
             isDense = isTooWide && denseWidth(indent) <= maxWidth;
  if (isTooWide && !isDense && own - last < maxWidth) {
    Table narrow(alignment);
    for (const auto &row : rows) {
      if (row.empty()) {
        narrow.addRule();
        continue;
      }
      std::vector<std::string> cells = row;
      for (const std::string &part : brokenAtSpaces(row.back(), maxWidth - (own - last))) {
        cells.back() = part;
        narrow.addRow(cells);
        cells.assign(alignment.size(), "");
      }
    }
    narrow.print(stream, indent);
    return;
  }
  const unsigned ruleWidth = isDense ? denseWidth(0) : width(0);
  for (const auto &row : rows) {
    std::string line(indent, ' ');
    if (row.empty()) {
      line.append(ruleWidth, '-');
    } else {
      for (auto [align, width, cell] : llvm::zip(alignment, widths, row)) {
        std::string padding(width - displayWidth(cell), ' ');
        line += align == Align::Left ? cell + padding : padding + cell;
        line += isDense ? " " : "  ";
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
