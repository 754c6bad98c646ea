#include "codesign/Search/Search.h"

#include "Diversity.h"
#include "Infeasible.h"
#include "Rows.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace codesign {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Elements of one axis that are held in memory.
constexpr int64_t maxElements = 4'000'000;
constexpr int64_t maxCombinations = 100'000;
/// Each workload's memory is a window of its own, besides those of four other sums.
constexpr size_t maxWorkloads = maxWindows - 4;
/// Sums of the same numbers in another order differ by less than this.
constexpr double rounding = 1e-12;

/// A legal variant by its place, ordered by cost and then by place.
struct Candidate {
  double objective = 0;
  VariantIndex index;
  auto operator<=>(const Candidate &) const = default;
};

/// The best `capacity` candidates seen so far.
class BestList {
public:
  explicit BestList(size_t capacity) : capacity(capacity) {}

  /// Costs above this cannot enter.
  double threshold() const { return heap.size() < capacity ? infinity : heap.front().objective; }

  void add(const Candidate &candidate) {
    if (heap.size() == capacity) {
      if (!(candidate < heap.front()))
        return;
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
    }
    heap.push_back(candidate);
    std::push_heap(heap.begin(), heap.end());
  }

  std::vector<Candidate> sorted() const {
    std::vector<Candidate> result = heap;
    llvm::sort(result);
    return result;
  }

private:
  size_t capacity;
  std::vector<Candidate> heap; // largest first
};

class Searcher {
public:
  Searcher(const Space &space, const OperatorPricer &pricer, const SearchOptions &options)
      : pricer(pricer), options(options), price(pricer, space.objective), problem(space) {}

  llvm::Expected<SearchResult> run();

private:
  llvm::Error checkSize() const;
  void prepare();
  llvm::Error findReference();
  std::vector<double> weightsFor(llvm::ArrayRef<double> perWorkload) const;
  void countAndMark();
  std::vector<Candidate> findBest(llvm::ArrayRef<double> weights, size_t count) const;
  void findTied(llvm::ArrayRef<double> weights, double best);
  void certify(double best);
  RankedVariant ranked(const Candidate &candidate) const;

  const OperatorPricer &pricer;
  const SearchOptions &options;
  ObjectivePrice price;
  Problem problem;
  std::vector<int64_t> passed;  // variants that pass the first k constraints on shapes and splits
  std::vector<int64_t> removed; // by each constraint on sums
  SearchResult result;
};

} // namespace

StepCost stepCost(const ModelSpec &model, const Workload &workload, const OperatorPricer &pricer) {
  StepCost cost;
  cost.numAccelerators = numAccelerators(workload.parallelism);
  for (const PlacedOperator &placed : operatorsOf(model, workload)) {
    cost.seconds += double(placed.count) * pricer.time(placed.op.shape).value;
    cost.joules += double(placed.count) * pricer.energy(placed.op.shape).value;
  }
  cost.seconds *= pipelineBubbleFactor(workload);
  cost.joules *= double(cost.numAccelerators);
  return cost;
}

double costPerToken(const StepCost &cost, const Workload &workload, Objective objective) {
  auto tokens = double(workload.replicaTokens());
  switch (objective) {
  case Objective::Time:
    return cost.seconds / tokens;
  case Objective::Cost:
    return cost.seconds * double(cost.numAccelerators) / tokens;
  case Objective::Energy:
    return cost.joules / tokens;
  }
  llvm_unreachable("unknown objective");
}

/// What one unit of an operator's price counts per token; the same factors as in stepCost and costPerToken.
static double unitPerToken(const Workload &workload, Objective objective) {
  StepCost unit{pipelineBubbleFactor(workload), double(numAccelerators(workload.parallelism)),
                numAccelerators(workload.parallelism)};
  return costPerToken(unit, workload, objective);
}

