#include "codesign/Cost/CostModel.h"

#include "codesign/Cost/AttentionModel.h"
#include "codesign/Cost/CollectiveModel.h"
#include "codesign/Cost/DecodeModel.h"
#include "codesign/Cost/Energy.h"
#include "codesign/Cost/GroupedGemmModel.h"
#include "codesign/Cost/KindOfChange.h"
#include "codesign/Cost/OwnStream.h"
#include "codesign/Cost/Regime.h"
#include "codesign/Cost/StreamModel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
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

/// Half widths used where nothing was held out, beside datasheetBand: assumptions, reported as such through
/// EstimateSource::Datasheet.
constexpr double assumedOwnKernelBand = 0.40;
constexpr double assumedRatioBand = 0.10;
/// Share of the library's main-loop rate that own kernels are assumed to reach (HipKittens reports 0.95
/// to 1.0 of hipBLASLt for hand-tuned CDNA3 kernels; emitted ones have not been timed).
constexpr double assumedOwnKernelRate = 0.9;

double halfWidth(const ErrorBand *band, double otherwise) {
  return band ? std::max(band->high - 1, 1 - band->low) : otherwise;
}

/// Half width of the band of one prediction by a set's constants, or by none.
double libraryBand(const CalibrationSet *set, const OperatorShape &shape) {
  if (!set)
    return datasheetBand;
  const double band = halfWidth(set->absoluteBand(regimeOf(shape)), datasheetBand);
  return set->borrowedFrom.empty() ? band : std::max(datasheetBand, 2 * band);
}

constexpr llvm::StringLiteral blockScaledGemm = "gemm_block128";

/// The operator kind and type under which constants for a shape are stored.
struct CalibrationName {
  llvm::StringRef kind;
  std::optional<DataType> type;

  bool operator<(const CalibrationName &other) const {
    return std::tie(kind, type) < std::tie(other.kind, other.type);
  }
};

struct NameOf {
  CalibrationName operator()(const GemmShape &s) const {
    return {s.scaling == Scaling::Block128 ? blockScaledGemm : "gemm", s.input};
  }
  CalibrationName operator()(const GroupedGemmShape &s) const {
    return {s.scaling == Scaling::Block128 ? "moe_block128" : "moe", s.input};
  }
  CalibrationName operator()(const MoeRoutingShape &s) const { return {"moe", s.type}; }
  CalibrationName operator()(const AttentionShape &s) const {
    return {s.backward ? "prefill_backward" : "prefill", s.keyValueType};
  }
  CalibrationName operator()(const DecodeAttentionShape &s) const { return {"decode", s.keyValueType}; }
  CalibrationName operator()(const NormShape &) const { return {"norm", std::nullopt}; }
  CalibrationName operator()(const ElementwiseShape &) const { return {"elementwise", std::nullopt}; }
  CalibrationName operator()(const CollectiveShape &s) const {
    return {calibrationKind(s.kind), std::nullopt};
  }
};

/// Under which the loop of own kernels that stream weights is stored.
llvm::StringRef streamKindOf(const CalibrationName &product) {
  return product.kind == blockScaledGemm ? ownBlockStreamKind : ownStreamKind;
}

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

/// What own schedules are listed for.
struct OwnKey {
  DataType type;
  bool blockScaled, experts;
  GemmLayout layout;
  auto operator<=>(const OwnKey &) const = default;
};
template <class Shape>
OwnKey ownKey(const Shape &shape) {
  return {shape.input, shape.scaling == Scaling::Block128, std::is_same_v<Shape, GroupedGemmShape>,
          layoutOf(shape.pass)};
}

} // namespace

struct CostModel::Implementation {
  const Profile &profile;
  CostOptions options;
  std::map<OwnKey, std::vector<GemmSchedule>> schedules;
  std::map<CalibrationName, GemmModel> gemms;
  std::map<CalibrationName, GemmModel> expertGemms, transposedGemms[2]; // of own kernels
  std::map<CalibrationName, GroupedGemmModel> groupedGemms;
  std::map<CalibrationName, AttentionModel> attentions;
  std::map<CalibrationName, DecodeModel> decodes;
  std::optional<StreamModel> norms, elementwise;
  std::optional<CollectiveModel> collectives;
  std::array<bool, static_cast<size_t>(DataType::I4) + 1> widened;

  Implementation(const Profile &profile, const CostOptions &options) : profile(profile), options(options) {
    norms.emplace(profile, constantsOf<StreamConstants>({"norm", std::nullopt}));
    elementwise.emplace(profile, constantsOf<StreamConstants>({"elementwise", std::nullopt}));
    for (size_t i = 0; i < widened.size(); ++i) {
      const auto type = static_cast<DataType>(i);
      const DataType multiplied = profile.matrixTypeFor(type);
      widened[i] = multiplied != type && bytesPerElement(type) < bytesPerElement(multiplied);
    }
    std::array<CollectiveConstants, 5> kinds;
    for (size_t kind = 0; kind < kinds.size(); ++kind)
      kinds[kind] = constantsOf<CollectiveConstants>(
          {calibrationKind(static_cast<CollectiveKind>(kind)), std::nullopt});
    collectives.emplace(profile, kinds);
  }

