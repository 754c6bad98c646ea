#include "ProductModels.h"

#include "codesign/Cost/OwnStream.h"
#include "llvm/ADT/STLExtras.h"

namespace codesign {

namespace {

/// Share of the library's main-loop rate that own kernels are assumed to reach (HipKittens reports 0.95
/// to 1.0 of hipBLASLt for hand-tuned CDNA3 kernels; emitted ones have not been timed).
constexpr double assumedOwnKernelRate = 0.9;

} // namespace

llvm::StringRef streamKindOf(const CalibrationName &product) {
  return product.kind == blockScaledGemm ? ownBlockStreamKind : ownStreamKind;
}

const std::vector<GemmSchedule> &ProductModels::ownSchedules(OwnKey key) {
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

GemmModel ProductModels::libraryModel(const GemmConstants &constants, const CalibrationSet *set) const {
  GemmModel model(profile, constants, {.tiles = libraryTiles(profile)}, options.sustained);
  if (options.corrected && set && set->corrections &&
      set->corrections->computeUnits == profile.compute.computeUnits)
    model.correct(*set->corrections);
  return model;
}

GemmModel ProductModels::ownModel(GemmConstants constants, CalibrationName name, bool experts,
                                  GemmLayout layout) {
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
  for (const GemmSchedule &schedule : ownSchedules({type, name.kind == blockScaledGemm, experts, layout})) {
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
}

const GemmModel &ProductModels::of(CalibrationName name, bool experts, GemmLayout layout) {
  const bool library = options.provider == Provider::Library;
  if (library) // it has one model for all layouts
    layout = GemmLayout::NT;
  std::map<CalibrationName, GemmModel> &models = experts ? ofExperts
                                                 : layout == GemmLayout::NT
                                                     ? dense
                                                     : transposed[layout == GemmLayout::TN];
  if (const auto found = models.find(name); found != models.end())
    return found->second;
  const CalibrationSet *set = calibrations.setFor(name);
  const auto constants =
      constantsFrom<GemmConstants>(set, GemmConstants::fields(), GemmConstants::prior(profile));
  return models
      .emplace(name, library ? libraryModel(constants, set) : ownModel(constants, name, experts, layout))
      .first->second;
}

} // namespace codesign
