#include "OperatorList.h"
#include "codesign/Model/Blocks.h"
#include "llvm/Support/MathExtras.h"

namespace codesign {

static constexpr Dimension vocabAndHidden[] = {Dimension::HiddenSize, Dimension::VocabSize};
static constexpr Dimension hiddenOnly[] = {Dimension::HiddenSize};

static int64_t vocabularyPerRank(int64_t vocabSize, int64_t ranks) {
  return llvm::divideCeil(vocabSize, ranks);
}

ParameterCount NormBlock::parameters() const {
  int64_t count = layerNorm ? 2 * hiddenSize : hiddenSize;
  return {count, count};
}

int64_t NormBlock::parametersPerRank(const Parallelism &) const {
  return parameters().total;
}

void NormBlock::appendOperators(const Workload &workload, std::vector<Operator> &operators) const {
  OperatorList list(workload, operators);
  list.addNorm(residual ? "add_norm" : "norm", list.tokens(), hiddenSize, residual);
}

llvm::ArrayRef<Dimension> NormBlock::dimensions() const {
  return hiddenOnly;
}

void NormBlock::readDimensions(DimensionValues &values) const {
  values[Dimension::HiddenSize] = hiddenSize;
}

std::shared_ptr<const Block> NormBlock::withDimensions(const DimensionValues &values) const {
  auto block = std::make_shared<NormBlock>(*this);
  block->hiddenSize = values[Dimension::HiddenSize];
  return block;
}

ParameterCount EmbeddingBlock::parameters() const {
  int64_t count = (vocabSize + learnedPositions) * hiddenSize;
  return {count, count};
}

int64_t EmbeddingBlock::parametersPerRank(const Parallelism &parallelism) const {
  return (vocabularyPerRank(vocabSize, parallelism.tensor) + learnedPositions) * hiddenSize;
}

void EmbeddingBlock::appendOperators(const Workload &workload, std::vector<Operator> &operators) const {
  OperatorList list(workload, operators);
  list.addElementwise("embedding", list.tokens() * hiddenSize, learnedPositions > 0 ? 2 : 1, 1);
  list.addAllReduce("embedding.all_reduce", list.tokens(), hiddenSize);
}

llvm::ArrayRef<Dimension> EmbeddingBlock::dimensions() const {
  return vocabAndHidden;
}

void EmbeddingBlock::readDimensions(DimensionValues &values) const {
  values[Dimension::HiddenSize] = hiddenSize;
  values[Dimension::VocabSize] = vocabSize;
}

std::shared_ptr<const Block> EmbeddingBlock::withDimensions(const DimensionValues &values) const {
  auto block = std::make_shared<EmbeddingBlock>(*this);
  block->hiddenSize = values[Dimension::HiddenSize];
  block->vocabSize = values[Dimension::VocabSize];
  return block;
}

ParameterCount HeadBlock::parameters() const {
  int64_t count = tied ? 0 : vocabSize * hiddenSize;
  return {count, count};
}

int64_t HeadBlock::parametersPerRank(const Parallelism &parallelism) const {
  return tied ? 0 : vocabularyPerRank(vocabSize, parallelism.tensor) * hiddenSize;
}

void HeadBlock::appendOperators(const Workload &workload, std::vector<Operator> &operators) const {
  OperatorList list(workload, operators);
  int64_t columns = vocabularyPerRank(vocabSize, list.tensorRanks());
  // Inference needs the logits of each sequence's last token only; libraries keep the head out of 8-bit.
  int64_t rows = list.training() ? list.tokens() : workload.batch;
  list.addUnquantizedLinear("lm_head", rows, columns, hiddenSize);
  if (!list.training())
    return;
  // One read of the logits for the sum, one read and one write for the gradient in place.
  list.add("cross_entropy", NormShape{rows, columns, 2, 1, list.activationType()});
  list.keep(double(rows) * double(columns) * bytesPerElement(list.activationType()));
  if (list.tensorRanks() > 1)
    list.addCollective("lm_head.all_reduce", CollectiveKind::AllReduce,
                       rows * hiddenSize * bitWidth(list.activationType()) / 8, list.tensorRanks());
}

llvm::ArrayRef<Dimension> HeadBlock::dimensions() const {
  return vocabAndHidden;
}

void HeadBlock::readDimensions(DimensionValues &values) const {
  values[Dimension::HiddenSize] = hiddenSize;
  values[Dimension::VocabSize] = vocabSize;
}

std::shared_ptr<const Block> HeadBlock::withDimensions(const DimensionValues &values) const {
  auto block = std::make_shared<HeadBlock>(*this);
  block->hiddenSize = values[Dimension::HiddenSize];
  block->vocabSize = values[Dimension::VocabSize];
  return block;
}

} // namespace codesign
