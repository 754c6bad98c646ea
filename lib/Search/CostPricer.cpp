#include "codesign/Search/CostPricer.h"

#include "llvm/ADT/ArrayRef.h"

namespace codesign {

const CostModel &CostPricer::fastest(const OperatorShape &shape) const {
  const CostModel *best = providers.front();
  if (providers.size() == 1)
    return *best;
  Seconds bestTime = best->time(shape);
  for (const CostModel *provider : llvm::ArrayRef(providers).drop_front()) {
    if (!provider->supports(shape))
      continue;
    Seconds time = provider->time(shape);
    if (time < bestTime) {
      best = provider;
      bestTime = time;
    }
  }
  return *best;
}

Seconds CostPricer::time(const OperatorShape &shape) const {
  Seconds best = providers.front()->time(shape);
  for (const CostModel *provider : llvm::ArrayRef(providers).drop_front())
    if (provider->supports(shape))
      best = std::min(best, provider->time(shape));
  return best;
}

} // namespace codesign
