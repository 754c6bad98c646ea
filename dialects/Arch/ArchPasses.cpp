#include "codesign/Support/Diagnostics.h"
#include "dialects/Arch/Passes.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

#define GEN_PASS_DEF_ARCHCOUNTPARAMETERS
#define GEN_PASS_DEF_ARCHLISTOPERATORS
#define GEN_PASS_DEF_ARCHBINDDIMENSIONS
namespace codesign::arch {
#include "dialects/Arch/Passes.h.inc"
} // namespace codesign::arch

using namespace mlir;
using namespace codesign;
using namespace codesign::arch;

void arch::bindDimensions(ModelOp model, const DimensionValues &values) {
  Builder builder(model.getContext());
  std::vector<LayerGroup> groups = toModelSpec(model, values).layers;
  model.walk([&](BlockOpInterface block) {
    for (Dimension dimension : allDimensions())
      if (!block->getAttrOfType<FlatSymbolRefAttr>(toString(dimension)))
        continue;
      else if (values[dimension] == 0)
        block->removeAttr(toString(dimension));
      else
        block->setAttr(toString(dimension), builder.getI64IntegerAttr(values[dimension]));
  });
  auto group = groups.begin();
  for (auto layers : llvm::make_early_inc_range(model.getBody().getOps<LayersOp>())) {
    int64_t count = (group++)->count;
    if (count == 0) {
      layers.erase();
      continue;
    }
    layers.setCount(count);
    layers.removeOfAttr();
  }
  for (Operation &op : llvm::make_early_inc_range(model.getBody().front()))
    if (isa<DimensionOp, BudgetOp, ConstraintOp, ObjectiveOp>(op))
      op.erase();
}

namespace {

struct CountParameters : arch::impl::ArchCountParametersBase<CountParameters> {
  void runOnOperation() override {
    ModelOp model = getOperation();
    DimensionValues values = model.baseValues();
    Builder builder(model.getContext());
    auto annotate = [&](Operation *op, ParameterCount count) {
      op->setAttr("arch.parameters", builder.getI64ArrayAttr({count.total, count.active}));
    };
    model.walk([&](BlockOpInterface block) { annotate(block, block.parameters(values)); });
    annotate(model, countParameters(toModelSpec(model, values)));
  }
};

struct ListOperators : arch::impl::ArchListOperatorsBase<ListOperators> {
  void runOnOperation() override {
    ModelOp model = getOperation();
    DimensionValues values = model.baseValues();
    for (auto op : model.getBody().getOps<WorkloadOp>()) {
      Workload workload = op.toWorkload().workload;
      std::string reason = whyNotDivisible(toModelSpec(model, values), workload.parallelism);
      if (!reason.empty()) {
        op.emitError() << reason;
        return signalPassFailure();
      }
    }
    std::vector<Workload> workloads = workloadsOf(model);
    model.walk([&](BlockOpInterface block) { annotate(block, values, workloads); });
  }

  static void annotate(BlockOpInterface block, const DimensionValues &values, ArrayRef<Workload> workloads) {
    Builder builder(block.getContext());
    SmallVector<NamedAttribute> lists;
    for (const Workload &workload : workloads) {
      SmallVector<Attribute> operators;
      for (const Operator &op : block.operators(values, workload))
        operators.push_back(describeOperator(builder, op));
      lists.push_back(builder.getNamedAttr(workload.name, builder.getArrayAttr(operators)));
    }
    block->setAttr("arch.operators", builder.getDictionaryAttr(lists));
  }

  static Attribute describeOperator(Builder &builder, const Operator &op) {
    auto text = llvm::formatv("{0} x {1}: {2} {3}, {4} flops, {5} bytes", op.count, op.name,
                              kindName(op.shape), describe(op.shape), std::llround(flops(op.shape).value),
                              std::llround(compulsoryBytes(op.shape).value));
    return builder.getStringAttr(text.str());
  }
};

struct BindDimensions : arch::impl::ArchBindDimensionsBase<BindDimensions> {
  using ArchBindDimensionsBase::ArchBindDimensionsBase;

  void runOnOperation() override {
    ModelOp model = getOperation();
    DimensionValues chosen = model.baseValues();
    if (failed(takePlan(model, chosen)) || failed(takeOption(model, chosen)))
      return signalPassFailure();
    bindDimensions(model, chosen);
  }

  LogicalResult takePlan(ModelOp model, DimensionValues &chosen) {
    auto plans = llvm::to_vector(model.getBody().getOps<PlanOp>());
    if (plans.empty() && hardware.empty())
      return success();
    if (hardware.empty() && plans.size() > 1)
      return model.emitError("has several plans; name one with the option 'hardware'");
    PlanOp *plan = hardware.empty()
                       ? &plans.front()
                       : llvm::find_if(plans, [&](PlanOp op) { return op.getHardware() == hardware; });
    if (plan == plans.end())
      return model.emitError() << "has no plan for '" << hardware << "'";
    DimensionValues planned = plan->chosenValues();
    for (NamedAttribute entry : plan->getDimensions())
      if (std::optional<Dimension> dimension = parseDimension(entry.getName()))
        chosen[*dimension] = planned[*dimension];
    return success();
  }

  static SmallVector<StringRef> declared(ModelOp model) {
    return llvm::map_to_vector(model.getBody().getOps<DimensionOp>(),
                               [](DimensionOp op) { return op.getSymName(); });
  }

  LogicalResult takeOption(ModelOp model, DimensionValues &chosen) {
    for (StringRef assignment : values) {
      auto [name, number] = assignment.split('=');
      int64_t value = 0;
      std::optional<Dimension> dimension = parseDimension(name);
      if (!dimension || !model.lookupDimension(*dimension))
        return model.emitError() << "has no dimension '" << name << "'" << didYouMean(name, declared(model));
      if (number.getAsInteger(10, value) || value <= 0 || value > largestValue(*dimension))
        return model.emitError() << "'" << number << "' is no value for " << name;
      chosen[*dimension] = value;
    }
    return success();
  }
};

} // namespace
