#include "codesign/Cost/CostModel.h"

#include "CalibrationLookup.h"
#include "ErrorBands.h"
#include "ProductModels.h"
#include "codesign/Cost/AttentionModel.h"
#include "codesign/Cost/DecodeModel.h"
#include "codesign/Cost/Energy.h"
#include "codesign/Cost/GroupedGemmModel.h"
#include "codesign/Cost/OwnStream.h"
#include "codesign/Cost/StreamModel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include <cmath>
#include <map>

namespace codesign {

llvm::StringRef toString(EstimateSource source) {
  switch (source) {
  case EstimateSource::Measured:
    return "measured";
  case EstimateSource::Calibrated:
    return "calibrated";
  case EstimateSource::Simulated:
    return "simulated";
  case EstimateSource::Datasheet:
    return "datasheet";
  }
  llvm_unreachable("unknown source");
}

namespace {

/// Half width of the band of own kernels whose main loops a set describes, or none.
double ownBand(const CalibrationSet *set) {
  return set ? halfWidth(set->absoluteBand("all"), assumedOwnKernelBand) : assumedOwnKernelBand;
}

/// A product as own kernels compute it.
struct OwnProduct {
  GemmShape shape; // of experts, the mean of those with rows
  const std::vector<GemmSchedule> &schedules;
  const GemmModel &model; // whose tiles are those of the schedules
  bool randomRows = false;
};

/// The type in which an operator multiplies; none for operators without products.
std::optional<DataType> multipliedType(const OperatorShape &shape) {
  if (const auto *gemm = std::get_if<GemmShape>(&shape))
    return gemm->input;
  if (const auto *grouped = std::get_if<GroupedGemmShape>(&shape))
    return grouped->input;
  if (const auto *attention = std::get_if<AttentionShape>(&shape))
    return attention->type;
  if (std::holds_alternative<DecodeAttentionShape>(shape))
    return DataType::BF16;
  return std::nullopt;
}

} // namespace

struct CostModel::Implementation {
  const Profile &profile;
  CostOptions options;
  CalibrationLookup calibrations;
  ProductModels products;
  std::map<CalibrationName, GroupedGemmModel> groupedGemms;
  std::map<CalibrationName, AttentionModel> attentions;
  std::map<CalibrationName, DecodeModel> decodes;
  std::optional<StreamModel> norms, elementwise;
  std::optional<CollectiveModel> collectives;

  Implementation(const Profile &profile, const CostOptions &options)
      : profile(profile), options(options), calibrations(profile, options.library),
        products(profile, this->options, calibrations) {
    norms.emplace(profile, calibrations.constantsOf<StreamConstants>({"norm", std::nullopt}));
    elementwise.emplace(profile, calibrations.constantsOf<StreamConstants>({"elementwise", std::nullopt}));
    std::array<CollectiveConstants, 5> kinds;
    for (size_t kind = 0; kind < kinds.size(); ++kind)
      kinds[kind] = calibrations.constantsOf<CollectiveConstants>(
          {calibrationKind(static_cast<CollectiveKind>(kind)), std::nullopt});
    collectives.emplace(profile, kinds);
  }

  /// The model for a name, built when it is first asked for.
  template <class Model, class Make>
  const Model &cached(std::map<CalibrationName, Model> &models, CalibrationName name, Make make) {
    auto found = models.find(name);
    if (found == models.end())
      found = models.emplace(name, make()).first;
    return found->second;
  }

