// What measured neighbours say on top of the mechanisms: a smooth factor over sizes.
#pragma once

#include "codesign/Hardware/Calibration.h"
#include "llvm/ADT/ArrayRef.h"

namespace codesign {

/// The stored grid, interpolated linearly in the logarithm of every size; beyond the outermost corners their
/// value stays. Continuous, so neighbouring sizes never part by more than the grid says.
class Corrections {
public:
  explicit Corrections(CalibrationCorrections stored);

  /// The factor on a predicted time; one size (at least 1) for each axis.
  double factor(llvm::ArrayRef<double> sizes) const;

private:
  CalibrationCorrections grid;
};

/// A row of a table of measured times, with what the model missed.
struct MissedRow {
  llvm::ArrayRef<double> sizes; // of each axis
  double logRatio = 0;          // ln(measured / predicted)
};

/// The grid that misses least in the sum of absolute values, held smooth and near zero: corners that few rows
/// are near take their neighbours' value and fade. `names` of the axes; rows must not be empty.
CalibrationCorrections fitCorrections(llvm::ArrayRef<MissedRow> rows, llvm::ArrayRef<llvm::StringRef> names);

} // namespace codesign
