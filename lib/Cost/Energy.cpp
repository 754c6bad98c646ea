#include "codesign/Cost/Energy.h"
#include <algorithm>

namespace codesign {

Watts averagePower(Seconds time, const BusyTimes &busy, const Power &power, const PowerShares &shares) {
  if (time <= Seconds(0))
    return power.idle;
  auto part = [&](Seconds busyTime, double share) { return share * std::min(1.0, busyTime / time); };
  double load = shares.active + part(busy.matrix, shares.matrix) + part(busy.memory, shares.memory) +
                part(busy.links, shares.links);
  return power.idle + (power.thermalDesign - power.idle) * std::min(1.0, load);
}

Joules energy(Seconds time, const BusyTimes &busy, const Power &power, const PowerShares &shares) {
  return averagePower(time, busy, power, shares) * time;
}

Dollars price(Seconds time, double dollarsPerHour) {
  return Dollars(time.value / 3600 * dollarsPerHour);
}

} // namespace codesign
