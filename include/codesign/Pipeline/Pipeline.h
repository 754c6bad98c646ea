// The whole flow on one page: request, search, plan, kernels, package.
#pragma once

#include "codesign/Plan/Plan.h"
#include "codesign/Search/Providers.h"
#include "codesign/Search/Space.h"
#include "codesign/Spec/PlanRequest.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace codesign {

struct PlanOptions {
  std::string library;   // preferred calibration, empty: the profile's first
  bool sustained = true; // long runs at the power limit
  int numBest = 10;
};

/// A plan with what it was made from.
struct PlannedModel {
  Space space;
  Plan plan;
  Variant chosen;
};

/// Prices on a device. Own kernels are those that lib/Lowering can write. The profile must outlive the
/// result.
Providers makeProviders(const Profile &profile, const PlanOptions &options);

/// The search space of a request, by way of its arch module: its domains, or the default neighbourhood where
/// it names none.
llvm::Expected<Space> makeSpace(const PlanRequest &request);

/// The arch module that the search starts from, domains included, as text.
llvm::Error printArchIr(const PlanRequest &request, llvm::raw_ostream &stream);

/// The arch module with the plan attached, as text.
llvm::Error printPlanIr(const PlanRequest &request, const Plan &plan, llvm::raw_ostream &stream);

/// Searches and explains. Infeasible requests are errors with exit code 3.
llvm::Expected<PlannedModel> planModel(const PlanRequest &request, const Profile &profile,
                                       const PlanOptions &options);

/// The same plan without a search: the request's own shape priced, nothing compared.
llvm::Expected<PlannedModel> priceModel(const PlanRequest &request, const Profile &profile,
                                        const PlanOptions &options);

/// Kernel sources and their package for plan.kernels, in `directory`. A plan without kernels writes nothing
/// and succeeds.
llvm::Error emitKernels(const Plan &plan, const Profile &profile, llvm::StringRef directory);

/// The kernel IR of every kernel of the plan, as text.
llvm::Error printKernelIr(const Plan &plan, const Profile &profile, llvm::raw_ostream &stream);

/// Writes plan.json, plan.yaml, config.json and kernels/ into `directory`, which is built beside its place
/// and renamed. An existing folder is replaced only if it holds a plan or is empty.
llvm::Error writePlanFolder(const PlanRequest &request, const PlannedModel &planned, const Profile &profile,
                            llvm::StringRef directory);

} // namespace codesign
