#include "codesign/Planning/Passes.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Planning/Planning.h"
#include "codesign/Search/PlanBuilder.h"

namespace codesign {

#define GEN_PASS_DEF_ARCHDEFAULTNEIGHBOURHOOD
#define GEN_PASS_DEF_ARCHSEARCH
#include "lib/Planning/Passes.h.inc"

namespace {

struct DefaultNeighbourhood : impl::ArchDefaultNeighbourhoodBase<DefaultNeighbourhood> {
  void runOnOperation() override {
    arch::ModelOp model = getOperation();
    if (hasDomains(model))
      return;
    llvm::Expected<Space> space = spaceFrom(model);
    if (space) {
      writeDomains(model, neighbourhoodOf(model, *space));
      return;
    }
    model.emitError(llvm::toString(space.takeError()));
    signalPassFailure();
  }
};

struct SearchPass : impl::ArchSearchBase<SearchPass> {
  using ArchSearchBase::ArchSearchBase;

  void runOnOperation() override {
    arch::ModelOp model = getOperation();
    llvm::Expected<Plan> plan = planFor(model);
    if (plan) {
      attachPlan(model, *plan);
      return;
    }
    model.emitError(llvm::toString(plan.takeError()));
    signalPassFailure();
  }

  llvm::Expected<Plan> planFor(arch::ModelOp model) {
    llvm::Expected<Profile> device = loadProfile(profile, {});
    if (!device)
      return device.takeError();
    llvm::Expected<Space> space = spaceFrom(model);
    if (!space)
      return space.takeError();
    if (!hasDomains(model))
      *space = neighbourhoodOf(model, *space);
    // What can be emitted is not known here, so own kernels stay out.
    Providers providers(*device, CostOptions(), [](const GemmSchedule &) { return false; });
    SearchOptions options;
    options.numBest = numBest;
    options.tieBand = tieBandOf(*space, providers);
    llvm::Expected<SearchResult> result = search(*space, providers, options);
    if (!result)
      return result.takeError();
    return buildPlan(*space, *result, providers);
  }
};

} // namespace

} // namespace codesign