llvm::Error Searcher::checkSize() const {
  const Space &space = problem.space;
  if (space.workloads.size() > maxWorkloads)
    return usageError("more than " + llvm::Twine(maxWorkloads) + " workloads");
  if (space.base.layers.empty())
    return usageError("the model has no layers");
  for (const LayerGroup &group : space.base.layers)
    for (const auto &block : group.blocks)
      if (mixesAxes(*block))
        return usageError("block '" + block->kind() + "' ties attention and feed-forward sizes together");
  int64_t combinations = 1;
  for (const WorkloadChoice &choice : space.workloads)
    if (llvm::MulOverflow<int64_t>(combinations, std::max<size_t>(choice.parallelisms.size(), 1),
                                   combinations) ||
        combinations > maxCombinations)
      return usageError("more than " + llvm::Twine(maxCombinations) + " ways to split the workloads");
  int64_t variants = 0;
  for (int64_t hidden :
       candidatesOf(space, Dimension::HiddenSize, dimensionsOf(space.base)[Dimension::HiddenSize])) {
    int64_t count = combinations;
    for (Part part : {Part::Attention, Part::FeedForward, Part::Vocabulary, Part::Layers}) {
      llvm::ArrayRef<Dimension> axis = dimensionsOf(part);
      int64_t elements = countCombinations(space, axis, hidden);
      if (elements > maxElements)
        return usageError("more than " + llvm::Twine(maxElements) + " combinations of " +
                          toString(axis.front()) + " and the sizes next to it at hidden_size " +
                          llvm::Twine(hidden) + "; use larger steps");
      if (llvm::MulOverflow(count, elements, count))
        return usageError("the space has more than 2^63 variants");
    }
    if (llvm::AddOverflow(variants, count, variants))
      return usageError("the space has more than 2^63 variants");
  }
  if (variants == 0)
    return usageError("the space is empty: a dimension has no value at any hidden_size");
  return llvm::Error::success();
}

void Searcher::prepare() {
  const Space &space = problem.space;
  problem.constraints = constraintsOf(space);
  auto firstOf = [&](auto pred) {
    return size_t(llvm::find_if(problem.constraints, pred) - problem.constraints.begin());
  };
  problem.firstSplitConstraint =
      firstOf([](const Constraint &c) { return partOf(c.quantity) >= Part::Split; });
  problem.firstSumConstraint = firstOf([](const Constraint &c) { return partOf(c.quantity) == Part::Sum; });

  Variant base = baseVariant(space);
  problem.combinations = {{}};
  for (auto [w, choice] : llvm::enumerate(space.workloads)) {
    std::vector<Parallelism> parallelisms = choice.parallelisms;
    if (parallelisms.empty())
      parallelisms.push_back(choice.workload.parallelism);
    std::vector<SplitCombination> longer;
    for (const SplitCombination &combination : problem.combinations)
      for (size_t i = 0; i < parallelisms.size(); ++i) {
        longer.push_back(combination);
        longer.back().push_back(problem.splits.size() + i);
      }
    problem.combinations = std::move(longer);
    for (const Parallelism &parallelism : parallelisms) {
      Split split{w, choice.workload, 0, 0};
      split.workload.parallelism = parallelism;
      split.perToken = unitPerToken(split.workload, space.objective);
      for (size_t k = problem.firstSplitConstraint; k < problem.firstSumConstraint; ++k)
        if (appliesTo(space, problem.constraints[k], base, w, parallelism))
          split.applicable |= uint32_t(1) << (k - problem.firstSplitConstraint);
      problem.splits.push_back(std::move(split));
    }
  }
  for (int64_t hidden : candidatesOf(space, Dimension::HiddenSize, base.dimensions[Dimension::HiddenSize]))
    problem.tables.push_back(buildHiddenTable(problem.context(), hidden));
}

