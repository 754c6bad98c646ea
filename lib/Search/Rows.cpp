#include "Rows.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

namespace codesign {

namespace {

/// Coordinates of the tree: parameters, active parameters, then bytes per workload if memory is limited; the
/// cost is last.
constexpr int totalCoordinate = 0, activeCoordinate = 1, firstMemoryCoordinate = 2;

/// A linear form over elements, summed over layer groups: one number per element of an axis.
struct Sums {
  Column total, active, cost;
  std::vector<Column> bytes; // per workload
};

class RowWalker {
public:
  RowWalker(const Problem &problem, Walk purpose, llvm::ArrayRef<double> weights, const double &costLimit,
            llvm::MutableArrayRef<int64_t> passed, llvm::function_ref<void(const Row &)> visit)
      : problem(problem), purpose(purpose), weights(weights), costLimit(costLimit), passed(passed),
        visit(visit) {
    for (size_t k = problem.firstSumConstraint; k < problem.constraints.size(); ++k)
      limitsMemory |= problem.constraints[k].quantity == Measure::MemoryBytes;
  }

  void walk() {
    for (auto [t, table] : llvm::enumerate(problem.tables)) {
      countShapes(table);
      const AxisTable &ffn = table.feedForward;
      // The trees of all splits share one order; which elements are left differs.
      std::vector<Column> summed = {sumGroups(ffn.total), sumGroups(ffn.active)};
      order = WindowTree::spatialOrder(summed);
      groups.clear();
      for (auto [p, combination] : llvm::enumerate(problem.combinations))
        addToGroup(table, uint32_t(p), combination);
      for (Group &group : groups) {
        index.hidden = uint32_t(t);
        index.combination = group.combination;
        walkGroup(table, problem.combinations[group.combination], group);
      }
    }
  }

private:
  static Column sumGroups(llvm::ArrayRef<Column> groups) {
    Column sum = groups.front();
    for (const Column &column : groups.drop_front())
      for (auto [a, b] : llvm::zip_equal(sum, column))
        a += b;
    return sum;
  }

  static llvm::SmallVector<const AxisTable *, 4> axesOf(const HiddenTable &table) {
    return {&table.attention, &table.feedForward, &table.vocabulary, &table.layers};
  }

  void countShapes(const HiddenTable &table) {
    for (size_t k = 0; k <= problem.firstSplitConstraint; ++k) {
      int64_t count = int64_t(problem.combinations.size());
      for (const AxisTable *axis : axesOf(table))
        count *= axis->passed[k];
      passed[k] += count;
    }
  }

  /// The split constraints that an element fails under a combination.
  static uint32_t failedBy(const AxisTable &axis, const SplitCombination &combination, size_t element) {
    uint32_t mask = 0;
    for (size_t split : combination)
      mask |= axis.failed[split][element];
    return mask;
  }

  /// Elements that pass all split constraints; multiplies counts[k] by how many pass the first k.
  std::vector<uint32_t> aliveOf(const AxisTable &axis, const SplitCombination &combination,
                                llvm::MutableArrayRef<int64_t> counts) const {
    std::vector<uint32_t> alive;
    std::vector<int64_t> failures(33);
    for (uint32_t e = 0; e < axis.elements.size(); ++e) {
      if (purpose == Walk::Rank && !axis.legal[e])
        continue;
      uint32_t mask = failedBy(axis, combination, e);
      ++failures[mask == 0 ? 32 : llvm::countr_zero(mask)];
      if (mask == 0)
        alive.push_back(e);
    }
    int64_t count = int64_t(axis.elements.size());
    for (size_t k = 0; k < counts.size(); ++k) {
      count -= failures[k];
      counts[k] *= count;
    }
    return alive;
  }

  /// A combination of splits with the elements that it leaves, and how many others leave the same ones.
  struct Group {
    uint32_t combination = 0;
    std::vector<uint32_t> attention, feedForward, vocabulary, layers;
    int64_t multiplicity = 1;

    bool leavesSame(const Group &other) const {
      return attention == other.attention && feedForward == other.feedForward &&
             vocabulary == other.vocabulary && layers == other.layers;
    }
  };

