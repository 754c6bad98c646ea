// What the price of codesign's own GEMM kernels rests on: the tile that a schedule makes of them, and the
// main loop as the simulator timed it.
#pragma once

#include "codesign/Cost/GemmModel.h"
#include "codesign/Schedule/GemmSchedule.h"

namespace codesign {

/// Whether types run at one rate on the same kernels, and so share constants: all of 16-bit floats, all of
/// 8-bit floats.
bool isAlike(DataType a, DataType b);

/// Where a calibration file keeps what the simulator said: sets of this provider.
inline constexpr const char *ownKernelProvider = "codesign";

/// The set for a type, and an operator kind ("gemm", "gemm_block128"); null where the device has none of its
/// own.
const CalibrationSet *ownKernelSet(const Profile &profile, DataType type, llvm::StringRef kind = "gemm");
/// What tells main loops apart that have constants of their own.
struct LoopForm {
  bool shuffledWeights = false, directToShared = false;
  MainLoop loop = MainLoop::InStep;
  GemmLayout layout = GemmLayout::NT;

  static LoopForm of(const GemmSchedule &schedule) {
    return {schedule.shuffledWeights, schedule.directToShared, schedule.loop, schedule.layout};
  }
  bool operator==(const LoopForm &) const = default;
};
/// The kind under which main loops of another form are stored: with "_shuffled" for shuffled weights,
/// "_direct" for copies past the registers, "_ping_pong" and "_interleaved" for loops of that name, "_nn" and
/// "_tn" for operands that are transposed on their way. Without a set of their own they are priced by the
/// plain loop's.
std::string ownKernelKind(llvm::StringRef kind, const LoopForm &form);
/// The layout of a product of a linear layer: y = x·Wᵀ is NT, dx = dy·W is NN, dW = dyᵀ·x is TN.
GemmLayout layoutOf(Pass pass);
const CalibrationSet *ownKernelSetFor(const Profile &profile, DataType type, llvm::StringRef kind,
                                      const GemmSchedule &schedule);

/// The tile of a legal schedule as GemmModel prices it.
GemmTile gemmTile(const GemmSchedule &schedule, const Profile &profile);

/// What L2 delivers to all compute units together, per clock of the compute units.
double deviceBytesPerClock(const Profile &profile);

/// Clocks of one compute unit for one tile and 64 of k, of each part alone at its full rate.
struct LoopParts {
  double mma = 0;         // matrix instructions
  double shared = 0;      // reads of LDS
  double memory = 0;      // operands from L2, at one byte a clock
  double perDepth = 1;    // steps of the schedule in 64 of k
  double residents = 1;   // workgroups of a compute unit
  bool loneWaves = false; // one wave of a workgroup on a SIMD, which overlaps with itself alone
};
LoopParts loopParts(const GemmSchedule &schedule, const Profile &profile, DataType type);

/// What the main loop of own kernels reaches of the device.
struct OwnLoop {
  double mmaEfficiency = 1;     // share of the matrix units' issue rate
  double sharedEfficiency = 1;  // share of the LDS read rate
  double unitBytesPerClock = 1; // at which the simulator's timing model lets L2 deliver
  double stepOverhead = 0;      // clocks of every step that nothing hides
  double exposedLatency = 0;    // clocks of every step that only other workgroups hide
  double loneWaveExposure = 0;  // share of the faster parts that a lone wave does not run beside the slowest

  static OwnLoop from(const CalibrationSet &set);
  std::vector<CalibrationConstant> constants() const;

  /// Clocks for 64 of k: the slowest part, or what a workgroup takes alone over how many there are; and the
  /// overhead.
  double clocks(const LoopParts &parts) const;
  /// Of them what is neither the slowest part nor overhead.
  double exposed(const LoopParts &parts) const;
  /// The slowest part.
  double slowest(const LoopParts &parts) const;
};

/// Takes out what a library's choice of tiles and its own kernels add: own kernels have their own tiles.
void dropLibraryRules(GemmConstants &constants);

/// The library's constants with the loop of own kernels in them. The library's share of the matrix rate stays
/// as a factor: it holds what the simulator does not know, clocks under load above all.
void useOwnLoop(GemmConstants &constants, const OwnLoop &own);

/// Sets what it costs own kernels to split k, from the schedules: one launch, in which a wave writes its
/// sums, counts itself and reads those of others, three round trips one after the other; the sums are written
/// and read once. Without the latency, which the simulator's numbers of a profile hold, the library's
/// constants stay.
void useOwnSplit(GemmConstants &constants, const Profile &profile);

/// Order of preference among own schedules of equal price, least first.
std::array<int, 6> preferenceOf(const GemmSchedule &schedule);

} // namespace codesign
