#include "CalibrationLookup.h"

#include "codesign/Cost/OwnKernels.h"

namespace codesign {

CalibrationLookup::CalibrationLookup(const Profile &profile, std::string library)
    : profile(profile), library(std::move(library)) {
  for (size_t i = 0; i < widened.size(); ++i) {
    const auto type = static_cast<DataType>(i);
    const DataType multiplied = profile.matrixTypeFor(type);
    widened[i] = multiplied != type && bytesPerElement(type) < bytesPerElement(multiplied);
  }
}

const CalibrationSet *CalibrationLookup::setFor(CalibrationName name) const {
  // Own sets before borrowed ones. Attention kernels of another type tell more than those of another
  // device.
  const bool attention = name.kind == "prefill" || name.kind == "prefill_backward";
  if (const CalibrationSet *own = setFor(name, /*borrowed=*/false, /*anyType=*/false))
    return own;
  if (const CalibrationSet *own = attention ? setFor(name, false, true) : nullptr)
    return own;
  return setFor(name, true, false);
}

const CalibrationSet *CalibrationLookup::setFor(CalibrationName name, bool borrowed, bool anyType) const {
  const CalibrationSet *first = nullptr;
  for (const CalibrationSet &set : profile.calibration.sets) {
    const bool typeFits =
        anyType || !set.key.dataType || !name.type || isAlike(*set.key.dataType, *name.type);
    if (set.borrowedFrom.empty() == borrowed || set.key.operatorKind != name.kind || !typeFits ||
        set.key.provider == ownKernelProvider)
      continue;
    if (library.empty() || set.key.provider == library)
      return &set;
    if (!first)
      first = &set;
  }
  return first;
}

} // namespace codesign