  /// Products of a narrow type that the matrix units lack run on kernels of bf16, which widen the weights.
  bool isWidened(DataType type) const { return widened[static_cast<size_t>(type)]; }
  CalibrationName nameOf(const GemmShape &s) const {
    return isWidened(s.input) ? CalibrationName{"gemm", DataType::BF16} : NameOf{}(s);
  }
  CalibrationName nameOf(const GroupedGemmShape &s) const {
    return isWidened(s.input) ? CalibrationName{"moe", DataType::BF16} : NameOf{}(s);
  }
  template <class Shape>
  CalibrationName nameOf(const Shape &s) const {
    return NameOf{}(s);
  }
  CalibrationName nameOf(const OperatorShape &shape) const {
    return std::visit([&](const auto &s) { return nameOf(s); }, shape);
  }

  const CalibrationSet *setFor(CalibrationName name) const {
    // Own sets before borrowed ones. Attention kernels of another type tell more than those of another
    // device.
    const bool attention = name.kind == "prefill" || name.kind == "prefill_backward";
    if (const CalibrationSet *own = setFor(name, /*borrowed=*/false, /*anyType=*/false))
      return own;
    if (const CalibrationSet *own = attention ? setFor(name, false, true) : nullptr)
      return own;
    return setFor(name, true, false);
  }

  const CalibrationSet *setFor(CalibrationName name, bool borrowed, bool anyType) const {
    const CalibrationSet *first = nullptr;
    for (const CalibrationSet &set : profile.calibration.sets) {
      const bool typeFits =
          anyType || !set.key.dataType || !name.type || isAlike(*set.key.dataType, *name.type);
      if (set.borrowedFrom.empty() == borrowed || set.key.operatorKind != name.kind || !typeFits ||
          set.key.provider == ownKernelProvider)
        continue;
      if (options.library.empty() || set.key.provider == options.library)
        return &set;
      if (!first)
        first = &set;
    }
    return first;
  }

  template <class Constants>
  Constants constantsOf(CalibrationName name) const {
    return constantsFrom<Constants>(setFor(name), Constants::fields());
  }

  /// The model for a name, built when it is first asked for.
  template <class Model, class Make>
  const Model &cached(std::map<CalibrationName, Model> &models, CalibrationName name, Make make) {
    auto found = models.find(name);
    if (found == models.end())
      found = models.emplace(name, make()).first;
    return found->second;
  }

  /// Own schedules, found once.
  const std::vector<GemmSchedule> &ownSchedules(OwnKey key) {
    auto found = schedules.find(key);
    if (found != schedules.end())
      return found->second;
    // Plans say fp8 for either encoding; the device has one of them.
    const DataType native = isFloat8(key.type) ? profile.nativeFloat8().value_or(key.type) : key.type;
    std::vector<GemmSchedule> list =
        legalGemmSchedules(profile, native, key.layout, key.blockScaled, options.shuffledWeights);
    const llvm::StringRef kind = key.blockScaled ? llvm::StringRef(blockScaledGemm) : "gemm";
    // Loops of another form are offered where the simulator has timed them. It runs AMD's code only; wgmma
    // and ldmatrix transpose at no cost.
    const auto isTimed = [&](const GemmSchedule &schedule) {
      const LoopForm form = LoopForm::of(schedule);
      return form == LoopForm() || profile.vendor == Vendor::Nvidia ||
             ownKernelSet(profile, native, ownKernelKind(kind, form));
    };
    // Fewer waves than SIMDs leave matrix units idle, which the closed form does not price.
    llvm::erase_if(list, [&](const GemmSchedule &schedule) {
      return !isTimed(schedule) || schedule.waves() < profile.compute.simdsPerComputeUnit ||
             (key.experts && !hasRoomForExperts(schedule, profile)) ||
             (key.experts && options.listedRows && !takesListedRows(schedule)) ||
             (options.canEmit && !options.canEmit(schedule));
    });
    llvm::stable_sort(
        list, [](const GemmSchedule &a, const GemmSchedule &b) { return preferenceOf(a) < preferenceOf(b); });
    return schedules.emplace(key, std::move(list)).first->second;
  }

  std::map<CalibrationName, GemmModel> &modelsOf(bool experts, GemmLayout layout) {
    if (experts)
      return expertGemms;
    return layout == GemmLayout::NT ? gemms : transposedGemms[layout == GemmLayout::TN];
  }

