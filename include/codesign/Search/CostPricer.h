// The cost model as a pricer.
#pragma once

#include "codesign/Cost/CostModel.h"
#include "codesign/Search/Pricing.h"
#include <vector>

namespace codesign {

/// Prices each operator with the fastest of several kernel providers that have it. All models must describe
/// one device and outlive the pricer; the first one must have every operator.
class CostPricer final : public OperatorPricer {
public:
  explicit CostPricer(std::vector<const CostModel *> providers) : providers(std::move(providers)) {}

  /// The provider that is fastest for the shape; the first of equals.
  const CostModel &fastest(const OperatorShape &shape) const;

  Seconds time(const OperatorShape &shape) const override;
  Joules energy(const OperatorShape &shape) const override { return fastest(shape).estimate(shape).energy; }

private:
  std::vector<const CostModel *> providers;
};

} // namespace codesign
