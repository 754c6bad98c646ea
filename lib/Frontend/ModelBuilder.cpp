#include "ModelBuilder.h"
#include "codesign/Model/Blocks.h"

using namespace mlir;

namespace codesign {

Attribute ModelBuilder::size(Dimension dimension, int64_t value) {
  if (declared[dimension] == value)
    return FlatSymbolRefAttr::get(builder.getContext(), toString(dimension));
  return builder.getI64IntegerAttr(value);
}

IntegerAttr ModelBuilder::integerOrNull(int64_t value) {
  return value == 0 ? IntegerAttr() : builder.getI64IntegerAttr(value);
}

UnitAttr ModelBuilder::flag(bool value) {
  return value ? builder.getUnitAttr() : UnitAttr();
}

void ModelBuilder::build(const codesign::Block &block) {
  auto hidden = [&](int64_t value) { return size(Dimension::HiddenSize, value); };
  auto mlpKind = [&](bool gated, PlainActivation activation) {
    const arch::MlpKind kind = gated                                     ? arch::MlpKind::SwiGlu
                               : activation == PlainActivation::GeluTanh ? arch::MlpKind::GeluTanh
                               : activation == PlainActivation::Relu     ? arch::MlpKind::Relu
                                                                         : arch::MlpKind::Gelu;
    return arch::MlpKindAttr::get(builder.getContext(), kind);
  };
  if (const auto *attention = dynamic_cast<const AttentionBlock *>(&block)) {
    arch::AttentionOp::create(builder, location, hidden(attention->hiddenSize),
                              size(Dimension::NumAttentionHeads, attention->numAttentionHeads),
                              size(Dimension::NumKeyValueHeads, attention->numKeyValueHeads),
                              size(Dimension::HeadDim, attention->headDim),
                              integerOrNull(attention->slidingWindow), flag(attention->rotary),
                              flag(attention->queryKeyNorm), flag(attention->queryKeyValueBias),
                              flag(attention->outputBias), flag(attention->multiHead));
  } else if (const auto *mlp = dynamic_cast<const MlpBlock *>(&block)) {
    arch::MlpOp::create(builder, location, mlpKind(mlp->gated, mlp->activation), hidden(mlp->hiddenSize),
                        size(Dimension::IntermediateSize, mlp->intermediateSize), flag(mlp->bias));
  } else if (const auto *moe = dynamic_cast<const MoeBlock *>(&block)) {
    int64_t shared = moe->sharedExpertIntermediateSize;
    arch::MoeOp::create(builder, location, mlpKind(moe->gated, moe->activation), hidden(moe->hiddenSize),
                        size(Dimension::NumExperts, moe->numExperts),
                        size(Dimension::NumExpertsPerToken, moe->numExpertsPerToken),
                        size(Dimension::MoeIntermediateSize, moe->moeIntermediateSize),
                        shared > 0 || optionalSharedExpert
                            ? size(Dimension::SharedExpertIntermediateSize, shared)
                            : Attribute(),
                        flag(moe->sharedExpertGate));
  } else if (const auto *norm = dynamic_cast<const NormBlock *>(&block)) {
    auto kind = norm->layerNorm ? arch::NormKind::Layer : arch::NormKind::Rms;
    arch::NormOp::create(builder, location, arch::NormKindAttr::get(builder.getContext(), kind),
                         hidden(norm->hiddenSize), flag(norm->residual));
  } else if (const auto *embedding = dynamic_cast<const EmbeddingBlock *>(&block)) {
    arch::EmbeddingOp::create(builder, location, size(Dimension::VocabSize, embedding->vocabSize),
                              hidden(embedding->hiddenSize), integerOrNull(embedding->learnedPositions));
  } else if (const auto *head = dynamic_cast<const HeadBlock *>(&block)) {
    arch::HeadOp::create(builder, location, size(Dimension::VocabSize, head->vocabSize),
                         hidden(head->hiddenSize), flag(head->tied));
  } else {
    llvm_unreachable("a kind of block without an operation in the arch dialect");
  }
}

void ModelBuilder::build(BlockList blocks) {
  for (const auto &block : blocks)
    build(*block);
}

void ModelBuilder::buildBlocks(bool mayAddSharedExpert) {
  optionalSharedExpert = mayAddSharedExpert;
  build(spec.prologue);
  bool symbolic = declared[Dimension::NumHiddenLayers] == spec.numLayers();
  auto of = FlatSymbolRefAttr::get(builder.getContext(), toString(Dimension::NumHiddenLayers));
  for (const LayerGroup &group : spec.layers) {
    auto layers = arch::LayersOp::create(builder, location, builder.getI64IntegerAttr(group.count),
                                         symbolic ? of : FlatSymbolRefAttr());
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&layers.getBody());
    build(group.blocks);
  }
  build(spec.epilogue);
}

} // namespace codesign