std::vector<double> Searcher::weightsFor(llvm::ArrayRef<double> perWorkload) const {
  std::vector<double> weights;
  for (const Split &split : problem.splits)
    weights.push_back(perWorkload[split.workloadIndex] * split.perToken);
  return weights;
}

/// Counts the legal variants and what each constraint removes, and marks the elements that legal variants
/// use: only those are ever priced.
void Searcher::countAndMark() {
  passed.assign(problem.firstSumConstraint + 1, 0);
  removed.assign(problem.constraints.size(), 0);
  std::vector<double> weights(problem.splits.size());
  uint64_t generation = 0;
  std::vector<uint32_t> ids;
  std::vector<int64_t> marks; // begins and ends of runs of legal points
  std::vector<bool> *legalFeedForward = nullptr;
  auto flush = [&] {
    int64_t depth = 0;
    for (size_t point = 0; point < ids.size(); ++point) {
      depth += marks[point];
      if (depth > 0)
        (*legalFeedForward)[ids[point]] = true;
    }
  };
  std::vector<int64_t> ofRow(problem.constraints.size());
  forEachRow(problem, Walk::Count, weights, infinity, passed, [&](const Row &row) {
    HiddenTable &table = problem.tables[row.index.hidden];
    if (row.tree->generation() != generation) {
      flush();
      generation = row.tree->generation();
      ids = row.tree->pointIds().vec();
      marks.assign(ids.size() + 1, 0);
      legalFeedForward = &table.feedForward.legal;
    }
    int64_t legal = row.multiplicity * row.tree->count(row.windows, ofRow, marks.data());
    for (const Window &window : row.windows) {
      removed[window.constraint] += row.multiplicity * ofRow[window.constraint];
      ofRow[window.constraint] = 0;
    }
    if (legal == 0)
      return;
    result.certificate.legal += legal;
    table.attention.legal[row.index.attention] = true;
    table.vocabulary.legal[row.index.vocabulary] = true;
    table.layers.legal[row.index.layers] = true;
    table.fixed.legal.front() = true;
  });
  flush();
}

std::vector<Candidate> Searcher::findBest(llvm::ArrayRef<double> weights, size_t count) const {
  BestList best(count);
  std::vector<int64_t> ignored(passed.size());
  double limit = infinity;
  forEachRow(problem, Walk::Rank, weights, limit, ignored, [&](const Row &row) {
    row.tree->visitUpTo(row.windows, row.treeCost(best.threshold()), [&](uint32_t id, double cost) {
      VariantIndex index = row.index;
      index.feedForward = id;
      best.add({row.cost + row.costScale * cost, index});
      return row.treeCost(best.threshold());
    });
    limit = best.threshold();
  });
  return best.sorted();
}

llvm::Error Searcher::findReference() {
  const Space &space = problem.space;
  size_t numWorkloads = space.workloads.size();
  for (size_t w = 0; w < numWorkloads; ++w) {
    const Workload &workload = space.workloads[w].workload;
    double reference = 0;
    if (space.hasBase) {
      reference = costPerToken(stepCost(space.base, workload, pricer), workload, space.objective);
    } else {
      std::vector<double> alone(numWorkloads);
      alone[w] = 1;
      reference = findBest(weightsFor(alone), 1).front().objective;
    }
    if (!(reference > 0) || !std::isfinite(reference))
      return llvm::createStringError("workload '" + workload.name + "' has no finite positive cost");
    result.reference.push_back(reference);
  }
  return llvm::Error::success();
}

RankedVariant Searcher::ranked(const Candidate &candidate) const {
  RankedVariant variant{variantAt(problem, candidate.index), {}, candidate.objective};
  variant.parameters = countParameters(modelOf(problem.space, variant.variant));
  return variant;
}

