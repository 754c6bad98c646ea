#include "codesign/Search/Explain.h"

#include "Tables.h"
#include "codesign/Search/Search.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <map>

namespace codesign {

namespace {

/// Subsets of this many changes are evaluated one by one.
constexpr size_t maxChanges = 8;

/// Something that differs: dimensions, or the split of one workload.
struct Change {
  std::vector<Dimension> dimensions;
  std::optional<size_t> workload;

  void apply(const Variant &source, Variant &target) const {
    for (Dimension dimension : dimensions)
      target.dimensions[dimension] = source.dimensions[dimension];
    if (workload)
      target.parallelisms[*workload] = source.parallelisms[*workload];
  }
};

/// An operator of one workload, all its occurrences in a step together.
struct OperatorCost {
  std::string shape;
  double seconds = 0;
};
struct OperatorName {
  size_t workload;
  std::string block, name;
  auto operator<=>(const OperatorName &) const = default;
};
using OperatorTable = std::map<OperatorName, OperatorCost>;

class Explainer {
public:
  Explainer(const Space &space, const Variant &from, const Variant &to, llvm::ArrayRef<double> reference,
            const OperatorPricer &uncached)
      : space(space), from(from), to(to), reference(reference), pricer(uncached) {
    for (const WorkloadChoice &choice : space.workloads)
      weightSum += choice.workload.weight;
  }

  std::vector<PlanReason> explain() {
    findChanges();
    std::vector<double> shares = divide();
    OperatorTable chosen = operatorsOfVariant(to);
    std::vector<PlanReason> reasons;
    for (auto [change, share] : llvm::zip_equal(changes, shares))
      reasons.push_back(reasonFor(change, share, chosen));
    llvm::stable_sort(reasons, [](const PlanReason &a, const PlanReason &b) {
      return std::abs(a.shareSaved) > std::abs(b.shareSaved);
    });
    return reasons;
  }

private:
  /// One change per dimension; fewer and larger ones where mixtures of both variants could not exist.
  void findChanges() {
    for (Dimension dimension : allDimensions())
      if (from.dimensions[dimension] != to.dimensions[dimension])
        changes.push_back({{dimension}, std::nullopt});
    for (size_t w = 0; w < space.workloads.size(); ++w)
      if (!(from.parallelisms[w] == to.parallelisms[w]))
        changes.push_back({{}, w});
    for (Axis axis : {Axis::Attention, Axis::FeedForward})
      if (changes.size() > maxChanges || !allMixturesExist())
        merge(axis);
    if (changes.size() > maxChanges || !allMixturesExist()) {
      Change all;
      for (Dimension dimension : allDimensions())
        if (from.dimensions[dimension] != to.dimensions[dimension])
          all.dimensions.push_back(dimension);
      // Splits that differ cannot be told from the sizes that they need; they go with the first workload's.
      bool splits = llvm::any_of(changes, [](const Change &change) { return change.workload.has_value(); });
      changes.assign(1, all);
      wholeSplit = splits;
    }
  }

  void merge(Axis axis) {
    Change merged;
    llvm::erase_if(changes, [&](const Change &change) {
      bool ofAxis = llvm::any_of(change.dimensions, [&](Dimension dimension) {
        return llvm::is_contained(dimensionsOf(axis), dimension);
      });
      if (ofAxis)
        llvm::append_range(merged.dimensions, change.dimensions);
      return ofAxis;
    });
    if (!merged.dimensions.empty())
      changes.push_back(merged);
  }

  Variant mixture(uint32_t subset) const {
    Variant variant = from;
    for (auto [i, change] : llvm::enumerate(changes))
      if (subset >> i & 1)
        change.apply(to, variant);
    if (wholeSplit && subset)
      variant.parallelisms = to.parallelisms;
    return variant;
  }

  bool exists(const Variant &variant) const {
    for (Measure quantity : {Measure::QueryHeadRemainder})
      if (variant.dimensions[Dimension::NumKeyValueHeads] > 0 && measure(space, quantity, variant) != 0)
        return false;
    if (measure(space, Measure::ExpertsBeyondTopK, variant) < 0)
      return false;
    // Heads of one width and the number of the other would be an attention of a size that nobody asked for.
    const auto attentionWidth = [](const Variant &v) {
      return v.dimensions[Dimension::NumAttentionHeads] * v.dimensions[Dimension::HeadDim];
    };
    const auto [narrow, wide] = std::minmax({attentionWidth(from), attentionWidth(to)});
    if (attentionWidth(variant) < narrow || attentionWidth(variant) > wide)
      return false;
    for (size_t w = 0; w < space.workloads.size(); ++w)
      if (measure(space, Measure::Indivisible, variant, w) != 0)
        return false;
    return true;
  }

  bool allMixturesExist() const {
    for (uint32_t subset = 1; subset + 1 < uint32_t(1) << changes.size(); ++subset)
      if (!exists(mixture(subset)))
        return false;
    return true;
  }

  double objectiveOf(const Variant &variant) const {
    ModelSpec model = modelOf(space, variant);
    double sum = 0;
    for (auto [w, workload] : llvm::enumerate(workloadsOf(space, variant)))
      sum += workload.weight / weightSum *
             costPerToken(stepCost(model, workload, pricer), workload, space.objective) / reference[w];
    return sum;
  }

