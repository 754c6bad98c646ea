// Fitted constants of a cost model as a struct with named members, tied to the entries of a calibration set.
#pragma once

#include "codesign/Hardware/Calibration.h"
#include "llvm/ADT/ArrayRef.h"

namespace codesign {

/// One constant of a model: its name and unit in calibration files, what it means, and the interval a fit may
/// search.
template <class Constants>
struct ConstantField {
  const char *name;
  const char *unit;
  const char *meaning;
  double Constants::*member;
  double low, high;
};

/// The constants of a set; a constant that the set lacks keeps its prior (by default the member's
/// initialiser), and so do all of them without a set. Priors are the values that H100's fit rounds to,
/// expressed per compute unit, per clock or as a fraction of the datasheet, so that they carry to other
/// devices.
template <class Constants>
Constants constantsFrom(const CalibrationSet *set, llvm::ArrayRef<ConstantField<Constants>> fields,
                        const Constants &prior = {}) {
  Constants constants = prior;
  if (set)
    for (const ConstantField<Constants> &field : fields)
      if (std::optional<double> value = set->constant(field.name))
        constants.*field.member = *value;
  return constants;
}

/// The entries to store for fitted constants.
template <class Constants>
std::vector<CalibrationConstant> toCalibration(const Constants &constants,
                                               llvm::ArrayRef<ConstantField<Constants>> fields) {
  std::vector<CalibrationConstant> entries;
  for (const ConstantField<Constants> &field : fields)
    entries.push_back({field.name, constants.*field.member, field.unit, field.meaning});
  return entries;
}

} // namespace codesign
