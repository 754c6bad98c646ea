#include "codesign/Cost/OwnStream.h"

#include <algorithm>

namespace codesign {

StreamParts streamParts(const GemmSchedule &schedule, const Profile &profile, DataType type) {
  const LoopParts loop = loopParts(schedule, profile, type);
  constexpr double depth = 64;
  StreamParts parts;
  parts.mma = loop.mma;
  parts.operands = loop.memory;
  parts.weights = schedule.macroTileN * depth * bytesPerElement(type);
  parts.perTurn = loop.perDepth / std::max(1, schedule.stages);
  parts.residents = loop.residents;
  return parts;
}

double OwnStream::shared(const StreamParts &parts) const {
  return std::max(parts.mma / mmaEfficiency, parts.operands / bytesPerClock) + stepOverhead;
}

double OwnStream::alone(const StreamParts &parts) const {
  return std::max(shared(parts), turnLatency * parts.perTurn + stepOverhead);
}

double OwnStream::clocks(const StreamParts &parts, double residents, double hbmBytesPerClock) const {
  return std::max({shared(parts), parts.weights / hbmBytesPerClock, alone(parts) / residents});
}

namespace {

struct StreamField {
  const char *name, *unit, *meaning;
  double OwnStream::*member;
};

constexpr StreamField streamFields[] = {
    {"mma_efficiency", "fraction", "share of the matrix units' issue rate that the loop reaches",
     &OwnStream::mmaEfficiency},
    {"stream_bytes_per_clock", "bytes_per_clock",
     "operands that one compute unit takes in, what is in flight at once over how long it takes",
     &OwnStream::bytesPerClock},
    {"turn_latency_cycles", "cycles", "of a turn of one workgroup alone: the loads of its steps, all at once",
     &OwnStream::turnLatency},
    {"stream_overhead_cycles", "cycles", "of 64 of k of a tile, which nothing hides",
     &OwnStream::stepOverhead},
};

} // namespace

OwnStream OwnStream::from(const CalibrationSet &set) {
  OwnStream stream;
  for (const StreamField &field : streamFields)
    stream.*field.member = set.constant(field.name).value_or(stream.*field.member);
  return stream;
}

std::vector<CalibrationConstant> OwnStream::constants() const {
  std::vector<CalibrationConstant> list;
  for (const StreamField &field : streamFields)
    list.push_back({field.name, this->*field.member, field.unit, field.meaning});
  return list;
}

void useOwnStream(GemmTile &tile, const OwnStream &own, const StreamParts &parts,
                  const GemmConstants &constants) {
  // The model adds these to what it computes with its own constants for all tiles.
  const double counted =
      std::max(parts.mma / constants.mmaEfficiency, parts.operands / constants.unitBytesPerClock);
  constexpr double depth = 64;
  tile.exposedCycles =
      std::max(0.0, own.shared(parts) - counted) - constants.stepOverheadCycles * depth / tile.depth;
  tile.aloneCycles = own.alone(parts);
  tile.residents = static_cast<int>(parts.residents);
}

} // namespace codesign