/// Counts the legal variants within the band of the best, and keeps the cheapest of each hidden size, split
/// and depth as candidates for examples.
void Searcher::findTied(llvm::ArrayRef<double> weights, double best) {
  double limit = best * (1 + options.tieBand) * (1 + rounding);
  std::vector<Candidate> cells;
  std::vector<int64_t> ignoredPassed(passed.size()), ignoredRemoved(problem.constraints.size());
  llvm::SmallVector<Window, 8> windows;
  auto sameCell = [](const VariantIndex &a, const VariantIndex &b) {
    return a.hidden == b.hidden && a.combination == b.combination && a.layers == b.layers;
  };
  forEachRow(problem, Walk::Rank, weights, limit, ignoredPassed, [&](const Row &row) {
    windows.assign(row.windows.begin(), row.windows.end());
    windows.push_back({row.tree->costCoordinate(), 0, -infinity, row.treeCost(limit)});
    int64_t tied = row.tree->count(windows, ignoredRemoved);
    result.certificate.tied += tied;
    if (tied == 0)
      return;
    if (cells.empty() || !sameCell(cells.back().index, row.index))
      cells.push_back({infinity, row.index});
    Candidate &cell = cells.back();
    double cheapest = std::min(limit, cell.objective);
    row.tree->visitUpTo(row.windows, row.treeCost(cheapest), [&](uint32_t id, double cost) {
      VariantIndex index = row.index;
      index.feedForward = id;
      cell = std::min(cell, Candidate{row.cost + row.costScale * cost, index});
      return row.treeCost(std::min(limit, cell.objective));
    });
  });
  llvm::sort(cells);
  std::vector<DimensionValues> sizes;
  llvm::erase_if(cells, [](const Candidate &cell) { return cell.objective == infinity; });
  for (const Candidate &cell : cells)
    sizes.push_back(variantAt(problem, cell.index).dimensions);
  for (size_t chosen : mostDiverse(sizes, size_t(std::max(options.numTiedExamples, 0))))
    result.tied.push_back(ranked(cells[chosen]));
}

void Searcher::certify(double best) {
  PlanCertificate &certificate = result.certificate;
  certificate.variants = passed.front();
  int64_t entered = passed.front();
  for (auto [k, constraint] : llvm::enumerate(problem.constraints)) {
    int64_t out = k < problem.firstSumConstraint ? entered - passed[k + 1] : removed[k];
    certificate.constraints.push_back({constraint.name, constraint.text(), entered, out});
    entered -= out;
  }
  certificate.lowerBound = best;
  certificate.gap = 0;
  certificate.tieBand = options.tieBand;
}

llvm::Expected<SearchResult> Searcher::run() {
  if (llvm::Error error = validate(problem.space))
    return error;
  if (llvm::Error error = checkSize())
    return error;
  if (problem.space.hasBase)
    if (llvm::Error error = checkBaseSplits(problem.space))
      return error;
  prepare();
  countAndMark();
  if (result.certificate.legal == 0)
    return infeasible(problem, passed, removed);
  for (HiddenTable &table : problem.tables)
    priceTable(problem.context(), table, price);
  if (llvm::Error error = findReference())
    return error;
  double sum = 0;
  for (const WorkloadChoice &choice : problem.space.workloads)
    sum += choice.workload.weight;
  std::vector<double> perWorkload;
  for (auto [choice, reference] : llvm::zip_equal(problem.space.workloads, result.reference))
    perWorkload.push_back(choice.workload.weight / sum / reference);
  std::vector<double> weights = weightsFor(perWorkload);

  std::vector<Candidate> sorted = findBest(weights, size_t(std::max(options.numBest, 1)));
  for (const Candidate &candidate : sorted)
    result.best.push_back(ranked(candidate));
  findTied(weights, sorted.front().objective);
  certify(sorted.front().objective);
  result.shapesPriced = int64_t(price.shapesPriced());
  return std::move(result);
}

llvm::Expected<SearchResult> search(const Space &space, const OperatorPricer &pricer,
                                    const SearchOptions &options) {
  return Searcher(space, pricer, options).run();
}

} // namespace codesign
