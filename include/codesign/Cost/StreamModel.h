// Kernels that only stream memory: norms and elementwise.
#pragma once

#include "codesign/Cost/Breakdown.h"
#include "codesign/Cost/Constants.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Model/Operators.h"

namespace codesign {

/// Traffic at a share of the achieved bandwidth of the profile, plus a launch; a row reduction adds its
/// latency.
struct StreamConstants {
  double launch = 0.5e-6;
  double readBandwidth = 0.95;
  double writeBandwidth = 0.95;
  double rowLatency = 1.2e-6;
  double rowsPerUnit = 8;

  static llvm::ArrayRef<ConstantField<StreamConstants>> fields();
};

class StreamModel {
public:
  StreamModel(const Profile &profile, const StreamConstants &constants);

  /// Seconds; operands come from HBM, since the operator before has usually written more than the cache
  /// holds.
  Breakdown breakdown(const NormShape &shape) const;
  Breakdown breakdown(const ElementwiseShape &shape) const;
  Seconds time(const NormShape &shape) const { return breakdown(shape).time(); }
  Seconds time(const ElementwiseShape &shape) const { return breakdown(shape).time(); }

private:
  Breakdown streamed(double readBytes, double writeBytes, double latency) const;

  StreamConstants constants;
  double computeUnits, launchFloor, readBandwidth, writeBandwidth, datasheetBandwidth;
};

} // namespace codesign
