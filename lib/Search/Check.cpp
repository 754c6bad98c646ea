#include "codesign/Search/Check.h"

#include "EstimateText.h"

#include "codesign/Search/Constraints.h"
#include "codesign/Search/PlanBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <map>

namespace codesign {

namespace {

/// Multiples of `step` within an eighth of `value`, itself excluded.
void addMultiples(int64_t value, int64_t step, std::vector<int64_t> &values) {
  for (int64_t candidate = llvm::alignTo(value - value / 8, step); candidate <= value + value / 8;
       candidate += step)
    if (candidate != value && candidate > 0)
      values.push_back(candidate);
}

std::vector<int64_t> neighboursOf(Dimension dimension, const DimensionValues &values) {
  const int64_t value = values[dimension];
  std::vector<int64_t> result;
  if (value == 0) // the model has no such dimension
    return result;
  switch (dimension) {
  case Dimension::HiddenSize:
    addMultiples(value, 64, result);
    break;
  case Dimension::IntermediateSize:
  case Dimension::MoeIntermediateSize:
  case Dimension::SharedExpertIntermediateSize:
    addMultiples(value, 64, result);
    for (int64_t near = -3; near <= 3; ++near)
      result.push_back(llvm::alignTo(value, 8) + 8 * near);
    break;
  case Dimension::VocabSize:
    for (int64_t padding : {8, 64, 128, 256, 512, 1024})
      result.push_back(llvm::alignTo(value, padding));
    break;
  case Dimension::HeadDim:
    for (int64_t headDim : {64, 96, 128, 256})
      if (values[Dimension::NumAttentionHeads] * value % headDim == 0)
        result.push_back(headDim);
    break;
  case Dimension::NumKeyValueHeads:
    for (int64_t heads : {value / 2, value * 2})
      if (heads >= 1 && values[Dimension::NumAttentionHeads] % heads == 0)
        result.push_back(heads);
    break;
  case Dimension::NumExpertsPerToken:
  case Dimension::NumExperts:
  case Dimension::NumAttentionHeads:
  case Dimension::NumHiddenLayers:
    break; // a matter of quality and size, not of fit to the device
  }
  llvm::sort(result);
  result.erase(llvm::unique(result), result.end());
  llvm::erase_if(result, [&](int64_t candidate) { return candidate == value || candidate <= 0; });
  return result;
}

/// The base with one dimension moved; head_dim moves the number of heads with it.
Variant movedTo(const Variant &base, Dimension dimension, int64_t value) {
  Variant moved = base;
  moved.dimensions[dimension] = value;
  if (dimension == Dimension::HeadDim)
    moved.dimensions[Dimension::NumAttentionHeads] =
        base.dimensions[Dimension::NumAttentionHeads] * base.dimensions[Dimension::HeadDim] / value;
  return moved;
}

/// Constraints that hold for a dimension moved alone: guard-rails on single dimensions, and what attention
/// needs to be defined. Guard-rails on ratios want several dimensions to move together, budgets are the
/// search's.
std::vector<Constraint> constraintsOnSingleDimensions(const Space &space) {
  std::vector<Constraint> constraints = constraintsOf(space);
  llvm::erase_if(constraints, [](const Constraint &constraint) {
    const bool single = llvm::is_contained({Measure::HeadDim, Measure::KeyValueHeads, Measure::QueryHeads,
                                            Measure::VocabSize, Measure::ExpertWidth},
                                           constraint.quantity);
    return !single && (constraint.guardRail || partOf(constraint.quantity) != Part::Attention);
  });
  return constraints;
}

/// Whether a variant keeps the constraints and can be split as the workloads are.
bool isPossible(const Space &space, llvm::ArrayRef<Constraint> constraints, const Variant &variant) {
  const ModelSpec model = modelOf(space, variant);
  return llvm::all_of(constraints, [&](const Constraint &c) { return satisfies(space, c, variant); }) &&
         llvm::all_of(workloadsOf(space, variant),
                      [&](const Workload &w) { return whyNotDivisible(model, w.parallelism).empty(); });
}

/// The operator whose share of the objective changes most, in words.
std::string largestChange(const Space &space, const Variant &from, const Variant &to,
                          const Providers &providers) {
  std::string text;
  double largest = 0;
  const ModelSpec before = modelOf(space, from), after = modelOf(space, to);
  const std::vector<Workload> workloads = workloadsOf(space, to);
  for (const Workload &workload : workloads) {
    std::map<std::pair<std::string, std::string>, const PlacedOperator *> old;
    const std::vector<PlacedOperator> oldOperators = operatorsOf(before, workload);
    for (const PlacedOperator &placed : oldOperators)
      old.try_emplace({placed.block, placed.op.name}, &placed);
    for (const PlacedOperator &placed : operatorsOf(after, workload)) {
      auto found = old.find({placed.block, placed.op.name});
      if (found == old.end() || found->second->op.shape == placed.op.shape)
        continue;
      const Estimate a = providers.library().estimate(found->second->op.shape);
      const Estimate b = providers.library().estimate(placed.op.shape);
      const double change =
          std::fabs(a.time().value * double(found->second->count) - b.time().value * double(placed.count)) *
          workload.weight / double(workload.replicaTokens());
      if (change <= largest)
        continue;
      largest = change;
      text = workload.name + " " + placed.block + "/" + placed.op.name + " " +
             changeText(found->second->op.shape, a, placed.op.shape, b, providers.profile());
    }
  }
  return text;
}

} // namespace

std::vector<DimensionCheck> checkDimensions(const Space &space, const Providers &providers) {
  const Variant base = baseVariant(space);
  const std::vector<double> reference = referenceOf(space, base, providers);
  const std::vector<Constraint> constraints = constraintsOnSingleDimensions(space);
  const double parameters = double(countParameters(space.base).total);
  std::vector<DimensionCheck> checks;
  for (Dimension dimension : allDimensions()) {
    if (base.dimensions[dimension] == 0)
      continue;
    DimensionCheck check{dimension, base.dimensions[dimension], 0, {}, {}};
    const auto distance = [&](int64_t value) { return std::abs(value - check.value); };
    for (int64_t value : neighboursOf(dimension, base.dimensions)) {
      const Variant moved = movedTo(base, dimension, value);
      if (!isPossible(space, constraints, moved))
        continue;
      ++check.compared;
      CheckedValue result;
      result.value = value;
      result.objective = objectiveOf(space, moved, providers, reference);
      result.parameterChange = double(countParameters(modelOf(space, moved)).total) / parameters - 1;
      const double worth = dimension == Dimension::VocabSize ? 1 : 1 + result.parameterChange;
      result.gain = worth / result.objective - 1;
      result.band = ratioBandOf(space, base, moved, providers);
      if (!check.best || result.gain > check.best->gain)
        check.best = result;
      if (result.gain > result.band && (!check.nearest || distance(value) < distance(check.nearest->value)))
        check.nearest = result;
    }
    for (std::optional<CheckedValue> *found : {&check.nearest, &check.best})
      if (*found)
        (*found)->why = largestChange(space, base, movedTo(base, dimension, (*found)->value), providers);
    checks.push_back(check);
  }
  return checks;
}

std::vector<std::string> guardRailWarnings(const Space &space) {
  const Variant base = baseVariant(space);
  std::vector<std::string> warnings;
  for (const Constraint &constraint : constraintsOf(space, /*widened=*/false))
    if (constraint.guardRail && !satisfies(space, constraint, base))
      warnings.push_back("guard-rail " + constraint.name + ": the model has " +
                         constraint.valueText(measure(space, constraint.quantity, base)) + ", usual is " +
                         constraint.text());
  return warnings;
}

} // namespace codesign
