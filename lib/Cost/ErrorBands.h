// How wrong a price may be.
#pragma once

#include "codesign/Hardware/Calibration.h"
#include "codesign/Model/Operators.h"

namespace codesign {

/// Half widths used where nothing was held out, beside datasheetBand: assumptions, reported as such through
/// EstimateSource::Datasheet.
constexpr double assumedOwnKernelBand = 0.40;
constexpr double assumedRatioBand = 0.10;

/// The half width of a band; `otherwise` without one.
double halfWidth(const ErrorBand *band, double otherwise);

/// Half width of the band of one prediction of the library's kernels by a set's constants, or by none.
double libraryBand(const CalibrationSet *set, const OperatorShape &shape);

/// Half width of the band of the ratio of two of them, by the set of each (see CostModel::ratioBand).
double ratioBand(const CalibrationSet *set, const OperatorShape &from, const CalibrationSet *other,
                 const OperatorShape &to);

} // namespace codesign
