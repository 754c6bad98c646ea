// Passes over arch modules that need nothing but the model.
#ifndef CODESIGN_ARCH_PASSES_TD
#define CODESIGN_ARCH_PASSES_TD

include "mlir/Pass/PassBase.td"

def ArchCountParameters : Pass<"arch-count-parameters", "::codesign::arch::ModelOp"> {
  let summary = "Write parameter counts onto models and blocks";
  let description = [{
    Sets `arch.parameters` on each block (one occurrence) and on the model, both as `[total, active]`; active counts what
    one token uses. Symbolic dimensions have the values of the model as given.
  }];
}

def ArchListOperators : Pass<"arch-list-operators", "::codesign::arch::ModelOp"> {
  let summary = "Write each block's operators onto it";
  let description = [{
    Sets `arch.operators` on each block: a dictionary from the workload's name to the operators that one occurrence runs on
    one rank, in order: how often, name, shape, FLOPs and the bytes that it must move. It is an error if a
    workload's split does not divide the model.
  }];
}

def ArchBindDimensions : Pass<"arch-bind-dimensions", "::codesign::arch::ModelOp"> {
  let summary = "Replace symbolic dimensions by values";
  let description = [{
    Values come from the option, else from the best variant of the plan for `hardware`, else from the model as given. All
    dimensions become constants; their declarations, budgets and constraints, which have nothing left to decide, are erased.
  }];
  let options = [
    ListOption<"values", "values", "std::string", "dimensions to set, e.g. hidden_size=4096,head_dim=128">,
    Option<"hardware", "hardware", "std::string", "", "the plan to take values from; empty: the only plan">,
  ];
}

#endif
