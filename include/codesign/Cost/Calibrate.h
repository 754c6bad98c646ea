// Fitting a device's constants to tables of measured times.
#pragma once

#include "codesign/Cost/Measurements.h"
#include <map>

namespace codesign {

struct CalibrateOptions {
  FitOptions fit;
  std::string source; // who measured, licence: stored with every set
  std::string date;   // ISO 8601, stored with every set
};

/// The constants of one key, fitted, and what they miss on rows that the fit did not see.
struct FittedSet {
  CalibrationSet set;
  Errors heldOut;                                 // over the rows that count
  Errors heldOutAll;                              // over all rows, those of failed tunings included
  std::map<std::string, Errors> heldOutByRouting; // "balanced" and "skewed", for layers of experts

  /// Whether the set is worth storing: held out it is nearer than an estimate by data sheet claims to be.
  bool tellsMoreThanDatasheet() const;
};

/// Fits every key that the table has rows of this device for. A table without such rows gives an empty list;
/// fewer than minCalibrationRows of a key are skipped, since no held-out error could be stated. Deterministic
/// for the options.
llvm::Expected<std::vector<FittedSet>> calibrate(const Profile &profile, const MeasurementTable &table,
                                                 const CalibrateOptions &options);

/// The least number of rows that calibrate() fits a set to.
inline constexpr int minCalibrationRows = 8;

} // namespace codesign
