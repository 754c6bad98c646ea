// Verifiers and canonical forms.
#include "ArchAttributes.h"
#include "codesign/Support/Diagnostics.h"

using namespace mlir;
using namespace codesign;
using namespace codesign::arch;

#include "dialects/Arch/ArchOpInterfaces.cpp.inc"
#include "dialects/Arch/ArchOpsDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Arch/ArchOps.cpp.inc"

void ArchDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/Arch/ArchOps.cpp.inc"
      >();
}

int64_t arch::largestValue(Dimension dimension) {
  switch (dimension) {
  case Dimension::HiddenSize:
  case Dimension::IntermediateSize:
  case Dimension::MoeIntermediateSize:
  case Dimension::SharedExpertIntermediateSize:
    return 1 << 18;
  case Dimension::NumHiddenLayers:
  case Dimension::HeadDim:
  case Dimension::NumAttentionHeads:
  case Dimension::NumKeyValueHeads:
  case Dimension::NumExperts:
  case Dimension::NumExpertsPerToken:
    return 1 << 12;
  case Dimension::VocabSize:
    return 1 << 24;
  }
  llvm_unreachable("all dimensions are listed");
}

static SmallVector<StringRef> names(ArrayRef<Dimension> dimensions) {
  return llvm::map_to_vector(dimensions, [](Dimension d) { return toString(d); });
}

static LogicalResult verifyValue(Operation *op, Dimension dimension, int64_t value) {
  if (value <= largestValue(dimension))
    return success();
  return op->emitOpError() << toString(dimension) << " " << value << " is larger than "
                           << largestValue(dimension);
}

static LogicalResult verifyElementType(Operation *op, Type type) {
  if (toDataType(type))
    return success();
  return op->emitOpError() << "has the element type " << type
                           << "; use bf16, f16, f32, f8E4M3FN or another type of tensors";
}

//===--------------------------------------------------------------------------------------------------------===//
// Model
//===--------------------------------------------------------------------------------------------------------===//

DimensionOp ModelOp::lookupDimension(Dimension dimension) {
  return lookupSymbol<DimensionOp>(toString(dimension));
}

DimensionValues ModelOp::baseValues() {
  DimensionValues values;
  for (auto dimension : getBody().getOps<DimensionOp>())
    values[dimension.getDimension()] = dimension.getBase();
  return values;
}

/// Reports the second of two operations of which a model has at most one.
template <class Op, class Key>
static LogicalResult verifyDistinct(ModelOp model, Key key, StringRef what) {
  llvm::StringMap<Op> seen;
  for (auto op : model.getBody().getOps<Op>()) {
    auto [first, inserted] = seen.try_emplace(key(op), op);
    if (inserted)
      continue;
    InFlightDiagnostic diagnostic = op.emitOpError() << what;
    diagnostic.attachNote(first->second.getLoc()) << "the first one is here";
    return diagnostic;
  }
  return success();
}

LogicalResult ModelOp::verifyRegions() {
  if (failed(verifyElementType(*this, getType())) ||
      failed(verifyDistinct<WorkloadOp>(
          *this, [](WorkloadOp op) { return op.getName(); }, "repeats a workload's name")) ||
      failed(verifyDistinct<ConstraintOp>(
          *this, [](ConstraintOp op) { return op.getName(); }, "repeats a constraint")) ||
      failed(verifyDistinct<BudgetOp>(
          *this, [](BudgetOp op) { return stringifyEnum(op.getKind()); }, "repeats a budget")) ||
      failed(verifyDistinct<ObjectiveOp>(
          *this, [](ObjectiveOp) { return StringRef("objective"); }, "is the second objective")) ||
      failed(verifyDistinct<PlanOp>(
          *this, [](PlanOp op) { return op.getHardware(); }, "is the second plan for that device")))
    return failure();

  int64_t shares = 0;
  bool anyConstant = false, afterLayers = false;
  for (Operation &op : getBody().front()) {
    if (auto layers = dyn_cast<LayersOp>(op)) {
      if (afterLayers)
        return layers.emitOpError("comes after a block outside of layers; all layer groups stand together");
      if (layers.getOf())
        shares += layers.getCount();
      else
        anyConstant = true;
    } else if (isa<BlockOpInterface>(op)) {
      afterLayers = shares > 0 || anyConstant;
    } else if (!isa<DimensionOp, BudgetOp, ConstraintOp, WorkloadOp, ObjectiveOp, PlanOp>(op)) {
      return op.emitOpError("does not belong into a model");
    }
  }
  DimensionOp numLayers = lookupDimension(Dimension::NumHiddenLayers);
  if (shares > 0 && anyConstant)
    return emitOpError("mixes layer groups with a constant count and groups 'of @num_hidden_layers'");
  if (shares > 0 && numLayers && shares != int64_t(numLayers.getBase()))
    return emitOpError("has groups of ")
           << shares << " layers in all, but @num_hidden_layers is " << numLayers.getBase();
  return success();
}