  void addToGroup(const HiddenTable &table, uint32_t p, const SplitCombination &combination) {
    std::vector<int64_t> counts(problem.firstSumConstraint - problem.firstSplitConstraint, 1);
    Group group{p, aliveOf(table.attention, combination, counts),
                aliveOf(table.feedForward, combination, counts),
                aliveOf(table.vocabulary, combination, counts), aliveOf(table.layers, combination, counts)};
    for (auto [k, count] : llvm::enumerate(counts))
      passed[problem.firstSplitConstraint + 1 + k] += count;
    if (group.attention.empty() || group.feedForward.empty() || group.vocabulary.empty() ||
        group.layers.empty())
      return;
    // Parameters do not depend on the split: where memory is not limited, equal elements give equal counts.
    if (purpose == Walk::Count && !limitsMemory) {
      auto same = llvm::find_if(groups, [&](const Group &other) { return group.leavesSame(other); });
      if (same != groups.end()) {
        ++same->multiplicity;
        return;
      }
    }
    groups.push_back(std::move(group));
  }

  void walkGroup(const HiddenTable &table, const SplitCombination &combination, Group &group) {
    attention = std::move(group.attention);
    vocabulary = std::move(group.vocabulary);
    layers = std::move(group.layers);
    multiplicity = group.multiplicity;
    const std::vector<uint32_t> &feedForward = group.feedForward;
    std::vector<bool> isAlive(order.size());
    for (uint32_t e : feedForward)
      isAlive[e] = true;
    feedForwardOrder.clear();
    llvm::copy_if(order, std::back_inserter(feedForwardOrder), [&](uint32_t e) { return isAlive[e]; });
    llvm::SmallVector<int64_t, 2> one(table.feedForward.total.size(), 0);
    one.front() = 1;
    scaled = table.groupsAlike && llvm::all_equal(llvm::map_range(combination, [&](size_t s) {
               return problem.splits[s].workload.parallelism.pipeline;
             }));
    if (scaled)
      buildTree(table, combination, one, /*perRank=*/false);
    vocabularySums = sums(table.vocabulary, vocabulary, combination, {1}, false);
    for (uint32_t element : layers)
      walkLayers(table, combination, element);
  }

  /// Sums over layer groups for the given elements. Weights and memory of a rank count the layers of one
  /// stage.
  Sums sums(const AxisTable &axis, llvm::ArrayRef<uint32_t> elements, const SplitCombination &combination,
            llvm::ArrayRef<int64_t> groupCounts, bool perRank) const {
    Sums result;
    Column zeros(elements.size());
    result.total = result.active = result.cost = zeros;
    result.bytes.assign(limitsMemory ? combination.size() : 0, zeros);
    for (auto [g, count] : llvm::enumerate(groupCounts)) {
      if (count == 0)
        continue;
      for (auto [i, e] : llvm::enumerate(elements)) {
        result.total[i] += double(count) * axis.total[g][e];
        result.active[i] += double(count) * axis.active[g][e];
      }
      for (auto [w, split] : llvm::enumerate(combination)) {
        int64_t stages = problem.splits[split].workload.parallelism.pipeline;
        auto ofRank = double(perRank ? llvm::divideCeil(count, stages) : count);
        const Column &price = axis.price[split][g], &bytes = axis.bytes[split][g];
        for (auto [i, e] : llvm::enumerate(elements))
          result.cost[i] += weights[split] * ofRank * price[e];
        if (limitsMemory)
          for (auto [i, e] : llvm::enumerate(elements))
            result.bytes[w][i] += ofRank * bytes[e];
      }
    }
    return result;
  }

  void buildTree(const HiddenTable &table, const SplitCombination &combination,
                 llvm::ArrayRef<int64_t> groupCounts, bool perRank) {
    Sums s = sums(table.feedForward, feedForwardOrder, combination, groupCounts, perRank);
    std::vector<Column> coordinates = {std::move(s.total), std::move(s.active)};
    for (Column &bytes : s.bytes)
      coordinates.push_back(std::move(bytes));
    coordinates.push_back(std::move(s.cost));
    tree.build(std::move(coordinates), feedForwardOrder);
  }

  void walkLayers(const HiddenTable &table, const SplitCombination &combination, uint32_t element) {
    llvm::ArrayRef<int64_t> counts = table.groupCounts[element];
    double modelScale = 1, rankScale = 1;
    if (scaled) {
      int64_t stages = problem.splits[combination.front()].workload.parallelism.pipeline;
      modelScale = rankScale = 0;
      for (int64_t count : counts) {
        modelScale += double(count);
        rankScale += double(llvm::divideCeil(count, stages));
      }
    } else {
      buildTree(table, combination, counts, /*perRank=*/true);
    }
    attentionSums = sums(table.attention, attention, combination, counts, /*perRank=*/true);
    uint32_t only[] = {0};
    fixedSums = sums(table.fixed, only, combination, counts, /*perRank=*/true);
    workingSets.clear();
    for (size_t split : combination)
      workingSets.push_back(workingSetBytes(table.hiddenSize, problem.splits[split].workload).value);
    index.layers = element;
    for (size_t v = 0; v < vocabulary.size(); ++v)
      for (size_t a = 0; a < attention.size(); ++a)
        walkRow(table, v, a, modelScale, rankScale);
  }

