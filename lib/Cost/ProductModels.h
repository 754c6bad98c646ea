// Models of matrix products, the library's or own kernels', each built when it is first asked for.
#pragma once

#include "CalibrationLookup.h"
#include "codesign/Cost/CostModel.h"
#include "codesign/Cost/GemmModel.h"
#include "codesign/Cost/OwnKernels.h"
#include <map>

namespace codesign {

/// What own schedules are listed for.
struct OwnKey {
  DataType type;
  bool blockScaled, experts;
  GemmLayout layout;
  auto operator<=>(const OwnKey &) const = default;
};
template <class Shape>
OwnKey ownKey(const Shape &shape) {
  return {shape.input, shape.scaling == Scaling::Block128, std::is_same_v<Shape, GroupedGemmShape>,
          layoutOf(shape.pass)};
}

/// Under which the loop of own kernels that stream weights is stored.
llvm::StringRef streamKindOf(const CalibrationName &product);

class ProductModels {
public:
  /// All must outlive this.
  ProductModels(const Profile &profile, const CostOptions &options, const CalibrationLookup &calibrations)
      : profile(profile), options(options), calibrations(calibrations) {}

  /// Own schedules that are priced, in order of preference; the tiles of own models by index.
  const std::vector<GemmSchedule> &ownSchedules(OwnKey key);

  /// The model for the constants of a name: of the library, or of own kernels, for experts or a layout.
  const GemmModel &of(CalibrationName name, bool experts = false, GemmLayout layout = GemmLayout::NT);

private:
  GemmModel libraryModel(const GemmConstants &constants, const CalibrationSet *set) const;
  GemmModel ownModel(GemmConstants constants, CalibrationName name, bool experts, GemmLayout layout);

  const Profile &profile;
  const CostOptions &options;
  const CalibrationLookup &calibrations;
  std::map<OwnKey, std::vector<GemmSchedule>> schedules;
  std::map<CalibrationName, GemmModel> dense, ofExperts, transposed[2]; // by layout: NN, TN
};

} // namespace codesign
