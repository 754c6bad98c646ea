#include "codesign/Search/Providers.h"

namespace codesign {

static CostOptions ownOptions(const CostOptions &library, std::function<bool(const GemmSchedule &)> canEmit) {
  CostOptions options = library;
  options.provider = Provider::Own;
  options.canEmit = std::move(canEmit);
  return options;
}

Providers::Providers(const Profile &profile, const CostOptions &library,
                     std::function<bool(const GemmSchedule &)> canEmit)
    : libraryModel(profile, library), ownModel(profile, ownOptions(library, std::move(canEmit))) {}

std::optional<Estimate> Providers::ownKernel(const GemmShape &shape) const {
  if (!ownModel.supports(shape))
    return std::nullopt;
  return ownModel.estimate(shape);
}

Providers::Choice Providers::choose(const OperatorShape &shape) const {
  Choice choice;
  choice.estimate = libraryModel.estimate(shape);
  choice.provider = libraryModel.providerName(shape);
  if (!ownModel.supports(shape))
    return choice;
  choice.alternative = ownModel.estimate(shape);
  choice.alternativeProvider = "codesign";
  const double gain = 1 - choice.alternative->time() / choice.estimate.time();
  if (gain > choice.estimate.band + choice.alternative->band) {
    std::swap(choice.estimate, *choice.alternative);
    std::swap(choice.provider, choice.alternativeProvider);
  }
  return choice;
}

} // namespace codesign
