// What the search asks of a cost model.
#pragma once

#include "codesign/Model/Operators.h"
#include "codesign/Support/Units.h"
#include <unordered_map>

namespace codesign {

/// A cost model as the search sees it. A price depends on the shape alone: that makes a plan's cost a sum
/// over its operators, which the search relies on. One occurrence on one rank; finite and not negative.
class OperatorPricer {
public:
  virtual ~OperatorPricer() = default;
  virtual Seconds time(const OperatorShape &shape) const = 0;
  virtual Joules energy(const OperatorShape &shape) const = 0;
};

/// Asks another pricer once per distinct shape. Not for several threads.
class MemoPricer final : public OperatorPricer {
public:
  /// `pricer` must outlive this one.
  explicit MemoPricer(const OperatorPricer &pricer) : pricer(pricer) {}

  Seconds time(const OperatorShape &shape) const override;
  Joules energy(const OperatorShape &shape) const override;
  /// Distinct shapes asked for so far.
  size_t size() const { return times.size() + energies.size(); }

private:
  const OperatorPricer &pricer;
  mutable std::unordered_map<OperatorShape, Seconds, OperatorShapeHash> times;
  mutable std::unordered_map<OperatorShape, Joules, OperatorShapeHash> energies;
};

} // namespace codesign
