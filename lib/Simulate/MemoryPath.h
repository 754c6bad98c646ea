// Vector memory as one compute unit sees it: L1, its share of L2, and its share of HBM.
#pragma once

#include "codesign/Hardware/DeviceNumbers.h"
#include "codesign/Simulate/Timing.h"
#include "llvm/ADT/ArrayRef.h"
#include <deque>

namespace codesign::simulate {

/// A line comes from L1 while it is among the last that were brought there, from HBM when only one traced
/// workgroup touches it and that one for the first time, else from L2: lines of several workgroups were
/// fetched for one of them.
class MemoryPath {
public:
  /// So many workgroups run at once. None finds another's lines in L1: neighbours in the grid are dealt to
  /// different dies and compute units, so those that meet on one are far apart. L2 and HBM are shared by as
  /// many units as are active; L2 delivers no more than L1 takes, HBM no more than L2.
  MemoryPath(const ComputeUnit &unit, int activeUnits, uint64_t lines, size_t workgroups);

  /// The moment from which so many more bytes may be in flight.
  double roomFor(uint32_t bytes) const;
  /// When the data of a load that issues now are there.
  double load(double clock, uint32_t bytes, llvm::ArrayRef<TracedLine> lines, size_t workgroup);
  /// When a store or an atomic that issues now is done.
  double store(double clock, uint32_t bytes, llvm::ArrayRef<TracedLine> lines, size_t workgroup);

  MemoryClocks busy() const { return counted; }

private:
  struct Line {
    double arrival = -1; // -1: not touched yet
    uint64_t filled = 0; // how many lines L1 had taken in before this one, and one more; 0: none
  };
  Line &at(TracedLine line, size_t workgroup) { return lines[workgroup * lineCount + line.number]; }
  double enter(double clock, uint32_t bytes);
  void fly(double clock, double completion, double bytes);

  const codesign::Timing &timing;
  double secondLevelBytesPerClock, hbmBytesPerClock;
  uint64_t lineCount, firstLevelLines, filled = 0;
  std::vector<Line> lines;
  std::deque<std::pair<double, double>> flights; // completion and bytes, the first to complete in front
  double firstLevelFree = 0, secondLevelFree = 0, hbmFree = 0, bytesInFlight = 0;
  MemoryClocks counted;
};

} // namespace codesign::simulate
