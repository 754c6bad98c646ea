#include "codesign/Search/Pricing.h"

namespace codesign {

Seconds MemoPricer::time(const OperatorShape &shape) const {
  auto [entry, added] = times.try_emplace(shape);
  if (added)
    entry->second = pricer.time(shape);
  return entry->second;
}

Joules MemoPricer::energy(const OperatorShape &shape) const {
  auto [entry, added] = energies.try_emplace(shape);
  if (added)
    entry->second = pricer.energy(shape);
  return entry->second;
}

} // namespace codesign
