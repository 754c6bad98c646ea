#include "codesign/Cost/Calibrate.h"
#include "llvm/Support/Path.h"

namespace codesign {

llvm::Expected<std::vector<FittedSet>> calibrate(const Profile &profile, const MeasurementTable &table,
                                                 const CalibrateOptions &options) {
  auto kind = kindOf(table);
  if (!kind)
    return kind.takeError();
  std::vector<MeasuredRow> rows = (*kind)->read(table, profile);
  std::vector<FittedSet> result;
  for (size_t first = 0; first < rows.size();) {
    size_t last = first;
    while (last < rows.size() && rows[last].key == rows[first].key)
      ++last;
    llvm::ArrayRef<MeasuredRow> ofKey = llvm::ArrayRef<MeasuredRow>(rows).slice(first, last - first);
    first = last;
    if (ofKey.size() < minCalibrationRows)
      continue;
    std::vector<double> heldOut, measured, countedPrediction, countedMeasured;
    FittedSet fitted{(*kind)->fit(profile, ofKey, options.fit, heldOut), {}, {}};
    for (auto [row, time] : llvm::zip_equal(ofKey, heldOut)) {
      measured.push_back(row.seconds);
      if (row.untuned)
        continue;
      countedMeasured.push_back(row.seconds);
      countedPrediction.push_back(time);
    }
    fitted.heldOut = errorsOf(countedPrediction, countedMeasured);
    fitted.heldOutAll = errorsOf(heldOut, measured);
    fitted.set.measurements = llvm::sys::path::filename(table.path).str();
    fitted.set.source = options.source;
    fitted.set.date = options.date;
    result.push_back(std::move(fitted));
  }
  return result;
}

} // namespace codesign
