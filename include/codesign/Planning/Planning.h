// Between arch IR and the search: a module is a search problem, and a plan is attached to the model that it
// is about.
#pragma once

#include "codesign/Plan/Plan.h"
#include "codesign/Search/Space.h"
#include "dialects/Arch/Arch.h"
#include "llvm/Support/Error.h"

namespace codesign {

/// The model's question as a search space. An error (exit code 2) if the search could not vary the model as
/// written: two blocks that disagree about a dimension, a constant size of a dimension that has a domain, a
/// ratio of anything but the hidden size; and whatever validate() finds.
llvm::Expected<Space> spaceFrom(arch::ModelOp model);

/// True if any dimension has a domain; without one a search takes the default neighbourhood.
bool hasDomains(arch::ModelOp model);

/// The default neighbourhood of a model without domains. Only dimensions that the model declares may change;
/// constant sizes stay.
Space neighbourhoodOf(arch::ModelOp model, Space space);

/// Writes the space's domains and budgets into the model, so that a default neighbourhood can be
/// read as IR. The space must have been made from the model.
void writeDomains(arch::ModelOp model, const Space &space);

/// Attaches a plan to the model that it is about, in place of an earlier one for the same device.
arch::PlanOp attachPlan(arch::ModelOp model, const Plan &plan);

/// The plan for `hardware`; for an empty name, the only one. An error (exit code 2) if there is none, if
/// several could be meant, or if the attached tree is no plan.
llvm::Expected<Plan> planFrom(arch::ModelOp model, llvm::StringRef hardware = "");

} // namespace codesign
