#include "codesign/Cost/CollectiveModel.h"
#include <cmath>

namespace codesign {

llvm::ArrayRef<ConstantField<CollectiveConstants>> CollectiveConstants::fields() {
  using C = CollectiveConstants;
  static constexpr ConstantField<C> all[] = {
      {"ll_latency", "seconds", "flag-per-word protocol: base latency", &C::llLatency, 1e-6, 60e-6},
      {"ll_per_rank", "seconds", "flag-per-word protocol: per further rank", &C::llPerRank, 0, 10e-6},
      {"ll_bandwidth", "fraction", "flag-per-word protocol: share of the group's links", &C::llBandwidth,
       5e-3, 0.6},
      {"mid_latency", "seconds", "flag-per-line protocol: base latency", &C::midLatency, 1e-6, 80e-6},
      {"mid_per_rank", "seconds", "flag-per-line protocol: per further rank", &C::midPerRank, 0, 10e-6},
      {"mid_bandwidth", "fraction", "flag-per-line protocol: share of the group's links", &C::midBandwidth,
       0.05, 1},
      {"simple_latency", "seconds", "chunked protocol: base latency", &C::simpleLatency, 1e-6, 120e-6},
      {"simple_per_rank", "seconds", "chunked protocol: per further rank", &C::simplePerRank, 0, 10e-6},
      {"simple_bandwidth", "fraction", "chunked protocol: share of the links at a full node",
       &C::simpleBandwidth, 0.2, 1.3},
      {"simple_rank_exponent", "exponent",
       "chunked protocol: growth of that share with the ranks, NVSwitch only", &C::simpleRankExponent, -0.3,
       0.6},
      {"simple_ramp", "seconds",
       "chunked protocol: filling the pipeline, for 1 MB; grows with the root of the bytes", &C::simpleRamp,
       0, 20e-6},
      {"simple_fill_per_rank", "seconds",
       "chunked protocol: way of the first chunk, per further rank; transfers run beside it",
       &C::simpleFillPerRank, 0, 30e-6},
      {"simple_from_bytes_per_rank", "bytes",
       "chunked protocol: taken for more than so many bytes of the buffer per further rank; 0: where "
       "cheapest",
       &C::simpleFromBytesPerRank, 0, 8e6},
      {"own_part", "fraction",
       "time to copy a rank's own part of the buffer, relative to sending as much; NVSwitch only",
       &C::ownPart, 0, 1.5},
  };
  return all;
}

CollectiveModel::CollectiveModel(const Profile &profile, const std::array<CollectiveConstants, 5> &constants)
    : constants(constants), links(profile.links) {}

double CollectiveModel::bytesOnWire(const CollectiveShape &shape) {
  const double bytes = shape.bytes, ranks = shape.ranks;
  switch (shape.kind) {
  case CollectiveKind::AllReduce:
    return 2 * bytes * (ranks - 1) / ranks;
  case CollectiveKind::AllGather:
  case CollectiveKind::ReduceScatter:
  case CollectiveKind::AllToAll:
    return bytes * (ranks - 1) / ranks;
  case CollectiveKind::SendReceive:
    return bytes;
  }
  return 0;
}

Breakdown CollectiveModel::breakdown(const CollectiveShape &shape) const {
  Breakdown result;
  if (shape.ranks <= 1 || shape.bytes <= 0)
    return result;
  const CollectiveConstants &c = constants[static_cast<size_t>(shape.kind)];
  const int ranks = static_cast<int>(shape.ranks);
  const bool toPeer = shape.kind == CollectiveKind::SendReceive;
  const double group = links.groupBandwidth(toPeer ? 2 : ranks).value;
  const double hops = toPeer ? 1 : ranks - 1.0, wire = bytesOnWire(shape);

  struct Protocol {
    llvm::StringRef name;
    double latency, transfer, ramp;
    double time() const { return latency + transfer + ramp; }
  };
  double simpleShare = c.simpleBandwidth, ownPart = 0;
  if (links.topology == LinkTopology::NvSwitch) {
    simpleShare *= std::pow(static_cast<double>(ranks) / links.gpusPerNode, c.simpleRankExponent);
    // A mesh's few links to a small group are slower than any copy; what goes to a peer has no own part.
    ownPart = toPeer ? 0 : c.ownPart;
  }
  const double handled = wire * (1 + ownPart / hops) / group;
  const double transfer = handled / simpleShare;
  const double filling = std::hypot(transfer, hops * c.simpleFillPerRank) - transfer;
  const Protocol protocols[] = {
      {"links, flag per word", c.llLatency + hops * c.llPerRank, handled / c.llBandwidth, 0},
      {"links, flag per line", c.midLatency + hops * c.midPerRank, handled / c.midBandwidth, 0},
      {"links", c.simpleLatency + hops * c.simplePerRank, transfer,
       c.simpleRamp * std::sqrt(wire / 1e6) + filling},
  };
  const Protocol &small = protocols[0].time() < protocols[1].time() ? protocols[0] : protocols[1];
  const Protocol &chunked = protocols[2];
  const bool isChunked = c.simpleFromBytesPerRank > 0
                             ? static_cast<double>(shape.bytes) > hops * c.simpleFromBytesPerRank
                             : chunked.time() < small.time();
  const Protocol *best = isChunked ? &chunked : &small;
  result.add("latency", best->latency);
  result.add(best->name, best->transfer);
  result.add("pipeline ramp", best->ramp);
  result.addResource("links", wire / group);
  return result;
}

llvm::StringRef calibrationKind(CollectiveKind kind) {
  return kind == CollectiveKind::SendReceive ? llvm::StringRef("all_gather") : toString(kind);
}

} // namespace codesign
