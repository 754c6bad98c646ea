// Collectives inside a node: three protocols over NVSwitch or an xGMI mesh.
#pragma once

#include "codesign/Cost/Breakdown.h"
#include "codesign/Cost/Constants.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Model/Operators.h"
#include <array>

namespace codesign {

/// Constants of one collective kind. A protocol costs a base latency, a latency per further rank, and its
/// bytes over a share of the links that the group can use. "ll" sends flags with every word, "mid" with every
/// line (NCCL's LL and LL128), "simple" synchronises per chunk and reaches the links' bandwidth; its first
/// chunk passes every rank while others follow, so that the longer of the two is most of the time. The
/// library takes the cheapest, or "simple" from a size on: it chooses by a table of costs of its own.
struct CollectiveConstants {
  double llLatency = 4.5e-6, llPerRank = 1e-6, llBandwidth = 0.07;
  double midLatency = 6e-6, midPerRank = 0.9e-6, midBandwidth = 0.33;
  double simpleLatency = 15e-6, simplePerRank = 0.5e-6, simpleBandwidth = 0.8;
  double simpleRankExponent = 0.18;
  double simpleRamp = 2e-6;
  double simpleFillPerRank = 0;
  double simpleFromBytesPerRank = 0; // of the buffer, per further rank; 0: where it is the cheapest
  double ownPart = 0;

  static llvm::ArrayRef<ConstantField<CollectiveConstants>> fields();
};

class CollectiveModel {
public:
  /// One set of constants per kind, in the order of CollectiveKind; SendReceive takes AllGather's.
  CollectiveModel(const Profile &profile, const std::array<CollectiveConstants, 5> &constants);

  /// Seconds of one collective; zero for a single rank. A group larger than a node is out of scope (asserts).
  Breakdown breakdown(const CollectiveShape &shape) const;
  Seconds time(const CollectiveShape &shape) const { return breakdown(shape).time(); }

  /// Bytes that each rank sends: (ranks − 1) / ranks of the buffer, twice that in an all-reduce, all of it to
  /// a peer.
  static double bytesOnWire(const CollectiveShape &shape);

private:
  std::array<CollectiveConstants, 5> constants;
  Links links;
};

/// "all_reduce", … : the operator kind under which a collective's constants are stored.
llvm::StringRef calibrationKind(CollectiveKind kind);

} // namespace codesign
