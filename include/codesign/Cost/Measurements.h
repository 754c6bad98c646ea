// Measured kernel times: tables, what their rows ran, and the models fitted to them.
#pragma once

#include "codesign/Cost/CrossValidation.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Model/Operators.h"
#include "codesign/Support/Diagnostics.h"
#include <map>
#include <memory>

namespace codesign {

/// A table with a header, as read; cells are text.
struct MeasurementTable {
  std::string path;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows; // as wide as the header
  std::vector<int> lines;                     // of each row in the file

  /// Index of a column, or -1.
  int column(llvm::StringRef name) const;
  bool hasColumns(std::initializer_list<llvm::StringRef> names) const;
  llvm::StringRef text(size_t row, llvm::StringRef name) const;
  /// The number in a cell; NaN if it is not one.
  double number(size_t row, llvm::StringRef name) const;
};

/// Reads comma-separated values with a header; cells may be quoted. A row of another width is an error with
/// its line.
llvm::Expected<MeasurementTable> readMeasurements(llvm::StringRef path);

/// What one row of a table measured.
struct MeasuredRow {
  CalibrationKey key;               // the constants that predict it
  std::vector<OperatorShape> parts; // run one after another: a fused layer has several
  double seconds = 0;
  uint64_t group = 0;              // heads, expert sizes, ranks: never shared by training and test rows
  std::string regime;              // whose error band it falls under
  std::vector<double> coordinates; // in the order of the kind's coordinate names
  size_t tableRow = 0;
  /// The measurement describes a failed tuning rather than the hardware or the library: reported apart, never
  /// fitted.
  bool untuned = false;
};

/// A kind of table. Knows its columns, what its rows ran, and which model predicts them.
class MeasurementKind {
public:
  virtual ~MeasurementKind() = default;
  virtual llvm::StringRef name() const = 0;
  virtual bool matches(const MeasurementTable &table) const = 0;
  /// The dimensions along which rows are neighbours: "seq", "heads", …
  virtual llvm::ArrayRef<llvm::StringRef> coordinateNames() const = 0;
  /// Rows of this device that can be used: with a time, a known type, and below the hardware's peak; rows of
  /// equal key and coordinates are collapsed to their median.
  virtual std::vector<MeasuredRow> read(const MeasurementTable &table, const Profile &profile) const = 0;
  /// How many rows of this device have a type that the model does not, by the table's word for it.
  virtual std::map<std::string, int> unknownTypes(const MeasurementTable &, const Profile &) const {
    return {};
  }
  /// Seconds of each row by the constants of a set, or by priors without one. Rows share one key.
  virtual std::vector<double> predict(const Profile &profile, const CalibrationSet *set,
                                      llvm::ArrayRef<MeasuredRow> rows) const = 0;
  /// The summands of one row's prediction, in microseconds: "launch=2.1;mma=30.5".
  virtual std::string terms(const Profile &profile, const CalibrationSet *set,
                            const MeasuredRow &row) const = 0;
  /// Fits constants to rows of one key. The set has constants and their held-out bands; `heldOut` takes each
  /// row's prediction by the fit that did not see its group.
  virtual CalibrationSet fit(const Profile &profile, llvm::ArrayRef<MeasuredRow> rows,
                             const FitOptions &options, std::vector<double> &heldOut) const = 0;
};

/// Every kind there is; the first that matches a table reads it.
std::vector<std::unique_ptr<MeasurementKind>> measurementKinds();
/// The kind for a table, or an error that lists the headers understood.
llvm::Expected<std::unique_ptr<MeasurementKind>> kindOf(const MeasurementTable &table);

/// Pairs of rows that differ in one coordinate and are adjacent along it.
std::vector<NeighbourPair> neighbours(llvm::ArrayRef<MeasuredRow> rows,
                                      llvm::ArrayRef<llvm::StringRef> coordinateNames);

} // namespace codesign
