// From a question in a file to the same question as IR.
#pragma once

#include "codesign/Spec/PlanRequest.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace codesign {

/// A module with one verified arch.model: every size that the model has is a dimension, with the request's
/// domain where it has one; then budgets, guard-rails, workloads, the objective and the blocks. Operations
/// stand at the place in the file that they come from, as far as it is known. Loads the arch dialect. An
/// error (exit code 2) if the request makes no valid module, e.g. sizes beyond what the dialect accepts.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> buildArchModule(mlir::MLIRContext &context,
                                                                  const PlanRequest &request);

} // namespace codesign
