#include "codesign/Search/Providers.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"

namespace codesign {

static CostOptions ownOptions(const CostOptions &library, std::function<bool(const GemmSchedule &)> canEmit) {
  CostOptions options = library;
  options.provider = Provider::Own;
  options.canEmit = std::move(canEmit);
  return options;
}

static CostOptions with(bool CostOptions::*form, CostOptions options) {
  options.*form = true;
  return options;
}

Providers::Providers(const Profile &profile, const CostOptions &library,
                     std::function<bool(const GemmSchedule &)> canEmit)
    : libraryModel(profile, library), ownModel(profile, ownOptions(library, canEmit)),
      shuffledModel(profile, with(&CostOptions::shuffledWeights, ownOptions(library, canEmit))),
      paddedModel(profile, with(&CostOptions::paddedWeights, ownOptions(library, canEmit))),
      listedModel(profile, with(&CostOptions::listedRows, ownOptions(library, canEmit))) {}

bool Providers::hasOwn(const OperatorShape &shape) const {
  if (!ownModel.supports(shape))
    return false;
  // Own kernels load 16 bytes at once, so every row of k elements must be a multiple of them.
  const auto isAligned = [](const auto &product) {
    return product.k * bitWidth(product.input) % (16 * 8) == 0;
  };
  if (const auto *grouped = std::get_if<GroupedGemmShape>(&shape))
    return isAligned(*grouped);
  const auto *gemm = std::get_if<GemmShape>(&shape);
  if (!gemm)
    return true;
  // Operands that are transposed come four columns at a time, along the output's rows and columns, on NVIDIA
  // devices 16 bytes at a time.
  const int64_t together = profile().vendor == Vendor::Nvidia ? 16 * 8 / bitWidth(gemm->input) : 4;
  const auto isTransposable = [&](int64_t extent) { return extent % together == 0; };
  if (gemm->pass != Pass::Forward && !isTransposable(gemm->n))
    return false;
  // Scales of rows lie along the sum over them.
  if (gemm->pass == Pass::WeightGradient && gemm->scaling == Scaling::PerToken)
    return false;
  return gemm->pass == Pass::WeightGradient ? isTransposable(gemm->m) : isAligned(*gemm);
}

const CostModel &Providers::ownModelOf(OwnForm form) const {
  switch (form) {
  case OwnForm::Rows:
    return ownModel;
  case OwnForm::PaddedWeights:
    return paddedModel;
  case OwnForm::ShuffledWeights:
    return shuffledModel;
  case OwnForm::ListedRows:
    return listedModel;
  }
  llvm_unreachable("unknown form");
}

/// Whether rows that start at multiples of 512 bytes were slower than others in what was measured of the
/// device, or, without that, of one like it: AITER's block-scaled products, the only ones with rows of either
/// kind.
static bool rowsConflict(const Profile &profile) {
  const auto &sets = profile.calibration.sets; // borrowed ones last
  const auto found = llvm::find_if(sets, [](const CalibrationSet &set) {
    return set.key.operatorKind == "gemm_block128" && set.constant("row_conflict_cycles");
  });
  return profile.vendor == Vendor::Amd && found != sets.end() && *found->constant("row_conflict_cycles") > 0;
}

bool Providers::hasOwn(const OperatorShape &shape, OwnForm form) const {
  const auto *gemm = std::get_if<GemmShape>(&shape);
  const auto *grouped = std::get_if<GroupedGemmShape>(&shape);
  const auto isProduct = [&](auto holds) { return gemm ? holds(*gemm) : grouped && holds(*grouped); };
  switch (form) {
  case OwnForm::Rows:
    return hasOwn(shape);
  case OwnForm::PaddedWeights:
    return isProduct([](const auto &product) {
             return product.pass == Pass::Forward && rowsMeetInChannels(product.k, product.input);
           }) &&
           rowsConflict(profile()) && hasOwn(shape);
  case OwnForm::ShuffledWeights:
    return isProduct([](const auto &product) {
             return product.n % shuffledBlockRows == 0 &&
                    product.k * bitWidth(product.input) % (shuffledBlockBytes * 8) == 0;
           }) &&
           shuffledModel.supports(shape);
  case OwnForm::ListedRows:
    return grouped && hasOwn(shape) && listedModel.supports(shape);
  }
  llvm_unreachable("unknown form");
}

std::optional<Estimate> Providers::ownKernel(const OperatorShape &shape, OwnForm form) const {
  return hasOwn(shape, form) ? std::optional(ownModelOf(form).estimate(shape)) : std::nullopt;
}

Providers::Choice Providers::choose(const OperatorShape &shape) const {
  Choice choice;
  choice.estimate = libraryModel.estimate(shape);
  choice.provider = libraryModel.providerName(shape);
  if (!hasOwn(shape))
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
