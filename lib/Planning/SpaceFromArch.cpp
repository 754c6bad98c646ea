#include "codesign/Planning/Planning.h"
#include "codesign/Support/Diagnostics.h"

using namespace mlir;

namespace codesign {

/// An error about a user's input at an operation's place.
static llvm::Error errorAt(Operation *op, const llvm::Twine &message) {
  auto place = op->getLoc()->findInstanceOf<FileLineColLoc>();
  if (!place)
    return usageError(message);
  std::string text = (place.getFilename().getValue() + ":" + llvm::Twine(place.getLine()) + ":" +
                      llvm::Twine(place.getColumn()) + ": error: " + message)
                         .str();
  return llvm::make_error<CodedError>(ExitCode::BadInput, text);
}

/// The search knows ratios of the hidden size only.
static llvm::Error checkRatio(arch::DimensionOp dimension) {
  FlatSymbolRefAttr of = dimension.getDomainAttr().relativeTo();
  if (!of || of.getValue() == toString(Dimension::HiddenSize))
    return llvm::Error::success();
  return errorAt(dimension, "a search takes ratios of @hidden_size only, not of @" + of.getValue());
}

/// A search sets each dimension once for the whole model, so no block may have a size of its own in it.
static llvm::Error checkUniform(arch::ModelOp model, const Space &space) {
  DimensionValues base = dimensionsOf(space.base);
  llvm::Error error = llvm::Error::success();
  model.walk([&](arch::BlockOpInterface block) {
    for (Dimension dimension : allDimensions()) {
      auto constant = block->getAttrOfType<IntegerAttr>(toString(dimension));
      if (!constant)
        continue;
      std::string size = (toString(dimension) + " " + llvm::Twine(constant.getInt())).str();
      llvm::consumeError(std::move(error));
      if (constant.getInt() != base[dimension])
        error = errorAt(block, size + " differs from " + llvm::Twine(base[dimension]) +
                                   " elsewhere in the model; a search has one value for all blocks");
      else if (space.domain(dimension))
        error = errorAt(block, size + " is a constant, but @" + toString(dimension) + " may change");
      else
        error = llvm::Error::success();
      if (error)
        return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  if (error)
    return error;
  if (space.domain(Dimension::NumHiddenLayers))
    for (auto layers : model.getBody().getOps<arch::LayersOp>())
      if (!layers.getOf())
        return errorAt(layers, "the count is a constant, but @num_hidden_layers may change");
  return llvm::Error::success();
}

llvm::Expected<Space> spaceFrom(arch::ModelOp model) {
  Space space;
  space.base = arch::toModelSpec(model, model.baseValues());
  space.hasBase = !model.getIsTemplate();
  space.budget = arch::budgetOf(model);
  for (Operation &op : model.getBody().front()) {
    if (auto dimension = dyn_cast<arch::DimensionOp>(op); dimension && dimension.getDomainAttr()) {
      if (llvm::Error error = checkRatio(dimension))
        return error;
      space.domain(dimension.getDimension()) = arch::toDomain(dimension.getDomainAttr());
    } else if (auto workload = dyn_cast<arch::WorkloadOp>(op)) {
      space.workloads.push_back(workload.toWorkload());
    } else if (auto constraint = dyn_cast<arch::ConstraintOp>(op)) {
      space.guardRails.push_back(constraint.toChange());
    } else if (auto objective = dyn_cast<arch::ObjectiveOp>(op)) {
      space.objective = static_cast<Objective>(objective.getObjective());
    }
  }
  if (llvm::Error error = checkUniform(model, space))
    return error;
  if (llvm::Error error = validate(space))
    return error;
  return space;
}

bool hasDomains(arch::ModelOp model) {
  return llvm::any_of(model.getBody().getOps<arch::DimensionOp>(),
                      [](arch::DimensionOp op) { return op.getDomainAttr() != nullptr; });
}

Space neighbourhoodOf(arch::ModelOp model, Space space) {
  space = defaultNeighbourhood(std::move(space));
  for (Dimension dimension : allDimensions())
    if (!model.lookupDimension(dimension))
      space.domain(dimension).reset();
  return space;
}

void writeDomains(arch::ModelOp model, const Space &space) {
  // First of all: the insertion point below may otherwise be one of them.
  for (auto budget : llvm::make_early_inc_range(model.getBody().getOps<arch::BudgetOp>()))
    budget.erase();
  OpBuilder builder(model.getContext());
  builder.setInsertionPointToStart(&model.getBody().front());
  for (auto dimension : model.getBody().getOps<arch::DimensionOp>()) {
    if (const auto &domain = space.domain(dimension.getDimension()))
      dimension.setDomainAttr(arch::toAttribute(model.getContext(), *domain));
    builder.setInsertionPointAfter(dimension);
  }
  for (arch::BudgetKind kind : arch::allBudgetKinds)
    arch::createBudget(builder, model.getLoc(), kind, space.budget);
}

} // namespace codesign
