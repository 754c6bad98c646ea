#include "Infeasible.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>

namespace codesign {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The attained values nearest to an interval, and any attained value inside it that is refused for another
/// reason.
struct NearestValues {
  double below = -infinity, above = infinity;
  double refused = infinity;

  void add(double value, const Range &limits) {
    if (value < limits.min)
      below = std::max(below, value);
    else if (value > limits.max)
      above = std::min(above, value);
    else
      refused = value;
  }

  std::string text(const Constraint &constraint) const {
    std::string text;
    if (below > -infinity)
      text = constraint.valueText(below);
    if (above < infinity)
      text += (text.empty() ? "" : " and ") + constraint.valueText(above);
    if (text.empty() && refused < infinity)
      text = constraint.valueText(refused);
    return text;
  }
};

/// Values of a shape constraint over the candidates that pass the constraints before it.
NearestValues nearestShape(const Problem &problem, size_t k) {
  const Constraint &constraint = problem.constraints[k];
  Part part = partOf(constraint.quantity);
  NearestValues nearest;
  for (const HiddenTable &table : problem.tables) {
    const AxisTable *axes[] = {&table.attention, &table.feedForward, &table.vocabulary, &table.layers};
    if (llvm::any_of(axes, [&](const AxisTable *axis) { return axis->passed[k] == 0; }))
      continue;
    forEachCombination(
        problem.space, dimensionsOf(part), table.hiddenSize, [&](const DimensionValues &sizes) {
          Variant variant{sizes, {}};
          bool entered =
              llvm::all_of(llvm::ArrayRef(problem.constraints).take_front(k), [&](const Constraint &c) {
                return partOf(c.quantity) != part || c.admits(measure(problem.space, c.quantity, variant));
              });
          if (entered)
            nearest.add(measure(problem.space, constraint.quantity, variant), constraint.limits);
        });
  }
  return nearest;
}

/// Values of a sum over the variants that pass the constraints before it.
NearestValues nearestSum(const Problem &problem, size_t k) {
  const Range &limits = problem.constraints[k].limits;
  NearestValues nearest;
  std::vector<double> weights(problem.splits.size());
  std::vector<int64_t> passed(problem.firstSumConstraint + 1);
  forEachRow(problem, Walk::Count, weights, infinity, passed, [&](const Row &row) {
    size_t first = 0;
    while (row.windows[first].constraint < int(k))
      ++first;
    for (size_t w = first; w < row.windows.size() && row.windows[w].constraint == int(k); ++w) {
      auto toRow = [&](double value) { return (value - row.offsets[w]) / row.scales[w]; };
      auto toValue = [&](double coordinate) { return row.offsets[w] + row.scales[w] * coordinate; };
      WindowTree::Nearest best{row.windows[w].min, row.windows[w].max, toRow(nearest.below),
                               toRow(nearest.above)};
      row.tree->findNearest(row.windows.take_front(first), row.windows[w].coordinate, best);
      if (best.below > -infinity)
        nearest.add(toValue(best.below), limits);
      if (best.above < infinity)
        nearest.add(toValue(best.above), limits);
    }
  });
  return nearest;
}

/// Why the first variants that get as far as the splits cannot be split.
std::string splitReason(const Problem &problem, const Constraint &constraint) {
  for (auto [t, table] : llvm::enumerate(problem.tables)) {
    if (table.attention.elements.empty() || table.feedForward.elements.empty() ||
        table.vocabulary.elements.empty() || table.layers.elements.empty())
      continue;
    VariantIndex index;
    index.hidden = uint32_t(t);
    Variant variant = variantAt(problem, index);
    for (size_t w = 0; w < variant.parallelisms.size(); ++w) {
      if (constraint.quantity == Measure::Indivisible) {
        std::string reason = whyNotDivisible(modelOf(problem.space, variant), variant.parallelisms[w]);
        if (!reason.empty())
          return reason;
      }
      double value = measure(problem.space, constraint.quantity, variant, w);
      if (!constraint.admits(value))
        return constraint.valueText(value);
    }
  }
  return {};
}

} // namespace

llvm::Error infeasible(const Problem &problem, llvm::ArrayRef<int64_t> passed,
                       llvm::ArrayRef<int64_t> removed) {
  size_t last = 0, most = 0;
  int64_t entered = passed.front(), enteredLast = 0, mostRemoved = -1;
  for (size_t k = 0; k < problem.constraints.size(); ++k) {
    int64_t out = k < problem.firstSumConstraint ? entered - passed[k + 1] : removed[k];
    if (entered > 0) {
      last = k;
      enteredLast = entered;
    }
    // Definitions remove most of any space and can be no other.
    const bool changeable =
        problem.constraints[k].guardRail || partOf(problem.constraints[k].quantity) == Part::Sum;
    if (changeable && out > mostRemoved) {
      most = k;
      mostRemoved = out;
    }
    entered -= out;
  }
  const Constraint &constraint = problem.constraints[last];
  std::string values;
  switch (partOf(constraint.quantity)) {
  case Part::Split:
    values = splitReason(problem, constraint);
    break;
  case Part::Sum:
    values = nearestSum(problem, last).text(constraint);
    break;
  default:
    values = nearestShape(problem, last).text(constraint);
  }
  std::string message = "no variant satisfies '" + constraint.name + "': it asks for " + constraint.text() +
                        ", and removed the last " + std::to_string(enteredLast) + " of " +
                        std::to_string(passed.front()) + " variants";
  if (!values.empty())
    message += "; the nearest in the space: " + values;
  if (constraint.guardRail)
    message += "; `constraints: {" + constraint.name + ": off}` lifts it";
  if (most != last && mostRemoved > 0)
    message += "\nnote: '" + problem.constraints[most].name + "' (" + problem.constraints[most].text() +
               ") removed most: " + std::to_string(mostRemoved);
  return infeasibleError(message);
}

} // namespace codesign
