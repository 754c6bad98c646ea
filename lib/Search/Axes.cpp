#include "Axes.h"

#include "llvm/ADT/STLExtras.h"

namespace codesign {

llvm::ArrayRef<Dimension> dimensionsOf(Axis axis) {
  static constexpr Dimension attention[] = {Dimension::HeadDim, Dimension::NumAttentionHeads,
                                            Dimension::NumKeyValueHeads};
  static constexpr Dimension feedForward[] = {Dimension::IntermediateSize, Dimension::NumExperts,
                                              Dimension::NumExpertsPerToken, Dimension::MoeIntermediateSize,
                                              Dimension::SharedExpertIntermediateSize};
  switch (axis) {
  case Axis::Attention:
    return attention;
  case Axis::FeedForward:
    return feedForward;
  case Axis::Fixed:
    return {};
  }
  llvm_unreachable("unknown axis");
}

llvm::ArrayRef<Dimension> dimensionsOf(Part part) {
  static constexpr Dimension vocabulary[] = {Dimension::VocabSize};
  static constexpr Dimension layers[] = {Dimension::NumHiddenLayers};
  switch (part) {
  case Part::Attention:
    return dimensionsOf(Axis::Attention);
  case Part::FeedForward:
    return dimensionsOf(Axis::FeedForward);
  case Part::Vocabulary:
    return vocabulary;
  case Part::Layers:
    return layers;
  case Part::Split:
  case Part::Sum:
    return {};
  }
  llvm_unreachable("unknown part");
}

static bool uses(const Block &block, Axis axis) {
  return llvm::any_of(block.dimensions(),
                      [&](Dimension d) { return llvm::is_contained(dimensionsOf(axis), d); });
}

Axis axisOf(const Block &block) {
  if (uses(block, Axis::Attention))
    return Axis::Attention;
  return uses(block, Axis::FeedForward) ? Axis::FeedForward : Axis::Fixed;
}

bool mixesAxes(const Block &block) {
  return uses(block, Axis::Attention) && uses(block, Axis::FeedForward);
}

int64_t activeOutsideLookup(const ModelSpec &model) {
  int64_t count = 0;
  for (const auto &block : model.prologue)
    if (block->kind() == "embedding")
      count -= block->parameters().active;
  DimensionValues sizes = dimensionsOf(model);
  for (const auto &block : model.epilogue)
    if (block->kind() == "head" && block->parameters().total == 0)
      count += sizes[Dimension::HiddenSize] * sizes[Dimension::VocabSize];
  return count;
}

} // namespace codesign
