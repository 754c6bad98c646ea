#include "codesign/Hardware/Calibration.h"

#include "codesign/Support/YamlReader.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <charconv>
#include <cmath>

namespace codesign {
namespace {

/// The shortest decimal that reads back as the same double.
std::string exact(double value) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

/// Always in double quotes, so that no text can end the scalar or start a comment.
std::string quoted(llvm::StringRef text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + "\"";
}

void writeBands(llvm::raw_ostream &out, llvm::StringRef key, const std::vector<ErrorBand> &bands) {
  out << "    " << key << ":" << (bands.empty() ? " []\n" : "\n");
  for (const ErrorBand &band : bands)
    out << "      - {regime: " << quoted(band.regime) << ", low: " << exact(band.low)
        << ", high: " << exact(band.high) << ", coverage: " << exact(band.coverage) << ", rows: " << band.rows
        << "}\n";
}

void writeCorrections(llvm::raw_ostream &out, const CalibrationCorrections &corrections) {
  out << "    corrections: # thousandths of ln(measured / predicted) at powers of two, learnt from measured "
         "neighbours\n      mean_absolute_percentage_error: "
      << exact(corrections.meanAbsolutePercentageError)
      << "\n      compute_units: " << corrections.computeUnits << "\n      axes:\n";
  for (const CalibrationCorrections::Axis &axis : corrections.axes)
    out << "        - {name: " << quoted(axis.name) << ", first: " << axis.first
        << ", corners: " << axis.corners << "}\n";
  out << "      thousandths:";
  const size_t line = corrections.axes.back().corners;
  for (size_t i = 0; i < corrections.logRatios.size(); ++i)
    out << (i % line ? " "
            : i      ? "\"\n        - \""
                     : "\n        - \"")
        << std::lround(1000 * corrections.logRatios[i]);
  out << "\"\n";
}

std::string writeSet(const CalibrationSet &set) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "  - operator: " << set.key.operatorKind << "\n    provider: " << set.key.provider
      << "\n    dtype: " << (set.key.dataType ? toString(*set.key.dataType) : "any")
      << "\n    measurements: " << quoted(set.measurements) << "\n    source: " << quoted(set.source)
      << "\n    date: " << quoted(set.date) << "\n    evidence: " << set.evidence
      << "\n    rows_fitted: " << set.rowsFitted
      << "\n    mean_absolute_percentage_error: " << exact(set.meanAbsolutePercentageError)
      << "\n    constants:" << (set.constants.empty() ? " {}\n" : "\n");
  for (const CalibrationConstant &constant : set.constants)
    out << "      " << constant.name << ": {value: " << exact(constant.value)
        << ", unit: " << quoted(constant.unit) << ", meaning: " << quoted(constant.meaning) << "}\n";
  writeBands(out, "absolute_bands", set.absoluteBands);
  writeBands(out, "ratio_bands", set.ratioBands);
  if (set.corrections)
    writeCorrections(out, *set.corrections);
  return text;
}

/// The lines of an existing set, [first, last), without the comments that lead to the next one.
struct LineRange {
  size_t first, last;
};

constexpr llvm::StringLiteral header =
    "# Constants fitted to measurements of this device. Written by `codesign "
    "calibrate`; comments are kept.\ncalibration_version: 1\nsets:\n";

std::vector<std::string> splitLines(llvm::StringRef text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size() - 1);
    lines.push_back(text.take_front(end + 1).str());
    text = text.drop_front(end + 1);
  }
  if (!lines.empty() && lines.back().back() != '\n')
    lines.back() += '\n';
  return lines;
}

bool isCommentOrBlank(llvm::StringRef line) {
  line = line.trim();
  return line.empty() || line.starts_with("#");
}

/// Where each set of the file stands. The file was read and checked before.
llvm::Expected<std::vector<LineRange>> findSets(llvm::StringRef path, const std::vector<std::string> &lines) {
  llvm::Expected<YamlContext> context = YamlContext::open(path);
  if (!context)
    return context.takeError();
  std::vector<LineRange> ranges;
  for (const YAML::Node &set : context->root()["sets"])
    ranges.push_back({static_cast<size_t>(set.Mark().line), lines.size()});
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (i + 1 < ranges.size())
      ranges[i].last = ranges[i + 1].first;
    while (ranges[i].last > ranges[i].first && isCommentOrBlank(lines[ranges[i].last - 1]))
      --ranges[i].last;
  }
  return ranges;
}

llvm::Error writeFile(llvm::StringRef path, llvm::StringRef text) {
  // Through a temporary file, so that a full disk cannot leave half a calibration.
  llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &out) {
    out << text;
    return llvm::Error::success();
  });
  if (!error)
    return error;
  return usageError("cannot write '" + path + "': " + llvm::toString(std::move(error)));
}

} // namespace

llvm::Error writeCalibration(llvm::StringRef profilePath, const std::vector<CalibrationSet> &sets) {
  std::string path = calibrationPathFor(profilePath);
  Calibration existing;
  std::vector<std::string> lines = splitLines(header);
  std::vector<LineRange> ranges;
  if (llvm::sys::fs::exists(path)) {
    llvm::Expected<Calibration> read = readCalibration(path);
    if (!read)
      return read.takeError();
    existing = std::move(*read);
    llvm::Expected<std::shared_ptr<const SourceFile>> file = readSourceFile(path);
    if (!file)
      return file.takeError();
    lines = splitLines((*file)->text);
    llvm::Expected<std::vector<LineRange>> found = findSets(path, lines);
    if (!found)
      return found.takeError();
    ranges = std::move(*found);
  }
  std::string text;
  std::vector<bool> written(sets.size(), false);
  size_t next = 0;
  for (size_t i = 0; i < existing.sets.size(); ++i) {
    auto replacement =
        llvm::find_if(sets, [&](const CalibrationSet &s) { return s.key == existing.sets[i].key; });
    for (; next < ranges[i].first; ++next)
      text += lines[next];
    if (replacement == sets.end())
      continue;
    text += writeSet(*replacement);
    written[replacement - sets.begin()] = true;
    next = ranges[i].last;
  }
  for (; next < lines.size(); ++next)
    text +=
        existing.sets.empty() && llvm::StringRef(lines[next]).starts_with("sets:") ? "sets:\n" : lines[next];
  for (size_t i = 0; i < sets.size(); ++i)
    if (!written[i])
      text += writeSet(sets[i]);
  return writeFile(path, text);
}

} // namespace codesign
