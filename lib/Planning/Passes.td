// Passes that search.
#ifndef CODESIGN_PLANNING_PASSES_TD
#define CODESIGN_PLANNING_PASSES_TD

include "mlir/Pass/PassBase.td"

def ArchDefaultNeighbourhood : Pass<"arch-default-neighbourhood", "::codesign::arch::ModelOp"> {
  let summary = "Give a model without domains the search's default ones";
  let description = [{
    Where no dimension has a domain, writes the neighbourhood that a search would take: values around the model's own that the
    guard-rails admit, and budgets of parameters where none is given.
  }];
}

def ArchSearch : Pass<"arch-search", "::codesign::arch::ModelOp"> {
  let summary = "Find the best shapes for a device and attach the plan";
  let description = [{
    Searches the model's space on one device, priced with the vendor's library, and attaches an `arch.plan` without kernels.
    A question that no shape satisfies is an error that names the constraint.
  }];
  let options = [
    Option<"profile", "profile", "std::string", "", "hardware profile: a path">,
    Option<"numBest", "best", "int", "3", "how many shapes the plan keeps">,
  ];
}

#endif
