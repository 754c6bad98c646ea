#include "ErrorBands.h"

#include "codesign/Cost/Estimate.h"
#include "codesign/Cost/KindOfChange.h"
#include "codesign/Cost/Regime.h"
#include <cmath>

namespace codesign {

double halfWidth(const ErrorBand *band, double otherwise) {
  return band ? std::max(band->high - 1, 1 - band->low) : otherwise;
}

double libraryBand(const CalibrationSet *set, const OperatorShape &shape) {
  if (!set)
    return datasheetBand;
  const double band = halfWidth(set->absoluteBand(regimeOf(shape)), datasheetBand);
  return set->borrowedFrom.empty() ? band : std::max(datasheetBand, 2 * band);
}

double ratioBand(const CalibrationSet *set, const OperatorShape &from, const CalibrationSet *other,
                 const OperatorShape &to) {
  const double bothBands = std::hypot(libraryBand(set, from), libraryBand(other, to));
  if (from.index() != to.index() || set != other)
    return bothBands;
  if (!set)
    return assumedRatioBand;
  const auto changes = changesBetween(from, to);
  double band = changes.empty() ? halfWidth(set->ratioBand("all"), assumedRatioBand) : 0;
  for (const DimensionChange &change : changes) {
    double widest = 0;
    for (llvm::StringRef name : change.names) {
      const ErrorBand *step = set->ratioBand(kindOfChange(name, change.from, change.to));
      widest = std::max(widest, halfWidth(step, assumedRatioBand));
    }
    band = std::hypot(band, widest);
  }
  if (!set->borrowedFrom.empty())
    band = std::max(1.5 * band, assumedRatioBand);
  return std::min(band, bothBands);
}

} // namespace codesign
