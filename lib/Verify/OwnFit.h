// What the fits of own kernels share: choosing kernels to time, the search for constants, and the set they
// become.
#pragma once

#include "codesign/Hardware/Calibration.h"
#include "codesign/Verify/OwnKernels.h"
#include <algorithm>

namespace codesign {

/// Legal schedules of a family that can be written, as plans prefer them: one for each tile of m x n, evenly
/// over the sizes.
std::vector<GemmSchedule> chooseSchedules(const Profile &profile, const OwnKernelOptions &options,
                                          GemmFamily family);

/// A constant, the range in which it is sought, and the first stride.
template <class Loop>
struct Sought {
  double Loop::*member;
  double low, high, stride;
};

/// Moves one constant at a time while the error falls, with ever smaller strides; returns the least error.
template <class Loop, class Error>
double descend(Loop &loop, llvm::ArrayRef<Sought<Loop>> list, Error errorOf) {
  double least = errorOf(loop);
  for (int halvings = 0; halvings < 6; ++halvings)
    for (bool moved = true; moved;) {
      moved = false;
      for (const Sought<Loop> &sought : list)
        for (double direction : {-1.0, 1.0}) {
          Loop next = loop;
          double &value = next.*sought.member;
          value = std::clamp(value + direction * sought.stride / (1 << halvings), sought.low, sought.high);
          const double error = errorOf(next);
          if (error < least - 1e-12) {
            least = error;
            loop = next;
            moved = true;
          }
        }
    }
  return least;
}

/// Constants as a set of own kernels, labelled `simulated`. The band covers nine of ten of the ratios,
/// widened by the timing model's own error: that of its fit to measured kernels, else 40 %.
CalibrationSet simulatedSet(llvm::StringRef kind, DataType type, std::vector<CalibrationConstant> constants,
                            std::vector<double> heldOutRatios, size_t kernels,
                            const simulate::ComputeUnit &unit);

} // namespace codesign
