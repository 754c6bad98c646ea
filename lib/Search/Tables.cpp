#include "Tables.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

namespace codesign {

int64_t numAccelerators(const Parallelism &parallelism) {
  return std::max(parallelism.tensor, parallelism.expert) * parallelism.pipeline;
}

double ObjectivePrice::of(const Block &block, const Workload &workload) {
  scratch.clear();
  block.appendOperators(workload, scratch);
  double sum = 0;
  for (const Operator &op : scratch)
    sum += double(op.count) * of(op.shape);
  return sum;
}

std::vector<int64_t> candidatesOf(const Space &space, Dimension dimension, int64_t hiddenSize) {
  if (const auto &domain = space.domain(dimension))
    return valuesOf(*domain, hiddenSize);
  if (dimension == Dimension::HiddenSize)
    return {hiddenSize};
  return {dimensionsOf(space.base)[dimension]};
}

int64_t countCombinations(const Space &space, llvm::ArrayRef<Dimension> dimensions, int64_t hiddenSize) {
  int64_t count = 1;
  for (Dimension dimension : dimensions) {
    auto values = int64_t(candidatesOf(space, dimension, hiddenSize).size());
    if (llvm::MulOverflow(count, values, count))
      return std::numeric_limits<int64_t>::max();
  }
  return count;
}

static void combine(const Space &space, DimensionValues &sizes, llvm::ArrayRef<Dimension> dimensions,
                    llvm::function_ref<void(const DimensionValues &)> visit) {
  if (dimensions.empty())
    return visit(sizes);
  for (int64_t value : candidatesOf(space, dimensions.front(), sizes[Dimension::HiddenSize])) {
    sizes[dimensions.front()] = value;
    combine(space, sizes, dimensions.drop_front(), visit);
  }
}

void forEachCombination(const Space &space, llvm::ArrayRef<Dimension> dimensions, int64_t hiddenSize,
                        llvm::function_ref<void(const DimensionValues &)> visit) {
  DimensionValues sizes = dimensionsOf(space.base);
  sizes[Dimension::HiddenSize] = hiddenSize;
  combine(space, sizes, dimensions, visit);
}

/// True if all groups have the same weights and prices.
static bool groupsAlike(const AxisTable &table) {
  auto same = [](const std::vector<Column> &groups) {
    return llvm::all_of(groups, [&](const Column &column) { return column == groups.front(); });
  };
  return same(table.total) && same(table.active) && llvm::all_of(table.price, same) &&
         llvm::all_of(table.bytes, same);
}

namespace {

using Blocks = std::vector<std::shared_ptr<const Block>>;

class TableBuilder {
public:
  TableBuilder(const TableContext &context, int64_t hiddenSize) : context(context), space(context.space) {
    hidden.hiddenSize = hiddenSize;
  }

  HiddenTable build() {
    filter(hidden.attention, Part::Attention);
    filter(hidden.feedForward, Part::FeedForward);
    filter(hidden.vocabulary, Part::Vocabulary);
    filter(hidden.layers, Part::Layers);
    filter(hidden.fixed, Part::Sum);
    weighGroups(hidden.attention, Axis::Attention, Part::Attention);
    weighGroups(hidden.feedForward, Axis::FeedForward, Part::FeedForward);
    weighGroups(hidden.fixed, Axis::Fixed, Part::Sum);
    weighVocabulary();
    countLayers();
    hidden.groupsAlike = groupsAlike(hidden.feedForward);
    return std::move(hidden);
  }

private:
  /// Lists the combinations of the dimensions' candidates, drops those that fail a constraint of the part,
  /// and counts how many pass each prefix of the constraints.
  void filter(AxisTable &table, Part part) {
    size_t numConstraints = context.constraints.size();
    std::vector<int64_t> failures(numConstraints + 1);
    Variant variant;
    forEachCombination(space, dimensionsOf(part), hidden.hiddenSize, [&](const DimensionValues &sizes) {
      variant.dimensions = sizes;
      size_t first = 0;
      while (first < context.firstSplitConstraint && passes(context.constraints[first], part, variant))
        ++first;
      if (first == context.firstSplitConstraint)
        table.elements.push_back(sizes);
      else
        ++failures[first];
    });
    int64_t left = int64_t(table.elements.size());
    table.passed.assign(context.firstSplitConstraint + 1, left);
    for (size_t k = context.firstSplitConstraint; k-- > 0;)
      table.passed[k] = left += failures[k];
  }