  const GemmModel &dense(const GemmShape &s) {
    return products.of(calibrations.nameOf(s), false, layoutOf(s.pass));
  }
  Breakdown operator()(const GemmShape &s) { return dense(s).breakdown(s, &choice); }
  /// The constants that own kernels of experts share with those of dense layers.
  CalibrationName denseName(const GroupedGemmShape &s) const {
    return calibrations.nameOf(GemmShape{.input = s.input, .scaling = s.scaling});
  }
  /// Own kernels: a product for each expert with rows, all in one launch.
  static GemmShape meanOf(const GroupedGemmShape &s) {
    const ExpertLoads loads = ExpertLoads::of(s, ExpertSpread::Random, /*busiestFactor=*/1);
    const double touched = std::max(1.0, std::round(loads.touched()));
    return {.m = std::max<int64_t>(1, std::llround(loads.rows() / touched)),
            .n = s.n,
            .k = s.k,
            .batch = static_cast<int64_t>(touched),
            .input = s.input,
            .output = s.output,
            .scaling = s.scaling};
  }
  const GemmModel &ownExperts(const GroupedGemmShape &s) {
    return products.of(denseName(s), /*experts=*/true);
  }
  OwnProduct ownProduct(const OperatorShape &shape) {
    if (const auto *grouped = std::get_if<GroupedGemmShape>(&shape))
      return {meanOf(*grouped), products.ownSchedules(ownKey(*grouped)), ownExperts(*grouped), true};
    const auto &gemm = std::get<GemmShape>(shape);
    return {gemm, products.ownSchedules(ownKey(gemm)), dense(gemm)};
  }
  GemmSchedule scheduleOf(const OperatorShape &shape, const GemmCandidate &candidate) {
    GemmSchedule schedule = ownProduct(shape).schedules[candidate.tile];
    schedule.splitK = candidate.splitK;
    schedule.streamK = candidate.streamK;
    return schedule;
  }
  /// What the simulator said of the main loop of a schedule; null where it said nothing.
  const CalibrationSet *ownSetFor(const GemmSchedule &schedule, const OperatorShape &shape) const {
    const auto *grouped = std::get_if<GroupedGemmShape>(&shape);
    const CalibrationName name = grouped ? denseName(*grouped) : calibrations.nameOf(shape);
    return streamsWeights(schedule.family) ? ownKernelSet(profile, *name.type, streamKindOf(name))
                                           : ownKernelSetFor(profile, *name.type, name.kind, schedule);
  }
  Breakdown operator()(const GroupedGemmShape &s) {
    if (options.provider == Provider::Own)
      return ownExperts(s).breakdownOfRandomRows(meanOf(s), &choice);
    return atSustainedRate(grouped(calibrations.nameOf(s)).breakdown(s), s, s.input);
  }
  Breakdown operator()(const MoeRoutingShape &s) { return grouped(calibrations.nameOf(s)).routing(s); }
  Breakdown operator()(const AttentionShape &s) {
    CalibrationName name = calibrations.nameOf(s);
    const AttentionModel &model = cached(attentions, name, [&] {
      AttentionConstants constants = calibrations.constantsOf<AttentionConstants>(name);
      if (s.backward && !calibrations.setFor(name))
        constants = AttentionModel::backwardPrior(
            calibrations.constantsOf<AttentionConstants>({"prefill", name.type}));
      return AttentionModel(profile, constants);
    });
    return atSustainedRate(model.breakdown(s), s, s.type);
  }
  Breakdown operator()(const DecodeAttentionShape &s) {
    CalibrationName name = calibrations.nameOf(s);
    return cached(decodes, name,
                  [&] { return DecodeModel(profile, calibrations.constantsOf<DecodeConstants>(name)); })
        .breakdown(s);
  }
  Breakdown operator()(const NormShape &s) { return norms->breakdown(s); }
  Breakdown operator()(const ElementwiseShape &s) { return elementwise->breakdown(s); }
  Breakdown operator()(const CollectiveShape &s) { return collectives->breakdown(s); }

  const GroupedGemmModel &grouped(CalibrationName name) {
    return cached(groupedGemms, name, [&] {
      return GroupedGemmModel(profile, calibrations.constantsOf<GroupedGemmConstants>(name));
    });
  }

  /// Long runs cannot multiply faster than the best sustained rate that anyone measured on the device.
  Breakdown atSustainedRate(Breakdown breakdown, const OperatorShape &shape, DataType type) const {
    if (!options.sustained)
      return breakdown;
    const double atLimit =
        flops(shape).value / profile.achievableMatrixFor(profile.matrixTypeFor(type)).value;
    breakdown.add("power limit", std::max(0.0, atLimit - breakdown.time().value));
    return breakdown;
  }

