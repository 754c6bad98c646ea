// Why one variant costs less than another, dimension by dimension.
#pragma once

#include "codesign/Plan/Plan.h"
#include "codesign/Search/Pricing.h"
#include "codesign/Search/Space.h"

namespace codesign {

/// The difference of the objective between two variants, divided over what changed: dimensions, and the split
/// of each workload ("decode.tp"). A share is the average, over all orders in which the changes could be
/// made, of what the change saves at its turn (its Shapley value), so shares do not depend on an order and
/// sum to the whole difference. Changes that are impossible one by one (8 key-value heads of 12 heads) are
/// one reason together. `reference` is SearchResult's. Each reason lists the operators that it changes, with
/// their times per step without and with it, everything else as in `to`; text names the largest.
std::vector<PlanReason> explainDifference(const Space &space, const Variant &from, const Variant &to,
                                          llvm::ArrayRef<double> reference, const OperatorPricer &pricer);

} // namespace codesign