LogicalResult LayersOp::verifyRegions() {
  for (Operation &op : getBody().front())
    if (!isa<BlockOpInterface>(op))
      return op.emitOpError("does not belong into a layer");
  return verifyValue(*this, Dimension::NumHiddenLayers, getCount());
}

//===--------------------------------------------------------------------------------------------------------===//
// Symbols
//===--------------------------------------------------------------------------------------------------------===//

/// The dimension that `symbol` names, if it is declared and the one that `wanted` asks for; else an error.
static DimensionOp resolve(Operation *op, FlatSymbolRefAttr symbol, Dimension wanted,
                           SymbolTableCollection &tables) {
  auto model = op->getParentOfType<ModelOp>();
  if (!model) {
    op->emitOpError("stands outside of an arch.model");
    return {};
  }
  auto found = tables.lookupSymbolIn<DimensionOp>(model, symbol);
  if (!found) {
    SmallVector<StringRef> declared;
    for (auto dimension : model.getBody().getOps<DimensionOp>())
      declared.push_back(dimension.getSymName());
    op->emitOpError() << "refers to the unknown dimension " << symbol
                      << didYouMean(symbol.getValue(), declared);
    return {};
  }
  if (found.getDimension() == wanted)
    return found;
  op->emitOpError() << toString(wanted) << " is a constant or @" << toString(wanted) << ", not " << symbol;
  return {};
}

LogicalResult LayersOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (FlatSymbolRefAttr of = getOfAttr())
    return success(resolve(*this, of, Dimension::NumHiddenLayers, tables) != nullptr);
  return success();
}

/// Checks the sizes of a block and returns their values in the model as given.
static FailureOr<DimensionValues> verifySizes(BlockOpInterface block, SymbolTableCollection &tables) {
  DimensionValues values;
  for (Dimension dimension : allDimensions()) {
    Attribute size = block->getAttr(toString(dimension));
    if (auto symbol = dyn_cast_or_null<FlatSymbolRefAttr>(size)) {
      DimensionOp declared = resolve(block, symbol, dimension, tables);
      if (!declared)
        return failure();
      values[dimension] = declared.getBase();
    } else if (auto constant = dyn_cast_or_null<IntegerAttr>(size)) {
      values[dimension] = constant.getInt();
      if (failed(verifyValue(block, dimension, constant.getInt())))
        return failure();
    }
  }
  return values;
}

LogicalResult AttentionOp::verifySymbolUses(SymbolTableCollection &tables) {
  FailureOr<DimensionValues> values = verifySizes(*this, tables);
  if (failed(values))
    return failure();
  int64_t heads = (*values)[Dimension::NumAttentionHeads], keyValue = (*values)[Dimension::NumKeyValueHeads];
  if (heads % keyValue != 0)
    return emitOpError("num_attention_heads ")
           << heads << " is not a multiple of num_key_value_heads " << keyValue;
  if (getRotary() && (*values)[Dimension::HeadDim] % 2 != 0)
    return emitOpError("rotary positions need an even head_dim, not ") << (*values)[Dimension::HeadDim];
  return success();
}

