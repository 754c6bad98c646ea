#include "codesign/Search/Constraints.h"

#include "Axes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <numeric>

namespace codesign {

namespace {

/// What a quantity is called, and whether its values are whole numbers.
struct MeasureInfo {
  Part part;
  const char *text;
};

constexpr double infinity = std::numeric_limits<double>::infinity();

} // namespace

static MeasureInfo infoOf(Measure quantity) {
  switch (quantity) {
  case Measure::QueryHeadRemainder:
    return {Part::Attention, "num_attention_heads mod num_key_value_heads"};
  case Measure::HeadDim:
    return {Part::Attention, "head_dim"};
  case Measure::HeadsPerKeyValueHead:
    return {Part::Attention, "num_attention_heads / num_key_value_heads"};
  case Measure::KeyValueHeads:
    return {Part::Attention, "num_key_value_heads"};
  case Measure::QueryHeads:
    return {Part::Attention, "num_attention_heads"};
  case Measure::AttentionWidthRatio:
    return {Part::Attention, "num_attention_heads * head_dim / hidden_size"};
  case Measure::ExpertsBeyondTopK:
    return {Part::FeedForward, "num_experts - num_experts_per_tok"};
  case Measure::FeedForwardRatio:
    return {Part::FeedForward, "intermediate_size / hidden_size"};
  case Measure::ExpertsPerToken:
    return {Part::FeedForward, "num_experts_per_tok"};
  case Measure::ActiveExpertWidth:
    return {Part::FeedForward, "num_experts_per_tok * moe_intermediate_size"};
  case Measure::ExpertWidth:
    return {Part::FeedForward, "moe_intermediate_size"};
  case Measure::RowsPerExpert:
    return {Part::FeedForward, "tokens * num_experts_per_tok / num_experts"};
  case Measure::VocabSize:
    return {Part::Vocabulary, "vocab_size"};
  case Measure::WidthPerLayer:
    return {Part::Layers, "hidden_size / num_hidden_layers"};
  case Measure::Indivisible:
    return {Part::Split, "blocks that cannot be split"};
  case Measure::LayerRemainder:
    return {Part::Split, "num_hidden_layers mod pp"};
  case Measure::KeyValueHeadRemainder:
    return {Part::Split, "num_key_value_heads mod tp"};
  case Measure::FeedForwardPerRank:
    return {Part::Split, "intermediate_size / tp"};
  case Measure::Parameters:
    return {Part::Sum, "parameters"};
  case Measure::ActiveParameters:
    return {Part::Sum, "active parameters"};
  case Measure::FlopsPerToken:
    return {Part::Sum, "flops per token"};
  case Measure::MemoryBytes:
    return {Part::Sum, "bytes per rank"};
  case Measure::FeedForwardShare:
    return {Part::Sum, "active feed-forward / attention parameters"};
  }
  llvm_unreachable("unknown quantity");
}

Part partOf(Measure quantity) {
  return infoOf(quantity).part;
}

bool Constraint::admits(double value) const {
  if (llvm::is_contained(exceptions, value))
    return true;
  return limits.contains(value) && (multipleOf <= 1 || std::fmod(value, double(multipleOf)) == 0);
}

/// Whole and large numbers in full, from a million on in groups of three; others with four digits.
static std::string number(double value) {
  constexpr double million = 1e6, exact = 9e15;
  const double rounded = std::abs(value) >= million ? std::round(value) : value;
  std::string text;
  if (rounded != std::floor(rounded) || std::abs(rounded) > exact) {
    constexpr double large = 1e4; // four digits would be an exponent
    llvm::raw_string_ostream(text) << llvm::format(
        std::abs(value) >= large && std::abs(value) <= exact ? "%.0f" : "%.4g", value);
    return text;
  }
  text = std::to_string(static_cast<int64_t>(rounded));
  if (std::abs(rounded) >= million)
    for (size_t at = text.size() - 3; at > (rounded < 0 ? 1 : 0) && at < text.size(); at -= 3)
      text.insert(text.begin() + ptrdiff_t(at), ',');
  return text;
}

std::string Constraint::valueText(double value) const {
  return number(value);
}

std::string Constraint::text() const {
  std::string text = infoOf(quantity).text;
  if (const auto [dividend, divisor] = llvm::StringRef(text).split(" mod "); !divisor.empty())
    return (dividend + " divisible by " + divisor).str();
  bool below = limits.max<infinity, above = limits.min> - infinity;
  if (above && below && limits.min == limits.max)
    text += " of " + number(limits.min);
  else if (above && below)
    text += " from " + number(limits.min) + " to " + number(limits.max);
  else if (above)
    text += " of at least " + number(limits.min);
  else if (below)
    text += " of at most " + number(limits.max);
  if (multipleOf > 1)
    text += std::string(above || below ? "," : "") + " in multiples of " + std::to_string(multipleOf);
  for (double value : exceptions)
    if (!limits.contains(value) || std::fmod(value, double(multipleOf)) != 0)
      text += " or " + number(value);
  return text;
}

static double remainder(int64_t value, int64_t divisor) {
  return divisor == 0 ? 0 : double(value % divisor);
}

static double measureSum(const Space &space, Measure quantity, const Variant &variant) {
  ModelSpec model = modelOf(space, variant);
  switch (quantity) {
  case Measure::Parameters:
    return double(countParameters(model).total);
  case Measure::ActiveParameters:
    return double(countParameters(model).active);
  case Measure::FlopsPerToken:
    return 2.0 * double(countParameters(model).active + activeOutsideLookup(model));
  case Measure::MemoryBytes: {
    double bytes = 0;
    for (const Workload &workload : workloadsOf(space, variant))
      bytes = std::max(bytes, memoryFootprint(model, workload).total().value);
    return bytes;
  }
  default: {
    int64_t attention = 0, feedForward = 0;
    for (const LayerGroup &group : model.layers)
      for (const auto &block : group.blocks) {
        if (axisOf(*block) == Axis::Attention)
          attention += group.count * block->parameters().active;
        if (axisOf(*block) == Axis::FeedForward)
          feedForward += group.count * block->parameters().active;
      }
    return attention == 0 ? 0 : double(feedForward) / double(attention);
  }
  }
}

static double rowsPerExpert(const Space &space, const DimensionValues &d) {
  double rows = infinity;
  if (d[Dimension::NumExperts] == 0)
    return rows;
  for (const WorkloadChoice &choice : space.workloads)
    if (choice.workload.phase != Phase::Decode)
      rows = std::min(rows, double(choice.workload.tokens()) * d[Dimension::NumExpertsPerToken] /
                                d[Dimension::NumExperts]);
  return rows;
}

double measure(const Space &space, Measure quantity, const Variant &variant, size_t workload) {
  const DimensionValues &d = variant.dimensions;
  auto parallelism = [&] { return variant.parallelisms[workload]; };
  double hidden = d[Dimension::HiddenSize];
  switch (quantity) {
  case Measure::QueryHeadRemainder:
    return remainder(d[Dimension::NumAttentionHeads], d[Dimension::NumKeyValueHeads]);
  case Measure::HeadDim:
    return double(d[Dimension::HeadDim]);
  case Measure::HeadsPerKeyValueHead:
    return double(d[Dimension::NumAttentionHeads]) / d[Dimension::NumKeyValueHeads];
  case Measure::KeyValueHeads:
    return double(d[Dimension::NumKeyValueHeads]);
  case Measure::QueryHeads:
    return double(d[Dimension::NumAttentionHeads]);
  case Measure::AttentionWidthRatio:
    return double(d[Dimension::NumAttentionHeads] * d[Dimension::HeadDim]) / hidden;
  case Measure::ExpertsBeyondTopK:
    return double(d[Dimension::NumExperts] - d[Dimension::NumExpertsPerToken]);
  case Measure::FeedForwardRatio:
    return d[Dimension::IntermediateSize] / hidden;
  case Measure::ExpertsPerToken:
    return double(d[Dimension::NumExpertsPerToken]);
  case Measure::ActiveExpertWidth:
    return double(d[Dimension::NumExpertsPerToken] * d[Dimension::MoeIntermediateSize]);
  case Measure::ExpertWidth:
    return double(d[Dimension::MoeIntermediateSize]);
  case Measure::RowsPerExpert:
    return rowsPerExpert(space, d);
  case Measure::VocabSize:
    return double(d[Dimension::VocabSize]);
  case Measure::WidthPerLayer:
    return hidden / d[Dimension::NumHiddenLayers];
  case Measure::Indivisible:
    return whyNotDivisible(modelOf(space, variant), parallelism()).empty() ? 0 : 1;
  case Measure::LayerRemainder:
    return remainder(d[Dimension::NumHiddenLayers], parallelism().pipeline);
  case Measure::KeyValueHeadRemainder:
    return remainder(d[Dimension::NumKeyValueHeads], parallelism().tensor);
  case Measure::FeedForwardPerRank:
    return double(d[Dimension::IntermediateSize]) / parallelism().tensor;
  default:
    return measureSum(space, quantity, variant);
  }
}

bool appliesTo(const Space &space, const Constraint &constraint, const Variant &base, size_t workload,
               const Parallelism &parallelism) {
  if (!space.hasBase || !constraint.guardRail)
    return true;
  Variant same = base;
  same.parallelisms[workload] = parallelism;
  return constraint.admits(measure(space, constraint.quantity, same, workload));
}

bool satisfies(const Space &space, const Constraint &constraint, const Variant &variant) {
  if (partOf(constraint.quantity) != Part::Split)
    return constraint.admits(measure(space, constraint.quantity, variant));
  Variant base = baseVariant(space);
  for (size_t w = 0; w < space.workloads.size(); ++w)
    if (!constraint.admits(measure(space, constraint.quantity, variant, w)) &&
        appliesTo(space, constraint, base, w, variant.parallelisms[w]))
      return false;
  return true;
}

} // namespace codesign