  /// Shapley values of the changes.
  std::vector<double> divide() const {
    size_t count = changes.size();
    std::vector<double> objectives(size_t(1) << count);
    for (uint32_t subset = 0; subset < objectives.size(); ++subset)
      objectives[subset] = objectiveOf(mixture(subset));
    // The share of orders in which exactly a given set of s changes comes before a given other one:
    // s!(n−s−1)!/n!.
    std::vector<double> weightOfSize(count);
    for (size_t size = 0; size < count; ++size)
      weightOfSize[size] = std::exp(std::lgamma(double(size) + 1) + std::lgamma(double(count - size)) -
                                    std::lgamma(double(count) + 1));
    std::vector<double> shares(count);
    for (uint32_t subset = 0; subset < objectives.size(); ++subset)
      for (size_t i = 0; i < count; ++i)
        if (!(subset >> i & 1))
          shares[i] += weightOfSize[size_t(llvm::popcount(subset))] *
                       (objectives[subset] - objectives[subset | uint32_t(1) << i]);
    return shares;
  }

  OperatorTable operatorsOfVariant(const Variant &variant) const {
    OperatorTable table;
    ModelSpec model = modelOf(space, variant);
    for (auto [w, workload] : llvm::enumerate(workloadsOf(space, variant)))
      for (const PlacedOperator &placed : operatorsOf(model, workload)) {
        OperatorCost &cost = table[{w, placed.block, placed.op.name}];
        double seconds = double(placed.count) * pricer.time(placed.op.shape).value;
        if (seconds >= cost.seconds)
          cost.shape = describe(placed.op.shape);
        cost.seconds += seconds;
      }
    return table;
  }

  PlanReason reasonFor(const Change &change, double share, const OperatorTable &chosen) const {
    PlanReason reason;
    reason.shareSaved = share;
    for (Dimension dimension : change.dimensions) {
      reason.dimensions.push_back(toString(dimension).str());
      reason.from.push_back(from.dimensions[dimension]);
      reason.to.push_back(to.dimensions[dimension]);
    }
    for (size_t w = 0; w < space.workloads.size(); ++w)
      if (change.workload == w || wholeSplit)
        addSplit(reason, w);
    Variant reverted = to;
    change.apply(from, reverted);
    if (wholeSplit)
      reverted.parallelisms = from.parallelisms;
    addOperators(reason, operatorsOfVariant(reverted), chosen);
    reason.text = textOf(reason);
    return reason;
  }

  void addSplit(PlanReason &reason, size_t w) const {
    auto add = [&](const char *name, int64_t Parallelism::*ranks) {
      if (from.parallelisms[w].*ranks == to.parallelisms[w].*ranks)
        return;
      reason.dimensions.push_back(space.workloads[w].workload.name + "." + name);
      reason.from.push_back(from.parallelisms[w].*ranks);
      reason.to.push_back(to.parallelisms[w].*ranks);
    };
    add("tp", &Parallelism::tensor);
    add("ep", &Parallelism::expert);
    add("pp", &Parallelism::pipeline);
  }

  /// Lists the operators that differ between the target and the target without this change.
  void addOperators(PlanReason &reason, const OperatorTable &without, const OperatorTable &with) const {
    auto compare = [&](const OperatorName &name) {
      auto before = without.find(name), after = with.find(name);
      OperatorCost from = before == without.end() ? OperatorCost{} : before->second;
      OperatorCost to = after == with.end() ? OperatorCost{} : after->second;
      if (from.shape != to.shape || from.seconds != to.seconds)
        reason.operators.push_back({space.workloads[name.workload].workload.name, name.block, name.name,
                                    from.shape, to.shape, from.seconds, to.seconds});
    };
    for (const auto &entry : with)
      compare(entry.first);
    for (const auto &entry : without)
      if (!with.count(entry.first))
        compare(entry.first);
    llvm::stable_sort(reason.operators, [](const PlanOperatorDelta &a, const PlanOperatorDelta &b) {
      return std::abs(a.fromSeconds - a.toSeconds) > std::abs(b.fromSeconds - b.toSeconds);
    });
  }

  static std::string textOf(const PlanReason &reason) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    constexpr size_t shown = 2;
    for (const PlanOperatorDelta &delta : llvm::ArrayRef(reason.operators).take_front(shown)) {
      stream << (text.empty() ? "" : "; ") << delta.workload << ' ' << delta.name << ' '
             << llvm::format("%.4g to %.4g ms", delta.fromSeconds * 1e3, delta.toSeconds * 1e3);
      if (delta.fromShape != delta.toShape)
        stream << " (" << delta.fromShape << " to " << delta.toShape << ')';
    }
    return text;
  }

  const Space &space;
  const Variant &from, &to;
  llvm::ArrayRef<double> reference;
  MemoPricer pricer;
  double weightSum = 0;
  std::vector<Change> changes;
  bool wholeSplit = false; // the only change includes all splits
};

} // namespace

std::vector<PlanReason> explainDifference(const Space &space, const Variant &from, const Variant &to,
                                          llvm::ArrayRef<double> reference, const OperatorPricer &pricer) {
  if (from == to)
    return {};
  return Explainer(space, from, to, reference, pricer).explain();
}

} // namespace codesign