  /// Libraries have one model for all layouts.
  const GemmModel &gemm(CalibrationName name, bool experts = false, GemmLayout layout = GemmLayout::NT) {
    if (options.provider == Provider::Library)
      layout = GemmLayout::NT;
    return cached(modelsOf(experts, layout), name, [&] {
      const CalibrationSet *set = setFor(name);
      GemmConstants constants =
          constantsFrom<GemmConstants>(set, GemmConstants::fields(), GemmConstants::prior(profile));
      if (options.provider == Provider::Library) {
        GemmModel model(profile, constants, {.tiles = libraryTiles(profile)}, options.sustained);
        if (options.corrected && set && set->corrections &&
            set->corrections->computeUnits == profile.compute.computeUnits)
          model.correct(*set->corrections);
        return model;
      }
      const DataType type = name.type.value_or(DataType::BF16);
      dropLibraryRules(constants);
      useOwnSplit(constants, profile);
      OwnLoop loop;
      double ofPlainLoop = 1; // its share of the matrix rate, before the library's
      const CalibrationSet *simulated = ownKernelSet(profile, type, name.kind);
      if (simulated) {
        loop = OwnLoop::from(*simulated);
        ofPlainLoop = loop.mmaEfficiency;
        useOwnLoop(constants, loop);
        loop.mmaEfficiency = constants.mmaEfficiency;
      } else {
        constants.mmaEfficiency *= assumedOwnKernelRate;
      }
      const CalibrationSet *streamed = ownKernelSet(profile, type, streamKindOf(name));
      GemmKernels kernels{.tiles = {}, .swapsOperands = false};
      kernels.weightRowsConflict = !options.shuffledWeights && !options.paddedWeights;
      // AMD's loops were timed with what L2 gives a compute unit; its dies have an L2 each.
      if (profile.vendor == Vendor::Nvidia)
        kernels.deviceBytesPerClock = deviceBytesPerClock(profile);
      for (const GemmSchedule &schedule :
           ownSchedules({type, name.kind == blockScaledGemm, experts, layout})) {
        GemmTile tile = gemmTile(schedule, profile);
        if (simulated && !streamsWeights(schedule.family)) {
          const LoopParts parts = loopParts(schedule, profile, type);
          OwnLoop own = OwnLoop::from(*ownKernelSetFor(profile, type, name.kind, schedule));
          own.mmaEfficiency *= loop.mmaEfficiency / ofPlainLoop;
          // Loops of another form have constants of their own; the model's are those of the plain one.
          tile.exposedCycles = own.clocks(parts) - loop.slowest(parts) - loop.stepOverhead * parts.perDepth;
        } else if (streamed && streamsWeights(schedule.family)) {
          useOwnStream(tile, OwnStream::from(*streamed), streamParts(schedule, profile, type), constants);
        }
        kernels.tiles.push_back(tile);
      }
      return GemmModel(profile, constants, std::move(kernels), options.sustained);
    });
  }

