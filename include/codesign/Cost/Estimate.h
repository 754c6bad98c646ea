// What the cost model says about one operator: a time, what it is made of, and how sure that is.
#pragma once

#include "codesign/Cost/Breakdown.h"
#include "codesign/Cost/GemmModel.h"
#include "codesign/Schedule/GemmSchedule.h"
#include "codesign/Support/Units.h"
#include <optional>
#include <string>

namespace codesign {

/// Where a number comes from. Simulated means executed in the simulator, not measured on hardware; Datasheet
/// means scaled from published device numbers with constants of a related device.
enum class EstimateSource : uint8_t { Measured, Calibrated, Simulated, Datasheet };

/// "measured", "calibrated", "simulated", "datasheet".
llvm::StringRef toString(EstimateSource source);

/// Half width of the band of a time by Datasheet: an assumption.
inline constexpr double datasheetBand = 0.30;

struct Estimate {
  Breakdown breakdown; // terms sum exactly to the time
  Flops flops;
  Bytes bytes;   // compulsory HBM traffic
  Joules energy; // of one device; an estimate
  EstimateSource source = EstimateSource::Datasheet;
  /// What else the number rests on: "fp8 weights, bf16 products" where the device has no such products.
  std::string basis;
  double band =
      0; // the time is within ± this share with the coverage of the calibration (80 % where it says nothing)
  std::optional<GemmChoice> gemm;       // tiles, waves and split of dense products
  std::optional<GemmSchedule> schedule; // of codesign's own kernels

  Seconds time() const { return breakdown.time(); }
};

} // namespace codesign
