// What the search asks of a cost model.
#pragma once

#include "codesign/Model/Operators.h"
#include "codesign/Support/Units.h"

namespace codesign {

/// One occurrence of an operator on one rank.
struct OperatorPrice {
  Seconds time;
  Joules energy;
};

/// A cost model as the search sees it. The price depends on the shape alone: that makes a plan's cost a sum
/// over its operators, which the search relies on.
class OperatorPricer {
public:
  virtual ~OperatorPricer() = default;
  /// Called once per distinct shape and search. Time must be finite and not negative.
  virtual OperatorPrice price(const OperatorShape &shape) const = 0;
};

} // namespace codesign
