#include "LoopClocks.h"
#include <algorithm>

namespace codesign::simulate {

LoopClocks::LoopClocks(const Program &program, const RunReport &report)
    : containing(static_cast<size_t>(program.size())) {
  for (const LoopStatistics &counted : report.loops) {
    for (int i = counted.first; i <= counted.last; ++i)
      containing[static_cast<size_t>(i)].push_back(static_cast<int>(loops.size()));
    Loop &loop = loops.emplace_back();
    loop.timing.first = counted.first;
    loop.timing.last = counted.last;
  }
}

void LoopClocks::addMatrix(int instruction, double clocks) {
  for (int index : containing[static_cast<size_t>(instruction)])
    loops[static_cast<size_t>(index)].matrixClocks += clocks;
}

void LoopClocks::branch(size_t wave, int instruction, int next, double clock) {
  for (int index : containing[static_cast<size_t>(instruction)]) {
    Loop &loop = loops[static_cast<size_t>(index)];
    if (loop.waves.size() <= wave)
      loop.waves.resize(wave + 1);
    WaveClocks &state = loop.waves[wave];
    const bool goesBack = next == loop.timing.first,
               leaves = next < loop.timing.first || next > loop.timing.last;
    if (!goesBack && !leaves)
      continue;
    ++state.bodies;
    if (state.lastBranchBack >= 0) {
      loop.clocks += clock - state.lastBranchBack;
      ++loop.steps;
    }
    state.lastBranchBack = goesBack ? clock : -1;
  }
}

std::vector<LoopTiming> LoopClocks::finish(double wavesPerSimd) const {
  std::vector<LoopTiming> result;
  for (const Loop &loop : loops) {
    LoopTiming timing = loop.timing;
    uint64_t bodies = 0;
    for (const WaveClocks &wave : loop.waves) {
      timing.iterations = std::max(timing.iterations, wave.bodies);
      bodies += wave.bodies;
    }
    if (loop.steps > 0) {
      timing.clocksPerIteration = loop.clocks / double(loop.steps);
      const double matrixClocksPerBody = loop.matrixClocks / double(bodies);
      timing.matrixBusyShare = std::min(1.0, matrixClocksPerBody * wavesPerSimd / timing.clocksPerIteration);
    }
    result.push_back(timing);
  }
  return result;
}

} // namespace codesign::simulate