  void walkRow(const HiddenTable &table, size_t v, size_t a, double modelScale, double rankScale) {
    double cost = fixedSums.cost[0] + vocabularySums.cost[v] + attentionSums.cost[a];
    if (cost + rankScale * tree.minCost() > costLimit)
      return;
    windows.clear();
    offsets.clear();
    scales.clear();
    double total = fixedSums.total[0] + vocabularySums.total[v] + attentionSums.total[a];
    double active = fixedSums.active[0] + vocabularySums.active[v] + attentionSums.active[a];
    for (size_t k = problem.firstSumConstraint; k < problem.constraints.size(); ++k) {
      Range limits = problem.constraints[k].limits;
      auto addWindow = [&](int coordinate, double offset, double scale) {
        windows.push_back({coordinate, int(k), (limits.min - offset) / scale, (limits.max - offset) / scale});
        offsets.push_back(offset);
        scales.push_back(scale);
      };
      switch (problem.constraints[k].quantity) {
      case Measure::Parameters:
        addWindow(totalCoordinate, total, modelScale);
        break;
      case Measure::ActiveParameters:
        addWindow(activeCoordinate, active, modelScale);
        break;
      case Measure::FlopsPerToken:
        addWindow(activeCoordinate, 2 * (active + table.outsideLookup[vocabulary[v]]), 2 * modelScale);
        break;
      case Measure::FeedForwardShare:
        addWindow(activeCoordinate, 0, modelScale / attentionSums.active[a]);
        break;
      case Measure::MemoryBytes:
        for (size_t w = 0; w < workingSets.size(); ++w)
          addWindow(firstMemoryCoordinate + int(w),
                    workingSets[w] + fixedSums.bytes[w][0] + vocabularySums.bytes[w][v] +
                        attentionSums.bytes[w][a],
                    rankScale);
        break;
      default:
        llvm_unreachable("not a sum");
      }
    }
    index.vocabulary = vocabulary[v];
    index.attention = attention[a];
    Row row{index, &tree, windows, offsets, scales};
    row.cost = cost;
    row.costScale = rankScale;
    row.multiplicity = multiplicity;
    visit(row);
  }

  const Problem &problem;
  Walk purpose;
  llvm::ArrayRef<double> weights;
  const double &costLimit;
  llvm::MutableArrayRef<int64_t> passed;
  llvm::function_ref<void(const Row &)> visit;
  bool limitsMemory = false;
  bool scaled = false; // the tree holds one layer; rows multiply by the number of layers
  VariantIndex index;
  std::vector<Group> groups;
  int64_t multiplicity = 1;
  std::vector<uint32_t> order, feedForwardOrder, attention, vocabulary, layers;
  WindowTree tree;
  Sums attentionSums, fixedSums, vocabularySums;
  std::vector<double> workingSets;
  llvm::SmallVector<Window, 8> windows;
  llvm::SmallVector<double, 8> offsets, scales;
};

} // namespace

void forEachRow(const Problem &problem, Walk walk, llvm::ArrayRef<double> weights, const double &costLimit,
                llvm::MutableArrayRef<int64_t> passed, llvm::function_ref<void(const Row &)> visit) {
  RowWalker(problem, walk, weights, costLimit, passed, visit).walk();
}

Variant variantAt(const Problem &problem, const VariantIndex &index) {
  const HiddenTable &table = problem.tables[index.hidden];
  Variant variant{table.attention.elements[index.attention], {}};
  auto take = [&](const AxisTable &axis, uint32_t element, llvm::ArrayRef<Dimension> dimensions) {
    for (Dimension dimension : dimensions)
      variant.dimensions[dimension] = axis.elements[element][dimension];
  };
  take(table.feedForward, index.feedForward, dimensionsOf(Axis::FeedForward));
  take(table.vocabulary, index.vocabulary, Dimension::VocabSize);
  take(table.layers, index.layers, Dimension::NumHiddenLayers);
  for (size_t split : problem.combinations[index.combination])
    variant.parallelisms.push_back(problem.splits[split].workload.parallelism);
  return variant;
}

} // namespace codesign
