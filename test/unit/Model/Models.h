// Published models, written out for the tests of this folder.
#pragma once

#include "codesign/Model/Blocks.h"
#include "codesign/Model/ModelSpec.h"

namespace codesign::test {

template <class T, class Fill>
std::shared_ptr<const Block> make(Fill fill) {
  auto block = std::make_shared<T>();
  fill(*block);
  return block;
}

inline std::shared_ptr<const Block> norm(int64_t hidden, bool residual, bool layerNorm = false) {
  return make<NormBlock>([&](NormBlock &b) {
    b.hiddenSize = hidden;
    b.residual = residual;
    b.layerNorm = layerNorm;
  });
}

inline ModelSpec decoder(int64_t vocab, int64_t hidden, int64_t layers,
                         std::shared_ptr<const Block> attention, std::shared_ptr<const Block> feedForward) {
  ModelSpec model;
  model.prologue = {make<EmbeddingBlock>([&](EmbeddingBlock &b) {
    b.vocabSize = vocab;
    b.hiddenSize = hidden;
  })};
  model.layers = {{layers, {norm(hidden, false), attention, norm(hidden, true), feedForward}}};
  model.epilogue = {norm(hidden, true), make<HeadBlock>([&](HeadBlock &b) {
                      b.vocabSize = vocab;
                      b.hiddenSize = hidden;
                    })};
  return model;
}

inline std::shared_ptr<const Block> attention(int64_t hidden, int64_t heads, int64_t keyValueHeads,
                                              int64_t headDim, bool queryKeyNorm = false) {
  return make<AttentionBlock>([&](AttentionBlock &b) {
    b.hiddenSize = hidden;
    b.numAttentionHeads = heads;
    b.numKeyValueHeads = keyValueHeads;
    b.headDim = headDim;
    b.queryKeyNorm = queryKeyNorm;
  });
}

inline std::shared_ptr<const Block> mlp(int64_t hidden, int64_t intermediate) {
  return make<MlpBlock>([&](MlpBlock &b) {
    b.hiddenSize = hidden;
    b.intermediateSize = intermediate;
  });
}

inline std::shared_ptr<const Block> moe(int64_t hidden, int64_t experts, int64_t topK, int64_t width) {
  return make<MoeBlock>([&](MoeBlock &b) {
    b.hiddenSize = hidden;
    b.numExperts = experts;
    b.numExpertsPerToken = topK;
    b.moeIntermediateSize = width;
  });
}

inline ModelSpec llama3_8b() {
  return decoder(128256, 4096, 32, attention(4096, 32, 8, 128), mlp(4096, 14336));
}
inline ModelSpec mixtral8x7b() {
  return decoder(32000, 4096, 32, attention(4096, 32, 8, 128), moe(4096, 8, 2, 14336));
}
inline ModelSpec qwen3_30b_a3b() {
  return decoder(151936, 2048, 48, attention(2048, 32, 4, 128, true), moe(2048, 128, 8, 768));
}

} // namespace codesign::test
