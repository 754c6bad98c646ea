#include "codesign/Cost/OwnKernels.h"

#include "codesign/Isa/MemoryInstruction.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

namespace codesign {

bool isAlike(DataType a, DataType b) {
  auto isFloat16 = [](DataType type) { return type == DataType::F16 || type == DataType::BF16; };
  return a == b || (isFloat8(a) && isFloat8(b)) || (isFloat16(a) && isFloat16(b));
}

const CalibrationSet *ownKernelSet(const Profile &profile, DataType type, llvm::StringRef kind) {
  for (const CalibrationSet &set : profile.calibration.sets)
    if (set.key.provider == ownKernelProvider && set.key.operatorKind == kind && set.borrowedFrom.empty() &&
        set.key.dataType && isAlike(*set.key.dataType, type))
      return &set;
  return nullptr;
}

std::string ownKernelKind(llvm::StringRef kind, const LoopForm &form) {
  return (kind + (form.shuffledWeights ? "_shuffled" : "") + (form.directToShared ? "_direct" : "") +
          (form.loop == MainLoop::PingPong      ? "_ping_pong"
           : form.loop == MainLoop::Interleaved ? "_interleaved"
                                                : "") +
          (form.layout == GemmLayout::NN   ? "_nn"
           : form.layout == GemmLayout::TN ? "_tn"
                                           : ""))
      .str();
}

GemmLayout layoutOf(Pass pass) {
  return pass == Pass::DataGradient     ? GemmLayout::NN
         : pass == Pass::WeightGradient ? GemmLayout::TN
                                        : GemmLayout::NT;
}

const CalibrationSet *ownKernelSetFor(const Profile &profile, DataType type, llvm::StringRef kind,
                                      const GemmSchedule &schedule) {
  const CalibrationSet *own = ownKernelSet(profile, type, ownKernelKind(kind, LoopForm::of(schedule)));
  return own ? own : ownKernelSet(profile, type, kind);
}

/// mma.sync is slower than wgmma, and a wave may convert its operands first.
static void countProducts(GemmTile &tile, const GemmSchedule &schedule) {
  const MatrixInstruction &record = schedule.matrixInstruction();
  double fastest = record.flopsPerCyclePerComputeUnit();
  for (const MatrixInstruction *other :
       denseMatrixInstructions(record.architecture, record.a.type, record.b.type))
    fastest = std::max(fastest, other->flopsPerCyclePerComputeUnit());
  tile.productWork = fastest / record.flopsPerCyclePerComputeUnit();
  if (record.conversionsPerRegister == 0)
    return;
  // Of one wave's products of one depth, on its own quarter of the compute unit. The kernels multiply W by A:
  // the instruction's first operand is of columns.
  constexpr int quarters = 4;
  const int64_t down = schedule.waveTileM() / schedule.instructionM(),
                across = schedule.waveTileN() / schedule.instructionN();
  const double conversions = double(operandConversions(record, across, down, schedule.blockScaled)) *
                             findIssueCost(record.architecture, "conversion")->cycles;
  tile.conversionWork = conversions * fastest / quarters / (double(down * across) * record.flops());
}

GemmTile gemmTile(const GemmSchedule &schedule, const Profile &profile) {
  GemmTile tile = {schedule.macroTileM, schedule.macroTileN, schedule.macroTileK, double(schedule.wavesN),
                   double(schedule.wavesM)};
  countProducts(tile, schedule);
  tile.clusterM = schedule.clusterM;
  tile.clusterN = schedule.clusterN;
  tile.maxSplitK = maxSplitK(schedule);
  tile.maxSplitRows = maxSplitRows;
  tile.partSteps = 1;
  if (profile.timing) {
    // Of the sums so many loads are under way at once; a compute unit takes in no more than L2 delivers.
    constexpr double loadsTogether = 32, bytesOfLoad = 16;
    const double bytes = 4.0 * schedule.macroTileM * schedule.macroTileN;
    tile.partCycles =
        std::max(bytes / bytesOfLoad / schedule.threads() / loadsTogether * profile.timing->memoryLatency,
                 bytes / profile.timing->memoryBytesPerClock);
  }
  if (cutsTiles(schedule)) {
    tile.streamWorkgroups = streamWorkgroups(schedule, profile);
    tile.streamLeastSteps = std::max(2, schedule.stages - 1);
    // Beside what a split costs, the first loads of one piece more.
    if (profile.timing)
      tile.cutCycles = profile.timing->memoryLatency;
  }
  // An instruction reads both operands from shared memory: the columns once for every 64 rows.
  if (schedule.family == GemmFamily::WgmmaTmaPersistent)
    tile.readsB = double(schedule.macroTileM) / schedule.matrixInstruction().m;
  // Copies write once what is read, at the same rate; AMD's loops were timed with theirs.
  if (vendorOf(schedule.architecture) == Vendor::Nvidia) {
    ++tile.readsA;
    ++tile.readsB;
  }
  if (schedule.blockScaled) { // with a block of k of the rows come their scales, which fill whole lines
    constexpr int lineBytes = 128, scaleBytes = 4;
    const double scales = llvm::alignTo(schedule.macroTileM * scaleBytes, lineBytes);
    tile.fetchesA += scales / (double(schedule.macroTileM) * scaledBlockExtent *
                               bitWidth(schedule.matrixInstruction().a.type) / 8);
  }
  if (schedule.shuffledWeights) {
    tile.readsB = 0;
    tile.fetchesB = schedule.wavesM;
  }
  if (streamsWeights(schedule.family)) {
    // The loop does not touch LDS, or writes and reads every operand once; afterwards the same of every sum.
    tile.readsA = tile.readsB = schedule.directToShared ? 2 : 0;
    tile.combineCycles = 2.0 * sharedMemoryUse(schedule).epilogueBytes / double(profile.shared.bytesPerClock);
    tile.maxRows = schedule.macroTileM;
    tile.partSteps = schedule.directToShared ? 1 : schedule.stages; // which the loop takes together
  }
  return tile;
}

double deviceBytesPerClock(const Profile &profile) {
  return profile.lastLevelCache().totalBandwidth.value / profile.peakClock.value;
}

LoopParts loopParts(const GemmSchedule &schedule, const Profile &profile, DataType type) {
  GemmConstants full;
  full.mmaEfficiency = full.sharedEfficiency = full.unitBytesPerClock = 1;
  const GemmModel model(profile, full, {{gemmTile(schedule, profile)}, false}, false);
  // One tile for every compute unit, so that the device's seconds are those of one tile.
  constexpr int64_t depths = 16, depth = 64;
  GemmShape shape;
  shape.m = int64_t(schedule.macroTileM) * profile.compute.computeUnits;
  shape.n = schedule.macroTileN;
  shape.k = depths * depth;
  shape.input = shape.output = type;
  LoopParts parts;
  const Breakdown breakdown = model.breakdown(shape);
  for (const NamedSeconds &resource : breakdown.resources()) {
    const double clocks = resource.time.value * profile.peakClock.value / double(depths);
    if (resource.name == "mma")
      parts.mma = clocks;
    else if (resource.name == "lds")
      parts.shared = clocks;
    else if (resource.name == "l2")
      parts.memory = clocks;
  }
  parts.perDepth = double(depth) / schedule.macroTileK;
  parts.residents = std::max(1, occupancy(schedule, profile).workgroupsPerComputeUnit);
  parts.loneWaves = schedule.waves() <= profile.compute.simdsPerComputeUnit;
  return parts;
}

double OwnLoop::exposed(const LoopParts &parts) const {
  const double mma = parts.mma / mmaEfficiency, shared = parts.shared / sharedEfficiency,
               memory = parts.memory / unitBytesPerClock, slowest = std::max({mma, shared, memory});
  const double beside = parts.loneWaves ? loneWaveExposure * (mma + shared + memory - slowest) : 0;
  const double alone = slowest + beside + exposedLatency * parts.perDepth;
  return std::max(0.0, alone / parts.residents - slowest);
}

double OwnLoop::slowest(const LoopParts &parts) const {
  return std::max(
      {parts.mma / mmaEfficiency, parts.shared / sharedEfficiency, parts.memory / unitBytesPerClock});
}

double OwnLoop::clocks(const LoopParts &parts) const {
  return slowest(parts) + exposed(parts) + stepOverhead * parts.perDepth;
}

namespace {

struct LoopField {
  const char *name, *unit, *meaning;
  double OwnLoop::*member;
};

constexpr LoopField loopFields[] = {
    {"mma_efficiency", "fraction", "share of the matrix units' issue rate that codesign's main loop reaches",
     &OwnLoop::mmaEfficiency},
    {"shared_efficiency", "fraction", "share of the LDS read rate", &OwnLoop::sharedEfficiency},
    {"unit_bytes_per_clock", "bytes_per_clock",
     "L2 to one compute unit, as the simulator's timing model has it", &OwnLoop::unitBytesPerClock},
    {"step_overhead_cycles", "cycles", "of every step of a tile, which nothing hides",
     &OwnLoop::stepOverhead},
    {"exposed_latency_cycles", "cycles", "of every step, which only other workgroups hide",
     &OwnLoop::exposedLatency},
    {"lone_wave_exposure", "fraction", "of the faster parts beside the slowest, with one wave on a SIMD",
     &OwnLoop::loneWaveExposure},
};

} // namespace

OwnLoop OwnLoop::from(const CalibrationSet &set) {
  OwnLoop loop;
  for (const LoopField &field : loopFields)
    loop.*field.member = set.constant(field.name).value_or(loop.*field.member);
  return loop;
}

std::vector<CalibrationConstant> OwnLoop::constants() const {
  std::vector<CalibrationConstant> list;
  for (const LoopField &field : loopFields)
    list.push_back({field.name, this->*field.member, field.unit, field.meaning});
  return list;
}

void dropLibraryRules(GemmConstants &constants) {
  constants.largestTile = constants.ruledRows = 0;
  constants.unevenScaleCycles = constants.pairGain = 0;
  constants.missingRowTraffic = constants.missingRowSeconds = 0;
  constants.quantizeLaunch = constants.quantizeTraffic = 0;
}

void useOwnLoop(GemmConstants &constants, const OwnLoop &own) {
  constants.mmaEfficiency *= own.mmaEfficiency;
  constants.sharedEfficiency = own.sharedEfficiency;
  constants.unitBytesPerClock = own.unitBytesPerClock;
  constants.stepOverheadCycles = own.stepOverhead;
  constants.stepLatencyCycles = 0; // of each tile instead
}

void useOwnSplit(GemmConstants &constants, const Profile &profile) {
  constants.splitWork = 1; // the loop of a part is that of the whole
  if (!profile.timing)
    return;
  constants.splitLaunch = 3 * profile.timing->memoryLatency / profile.peakClock.value;
  constants.splitTraffic = 2;
}

std::array<int, 6> preferenceOf(const GemmSchedule &schedule) {
  const bool deep = streamsWeights(schedule.family) || schedule.family == GemmFamily::MmaCpAsyncMultistage ||
                    schedule.directToShared;
  const MatrixInstruction &record = schedule.matrixInstruction();
  // A wide wgmma reads its rows from shared memory less often.
  const int width = record.kind == MatrixInstructionKind::Wgmma ? record.n : 0;
  // Overlapped copies, then small instructions (16 rows draw less power than 32 on CDNA and so clock higher),
  // then deep steps (fewer barriers), then more waves to hide latency; where copies pass the registers or
  // weights are streamed, also more of them under way.
  return {schedule.stages >= 2 ? 0 : 1, record.m,          -width,
          -schedule.macroTileK,         -schedule.waves(), deep ? -schedule.stages : 0};
}

} // namespace codesign
