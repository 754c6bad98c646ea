// The parts of a question between operations and the Model library.
#include "dialects/Arch/Arch.h"
#include <cmath>

using namespace mlir;
using namespace codesign;
using namespace codesign::arch;

DimensionDomain arch::toDomain(DomainAttrInterface domain) {
  if (auto values = dyn_cast<ValuesAttr>(domain))
    return ListDomain{values.getValues().vec()};
  if (auto range = dyn_cast<RangeAttr>(domain))
    return StepDomain{range.getMin(), range.getMax(), range.getStep()};
  auto ratio = cast<RatioAttr>(domain);
  return RatioDomain{ratio.getMin().getValueAsDouble(), ratio.getMax().getValueAsDouble(), ratio.getStep()};
}

DomainAttrInterface arch::toAttribute(MLIRContext *context, const DimensionDomain &domain) {
  if (const auto *list = std::get_if<ListDomain>(&domain))
    return ValuesAttr::get(context, list->values);
  if (const auto *range = std::get_if<StepDomain>(&domain))
    return RangeAttr::get(context, range->min, range->max, range->step);
  const auto &ratio = std::get<RatioDomain>(domain);
  Builder builder(context);
  return RatioAttr::get(context, builder.getF64FloatAttr(ratio.minRatio),
                        builder.getF64FloatAttr(ratio.maxRatio),
                        FlatSymbolRefAttr::get(context, toString(Dimension::HiddenSize)), ratio.step);
}

Parallelism WorkloadOp::parallelism() {
  return {.tensor = int64_t(getTensor().value_or(1)),
          .expert = int64_t(getExpert().value_or(1)),
          .pipeline = int64_t(getPipeline().value_or(1))};
}

WorkloadChoice WorkloadOp::toWorkload() {
  WorkloadChoice choice;
  Workload &workload = choice.workload;
  workload.name = getName().str();
  workload.phase = static_cast<codesign::Phase>(getPhase());
  workload.batch = getBatch();
  workload.sequenceLength = getSequenceLength().value_or(0);
  workload.context = getContextLength().value_or(0);
  workload.microBatches = getMicroBatches().value_or(workload.microBatches);
  workload.type = *toDataType(getType());
  workload.keyValueType = getKeyValueType() ? *toDataType(*getKeyValueType()) : DataType::BF16;
  workload.scaling = static_cast<codesign::Scaling>(getScaling());
  workload.parallelism = parallelism();
  workload.weight = getWeight().convertToDouble();
  if (std::optional<ArrayAttr> splits = getSplits())
    for (auto split : splits->getAsRange<DenseI64ArrayAttr>())
      choice.parallelisms.push_back({.tensor = split[0], .expert = split[1], .pipeline = split[2]});
  return choice;
}

static IntegerAttr unlessDefault(OpBuilder &builder, int64_t value, int64_t standard) {
  return value == standard ? IntegerAttr() : builder.getI64IntegerAttr(value);
}

WorkloadOp arch::createWorkload(OpBuilder &builder, Location location, const WorkloadChoice &choice) {
  MLIRContext *context = builder.getContext();
  const Workload &workload = choice.workload;
  ArrayAttr splits;
  if (!choice.parallelisms.empty())
    splits = builder.getArrayAttr(
        llvm::map_to_vector(choice.parallelisms, [&](const Parallelism &split) -> Attribute {
          return builder.getDenseI64ArrayAttr({split.tensor, split.expert, split.pipeline});
        }));
  TypeAttr keyValueType;
  if (workload.keyValueType != DataType::BF16)
    keyValueType = TypeAttr::get(toType(context, workload.keyValueType));
  return WorkloadOp::create(builder, location, builder.getStringAttr(workload.name),
                            PhaseAttr::get(context, static_cast<arch::Phase>(workload.phase)),
                            builder.getI64IntegerAttr(workload.batch),
                            unlessDefault(builder, workload.sequenceLength, 0),
                            unlessDefault(builder, workload.context, 0),
                            unlessDefault(builder, workload.microBatches, Workload().microBatches),
                            TypeAttr::get(toType(context, workload.type)), keyValueType,
                            ScalingAttr::get(context, static_cast<arch::Scaling>(workload.scaling)),
                            unlessDefault(builder, workload.parallelism.tensor, 1),
                            unlessDefault(builder, workload.parallelism.expert, 1),
                            unlessDefault(builder, workload.parallelism.pipeline, 1), splits,
                            builder.getF64FloatAttr(workload.weight));
}

std::vector<Workload> arch::workloadsOf(ModelOp model) {
  std::vector<Workload> workloads;
  for (auto op : model.getBody().getOps<WorkloadOp>())
    workloads.push_back(op.toWorkload().workload);
  return workloads;
}

static FloatAttr ifFinite(OpBuilder &builder, double value) {
  return std::isfinite(value) ? builder.getF64FloatAttr(value) : FloatAttr();
}

/// The member of a budget that an operation of this kind stands for.
static std::optional<codesign::Range> Budget::*memberOf(BudgetKind kind) {
  switch (kind) {
  case BudgetKind::Params:
    return &Budget::parameters;
  case BudgetKind::ActiveParams:
    return &Budget::activeParameters;
  case BudgetKind::MemoryBytes:
    return &Budget::memoryBytes;
  case BudgetKind::FlopsPerToken:
    return &Budget::flopsPerToken;
  }
  llvm_unreachable("all kinds are listed");
}

Budget arch::budgetOf(ModelOp model) {
  Budget budget;
  for (auto op : model.getBody().getOps<BudgetOp>()) {
    Range range;
    if (op.getMin())
      range.min = op.getMin()->convertToDouble();
    if (op.getMax())
      range.max = op.getMax()->convertToDouble();
    budget.*memberOf(op.getKind()) = range;
  }
  return budget;
}

BudgetOp arch::createBudget(OpBuilder &builder, Location location, BudgetKind kind, const Budget &budget) {
  const std::optional<Range> &range = budget.*memberOf(kind);
  if (!range)
    return {};
  return BudgetOp::create(builder, location, BudgetKindAttr::get(builder.getContext(), kind),
                          ifFinite(builder, range->min), ifFinite(builder, range->max));
}

GuardRailChange ConstraintOp::toChange() {
  GuardRailChange change;
  change.name = getName().str();
  change.off = getOff();
  if (getMin())
    change.min = getMin()->convertToDouble();
  if (getMax())
    change.max = getMax()->convertToDouble();
  return change;
}

ConstraintOp arch::createConstraint(OpBuilder &builder, Location location, const GuardRailChange &change) {
  auto limit = [&](std::optional<double> value) {
    return value ? builder.getF64FloatAttr(*value) : FloatAttr();
  };
  return ConstraintOp::create(builder, location, builder.getStringAttr(change.name), limit(change.min),
                              limit(change.max), change.off ? builder.getUnitAttr() : UnitAttr());
}
