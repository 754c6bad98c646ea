// The default limits, after the published shapes and ablations that docs/search.md lists.
#include "Axes.h"
#include "codesign/Model/Blocks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <numeric>

namespace codesign {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// How a guard-rail makes room for the base's own value.
enum class Widening : uint8_t { Interval, Exception, None };

class ConstraintList {
public:
  ConstraintList(const Space &space, bool widened) : space(space), widen(widened && space.hasBase) {}

  void add(const char *name, Measure quantity, Range limits) {
    result.push_back({name, quantity, limits, 1, {}, /*guardRail=*/false});
  }

  void addBudget(const char *name, Measure quantity, const std::optional<Range> &limits) {
    if (limits)
      add(name, quantity, *limits);
  }

  Constraint *addGuardRail(const char *name, Measure quantity, Range limits,
                           Widening widening = Widening::Interval) {
    auto change = llvm::find_if(space.guardRails, [&](const auto &c) { return c.name == name; });
    bool changed = change != space.guardRails.end();
    if (changed && change->off)
      return nullptr;
    if (changed) {
      limits.min = change->min.value_or(limits.min);
      limits.max = change->max.value_or(limits.max);
    }
    Constraint constraint{name, quantity, limits, 1, {}, /*guardRail=*/true};
    if (widen && partOf(quantity) != Part::Split && widening != Widening::None) {
      double own = measure(space, quantity, baseVariant(space));
      // A limit that the user names holds, even where the base does not keep it.
      if (widening == Widening::Interval)
        constraint.limits = {changed && change->min ? limits.min : std::min(limits.min, own),
                             changed && change->max ? limits.max : std::max(limits.max, own)};
      else if (!changed)
        constraint.exceptions.push_back(own);
    }
    result.push_back(std::move(constraint));
    return &result.back();
  }

  const Space &space;
  const bool widen;
  std::vector<Constraint> result;
};

/// Whether the family's configuration has no key for key-value heads and none for the width of a head.
bool isMultiHead(const ModelSpec &model) {
  for (const LayerGroup &group : model.layers)
    for (const auto &block : group.blocks)
      if (const auto *attention = dynamic_cast<const AttentionBlock *>(block.get());
          attention && attention->multiHead)
        return true;
  return false;
}

void addAttentionRules(ConstraintList &list) {
  list.add("head_grouping", Measure::QueryHeadRemainder, {0, 0});
  if (isMultiHead(list.space.base)) {
    list.add("multi_head", Measure::HeadsPerKeyValueHead, {1, 1});
    list.add("heads_fill_hidden", Measure::AttentionWidthRatio, {1, 1});
  }
  if (Constraint *menu =
          list.addGuardRail("head_dim_menu", Measure::HeadDim, {64, 128}, Widening::Exception)) {
    menu->multipleOf = 64;
    // A head_dim that the user lists is asked for.
    if (const auto &domain = list.space.domain(Dimension::HeadDim))
      if (const auto *listed = std::get_if<ListDomain>(&*domain))
        menu->exceptions.insert(menu->exceptions.end(), listed->values.begin(), listed->values.end());
  }
  list.addGuardRail("heads_per_kv_head", Measure::HeadsPerKeyValueHead, {4, 8});
  list.addGuardRail("min_kv_heads", Measure::KeyValueHeads, {4, infinity});
  if (Constraint *heads =
          list.addGuardRail("head_count", Measure::QueryHeads, {-infinity, infinity}, Widening::None)) {
    // Heads are what tensor parallelism splits: eight ranks to a node must stay possible.
    int64_t own = dimensionsOf(list.space.base)[Dimension::NumAttentionHeads];
    heads->multipleOf = list.widen ? std::gcd<int64_t>(8, own) : 8;
  }
  list.addGuardRail("attention_width", Measure::AttentionWidthRatio, {1, 1});
}

bool usesGatedMlp(const ModelSpec &model) {
  for (const LayerGroup &group : model.layers)
    for (const auto &block : group.blocks)
      if (block->kind() == "mlp") {
        DimensionValues sizes;
        block->readDimensions(sizes);
        return block->parameters().total >=
               3 * sizes[Dimension::HiddenSize] * sizes[Dimension::IntermediateSize];
      }
  return true;
}

void addFeedForwardRules(ConstraintList &list, const DimensionValues &base) {
  if (base[Dimension::IntermediateSize] > 0)
    list.addGuardRail("ffn_ratio", Measure::FeedForwardRatio,
                      usesGatedMlp(list.space.base) ? Range{2.5, 4.0} : Range{3.5, 4.5});
  if (base[Dimension::NumExperts] == 0)
    return;
  list.add("experts_cover_top_k", Measure::ExpertsBeyondTopK, {0, infinity});
  list.addGuardRail("min_experts_per_token", Measure::ExpertsPerToken, {2, infinity});
  if (list.space.hasBase) {
    double width = double(base[Dimension::NumExpertsPerToken] * base[Dimension::MoeIntermediateSize]);
    list.addGuardRail("active_expert_width", Measure::ActiveExpertWidth, {0.9 * width, 1.1 * width});
  }
  if (Constraint *alignment =
          list.addGuardRail("expert_alignment", Measure::ExpertWidth, {-infinity, infinity}, Widening::None))
    alignment->multipleOf = list.widen ? std::gcd<int64_t>(128, base[Dimension::MoeIntermediateSize]) : 128;
  list.addGuardRail("rows_per_expert", Measure::RowsPerExpert, {128, infinity});
}

void addVocabularyRule(ConstraintList &list, const DimensionValues &base) {
  if (!list.space.hasBase || base[Dimension::VocabSize] == 0)
    return;
  int64_t ranks = 1;
  for (const WorkloadChoice &choice : list.space.workloads) {
    ranks = std::max(ranks, choice.workload.parallelism.tensor);
    for (const Parallelism &parallelism : choice.parallelisms)
      ranks = std::max(ranks, parallelism.tensor);
  }
  // Padding to a multiple of 128 per tensor rank is what Megatron does; more would only waste memory.
  double padded = double(llvm::alignTo(base[Dimension::VocabSize], 128 * ranks));
  list.addGuardRail("vocab_padding", Measure::VocabSize, {double(base[Dimension::VocabSize]), padded});
}

/// Below a billion parameters deep and thin models train better.
double smallestWidthPerLayer(const Space &space) {
  double parameters = infinity;
  if (space.hasBase)
    parameters = double(countParameters(space.base).total);
  else if (space.budget.parameters)
    parameters = space.budget.parameters->max;
  return parameters < 1e9 ? 32 : 64;
}

void addSplitRules(ConstraintList &list, const DimensionValues &base) {
  list.add("divisible", Measure::Indivisible, {0, 0});
  list.addGuardRail("layers_per_stage", Measure::LayerRemainder, {0, 0});
  list.addGuardRail("kv_heads_per_rank", Measure::KeyValueHeadRemainder, {0, 0});
  if (base[Dimension::IntermediateSize] > 0)
    if (Constraint *aligned = list.addGuardRail("ffn_per_rank", Measure::FeedForwardPerRank,
                                                {-infinity, infinity}, Widening::None))
      aligned->multipleOf = 64;
}

} // namespace

