#include "codesign/Cost/Measurements.h"

#include "MeasurementKinds.h"
#include "codesign/Cost/KindOfChange.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace codesign {

int MeasurementTable::column(llvm::StringRef name) const {
  auto found = llvm::find(columns, name);
  return found == columns.end() ? -1 : static_cast<int>(found - columns.begin());
}

bool MeasurementTable::hasColumns(std::initializer_list<llvm::StringRef> names) const {
  return llvm::all_of(names, [&](llvm::StringRef name) { return column(name) >= 0; });
}

llvm::StringRef MeasurementTable::text(size_t row, llvm::StringRef name) const {
  int index = column(name);
  return index < 0 ? llvm::StringRef() : llvm::StringRef(rows[row][index]);
}

double MeasurementTable::number(size_t row, llvm::StringRef name) const {
  double value;
  return text(row, name).getAsDouble(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

/// Cells of one line; a doubled quote inside a quoted cell is a quote.
static std::vector<std::string> splitCells(llvm::StringRef line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"')
        cells.back() += line[++i];
      else
        quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += line[i];
    }
  }
  return cells;
}

llvm::Expected<MeasurementTable> readMeasurements(llvm::StringRef path) {
  auto file = readSourceFile(path);
  if (!file)
    return file.takeError();
  MeasurementTable table;
  table.path = path.str();
  llvm::StringRef rest = (*file)->text;
  for (int lineNumber = 1; !rest.empty(); ++lineNumber) {
    llvm::StringRef line;
    std::tie(line, rest) = rest.split('\n');
    line = line.rtrim('\r');
    if (line.empty())
      continue;
    std::vector<std::string> cells = splitCells(line);
    if (table.columns.empty()) {
      table.columns = std::move(cells);
      continue;
    }
    if (cells.size() != table.columns.size())
      return inputError({*file, lineNumber, 1}, "row has " + llvm::Twine(cells.size()) +
                                                    " cells, the header " +
                                                    llvm::Twine(table.columns.size()));
    table.rows.push_back(std::move(cells));
    table.lines.push_back(lineNumber);
  }
  if (table.rows.empty())
    return inputError({*file, 0, 0}, "no measurements in this file");
  return table;
}

std::vector<std::unique_ptr<MeasurementKind>> measurementKinds() {
  std::vector<std::unique_ptr<MeasurementKind>> kinds;
  kinds.push_back(makeGemmKind());
  kinds.push_back(makePrefillKind());
  kinds.push_back(makeAttentionRateKind());
  kinds.push_back(makeDecodeKind());
  kinds.push_back(makeMoeKind());
  kinds.push_back(makeCollectiveKind());
  kinds.push_back(makeStreamKind());
  return kinds;
}

llvm::Expected<std::unique_ptr<MeasurementKind>> kindOf(const MeasurementTable &table) {
  std::string known;
  for (std::unique_ptr<MeasurementKind> &kind : measurementKinds()) {
    if (kind->matches(table))
      return std::move(kind);
    known += (known.empty() ? "" : ", ") + kind->name().str();
  }
  return usageError("no operator has the columns of '" + table.path + "': known are " + known);
}

bool isMeasuredOn(llvm::StringRef word, const Profile &profile) {
  const llvm::StringRef module = "-sxm";
  auto plain = [&](std::string name) {
    llvm::replace(name, '_', '-');
    llvm::StringRef rest = name;
    rest.consume_back(module);
    return rest.str();
  };
  // What CUDA calls the devices in tables of Liger's.
  const llvm::StringRef device = llvm::StringSwitch<llvm::StringRef>(word)
                                     .Case("NVIDIA H100 80GB HBM3", "h100-sxm")
                                     .Case("NVIDIA H100 PCIe", "h100-pcie")
                                     .Case("NVIDIA A100-SXM4-80GB", "a100-sxm")
                                     .Case("NVIDIA H200", "h200")
                                     .Case("NVIDIA B200", "b200")
                                     .Default(word);
  return plain(device.lower()) == plain(profile.name);
}

std::vector<MeasuredRow> collapsed(std::vector<MeasuredRow> rows) {
  auto sameShape = [](const MeasuredRow &a, const MeasuredRow &b) {
    return std::tie(a.key.operatorKind, a.key.provider, a.key.dataType, a.coordinates) <
           std::tie(b.key.operatorKind, b.key.provider, b.key.dataType, b.coordinates);
  };
  std::stable_sort(rows.begin(), rows.end(), sameShape);
  std::vector<MeasuredRow> result;
  for (size_t first = 0; first < rows.size();) {
    size_t last = first;
    std::vector<double> times;
    for (; last < rows.size() && !sameShape(rows[first], rows[last]); ++last)
      times.push_back(rows[last].seconds);
    std::sort(times.begin(), times.end());
    size_t middle = times.size() / 2;
    rows[first].seconds = times.size() % 2 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
    result.push_back(std::move(rows[first]));
    first = last;
  }
  return result;
}

llvm::StringRef routingOf(const MeasuredRow &row) {
  for (const OperatorShape &part : row.parts)
    if (const auto *grouped = std::get_if<GroupedGemmShape>(&part))
      return grouped->skew > 0 ? "skewed" : "balanced";
  return "";
}

void appendTerms(std::string &text, llvm::StringRef prefix, const Breakdown &breakdown) {
  llvm::raw_string_ostream stream(text);
  for (const NamedSeconds &term : breakdown.terms())
    stream << prefix << term.name << '=' << llvm::format("%.4f", toMicroseconds(term.time)) << ';';
}

std::vector<NeighbourPair> neighbours(llvm::ArrayRef<MeasuredRow> rows,
                                      llvm::ArrayRef<llvm::StringRef> coordinateNames) {
  std::vector<NeighbourPair> pairs;
  for (size_t axis = 0; axis < coordinateNames.size(); ++axis) {
    std::map<std::vector<double>, std::vector<int>> lines;
    for (size_t i = 0; i < rows.size(); ++i) {
      std::vector<double> others = rows[i].coordinates;
      others.erase(others.begin() + axis);
      lines[others].push_back(static_cast<int>(i));
    }
    for (auto &[others, line] : lines) {
      llvm::sort(line, [&](int a, int b) { return rows[a].coordinates[axis] < rows[b].coordinates[axis]; });
      for (size_t i = 0; i + 1 < line.size(); ++i)
        pairs.push_back({line[i], line[i + 1], coordinateNames[axis].str(),
                         kindOfChange(coordinateNames[axis], rows[line[i]].coordinates[axis],
                                      rows[line[i + 1]].coordinates[axis])});
    }
  }
  return pairs;
}

} // namespace codesign
