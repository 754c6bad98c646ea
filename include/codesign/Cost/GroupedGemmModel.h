// Products of mixture-of-experts layers (one per local expert in one launch) and the routing around them.
#pragma once

#include "codesign/Cost/Breakdown.h"
#include "codesign/Cost/Constants.h"
#include "codesign/Cost/ExpertLoads.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Model/Operators.h"

namespace codesign {

/// One set holds the grouped products and the routing: a measured layer is their sum (see moeLayer in
/// Validation).
struct GroupedGemmConstants {
  double mmaEfficiency = 1.0;
  double tileRowOverhead = 5;
  double tilePrologue = 1e-6;
  double waveRounding = 1;
  double unitBytesPerClock = 56;
  double activationTraffic = 3;
  double weightReread = 0.2;
  double bandwidth = 0.94;
  double overlap = 1.7;
  double busiestFactor = 1.0;
  double busiestExponent = 0.1;
  // Routing.
  double routingLaunch = 15e-6;
  double routingPerExpert = 0.03e-6;
  double permuteTraffic = 0.2;
  double finishTraffic = 2.5;

  static llvm::ArrayRef<ConstantField<GroupedGemmConstants>> fields();
};

class GroupedGemmModel {
public:
  /// `profile` must outlive the model.
  GroupedGemmModel(const Profile &profile, const GroupedGemmConstants &constants);
  GroupedGemmModel(Profile &&profile, const GroupedGemmConstants &constants) = delete;

  /// Seconds of one grouped product on the busiest rank. Forward and data gradient multiply rows by weights;
  /// the weight gradient sums over an expert's rows and writes a matrix per touched expert. All sizes
  /// positive.
  Breakdown breakdown(const GroupedGemmShape &shape, ExpertSpread spread = ExpertSpread::Random) const;
  Seconds time(const GroupedGemmShape &shape, ExpertSpread spread = ExpertSpread::Random) const {
    return breakdown(shape, spread).time();
  }

  /// Top-k, sort, gather and weighted scatter; `rows` are those of the rank (tokens · topK · localExperts /
  /// experts without skew).
  Breakdown routing(const MoeRoutingShape &shape, double rows) const;
  Breakdown routing(const MoeRoutingShape &shape) const;

  /// Loads as this model sees them, the busiest rank's factor included.
  ExpertLoads loads(const GroupedGemmShape &shape, ExpertSpread spread) const;

private:
  struct Work {
    double compute = 0, memory = 0;
    bool streamed = false; // tiles wait for their operands, not for arithmetic
  };
  Work rowsTimesWeights(const GroupedGemmShape &shape, const ExpertLoads &loads) const;
  Work weightGradient(const GroupedGemmShape &shape, const ExpertLoads &loads) const;
  double flopsPerUnit(DataType type) const;

  GroupedGemmConstants constants;
  const Profile *profile;
  double computeUnits, clock, memoryBandwidth, launchFloor;
};

} // namespace codesign