  GemmChoice choice; // of the last dense product
};

CostModel::CostModel(const Profile &profile, const CostOptions &options)
    : implementation(std::make_unique<Implementation>(profile, options)) {}
CostModel::~CostModel() = default;
CostModel::CostModel(CostModel &&) noexcept = default;

Seconds CostModel::time(const OperatorShape &shape) const {
  return std::visit(*implementation, shape).time();
}

Estimate CostModel::estimate(const OperatorShape &shape) const {
  Estimate result;
  result.breakdown = std::visit(*implementation, shape);
  result.flops = flops(shape);
  result.bytes = compulsoryBytes(shape);
  const bool ownExperts =
      implementation->options.provider == Provider::Own && std::holds_alternative<GroupedGemmShape>(shape);
  if (std::holds_alternative<GemmShape>(shape) || ownExperts)
    result.gemm = implementation->choice;

  const Profile &device = profile();
  BusyTimes busy;
  const std::optional<DataType> type = multipliedType(shape);
  if (type)
    busy.matrix = result.flops / device.achievableMatrixFor(device.matrixTypeFor(*type));
  busy.memory = result.bytes / device.memory.datasheetBandwidth;
  if (std::holds_alternative<CollectiveShape>(shape))
    busy.links = result.time();
  result.energy = energy(result.time(), busy, device.power);

  const bool product =
      std::holds_alternative<GemmShape>(shape) || std::holds_alternative<GroupedGemmShape>(shape);
  if (product && type && implementation->calibrations.isWidened(*type))
    result.basis = (toString(*type) + " weights, bf16 products").str();
  const CalibrationSet *set = implementation->calibrations.setFor(implementation->calibrations.nameOf(shape));
  if (implementation->options.provider == Provider::Own) {
    result.source = EstimateSource::Datasheet;
    result.band = ownBand(nullptr);
    if (result.gemm) {
      result.schedule = implementation->scheduleOf(
          shape,
          {.tile = result.gemm->tileIndex, .splitK = result.gemm->splitK, .streamK = result.gemm->streamK});
      const CalibrationSet *own = implementation->ownSetFor(*result.schedule, shape);
      result.source = own ? EstimateSource::Simulated : EstimateSource::Datasheet;
      result.band = ownBand(own);
    }
  } else {
    result.band = libraryBand(set, shape);
    result.source = !set || !set->borrowedFrom.empty() ? EstimateSource::Datasheet
                    : set->evidence == "simulated"     ? EstimateSource::Simulated
                                                       : EstimateSource::Calibrated;
  }
  return result;
}

std::optional<Seconds> CostModel::timeOf(const GemmSchedule &schedule, const OperatorShape &shape) const {
  assert(implementation->options.provider == Provider::Own && "the library chooses for itself");
  if (!supports(shape))
    return std::nullopt;
  const OwnProduct product = implementation->ownProduct(shape);
  GemmSchedule plain = schedule;
  plain.splitK = 1;
  plain.streamK = false;
  const auto found = llvm::find(product.schedules, plain);
  if (found == product.schedules.end())
    return std::nullopt;
  const Seconds time = product.model.timeOf(product.shape,
                                            {.tile = static_cast<size_t>(found - product.schedules.begin()),
                                             .splitK = schedule.splitK,
                                             .streamK = schedule.streamK},
                                            product.randomRows);
  return std::isinf(time.value) ? std::nullopt : std::optional(time);
}

std::optional<RunnerUp> CostModel::runnerUp(const Estimate &chosen, const OperatorShape &shape) const {
  assert(implementation->options.provider == Provider::Own && chosen.schedule && "of own kernels");
  const OwnProduct product = implementation->ownProduct(shape);
  const GemmSchedule &first = *chosen.schedule;
  llvm::BitVector alike(product.schedules.size());
  for (auto [tile, schedule] : llvm::enumerate(product.schedules))
    if (schedule.family == first.family && schedule.macroTileM == first.macroTileM &&
        schedule.macroTileN == first.macroTileN)
      alike.set(tile);
  const std::optional<GemmCandidate> found =
      product.model.cheapestWithout(alike, product.shape, product.randomRows);
  if (!found)
    return std::nullopt;
  const GemmSchedule second = implementation->scheduleOf(shape, *found);
  // The sum of the terms of the first and this price may round apart where they are one.
  const Seconds time = product.model.timeOf(product.shape, *found, product.randomRows);
  return RunnerUp{.schedule = second,
                  .time = std::max(time, chosen.time()),
                  .ratioBand = std::hypot(chosen.band, ownBand(implementation->ownSetFor(second, shape)))};
}

double CostModel::ratioBand(const OperatorShape &from, const OperatorShape &to) const {
  const CalibrationLookup &calibrations = implementation->calibrations;
  return codesign::ratioBand(calibrations.setFor(calibrations.nameOf(from)), from,
                             calibrations.setFor(calibrations.nameOf(to)), to);
}

bool CostModel::supports(const OperatorShape &shape) const {
  if (implementation->options.provider == Provider::Library)
    return true;
  if (const auto *grouped = std::get_if<GroupedGemmShape>(&shape))
    return grouped->pass == Pass::Forward && !implementation->products.ownSchedules(ownKey(*grouped)).empty();
  const auto *gemm = std::get_if<GemmShape>(&shape);
  return gemm && gemm->batch == 1 && !implementation->products.ownSchedules(ownKey(*gemm)).empty();
}

std::string CostModel::providerName(const OperatorShape &shape) const {
  if (implementation->options.provider == Provider::Own)
    return "codesign";
  const CalibrationSet *set = implementation->calibrations.setFor(implementation->calibrations.nameOf(shape));
  if (set && set->borrowedFrom.empty())
    return set->key.provider;
  return profile().vendor == Vendor::Amd ? "rocm libraries" : "cuda libraries";
}

const Profile &CostModel::profile() const {
  return implementation->profile;
}

} // namespace codesign