std::vector<Constraint> constraintsOf(const Space &space, bool widened) {
  ConstraintList list(space, widened);
  DimensionValues base = dimensionsOf(space.base);
  bool attention = base[Dimension::NumAttentionHeads] > 0;
  if (attention)
    addAttentionRules(list);
  addFeedForwardRules(list, base);
  addVocabularyRule(list, base);
  list.addGuardRail("depth_width_band", Measure::WidthPerLayer, {smallestWidthPerLayer(space), 160});
  addSplitRules(list, base);
  list.addBudget("params_budget", Measure::Parameters, space.budget.parameters);
  list.addBudget("active_params_budget", Measure::ActiveParameters, space.budget.activeParameters);
  list.addBudget("flops_budget", Measure::FlopsPerToken, space.budget.flopsPerToken);
  list.addBudget("memory_budget", Measure::MemoryBytes, space.budget.memoryBytes);
  double share =
      space.hasBase && attention ? measure(space, Measure::FeedForwardShare, baseVariant(space)) : 0;
  if (share > 0)
    if (Constraint *balance =
            list.addGuardRail("ffn_attention_balance", Measure::FeedForwardShare, {0.8 * share, 1.2 * share}))
      // Round limits are often met exactly; the slack makes the verdict independent of how the ratio is
      // rounded.
      balance->limits = {balance->limits.min * (1 - 1e-12), balance->limits.max * (1 + 1e-12)};
  return std::move(list.result);
}

llvm::ArrayRef<llvm::StringRef> guardRailNames() {
  static constexpr llvm::StringRef names[] = {
      "head_dim_menu",    "heads_per_kv_head", "min_kv_heads",          "head_count",
      "attention_width",  "ffn_ratio",         "min_experts_per_token", "active_expert_width",
      "expert_alignment", "rows_per_expert",   "vocab_padding",         "depth_width_band",
      "layers_per_stage", "kv_heads_per_rank", "ffn_per_rank",          "ffn_attention_balance"};
  return names;
}

} // namespace codesign
