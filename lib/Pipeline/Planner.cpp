#include "codesign/Frontend/Frontend.h"
#include "codesign/Lowering/Gemm.h"
#include "codesign/Pipeline/Pipeline.h"
#include "codesign/Planning/Planning.h"
#include "codesign/Search/Check.h"
#include "codesign/Search/Constraints.h"
#include "codesign/Search/PlanBuilder.h"
#include "codesign/Search/Search.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace codesign {

Providers makeProviders(const Profile &profile, const PlanOptions &options) {
  CostOptions cost;
  cost.library = options.library;
  cost.sustained = options.sustained;
  return Providers(profile, cost, [&profile](const GemmSchedule &schedule) {
    llvm::Expected<GemmKernel> kernel = gemmKernel(schedule, profile);
    if (kernel)
      return true;
    llvm::consumeError(kernel.takeError());
    return false;
  });
}

static arch::ModelOp modelIn(mlir::ModuleOp module) {
  return *module.getOps<arch::ModelOp>().begin();
}

llvm::Expected<Space> makeSpace(mlir::ModuleOp module) {
  arch::ModelOp model = modelIn(module);
  llvm::Expected<Space> space = spaceFrom(model);
  if (!space || hasDomains(model))
    return space;
  Space around = defaultNeighbourhood(std::move(*space));
  if (llvm::Error error = validate(around))
    return error;
  writeDomains(model, around);
  return around;
}

/// The search knows the names, the request knows where they stand.
static llvm::Error checkGuardRailNames(const PlanRequest &request) {
  for (const GuardRailChange &change : request.guardRails) {
    auto place = request.locations.find("constraints." + change.name);
    if (place != request.locations.end() && !llvm::is_contained(guardRailNames(), change.name))
      return inputError(place->second, "there is no guard-rail '" + change.name + "'" +
                                           didYouMean(change.name, guardRailNames()));
  }
  return llvm::Error::success();
}

llvm::Expected<Space> makeSpace(const PlanRequest &request) {
  if (llvm::Error error = checkGuardRailNames(request))
    return error;
  mlir::MLIRContext context;
  auto module = buildArchModule(context, request);
  if (!module)
    return module.takeError();
  return makeSpace(**module);
}

llvm::Error printArchIr(const PlanRequest &request, llvm::raw_ostream &stream) {
  mlir::MLIRContext context;
  auto module = buildArchModule(context, request);
  if (!module)
    return module.takeError();
  llvm::Expected<Space> space = makeSpace(**module);
  if (!space)
    return space.takeError();
  (*module)->print(stream);
  stream << '\n';
  return llvm::Error::success();
}

llvm::Error printPlanIr(const PlanRequest &request, const Plan &plan, llvm::raw_ostream &stream) {
  mlir::MLIRContext context;
  auto module = buildArchModule(context, request);
  if (!module)
    return module.takeError();
  attachPlan(modelIn(**module), plan);
  (*module)->print(stream);
  stream << '\n';
  return llvm::Error::success();
}

/// Costs need a price.
static llvm::Error checkPrice(const PlanRequest &request, const Profile &profile) {
  if (request.objective == Objective::Cost && !profile.priceDollarsPerHour)
    return usageError("the objective is cost, and " + profile.name +
                      " has no price: give --price DOLLARS_PER_HOUR");
  return llvm::Error::success();
}

llvm::Expected<PlannedModel> planModel(const PlanRequest &request, const Profile &profile,
                                       const PlanOptions &options) {
  if (llvm::Error error = checkPrice(request, profile))
    return error;
  llvm::Expected<Space> space = makeSpace(request);
  if (!space)
    return space.takeError();
  const Providers providers = makeProviders(profile, options);
  *space = withBestBaseSplits(std::move(*space), providers);
  if (llvm::Error error = checkBaseSplits(*space))
    return error;
  SearchOptions searchOptions;
  searchOptions.numBest = options.numBest;
  searchOptions.tieBand = tieBandOf(*space, providers);
  const MemoPricer pricer(providers); // the searches ask for many of the same shapes
  llvm::Expected<SearchResult> result = search(*space, pricer, searchOptions);
  if (!result)
    return result.takeError();
  llvm::Expected<std::vector<Alternative>> alternatives = searchAlternatives(*space, *result, pricer);
  if (!alternatives)
    return alternatives.takeError();
  llvm::Expected<std::vector<Alternative>> relaxed = searchWithoutGuardRails(*space, *result, pricer);
  if (!relaxed)
    return relaxed.takeError();
  PlannedModel planned;
  planned.plan = buildPlan(*space, *result, providers, *alternatives, *relaxed);
  planned.chosen = result->best.empty() ? baseVariant(*space) : result->best.front().variant;
  planned.plan.kernels = selectKernels(*space, planned.chosen, providers);
  const std::vector<std::string> without = layersWithoutKernel(*space, planned.chosen, providers);
  planned.space = std::move(*space);
  if (planned.plan.kernels.empty())
    planned.plan.warnings.push_back("codesign has no kernels of its own for these types on " + profile.name +
                                    " yet: the plan is priced with the vendor's library, nothing is emitted");
  else if (!without.empty())
    planned.plan.warnings.push_back("codesign has no kernels of its own for " + llvm::join(without, ", ") +
                                    ": the vendor's library serves them");
  return planned;
}

llvm::Expected<PlannedModel> priceModel(const PlanRequest &request, const Profile &profile,
                                        const PlanOptions &options) {
  llvm::Expected<Space> space = makeSpace(request);
  if (!space)
    return space.takeError();
  const Providers providers = makeProviders(profile, options);
  if (llvm::Error error = checkBaseSplits(*space))
    return error;
  const Variant base = baseVariant(*space);
  SearchResult alone;
  alone.reference = referenceOf(*space, base, providers);
  PlannedModel planned;
  planned.plan = buildPlan(*space, alone, providers);
  llvm::append_range(planned.plan.warnings, guardRailWarnings(*space));
  planned.plan.kernels = selectKernels(*space, base, providers);
  planned.chosen = base;
  planned.space = std::move(*space);
  return planned;
}

} // namespace codesign
