// Passes over arch modules; Passes.td describes them.
#pragma once

#include "dialects/Arch/Arch.h"
#include "mlir/Pass/Pass.h"

namespace codesign::arch {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dialects/Arch/Passes.h.inc"

/// Replaces every symbolic size by its value, spreads the layers, and erases what is then decided:
/// dimensions, budgets, constraints and the objective.
void bindDimensions(ModelOp model, const DimensionValues &values);

} // namespace codesign::arch
