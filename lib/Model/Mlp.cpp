#include "OperatorList.h"
#include "codesign/Model/Blocks.h"

namespace codesign {

llvm::StringRef toString(PlainActivation activation) {
  switch (activation) {
  case PlainActivation::Gelu:
    return "gelu";
  case PlainActivation::GeluTanh:
    return "gelu_tanh";
  case PlainActivation::Relu:
    return "relu";
  }
  llvm_unreachable("unknown activation");
}

ParameterCount MlpBlock::parameters() const {
  int64_t inputs = gated ? 2 : 1;
  int64_t count = (inputs + 1) * hiddenSize * intermediateSize;
  if (bias)
    count += inputs * intermediateSize + hiddenSize;
  return {count, count};
}

int64_t MlpBlock::parametersPerRank(const Parallelism &parallelism) const {
  MlpBlock slice = *this;
  slice.intermediateSize = intermediateSize / parallelism.tensor;
  return slice.parameters().total;
}

void MlpBlock::appendOperators(const Workload &workload, std::vector<Operator> &operators) const {
  OperatorList list(workload, operators);
  int64_t width = intermediateSize / list.tensorRanks();
  list.addLinear(gated ? "gate_up_proj" : "up_proj", list.tokens(), gated ? 2 * width : width, hiddenSize);
  list.addActivation(gated ? "swiglu" : toString(activation), list.tokens(), width, gated);
  list.addLinear("down_proj", list.tokens(), hiddenSize, width);
  list.addAllReduce("down_proj.all_reduce", list.tokens(), hiddenSize);
}

std::string MlpBlock::whyNotDivisible(const Parallelism &parallelism) const {
  if (intermediateSize % parallelism.tensor == 0)
    return {};
  return "intermediate_size " + std::to_string(intermediateSize) + " is not a multiple of tp " +
         std::to_string(parallelism.tensor);
}

llvm::ArrayRef<Dimension> MlpBlock::dimensions() const {
  static constexpr Dimension used[] = {Dimension::HiddenSize, Dimension::IntermediateSize};
  return used;
}

void MlpBlock::readDimensions(DimensionValues &values) const {
  values[Dimension::HiddenSize] = hiddenSize;
  values[Dimension::IntermediateSize] = intermediateSize;
}

std::shared_ptr<const Block> MlpBlock::withDimensions(const DimensionValues &values) const {
  auto block = std::make_shared<MlpBlock>(*this);
  block->hiddenSize = values[Dimension::HiddenSize];
  block->intermediateSize = values[Dimension::IntermediateSize];
  return block;
}

} // namespace codesign