  bool passes(const Constraint &constraint, Part part, const Variant &variant) const {
    return partOf(constraint.quantity) != part ||
           constraint.admits(measure(space, constraint.quantity, variant));
  }

  /// The part that decides a constraint about parallelism; Sum stands for all blocks.
  static Part decidedBy(Measure quantity) {
    switch (quantity) {
    case Measure::KeyValueHeadRemainder:
      return Part::Attention;
    case Measure::FeedForwardPerRank:
      return Part::FeedForward;
    case Measure::LayerRemainder:
      return Part::Layers;
    default:
      return Part::Sum;
    }
  }

  /// The split constraints that this part of a variant fails under a split, as a mask.
  uint32_t failedSplits(Part part, const Blocks &blocks, const DimensionValues &sizes,
                        const Split &split) const {
    const Parallelism &parallelism = split.workload.parallelism;
    Variant variant{sizes, std::vector<Parallelism>(space.workloads.size(), parallelism)};
    auto fails = [&](const Constraint &constraint) {
      if (constraint.quantity == Measure::Indivisible)
        return llvm::any_of(blocks, [&](const auto &b) { return !b->whyNotDivisible(parallelism).empty(); });
      return decidedBy(constraint.quantity) == part &&
             !constraint.admits(measure(space, constraint.quantity, variant, split.workloadIndex));
    };
    uint32_t mask = 0;
    for (size_t k = context.firstSplitConstraint; k < context.firstSumConstraint; ++k)
      if (fails(context.constraints[k]))
        mask |= uint32_t(1) << (k - context.firstSplitConstraint);
    return mask & split.applicable;
  }

  void resize(AxisTable &table, size_t groups) const {
    table.legal.assign(table.elements.size(), false);
    Column zeros(table.elements.size());
    table.total.assign(groups, zeros);
    table.active.assign(groups, zeros);
    table.price.assign(context.splits.size(), std::vector<Column>(groups, zeros));
    table.bytes = table.price;
    table.failed.assign(context.splits.size(), std::vector<uint32_t>(table.elements.size()));
  }

  /// Adds the weight of a block to an element. Blocks that cannot be split as asked need no memory.
  void add(AxisTable &table, size_t element, size_t group, const Block &block) {
    ParameterCount parameters = block.parameters();
    table.total[group][element] += double(parameters.total);
    table.active[group][element] += double(parameters.active);
    for (auto [s, split] : llvm::enumerate(context.splits)) {
      const Workload &workload = split.workload;
      if (!block.whyNotDivisible(workload.parallelism).empty())
        continue;
      table.bytes[s][group][element] +=
          bytesPerParameter(workload) * double(block.parametersPerRank(workload.parallelism)) +
          block.cacheBytesPerToken(workload).value * double(cachedTokens(workload));
      if (space.budget.memoryBytes)
        table.bytes[s][group][element] += activationBytes(block, workload).value;
    }
  }

  void weighGroups(AxisTable &table, Axis axis, Part part) {
    resize(table, space.base.layers.size());
    for (auto [e, sizes] : llvm::enumerate(table.elements)) {
      Blocks all;
      for (auto [g, group] : llvm::enumerate(space.base.layers))
        for (const auto &block : group.blocks)
          if (axisOf(*block) == axis) {
            all.push_back(block->withDimensions(sizes));
            add(table, e, g, *all.back());
          }
      for (auto [s, split] : llvm::enumerate(context.splits))
        table.failed[s][e] = failedSplits(part, all, sizes, split);
    }
  }

