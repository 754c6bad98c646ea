// From operations to the Model library: blocks, whole models, element types.
#include "codesign/Model/Blocks.h"
#include "dialects/Arch/Arch.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace codesign;
using namespace codesign::arch;

namespace {

struct TypePair {
  DataType type;
  Type (*get)(MLIRContext *);
};

template <class T>
Type getType(MLIRContext *context) {
  return T::get(context);
}

template <int width>
Type getInteger(MLIRContext *context) {
  return IntegerType::get(context, width);
}

constexpr TypePair elementTypes[] = {
    {DataType::F64, getType<Float64Type>},
    {DataType::F32, getType<Float32Type>},
    {DataType::XF32, getType<FloatTF32Type>},
    {DataType::F16, getType<Float16Type>},
    {DataType::BF16, getType<BFloat16Type>},
    {DataType::F8E4M3, getType<Float8E4M3FNType>},
    {DataType::F8E5M2, getType<Float8E5M2Type>},
    {DataType::F8E4M3FNUZ, getType<Float8E4M3FNUZType>},
    {DataType::F8E5M2FNUZ, getType<Float8E5M2FNUZType>},
    {DataType::F6E2M3, getType<Float6E2M3FNType>},
    {DataType::F6E3M2, getType<Float6E3M2FNType>},
    {DataType::F4E2M1, getType<Float4E2M1FNType>},
    {DataType::I32, getInteger<32>},
    {DataType::I8, getInteger<8>},
    {DataType::I4, getInteger<4>},
};

} // namespace

Type arch::toType(MLIRContext *context, DataType type) {
  for (const TypePair &pair : elementTypes)
    if (pair.type == type)
      return pair.get(context);
  llvm_unreachable("every data type has an MLIR type");
}

std::optional<DataType> arch::toDataType(Type type) {
  for (const TypePair &pair : elementTypes)
    if (pair.get(type.getContext()) == type)
      return pair.type;
  return std::nullopt;
}

int64_t arch::sizeOf(BlockOpInterface block, Dimension dimension, const DimensionValues &values) {
  Attribute size = block->getAttr(toString(dimension));
  if (!size)
    return 0;
  if (auto constant = dyn_cast<IntegerAttr>(size))
    return constant.getInt();
  return values[dimension];
}

std::shared_ptr<const codesign::Block> AttentionOp::getBlock(const DimensionValues &values) {
  auto block = std::make_shared<AttentionBlock>();
  block->hiddenSize = sizeOf(*this, Dimension::HiddenSize, values);
  block->numAttentionHeads = sizeOf(*this, Dimension::NumAttentionHeads, values);
  block->numKeyValueHeads = sizeOf(*this, Dimension::NumKeyValueHeads, values);
  block->headDim = sizeOf(*this, Dimension::HeadDim, values);
  block->slidingWindow = getSlidingWindow().value_or(0);
  block->rotary = getRotary();
  block->queryKeyNorm = getQueryKeyNorm();
  block->queryKeyValueBias = getQueryKeyValueBias();
  block->outputBias = getOutputBias();
  block->multiHead = getMultiHead();
  return block;
}

/// Gated or plain, and what stands between the projections.
template <class MlpOrMoe>
static void setKindOf(MlpOrMoe &block, MlpKind kind) {
  block.gated = kind == MlpKind::SwiGlu;
  if (kind == MlpKind::GeluTanh)
    block.activation = PlainActivation::GeluTanh;
  else if (kind == MlpKind::Relu)
    block.activation = PlainActivation::Relu;
}

std::shared_ptr<const codesign::Block> MlpOp::getBlock(const DimensionValues &values) {
  auto block = std::make_shared<MlpBlock>();
  block->hiddenSize = sizeOf(*this, Dimension::HiddenSize, values);
  block->intermediateSize = sizeOf(*this, Dimension::IntermediateSize, values);
  setKindOf(*block, getKind());
  block->bias = getBias();
  return block;
}

std::shared_ptr<const codesign::Block> MoeOp::getBlock(const DimensionValues &values) {
  auto block = std::make_shared<MoeBlock>();
  block->hiddenSize = sizeOf(*this, Dimension::HiddenSize, values);
  block->numExperts = sizeOf(*this, Dimension::NumExperts, values);
  block->numExpertsPerToken = sizeOf(*this, Dimension::NumExpertsPerToken, values);
  block->moeIntermediateSize = sizeOf(*this, Dimension::MoeIntermediateSize, values);
  block->sharedExpertIntermediateSize = sizeOf(*this, Dimension::SharedExpertIntermediateSize, values);
  setKindOf(*block, getKind());
  block->sharedExpertGate = getSharedExpertGate();
  return block;
}

std::shared_ptr<const codesign::Block> NormOp::getBlock(const DimensionValues &values) {
  auto block = std::make_shared<NormBlock>();
  block->hiddenSize = sizeOf(*this, Dimension::HiddenSize, values);
  block->layerNorm = getKind() == NormKind::Layer;
  block->residual = getResidual();
  return block;
}

std::shared_ptr<const codesign::Block> EmbeddingOp::getBlock(const DimensionValues &values) {
  auto block = std::make_shared<EmbeddingBlock>();
  block->vocabSize = sizeOf(*this, Dimension::VocabSize, values);
  block->hiddenSize = sizeOf(*this, Dimension::HiddenSize, values);
  block->learnedPositions = getLearnedPositions().value_or(0);
  return block;
}

std::shared_ptr<const codesign::Block> HeadOp::getBlock(const DimensionValues &values) {
  auto block = std::make_shared<HeadBlock>();
  block->vocabSize = sizeOf(*this, Dimension::VocabSize, values);
  block->hiddenSize = sizeOf(*this, Dimension::HiddenSize, values);
  block->tied = getTied();
  return block;
}

ModelSpec arch::toModelSpec(ModelOp model, const DimensionValues &values) {
  ModelSpec spec;
  spec.name = model.getSymName().str();
  spec.family = model.getFamily().str();
  spec.type = *toDataType(model.getType());
  spec.maxPositionEmbeddings = model.getMaxPositionEmbeddings();
  bool symbolicCount = false;
  for (Operation &op : model.getBody().front()) {
    if (auto layers = dyn_cast<LayersOp>(op)) {
      symbolicCount |= layers.getOf().has_value();
      LayerGroup &group = spec.layers.emplace_back();
      group.count = layers.getCount();
      for (auto block : layers.getBody().getOps<BlockOpInterface>())
        group.blocks.push_back(block.getBlock(values));
    } else if (auto block = dyn_cast<BlockOpInterface>(op)) {
      (spec.layers.empty() ? spec.prologue : spec.epilogue).push_back(block.getBlock(values));
    }
  }
  if (!symbolicCount)
    return spec;
  // How a number of layers is spread over groups is Model's knowledge; the blocks keep their constant sizes.
  ModelSpec spread = withDimensions(spec, values);
  for (auto [group, other] : llvm::zip_equal(spec.layers, spread.layers))
    group.count = other.count;
  return spec;
}