LogicalResult MoeOp::verifySymbolUses(SymbolTableCollection &tables) {
  FailureOr<DimensionValues> values = verifySizes(*this, tables);
  if (failed(values))
    return failure();
  int64_t experts = (*values)[Dimension::NumExperts], topK = (*values)[Dimension::NumExpertsPerToken];
  if (topK > experts)
    return emitOpError("num_experts_per_tok ") << topK << " is larger than num_experts " << experts;
  if (getSharedExpertGate() && !getSharedExpertIntermediateSize())
    return emitOpError("has a shared_gate but no shared expert");
  return success();
}

LogicalResult MlpOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifySizes(*this, tables);
}
LogicalResult NormOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifySizes(*this, tables);
}
LogicalResult EmbeddingOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifySizes(*this, tables);
}
LogicalResult HeadOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifySizes(*this, tables);
}

//===--------------------------------------------------------------------------------------------------------===//
// Dimensions
//===--------------------------------------------------------------------------------------------------------===//

Dimension DimensionOp::getDimension() {
  return *parseDimension(getSymName());
}

LogicalResult DimensionOp::verify() {
  std::optional<Dimension> dimension = parseDimension(getSymName());
  if (!dimension)
    return emitOpError("there is no dimension '")
           << getSymName() << "'" << didYouMean(getSymName(), names(allDimensions()));
  if (failed(verifyValue(*this, *dimension, getBase())))
    return failure();
  DomainAttrInterface domain = getDomainAttr();
  int64_t least = getBase();
  if (domain && !domain.relativeTo())
    least = std::min(least, domain.valuesAt(0).front());
  if (least == 0 && *dimension != Dimension::SharedExpertIntermediateSize)
    return emitOpError("cannot be 0");
  if (!domain || domain.relativeTo())
    return success();
  return verifyValue(*this, *dimension, domain.valuesAt(0).back());
}

LogicalResult DimensionOp::verifySymbolUses(SymbolTableCollection &tables) {
  DomainAttrInterface domain = getDomainAttr();
  if (!domain || !domain.relativeTo())
    return success();
  FlatSymbolRefAttr of = domain.relativeTo();
  if (of.getValue() == getSymName())
    return emitOpError("has a domain relative to itself");
  std::optional<Dimension> dimension = parseDimension(of.getValue());
  DimensionOp other = resolve(*this, of, dimension.value_or(getDimension()), tables);
  if (!other)
    return failure();
  DomainAttrInterface otherDomain = other.getDomainAttr();
  if (otherDomain && otherDomain.relativeTo())
    return emitOpError("is relative to ")
           << of << ", which is itself relative to " << otherDomain.relativeTo();
  SmallVector<int64_t> others =
      otherDomain ? otherDomain.valuesAt(0) : SmallVector<int64_t>{int64_t(other.getBase())};
  if (llvm::all_of(others, [&](int64_t value) { return domain.valuesAt(value).empty(); }))
    return emitOpError("the domain is empty at every value of ") << of;
  if (SmallVector<int64_t> last = domain.valuesAt(others.back()); !last.empty())
    return verifyValue(*this, getDimension(), last.back());
  return success();
}

LogicalResult DimensionOp::canonicalize(DimensionOp op, PatternRewriter &rewriter) {
  DomainAttrInterface domain = op.getDomainAttr();
  if (!domain)
    return failure();
  DomainAttrInterface simpler = domain;
  SmallVector<int64_t> values;
  if (auto ratio = dyn_cast<RatioAttr>(domain)) {
    auto other = op->getParentOfType<ModelOp>().lookupSymbol<DimensionOp>(ratio.getOf());
    if (other.getDomainAttr())
      return failure();
    // The other dimension is fixed, so the bounds are numbers.
    values = domain.valuesAt(other.getBase());
    simpler = RangeAttr::get(op.getContext(), values.front(), values.back(), ratio.getStep());
  } else {
    values = domain.valuesAt(0);
    if (auto range = dyn_cast<RangeAttr>(domain))
      simpler = RangeAttr::get(op.getContext(), values.front(), values.back(), range.getStep());
    else
      simpler = ValuesAttr::get(op.getContext(), values);
  }
  // One value: fixed if it is the base's, else still a choice that the search has to make.
  if (values.size() == 1)
    simpler = values.front() == int64_t(op.getBase())
                  ? DomainAttrInterface()
                  : DomainAttrInterface(ValuesAttr::get(op.getContext(), values));
  if (simpler == domain)
    return failure();
  rewriter.modifyOpInPlace(op, [&] { op.setDomainAttr(simpler); });
  return success();
}

