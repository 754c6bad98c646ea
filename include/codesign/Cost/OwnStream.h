// What the price of codesign's own kernels for few rows rests on: the loop that streams weights, as the
// simulator timed it.
#pragma once

#include "codesign/Cost/OwnKernels.h"

namespace codesign {

/// The kind of the sets for these kernels, beside "gemm" and "gemm_block128".
inline constexpr const char *ownStreamKind = "gemm_stream", *ownBlockStreamKind = "gemm_stream_block128";

/// What 64 of k of one tile keep busy.
struct StreamParts {
  double mma = 0;       // clocks of a compute unit's matrix cores
  double operands = 0;  // bytes that come from L2
  double weights = 0;   // of them, bytes that come from HBM
  double perTurn = 1;   // turns of the loop in 64 of k: each takes as many steps together as are under way
  double residents = 1; // workgroups that a compute unit holds
};
StreamParts streamParts(const GemmSchedule &schedule, const Profile &profile, DataType type);

/// The loop: all workgroups of a compute unit share its matrix cores and its path to memory; a turn of each
/// takes as long as its loads, however few there are.
struct OwnStream {
  double mmaEfficiency = 1; // share of the matrix units' issue rate
  double bytesPerClock = 1; // of operands that a compute unit takes in, few of them reading
  double turnLatency = 0;   // clocks of a turn of one workgroup alone
  double stepOverhead = 0;  // clocks for 64 of k that nothing hides

  static OwnStream from(const CalibrationSet &set);
  std::vector<CalibrationConstant> constants() const;

  /// Clocks of a compute unit for 64 of k of one tile, whatever else runs on it.
  double shared(const StreamParts &parts) const;
  /// The same of a workgroup that runs alone: at least shared().
  double alone(const StreamParts &parts) const;
  /// Of a tile where a compute unit holds `residents` and gets `hbmBytesPerClock` from HBM.
  double clocks(const StreamParts &parts, double residents, double hbmBytesPerClock) const;
};

/// Takes the loop into a tile of a model with these constants.
void useOwnStream(GemmTile &tile, const OwnStream &own, const StreamParts &parts,
                  const GemmConstants &constants);

} // namespace codesign
