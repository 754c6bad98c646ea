// The arch dialect: a model with symbolic dimensions, and its conversions to and from the Model library.
#pragma once

#include "codesign/Model/ModelSpec.h"
#include "codesign/Model/Question.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Arch/ArchAttrInterfaces.h.inc"
#include "dialects/Arch/ArchEnums.h.inc"
#include "dialects/Arch/ArchOpInterfaces.h.inc"
#include "dialects/Arch/ArchOpsDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Arch/ArchAttrs.h.inc"

namespace codesign::arch {
class DimensionOp;
} // namespace codesign::arch

#define GET_OP_CLASSES
#include "dialects/Arch/ArchOps.h.inc"

namespace codesign::arch {

/// The largest value that the verifier accepts for a dimension. With all dimensions at their largest values
/// the parameter count of a model still fits into 63 bits.
int64_t largestValue(Dimension dimension);

/// The element type as an MLIR type: bf16, f8E4M3FN, …
mlir::Type toType(mlir::MLIRContext *context, DataType type);
/// Empty for types that no tensor of a model has.
std::optional<DataType> toDataType(mlir::Type type);

/// A block's own size in `dimension` at the given values of the symbolic dimensions; 0 if it has none.
int64_t sizeOf(BlockOpInterface block, Dimension dimension, const DimensionValues &values);

/// The model at the given values of its symbolic dimensions; constant sizes stay as they are.
ModelSpec toModelSpec(ModelOp model, const DimensionValues &values);

/// The model's workloads in the order of the text, without the splits that a search may choose from.
std::vector<Workload> workloadsOf(ModelOp model);
WorkloadOp createWorkload(mlir::OpBuilder &builder, mlir::Location location, const WorkloadChoice &choice);

/// A ratio is one of the hidden size there; the attribute's own dimension is not looked at.
DimensionDomain toDomain(DomainAttrInterface domain);
DomainAttrInterface toAttribute(mlir::MLIRContext *context, const DimensionDomain &domain);

Budget budgetOf(ModelOp model);
/// Null if the budget does not limit that quantity.
BudgetOp createBudget(mlir::OpBuilder &builder, mlir::Location location, BudgetKind kind,
                      const Budget &budget);
inline constexpr BudgetKind allBudgetKinds[] = {BudgetKind::Params, BudgetKind::ActiveParams,
                                                BudgetKind::MemoryBytes, BudgetKind::FlopsPerToken};

ConstraintOp createConstraint(mlir::OpBuilder &builder, mlir::Location location,
                              const GuardRailChange &change);

} // namespace codesign::arch
