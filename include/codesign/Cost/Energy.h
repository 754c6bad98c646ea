// Energy of a kernel from how busy it keeps the device. An estimate: no public per-kernel power data stands
// behind it.
#pragma once

#include "codesign/Hardware/Profile.h"
#include "codesign/Support/Units.h"

namespace codesign {

/// How long each part of the device would be busy with a kernel by itself.
struct BusyTimes {
  Seconds matrix; // at the rate that long runs settle at
  Seconds memory; // at the datasheet's bandwidth
  Seconds links;
};

/// Shares of (thermal design − idle) power that a part draws while it is busy; `active` is drawn by any
/// running kernel. Products at the best sustained rate draw the design power, since that is what limits them
/// (an MI300X at 708 TFLOP/s in bf16: 750 W); pure streaming draws about two thirds of it. Short runs settle
/// lower: an H200 logged 588 of 700 W.
struct PowerShares {
  double active = 0.15;
  double matrix = 0.85;
  double memory = 0.45;
  double links = 0.15;
};

/// Power averaged over `time`: idle plus the shares of the busy parts, at most the thermal design power.
Watts averagePower(Seconds time, const BusyTimes &busy, const Power &power, const PowerShares &shares = {});
/// averagePower · time, for one device.
Joules energy(Seconds time, const BusyTimes &busy, const Power &power, const PowerShares &shares = {});
/// Price of one device for that time.
Dollars price(Seconds time, double dollarsPerHour);

} // namespace codesign