  /// Embedding, final norm and head; with pipeline stages also the transfers between them.
  void weighVocabulary() {
    AxisTable &table = hidden.vocabulary;
    resize(table, 1);
    ModelSpec shell = space.base;
    shell.layers.clear();
    for (auto [e, sizes] : llvm::enumerate(table.elements)) {
      ModelSpec model = withDimensions(shell, sizes);
      ParameterCount parameters = countParameters(model);
      table.total[0][e] = double(parameters.total);
      table.active[0][e] = double(parameters.active);
      hidden.outsideLookup.push_back(double(activeOutsideLookup(model)));
      Blocks all = model.prologue;
      all.insert(all.end(), model.epilogue.begin(), model.epilogue.end());
      for (auto [s, split] : llvm::enumerate(context.splits)) {
        const Parallelism &parallelism = split.workload.parallelism;
        table.failed[s][e] = failedSplits(Part::Vocabulary, all, sizes, split);
        if (!whyNotDivisible(model, parallelism).empty())
          continue;
        for (const auto &block : all)
          table.bytes[s][0][e] +=
              bytesPerParameter(split.workload) * double(block->parametersPerRank(parallelism)) +
              activationBytes(*block, split.workload).value;
      }
    }
  }

  void countLayers() {
    AxisTable &table = hidden.layers;
    resize(table, 1);
    ModelSpec shell = space.base;
    for (auto [e, sizes] : llvm::enumerate(table.elements)) {
      llvm::SmallVector<int64_t, 2> counts;
      for (const LayerGroup &group : withDimensions(shell, sizes).layers)
        counts.push_back(group.count);
      hidden.groupCounts.push_back(std::move(counts));
      for (auto [s, split] : llvm::enumerate(context.splits))
        table.failed[s][e] = failedSplits(Part::Layers, {}, sizes, split);
    }
  }

  const TableContext &context;
  const Space &space;
  HiddenTable hidden;
};

} // namespace

HiddenTable buildHiddenTable(const TableContext &context, int64_t hiddenSize) {
  return TableBuilder(context, hiddenSize).build();
}

/// Adds the price of the group's blocks of one axis, one by one, to the elements that are part of a legal
/// variant.
static void priceGroups(const TableContext &context, AxisTable &table, Axis axis, ObjectivePrice &price) {
  for (auto [e, sizes] : llvm::enumerate(table.elements)) {
    if (!table.legal[e])
      continue;
    for (auto [g, group] : llvm::enumerate(context.space.base.layers))
      for (const auto &prototype : group.blocks) {
        if (axisOf(*prototype) != axis)
          continue;
        std::shared_ptr<const Block> block = prototype->withDimensions(sizes);
        for (auto [s, split] : llvm::enumerate(context.splits))
          if (block->whyNotDivisible(split.workload.parallelism).empty())
            table.price[s][g][e] += price.of(*block, split.workload);
      }
  }
}

void priceTable(const TableContext &context, HiddenTable &table, ObjectivePrice &price) {
  priceGroups(context, table.attention, Axis::Attention, price);
  priceGroups(context, table.feedForward, Axis::FeedForward, price);
  priceGroups(context, table.fixed, Axis::Fixed, price);
  ModelSpec shell = context.space.base;
  shell.layers.clear();
  for (auto [e, sizes] : llvm::enumerate(table.vocabulary.elements)) {
    if (!table.vocabulary.legal[e])
      continue;
    ModelSpec model = withDimensions(shell, sizes);
    for (auto [s, split] : llvm::enumerate(context.splits))
      if (whyNotDivisible(model, split.workload.parallelism).empty())
        for (const PlacedOperator &placed : operatorsOf(model, split.workload))
          table.vocabulary.price[s][0][e] += double(placed.count) * price.of(placed.op.shape);
  }
  table.groupsAlike = groupsAlike(table.feedForward);
}

} // namespace codesign
