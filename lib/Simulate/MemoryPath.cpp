#include "MemoryPath.h"
#include <algorithm>

namespace codesign::simulate {

constexpr double lineBytes = 128;

/// Of what all compute units together get, what one gets while so many are active.
static double shareOf(double eachOfAll, const ComputeUnit &unit, int active, double most) {
  return active > 0 ? std::min(eachOfAll * unit.compute.computeUnits / active, most) : eachOfAll;
}

MemoryPath::MemoryPath(const ComputeUnit &unit, int activeUnits, uint64_t lines, size_t workgroups)
    : timing(unit.timing), secondLevelBytesPerClock(shareOf(timing.memoryBytesPerClock, unit, activeUnits,
                                                            timing.firstLevelBytesPerClock)),
      hbmBytesPerClock(shareOf(timing.hbmBytesPerClock, unit, activeUnits, secondLevelBytesPerClock)),
      lineCount(lines), firstLevelLines(static_cast<uint64_t>(timing.firstLevelBytes / lineBytes)),
      lines(lines * workgroups) {}

double MemoryPath::roomFor(uint32_t bytes) const {
  double when = 0, inFlight = bytesInFlight;
  for (const auto &[completion, size] : flights) {
    if (inFlight + bytes <= timing.memoryBytesInFlight)
      break;
    when = completion;
    inFlight -= size;
  }
  return when;
}

/// When an instruction has passed L1.
double MemoryPath::enter(double clock, uint32_t bytes) {
  const double start = std::max(clock, firstLevelFree);
  firstLevelFree = start + std::max<double>(timing.vectorIssue, bytes / timing.firstLevelBytesPerClock);
  return start;
}

void MemoryPath::fly(double clock, double completion, double bytes) {
  while (!flights.empty() && flights.front().first <= clock) {
    bytesInFlight -= flights.front().second;
    flights.pop_front();
  }
  const auto later = [](double when, const std::pair<double, double> &flight) { return when < flight.first; };
  flights.insert(std::upper_bound(flights.begin(), flights.end(), completion, later), {completion, bytes});
  bytesInFlight += bytes;
}

double MemoryPath::load(double clock, uint32_t bytes, llvm::ArrayRef<TracedLine> touched, size_t workgroup) {
  const double start = enter(clock, bytes);
  double ready = firstLevelFree + timing.firstLevelLatency;
  int missed = 0, fromHbm = 0;
  for (TracedLine line : touched) {
    const Line &state = at(line, workgroup);
    ready = std::max(ready, state.arrival);
    if (state.filled && filled - state.filled < firstLevelLines) {
      ++counted.firstLevelLines;
      continue;
    }
    ++missed;
    fromHbm += !line.shared && state.arrival < 0;
  }
  if (missed == 0)
    return ready;
  const double fromL2 = missed * lineBytes / secondLevelBytesPerClock;
  secondLevelFree = std::max(secondLevelFree, start) + fromL2;
  counted.secondLevel += fromL2;
  counted.secondLevelLines += static_cast<uint64_t>(missed - fromHbm);
  counted.hbmLines += static_cast<uint64_t>(fromHbm);
  ready = std::max(ready, secondLevelFree + timing.memoryLatency);
  if (fromHbm > 0) {
    const double clocks = fromHbm * lineBytes / hbmBytesPerClock;
    hbmFree = std::max(hbmFree, start) + clocks;
    counted.hbm += clocks;
    ready = std::max(ready, hbmFree + timing.hbmLatency);
  }
  for (TracedLine line : touched) {
    Line &state = at(line, workgroup);
    if (state.filled && filled - state.filled < firstLevelLines)
      continue;
    state.arrival = ready;
    state.filled = ++filled;
  }
  fly(clock, ready, missed * lineBytes);
  return ready;
}

double MemoryPath::store(double clock, uint32_t bytes, llvm::ArrayRef<TracedLine> touched, size_t workgroup) {
  const double start = enter(clock, bytes);
  const double clocks = bytes / secondLevelBytesPerClock;
  secondLevelFree = std::max(secondLevelFree, start) + clocks;
  counted.secondLevel += clocks;
  const double done = std::max(firstLevelFree, secondLevelFree) + timing.memoryLatency;
  int written = 0;
  for (TracedLine line : touched)
    if (Line &state = at(line, workgroup); state.arrival < 0) {
      state.arrival = done;
      written += !line.shared;
    }
  // L2 holds what is stored and writes it back when it finds time; the bandwidth is taken all the same.
  const double back = written * lineBytes / hbmBytesPerClock;
  hbmFree = std::max(hbmFree, start) + back;
  counted.hbm += back;
  fly(clock, done, bytes);
  return done;
}

} // namespace codesign::simulate
