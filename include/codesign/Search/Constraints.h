// The named constraints of a search: what a shape must be to exist, quality guard-rails, and budgets.
#pragma once

#include "codesign/Search/Space.h"

namespace codesign {

/// The one number that a constraint limits.
enum class Measure : uint8_t {
  // Of the attention sizes (and the hidden size).
  QueryHeadRemainder, // heads mod key-value heads
  HeadDim,
  HeadsPerKeyValueHead,
  KeyValueHeads,
  QueryHeads,
  AttentionWidthRatio, // heads · head_dim ÷ hidden
  // Of the feed-forward sizes (and the hidden size).
  ExpertsBeyondTopK, // experts − top-k
  FeedForwardRatio,  // intermediate ÷ hidden
  ExpertsPerToken,
  ActiveExpertWidth, // top-k · expert width
  ExpertWidth,
  RowsPerExpert, // tokens · top-k ÷ experts, least over train and prefill workloads
  // Of the others.
  VocabSize,
  WidthPerLayer, // hidden ÷ layers
  // Of each workload's parallelism.
  Indivisible, // 1 if a block cannot be split as asked
  LayerRemainder,
  KeyValueHeadRemainder, // key-value heads mod tp
  FeedForwardPerRank,    // intermediate ÷ tp
  // Sums over the whole model.
  Parameters,
  ActiveParameters,
  FlopsPerToken,
  MemoryBytes,      // of one rank, greatest over workloads
  FeedForwardShare, // active feed-forward ÷ attention parameters
};

/// The part of a variant that decides a constraint. The search filters each part alone, splits per workload,
/// and looks at sums last.
enum class Part : uint8_t { Attention, FeedForward, Vocabulary, Layers, Split, Sum };
Part partOf(Measure quantity);

struct Constraint {
  std::string name; // "depth_width_band"
  Measure quantity;
  Range limits;
  int64_t multipleOf = 1;
  std::vector<double> exceptions; // values admitted besides
  bool guardRail = true;          // false: part of the question, cannot be switched off

  bool admits(double value) const;
  /// The limits in words: "hidden_size / num_hidden_layers from 64 to 160".
  std::string text() const;
  /// A value of this quantity in the form of text().
  std::string valueText(double value) const;
};

/// All constraints of a space in the order in which they are applied: shapes, guard-rails, parallelism,
/// budgets. `widened`: each guard-rail is widened to contain the base's own value, as a search wants; `check`
/// asks without.
std::vector<Constraint> constraintsOf(const Space &space, bool widened = true);

/// The quantity of a variant. Parallelism: of workload `workload` only.
double measure(const Space &space, Measure quantity, const Variant &variant, size_t workload = 0);

/// True if the variant satisfies the constraint, in every workload for those about parallelism. A guard-rail
/// about parallelism that the base's own sizes fail under the same split does not apply there.
bool satisfies(const Space &space, const Constraint &constraint, const Variant &variant);

/// Names of the guard-rails, those that GuardRailChange may name.
llvm::ArrayRef<llvm::StringRef> guardRailNames();

} // namespace codesign
