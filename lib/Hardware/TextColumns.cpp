#include "TextColumns.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include <algorithm>

namespace codesign::hardware {

static unsigned width(llvm::StringRef text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

void TextColumns::print(llvm::raw_ostream &stream, unsigned indent) const {
  std::vector<unsigned> widths(alignment.size());
  for (const auto &row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i]));
  for (const auto &row : rows) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < row.size(); ++i) {
      std::string space(widths[i] - width(row[i]), ' ');
      line += alignment[i] == 'r' ? space + row[i] : row[i] + space;
      line += "  ";
    }
    stream << llvm::StringRef(line).rtrim() << '\n';
  }
}

void printParagraph(llvm::raw_ostream &stream, llvm::StringRef text, unsigned indent) {
  constexpr unsigned columns = 100;
  std::string line;
  auto flush = [&] {
    stream.indent(indent) << line << '\n';
    line.clear();
  };
  for (llvm::StringRef word : llvm::split(text, " ")) {
    if (!line.empty() && indent + width(line) + 1 + width(word) > columns)
      flush();
    line += (line.empty() ? "" : " ") + word.str();
  }
  flush();
}

std::string fixed(double value, int digits) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.*f", digits, value);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.')
      text.pop_back();
  }
  return text;
}

namespace {
struct UnitRule {
  const char *inKey;
  const char *unit;
  double divisor;
};
} // namespace

std::string withUnit(llvm::StringRef path, llvm::StringRef value) {
  double number = 0;
  if (value.getAsDouble(number))
    return value.str();
  // The first rule whose words the key contains; compound units before their parts.
  static constexpr UnitRule rules[] = {
      {"flops_per_second", "TFLOP/s", 1e12},
      {"bytes_per_clock", "B/clk", 1},
      {"hertz", "GHz", 1e9},
      {"seconds", "us", 1e-6},
      {"watts", "W", 1},
      {"dollars_per_hour", "$/h", 1},
  };
  if (path.contains("bytes_per_second"))
    return number >= 1e12 ? fixed(number / 1e12, 3) + " TB/s" : fixed(number / 1e9, 1) + " GB/s";
  for (const UnitRule &rule : rules)
    if (path.contains(rule.inKey))
      return fixed(number / rule.divisor, 3) + " " + rule.unit;
  if (!path.contains("bytes"))
    return value.str();
  for (auto [unit, size] :
       {std::pair("GiB", 1024.0 * 1024 * 1024), std::pair("MiB", 1024.0 * 1024), std::pair("KiB", 1024.0)})
    if (number >= size)
      return fixed(number / size, 2) + " " + unit;
  return fixed(number, 0) + " B";
}

} // namespace codesign::hardware
