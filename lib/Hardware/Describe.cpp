#include "codesign/Hardware/Describe.h"

#include "TextColumns.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

namespace codesign {

using namespace hardware;

static std::string tera(double value) {
  return fixed(value / 1e12, 0);
}

/// Constants of all magnitudes, seconds included: "1.42", "2.3e-06".
static std::string threeDigits(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.3g", value);
  return text;
}

static std::string twoDigits(double value) {
  return llvm::formatv("{0:f2}", value).str();
}

void printProfiles(llvm::raw_ostream &stream, llvm::ArrayRef<Profile> profiles) {
  TextColumns table("llrrrrrrrrrl");
  table.add({"name", "target", "CUs", "GHz", "bf16", "reached", "fp8", "HBM", "TB/s", "W", "$/h", "kernels"});
  for (const Profile &p : profiles) {
    std::optional<DataType> float8 = p.nativeFloat8();
    table.add({p.name, toString(p.architecture).str(), std::to_string(p.compute.computeUnits),
               twoDigits(p.peakClock.value / 1e9), tera(p.peakMatrix.at(DataType::BF16).value),
               tera(p.achievableMatrixFor(DataType::BF16).value),
               float8 ? tera(p.peakMatrix.at(*float8).value) : "-",
               fixed(p.memory.capacity.value / (1024.0 * 1024 * 1024), 0) + " GiB",
               twoDigits(p.memory.achievedReadBandwidth.value / 1e12), fixed(p.power.thermalDesign.value, 0),
               p.priceDollarsPerHour ? twoDigits(*p.priceDollarsPerHour) : "-",
               p.kernelFamilies.empty() ? "library only" : "own and library"});
  }
  table.print(stream, 0);
  stream << '\n';
  printParagraph(
      stream,
      "bf16 and fp8: data-sheet matrix peak in TFLOP/s without sparsity; reached: best measured bf16 GEMM; "
      "TB/s: measured or estimated HBM read bandwidth. `codesign hw show NAME` lists every number and its "
      "source.",
      0);
}

static void printEntries(llvm::raw_ostream &stream, const Profile &profile) {
  llvm::StringRef section;
  TextColumns rows("lrl");
  auto flush = [&] {
    if (section.empty())
      return;
    stream << '\n' << section << '\n';
    rows.print(stream);
    rows = TextColumns("lrl");
  };
  for (const ProfileEntry &entry : profile.entries) {
    auto [head, tail] = llvm::StringRef(entry.path).split('.');
    if (head != section) {
      flush();
      section = head;
    }
    std::string source = entry.sourceId;
    if (const Source *found = profile.sourceOf(entry.path);
        found && found->kind == SourceKind::Estimate && source != "estimate")
      source += " (estimate)";
    rows.add({(tail.empty() ? head : tail).str(), withUnit(entry.path, entry.value), source});
  }
  flush();
}

static void printDerived(llvm::raw_ostream &stream, const Profile &profile) {
  stream << "\nderived\n";
  TextColumns rows("lrrrr");
  rows.add({"type", "FLOP/clk/CU", "peak TFLOP/s", "achievable", "FLOP/B at the ridge"});
  for (const auto &[type, peak] : profile.peakMatrix)
    rows.add({toString(type).str(), fixed(profile.matrixFlopsPerClockPerComputeUnit(type), 0),
              fixed(peak.value / 1e12, 1), fixed(profile.achievableMatrixFor(type).value / 1e12, 1),
              fixed(profile.ridgeFlopsPerByte(type), 0)});
  rows.print(stream);
}

static std::string typeOf(const CalibrationSet &set) {
  return set.key.dataType ? toString(*set.key.dataType).str() : "any type";
}

/// One line per set of fitted constants.
static void printCalibrationSummary(llvm::raw_ostream &stream, const Calibration &calibration) {
  if (calibration.sets.empty())
    return;
  stream << "\ncalibration (the constants themselves: --constants)\n";
  TextColumns rows("lllrrl");
  rows.add({"operator", "library", "type", "rows", "held out", "evidence"});
  for (const CalibrationSet &set : calibration.sets)
    rows.add({set.key.operatorKind, set.key.provider, typeOf(set), std::to_string(set.rowsFitted),
              fixed(set.meanAbsolutePercentageError, 1) + " %",
              set.evidence + (set.borrowedFrom.empty() ? "" : " on " + set.borrowedFrom)});
  rows.print(stream);
}

static void printCalibration(llvm::raw_ostream &stream, const Calibration &calibration) {
  for (const CalibrationSet &set : calibration.sets) {
    stream << "\ncalibration: " << set.key.operatorKind << ", " << set.key.provider << ", " << typeOf(set)
           << "\n";
    const std::string place = set.borrowedFrom.empty() ? "" : " on " + set.borrowedFrom;
    printParagraph(stream,
                   set.evidence + place + ", " + std::to_string(set.rowsFitted) + " rows, held out " +
                       fixed(set.meanAbsolutePercentageError, 1) + " %; " + set.measurements + "; " +
                       set.source + "; fitted " + set.date,
                   2);
    TextColumns rows("lrll");
    for (const CalibrationConstant &constant : set.constants)
      rows.add({constant.name, threeDigits(constant.value), constant.unit});
    rows.print(stream);
  }
}

void printProfile(llvm::raw_ostream &stream, const Profile &profile, const ProfileDetail &detail) {
  stream << profile.name << ": " << profile.title << ", " << familyName(profile.architecture) << " ("
         << toString(profile.architecture) << ")\n"
         << "kernel families: "
         << (profile.kernelFamilies.empty() ? "none yet, vendor library only"
                                            : llvm::join(profile.kernelFamilies, ", "))
         << '\n';
  printEntries(stream, profile);
  printDerived(stream, profile);
  detail.constants ? printCalibration(stream, profile.calibration)
                   : printCalibrationSummary(stream, profile.calibration);
  stream << "\nsources\n";
  for (const Source &source : profile.sources)
    printParagraph(stream, source.id + " (" + toString(source.kind).str() + "): " + source.text, 2);
  if (detail.instructions)
    printInstructions(stream, profile.architecture);
  else
    stream << "\nmatrix instructions, copies and LDS phases of " << toString(profile.architecture)
           << ": --instructions\n";
}

} // namespace codesign