//===--------------------------------------------------------------------------------------------------------===//
// The question
//===--------------------------------------------------------------------------------------------------------===//

/// `min` and `max` of a limit, both optional.
template <class Op>
static LogicalResult verifyLimits(Op op) {
  std::optional<APFloat> min = op.getMin(), max = op.getMax();
  if (min && max && !(min->convertToDouble() <= max->convertToDouble()))
    return op.emitOpError("no value lies between min ")
           << min->convertToDouble() << " and max " << max->convertToDouble();
  return success();
}

LogicalResult BudgetOp::verify() {
  if (!getMin() && !getMax())
    return emitOpError("needs min or max");
  if (getMax() && !(getMax()->convertToDouble() > 0))
    return emitOpError("max must be positive");
  return verifyLimits(*this);
}

LogicalResult ConstraintOp::verify() {
  if (getOff() && (getMin() || getMax()))
    return emitOpError("is off and has limits");
  if (!getOff() && !getMin() && !getMax())
    return emitOpError("needs min, max or off");
  return verifyLimits(*this);
}

LogicalResult WorkloadOp::verify() {
  bool decode = getPhase() == arch::Phase::Decode;
  if (decode && (getSequenceLength() || !getContextLength()))
    return emitOpError("decode has a context and no seq_len");
  if (!decode && (getContextLength() || !getSequenceLength()))
    return emitOpError() << stringifyEnum(getPhase()) << " has a seq_len and no context";
  if (getMicroBatches() && getPhase() != arch::Phase::Train)
    return emitOpError("only training has micro_batches");
  if (!(getWeight().convertToDouble() > 0))
    return emitOpError("weight must be positive");
  for (std::optional<uint64_t> size :
       {std::optional(getBatch()), getSequenceLength(), getContextLength(), getMicroBatches()})
    if (size.value_or(0) > uint64_t(1) << 24)
      return emitOpError() << "has the size " << *size << ", larger than " << (1 << 24);
  if (failed(verifyElementType(*this, getType())) ||
      (getKeyValueType() && failed(verifyElementType(*this, *getKeyValueType()))))
    return failure();
  std::vector<Parallelism> splits = toWorkload().parallelisms;
  splits.push_back(parallelism());
  for (const Parallelism &split : splits)
    for (int64_t ranks : {split.tensor, split.expert, split.pipeline})
      if (ranks < 1 || ranks > 1024)
        return emitOpError() << "is spread over " << ranks << " ranks; 1 to 1024 are possible";
  return success();
}

DimensionValues PlanOp::chosenValues() {
  DimensionValues values;
  for (NamedAttribute entry : getDimensions())
    values[*parseDimension(entry.getName())] = cast<IntegerAttr>(entry.getValue()).getInt();
  return values;
}

LogicalResult PlanOp::verify() {
  for (NamedAttribute entry : getDimensions()) {
    std::optional<Dimension> dimension = parseDimension(entry.getName());
    if (!dimension)
      return emitOpError("there is no dimension '")
             << entry.getName().getValue() << "'" << didYouMean(entry.getName(), names(allDimensions()));
    auto value = dyn_cast<IntegerAttr>(entry.getValue());
    if (!value || !value.getType().isInteger(64) || value.getInt() < 0)
      return emitOpError() << entry.getName().getValue() << " is a 64-bit integer, not negative";
    if (failed(verifyValue(*this, *dimension, value.getInt())))
      return failure();
  }
  return success();
}
