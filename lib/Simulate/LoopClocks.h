// Clocks of every loop's iterations while waves are replayed.
#pragma once

#include "Program.h"
#include "codesign/Simulate/Timing.h"

namespace codesign::simulate {

class LoopClocks {
public:
  LoopClocks(const Program &program, const RunReport &report);

  /// A matrix instruction keeps its core busy for so many clocks.
  void addMatrix(int instruction, double clocks);
  /// A wave's branch issues; `next` is the instruction it goes to.
  void branch(size_t wave, int instruction, int next, double clock);
  /// Clocks from one branch back to the next of the same wave, without those that lead into the loop anew.
  std::vector<LoopTiming> finish(double wavesPerSimd) const;

private:
  struct WaveClocks {
    double lastBranchBack = -1; // -1: not in the loop since it was left
    uint64_t bodies = 0;
  };
  struct Loop {
    LoopTiming timing;
    double matrixClocks = 0, clocks = 0;
    uint64_t steps = 0;
    std::vector<WaveClocks> waves;
  };
  std::vector<Loop> loops;
  std::vector<std::vector<int>> containing; // loops of each instruction
};

} // namespace codesign::simulate