  const GemmModel &dense(const GemmShape &s) { return gemm(nameOf(s), false, layoutOf(s.pass)); }
  Breakdown operator()(const GemmShape &s) { return dense(s).breakdown(s, &choice); }
  /// The constants that own kernels of experts share with those of dense layers.
  CalibrationName denseName(const GroupedGemmShape &s) const {
    return nameOf(GemmShape{.input = s.input, .scaling = s.scaling});
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
  const GemmModel &ownExperts(const GroupedGemmShape &s) { return gemm(denseName(s), /*experts=*/true); }
  Breakdown operator()(const GroupedGemmShape &s) {
    if (options.provider == Provider::Own)
      return ownExperts(s).breakdownOfRandomRows(meanOf(s), &choice);
    return atSustainedRate(grouped(nameOf(s)).breakdown(s), s, s.input);
  }
  Breakdown operator()(const MoeRoutingShape &s) { return grouped(NameOf{}(s)).routing(s); }
  Breakdown operator()(const AttentionShape &s) {
    CalibrationName name = NameOf{}(s);
    const AttentionModel &model = cached(attentions, name, [&] {
      AttentionConstants constants = constantsOf<AttentionConstants>(name);
      if (s.backward && !setFor(name))
        constants = AttentionModel::backwardPrior(constantsOf<AttentionConstants>({"prefill", name.type}));
      return AttentionModel(profile, constants);
    });
    return atSustainedRate(model.breakdown(s), s, s.type);
  }
  Breakdown operator()(const DecodeAttentionShape &s) {
    CalibrationName name = NameOf{}(s);
    return cached(decodes, name, [&] { return DecodeModel(profile, constantsOf<DecodeConstants>(name)); })
        .breakdown(s);
  }
  Breakdown operator()(const NormShape &s) { return norms->breakdown(s); }
  Breakdown operator()(const ElementwiseShape &s) { return elementwise->breakdown(s); }
  Breakdown operator()(const CollectiveShape &s) { return collectives->breakdown(s); }

  const GroupedGemmModel &grouped(CalibrationName name) {
    return cached(groupedGemms, name,
                  [&] { return GroupedGemmModel(profile, constantsOf<GroupedGemmConstants>(name)); });
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
  if (product && type && implementation->isWidened(*type))
    result.basis = (toString(*type) + " weights, bf16 products").str();
  const CalibrationSet *set = implementation->setFor(implementation->nameOf(shape));
  if (implementation->options.provider == Provider::Own) {
    result.source = EstimateSource::Datasheet;
    result.band = assumedOwnKernelBand;
    auto describe = [&](const auto &product, CalibrationName name) {
      GemmSchedule schedule = implementation->ownSchedules(ownKey(product))[result.gemm->tileIndex];
      schedule.splitK = result.gemm->splitK;
      schedule.streamK = result.gemm->streamK;
      result.schedule = schedule;
      const bool streams = streamsWeights(schedule.family);
      if (const CalibrationSet *own = streams ? ownKernelSet(device, *name.type, streamKindOf(name))
                                              : ownKernelSetFor(device, *name.type, name.kind, schedule)) {
        result.source = EstimateSource::Simulated;
        result.band = halfWidth(own->absoluteBand("all"), assumedOwnKernelBand);
      }
    };
    if (const auto *gemm = std::get_if<GemmShape>(&shape))
      describe(*gemm, implementation->nameOf(*gemm));
    else if (const auto *grouped = std::get_if<GroupedGemmShape>(&shape))
      describe(*grouped, implementation->denseName(*grouped));
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
  const auto *grouped = std::get_if<GroupedGemmShape>(&shape);
  const GemmShape product = grouped ? implementation->meanOf(*grouped) : std::get<GemmShape>(shape);
  const GemmModel &model = grouped ? implementation->ownExperts(*grouped) : implementation->dense(product);
  const auto &schedules = implementation->ownSchedules(grouped ? ownKey(*grouped) : ownKey(product));
  GemmSchedule plain = schedule;
  plain.splitK = 1;
  plain.streamK = false;
  const auto found = llvm::find(schedules, plain);
  if (found == schedules.end())
    return std::nullopt;
  const Seconds time = model.timeOf(product,
                                    {.tile = static_cast<size_t>(found - schedules.begin()),
                                     .splitK = schedule.splitK,
                                     .streamK = schedule.streamK},
                                    /*randomRows=*/grouped != nullptr);
  return std::isinf(time.value) ? std::nullopt : std::optional(time);
}

double CostModel::ratioBand(const OperatorShape &from, const OperatorShape &to) const {
  const CalibrationSet *set = implementation->setFor(implementation->nameOf(from));
  const CalibrationSet *other = implementation->setFor(implementation->nameOf(to));
  const double bothBands = std::hypot(libraryBand(set, from), libraryBand(other, to));
  if (from.index() != to.index() || set != other)
    return bothBands;
  if (!set)
    return assumedRatioBand;
  const auto changes = changesBetween(from, to);
  double band = changes.empty() ? halfWidth(set->ratioBand("all"), assumedRatioBand) : 0;
  for (const DimensionChange &change : changes) {
    double widest = 0;
    for (llvm::StringRef name : change.names) {
      const ErrorBand *step = set->ratioBand(kindOfChange(name, change.from, change.to));
      widest = std::max(widest, halfWidth(step, assumedRatioBand));
    }
    band = std::hypot(band, widest);
  }
  if (!set->borrowedFrom.empty())
    band = std::max(1.5 * band, assumedRatioBand);
  return std::min(band, bothBands);
}

bool CostModel::supports(const OperatorShape &shape) const {
  if (implementation->options.provider == Provider::Library)
    return true;
  if (const auto *grouped = std::get_if<GroupedGemmShape>(&shape))
    return grouped->pass == Pass::Forward && !implementation->ownSchedules(ownKey(*grouped)).empty();
  const auto *gemm = std::get_if<GemmShape>(&shape);
  return gemm && gemm->batch == 1 && !implementation->ownSchedules(ownKey(*gemm)).empty();
}

std::string CostModel::providerName(const OperatorShape &shape) const {
  if (implementation->options.provider == Provider::Own)
    return "codesign";
  const CalibrationSet *set = implementation->setFor(implementation->nameOf(shape));
  if (set && set->borrowedFrom.empty())
    return set->key.provider;
  return profile().vendor == Vendor::Amd ? "rocm libraries" : "cuda libraries";
}

const Profile &CostModel::profile() const {
  return implementation->profile;
}

} // namespace codesign
