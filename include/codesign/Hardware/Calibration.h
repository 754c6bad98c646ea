// Constants fitted to measurements. They stand in <profile>.calibration.yaml beside the profile, so that the
// profile stays readable and a fit never touches it.
#pragma once

#include "codesign/Support/DataType.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace codesign {

/// What a set was fitted for. Text fields are lower-case identifiers ([a-z0-9_]).
struct CalibrationKey {
  std::string
      operatorKind; // "gemm", "grouped_gemm", "prefill", "decode", "moe", "collective", "norm", "elementwise"
  std::string provider;             // "trtllm", "hipblaslt", "aiter", "codesign"
  std::optional<DataType> dataType; // absent ("any" in the file): one set for all types
  bool operator==(const CalibrationKey &) const = default;
};

struct CalibrationConstant {
  std::string name;
  double value = 0;
  std::string unit; // "seconds", "fraction", "bytes_per_second", …
  std::string meaning;
};

/// Held-out error of one regime ("small_m", "compute_bound", "all"): measured / predicted lies in [low, high]
/// for `coverage` of the rows.
struct ErrorBand {
  std::string regime;
  double low = 1;
  double high = 1;
  double coverage = 0;
  int rows = 0;
};

/// What a set's model misses on measured neighbours: the logarithm of measured / predicted at the corners of
/// a grid over sizes. Corners lie at powers of two.
struct CalibrationCorrections {
  struct Axis {
    std::string name;   // "m", "n", "k"
    int first = 0;      // log2 of the first corner
    size_t corners = 2; // at least two
    bool operator==(const Axis &) const = default;
  };
  std::vector<Axis> axes;
  std::vector<double> logRatios;          // the last axis runs fastest; whole thousandths in files
  int computeUnits = 0;                   // of the device: where waves fill up is no matter of rates
  double meanAbsolutePercentageError = 0; // with them, on rows whose weights neither fit nor table saw
};

/// Fewer pairs have no 10 % and 90 % quantiles to speak of.
inline constexpr int minPairsOfKind = 30;

struct CalibrationSet {
  CalibrationKey key;
  std::vector<CalibrationConstant> constants;
  std::string measurements; // file or files the rows came from
  std::string source;       // who measured them, licence
  std::string date;         // of the fit, ISO 8601
  std::string evidence;     // "measured" (fitted to a GPU's times) or "simulated"
  std::string borrowedFrom; // the device it was fitted for, if that is another one; not part of the file
  int rowsFitted = 0;
  double meanAbsolutePercentageError = 0; // on held-out rows
  std::vector<ErrorBand> absoluteBands;   // of one prediction
  std::vector<ErrorBand> ratioBands;      // of the ratio of two predictions, by kind of change
  /// Where they lower the held-out error; the bands are then those of corrected predictions.
  std::optional<CalibrationCorrections> corrections;

  /// The constant's value, or empty.
  std::optional<double> constant(llvm::StringRef name) const;
  /// The band of a regime; falls back to the one called "all"; null if there is neither.
  const ErrorBand *absoluteBand(llvm::StringRef regime) const;
  /// The band of a kind of change ("heads", "n, aligned"); falls back to that of its dimension ("n"), then to
  /// the one called "all"; null if there is none of them. Kinds of fewer than minPairsOfKind are passed over.
  const ErrorBand *ratioBand(llvm::StringRef kindOfChange) const;
};

struct Calibration {
  std::vector<CalibrationSet> sets;

  /// The set with exactly this key, else the one for any data type; null if there is neither.
  const CalibrationSet *find(llvm::StringRef operatorKind, llvm::StringRef provider,
                             std::optional<DataType> dataType) const;
};

/// Reads a calibration file. Unknown, missing or ill-typed keys and doubled sets are errors with a caret.
llvm::Expected<Calibration> readCalibration(llvm::StringRef path);

/// "hwprofiles/mi300x.yaml" → "hwprofiles/mi300x.calibration.yaml".
std::string calibrationPathFor(llvm::StringRef profilePath);

/// Puts the sets into the profile's calibration file (created if there is none): a set with an equal key is
/// replaced in its place, a new one is appended, everything else stays byte for byte, comments included.
/// Numbers are written with as many digits as reading them back exactly needs.
llvm::Error writeCalibration(llvm::StringRef profilePath, const std::vector<CalibrationSet> &sets);

} // namespace codesign
