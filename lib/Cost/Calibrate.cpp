#include "codesign/Cost/Calibrate.h"
#include "MeasurementKinds.h"
#include "codesign/Cost/Estimate.h"
#include "llvm/Support/Path.h"

namespace codesign {

bool FittedSet::tellsMoreThanDatasheet() const {
  return heldOut.mean <= datasheetBand;
}

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
    std::vector<double> heldOut;
    FittedSet fitted{(*kind)->fit(profile, ofKey, options.fit, heldOut), {}, {}, {}};
    struct Times {
      std::vector<double> predicted, measured;
    };
    Times all, counted;
    std::map<std::string, Times> byRouting;
    for (auto [row, time] : llvm::zip_equal(ofKey, heldOut)) {
      llvm::SmallVector<Times *, 3> slices{&all};
      if (!row.untuned) {
        slices.push_back(&counted);
        if (const llvm::StringRef routing = routingOf(row); !routing.empty())
          slices.push_back(&byRouting[routing.str()]);
      }
      for (Times *times : slices) {
        times->predicted.push_back(time);
        times->measured.push_back(row.seconds);
      }
    }
    fitted.heldOut = errorsOf(counted.predicted, counted.measured);
    fitted.heldOutAll = errorsOf(all.predicted, all.measured);
    for (const auto &[routing, times] : byRouting)
      fitted.heldOutByRouting[routing] = errorsOf(times.predicted, times.measured);
    fitted.set.measurements = llvm::sys::path::filename(table.path).str();
    fitted.set.source = options.source;
    fitted.set.date = options.date;
    result.push_back(std::move(fitted));
  }
  return result;
}

} // namespace codesign
