// What a device and an instruction allow: occupancy and the reasons for refusing a schedule.
#include "codesign/Schedule/GemmSchedule.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

namespace codesign {
namespace {

constexpr int accessBytes = 16;
constexpr int minTmaStages = 2;

int roundUp(int value, int granule) {
  return (value + granule - 1) / granule * granule;
}
int ceilDivide(int value, int divisor) {
  return (value + divisor - 1) / divisor;
}

template <class... Arguments>
std::optional<std::string> because(const char *format, Arguments &&...arguments) {
  return llvm::formatv(format, std::forward<Arguments>(arguments)...).str();
}

MatrixInstructionKind kindOf(GemmFamily family) {
  switch (family) {
  case GemmFamily::MfmaLdsDoubleBuffer:
  case GemmFamily::MfmaWeightStream:
    return MatrixInstructionKind::Mfma;
  case GemmFamily::WgmmaTmaPersistent:
    return MatrixInstructionKind::Wgmma;
  case GemmFamily::MmaCpAsyncMultistage:
  case GemmFamily::MmaWeightStream:
    break;
  }
  return MatrixInstructionKind::MmaSync;
}

/// Operand types that the main loop of a family exists for.
bool multiplies(GemmFamily family, DataType type) {
  bool half = type == DataType::BF16 || type == DataType::F16;
  return half || (isFloat8(type) && family != GemmFamily::MmaCpAsyncMultistage);
}

double productsPerClock(const MatrixInstruction &record) {
  return static_cast<double>(record.m) * record.n * record.k / record.cycles;
}

/// CDNA4 keeps CDNA3's 16-bit instructions, at half the rate of its own.
bool isSlowForm(const MatrixInstruction &record) {
  return record.kind == MatrixInstructionKind::Mfma &&
         llvm::any_of(denseMatrixInstructions(record.architecture, record.a.type, record.b.type),
                      [&](const MatrixInstruction *other) {
                        return productsPerClock(*other) > productsPerClock(record);
                      });
}

std::optional<std::string> badInstruction(const GemmSchedule &s) {
  const MatrixInstruction *record = findMatrixInstruction(s.architecture, s.instruction);
  if (!record)
    return because("{0} has no instruction '{1}'", toString(s.architecture), s.instruction);
  if (record->kind != kindOf(s.family))
    return because("{0} is not an instruction for {1}", s.instruction, toString(s.family));
  if (record->sparse || record->scaled || record->blocks != 1)
    return because("{0} is sparse, scaled or multi-block", s.instruction);
  if (isSlowForm(*record))
    return because("{0} has a faster instruction than {1}", toString(s.architecture), s.instruction);
  if (record->c.type != DataType::F32)
    return because("{0} sums in {1}, the kernels sum in fp32", s.instruction, toString(record->c.type));
  // ldmatrix fills the operands of 32 bytes of k at once.
  if (record->kind == MatrixInstructionKind::MmaSync && record->k * bitWidth(record->a.type) != 32 * 8)
    return because("{0} multiplies {1} of k, the kernels read 32 bytes at a time", s.instruction, record->k);
  if (!multiplies(s.family, record->a.type) || record->a.type != record->b.type)
    return because("{0} has no kernel for {1} x {2}", toString(s.family), toString(record->a.type),
                   toString(record->b.type));
  if (s.blockScaled && !isFloat8(record->a.type))
    return because("{0} has no block scales for {1}", toString(s.family), toString(record->a.type));
  if (s.shuffledWeights && (record->kind != MatrixInstructionKind::Mfma || record->m != shuffledBlockRows ||
                            s.layout != GemmLayout::NT))
    return because("shuffled weights are for MFMA instructions of {0} rows, k-contiguous; {1} has {2}",
                   shuffledBlockRows, s.instruction, record->m);
  // CDNA's kernels transpose operands on the way to LDS, ldmatrix and wgmma's descriptors those of 16 bits;
  // everything else copies 16-byte pieces of k.
  const bool turns = s.family == GemmFamily::MfmaLdsDoubleBuffer ||
                     (!streamsWeights(s.family) && bitWidth(record->a.type) == 16);
  if (s.layout != GemmLayout::NT && !turns)
    return because("{0} reads {1} operands k-contiguous, layout is {2}", toString(s.family),
                   toString(record->a.type), toString(s.layout));
  if (s.layout != GemmLayout::NT && s.blockScaled)
    return because("block scales lie along k, layout is {0}", toString(s.layout));
  return std::nullopt;
}

/// Operands whose k runs along rows lie in panels of 128 bytes, which instructions and the workgroups of a
/// cluster share out.
std::optional<std::string> badPanels(const GemmSchedule &s) {
  const MatrixInstruction &record = s.matrixInstruction();
  const int panel = 128 * 8 / bitWidth(record.a.type);
  const bool both = s.layout == GemmLayout::TN;
  if (s.layout == GemmLayout::NT || (record.n % panel == 0 && s.macroTileN % (panel * s.clusterM) == 0 &&
                                     (!both || s.macroTileM % (panel * s.clusterN) == 0)))
    return std::nullopt;
  return because("{0} tiles of {1} x {2} in clusters of {3} x {4} are no whole panels of {5}",
                 toString(s.layout), s.macroTileM, s.macroTileN, s.clusterM, s.clusterN, panel);
}

/// Such operands of mma.sync lie in shared memory as in global memory: rows of a tile are swizzled.
std::optional<std::string> badTurnedRows(const GemmSchedule &s) {
  const int least = 2 * accessBytes * 8 / bitWidth(s.matrixInstruction().a.type);
  const auto swizzles = [&](int columns) { return columns >= least && (columns & (columns - 1)) == 0; };
  if (s.paddingBytes == 0 && swizzles(s.macroTileN) && (s.layout != GemmLayout::TN || swizzles(s.macroTileM)))
    return std::nullopt;
  return because("{0} tiles of {1} x {2}: rows along them are swizzled in powers of two", toString(s.layout),
                 s.macroTileM, s.macroTileN);
}

std::optional<std::string> badShape(const GemmSchedule &s) {
  if (s.macroTileM <= 0 || s.macroTileN <= 0 || s.macroTileK <= 0 || s.wavesM <= 0 || s.wavesN <= 0 ||
      s.wavesK <= 0 || s.stages <= 0 || s.splitK <= 0 || s.groupM <= 0 || s.dieRun <= 0 || s.clusterM <= 0 ||
      s.clusterN <= 0 || s.paddingBytes < 0)
    return "sizes and counts must be positive";
  const MatrixInstruction &record = s.matrixInstruction();
  if (s.macroTileM % (s.wavesM * s.instructionM()) != 0)
    return because("macro tile m {0} is no multiple of {1} waves x {2}", s.macroTileM, s.wavesM,
                   s.instructionM());
  if (s.macroTileN % (s.wavesN * s.instructionN()) != 0)
    return because("macro tile n {0} is no multiple of {1} waves x {2}", s.macroTileN, s.wavesN,
                   s.instructionN());
  int depth = record.k * s.depthsPerRead() * s.wavesK;
  if (s.macroTileK % depth != 0)
    return because("macro tile k {0} is no multiple of {1}, the depth of one read", s.macroTileK, depth);
  const int blockDepth = s.macroTileK / s.wavesK;
  const bool inBlocks = blockDepth == scaledBlockExtent ||
                        (s.loop == MainLoop::PingPong && scaledBlockExtent % blockDepth == 0);
  if (s.blockScaled && (!inBlocks || scaledBlockExtent % s.waveTileN() != 0))
    return because("steps of {0} of k and waves of {1} columns; block scales hold for {2} of each",
                   blockDepth, s.waveTileN(), scaledBlockExtent);
  const bool streams = streamsWeights(s.family);
  if (streams ? s.wavesM != 1 || s.wavesN != 1 : s.wavesK != 1)
    return because("{0} waves share {1}", toString(s.family), streams ? "k alone" : "the tile alone");
  const int stepBytes = s.macroTileK / s.wavesK * bitWidth(record.a.type) / 8; // of a row, of a wave
  if (streams && s.directToShared && stepBytes != 64 && stepBytes != 128)
    return because("steps of {0} B of each row, lanes copy 64 or 128", stepBytes);
  const int instructions = s.macroTileN / s.instructionN();
  if (streams && s.directToShared && instructions > 2 && shareCount(s.wavesK, instructions) == 1)
    return because("{0} columns are {1} instructions, which {2} waves do not share equally: one would add up "
                   "the sums of all",
                   s.macroTileN, instructions, s.wavesK);
  if (streams)
    return s.macroTileM <= maxStreamedRows
               ? std::nullopt
               : because("{0} rows, {1} is for up to {2}", s.macroTileM, toString(s.family), maxStreamedRows);
  int rowBytes = s.macroTileK * bitWidth(record.a.type) / 8;
  if (s.family == GemmFamily::WgmmaTmaPersistent) {
    if (rowBytes != 128)
      return because("tile rows of {0} B, the 128-byte swizzle needs 128", rowBytes);
    return badPanels(s);
  }
  if (s.layout != GemmLayout::NT && s.family == GemmFamily::MmaCpAsyncMultistage)
    if (auto reason = badTurnedRows(s))
      return reason;
  if (s.layout != GemmLayout::NT && s.family == GemmFamily::MfmaLdsDoubleBuffer)
    if (rowBytes != 128 || s.paddingBytes > 0 || s.macroTileN % 32 != 0 ||
        (s.layout == GemmLayout::TN && s.macroTileM % 32 != 0))
      return because(
          "{0} tiles of {1} x {2} in rows of {3} B; transposed ones have multiples of 32 and 128 B",
          toString(s.layout), s.macroTileM, s.macroTileN, rowBytes);
  if ((rowBytes & (rowBytes - 1)) != 0 && s.sharedLayout == SharedLayout::Swizzled)
    return because("tile rows of {0} B cannot be XOR-swizzled, not a power of two", rowBytes);
  if (s.shuffledWeights && s.macroTileN % shuffledBlockRows != 0)
    return because("macro tile n {0} is no multiple of the {1} rows of a shuffled block", s.macroTileN,
                   shuffledBlockRows);
  for (int rows : {s.macroTileM, s.shuffledWeights ? s.macroTileM : s.macroTileN})
    if (rows * rowBytes % (s.threads() * accessBytes) != 0)
      return because("{0} rows of {1} B do not split into 16 B for each of {2} threads", rows, rowBytes,
                     s.threads());
  if (s.paddingBytes % accessBytes != 0)
    return because("padding of {0} B is no multiple of 16 B", s.paddingBytes);
  return std::nullopt;
}

std::optional<std::string> badResources(const GemmSchedule &s, const Profile &profile) {
  if (s.threads() > profile.compute.maxThreadsPerWorkgroup)
    return because("{0} threads > {1} per workgroup", s.threads(), profile.compute.maxThreadsPerWorkgroup);
  int shared = sharedMemoryUse(s).total();
  int sharedLimit = static_cast<int>(profile.shared.maxPerWorkgroup.value);
  if (shared > sharedLimit)
    return because("LDS {0} B > {1} B", shared, sharedLimit);
  RegisterUse registers = registerUse(s);
  if (registers.total() > profile.registers.maxPerThread)
    return because("registers {0} > {1} per thread", registers.total(), profile.registers.maxPerThread);
  if (compiledRegisters(s) > profile.registers.maxPerThread)
    return because("registers {0}, {1} as compiled, > {2} per thread", registers.total(),
                   compiledRegisters(s), profile.registers.maxPerThread);
  // Only accumulators may lie in accumulation registers; the rest must fit the architectural ones.
  int rest = registers.total() - std::min(registers.accumulators, profile.registers.maxAccumulationPerThread);
  if (rest > profile.registers.maxArchitecturalPerThread)
    return because("registers {0} > {1} outside the accumulation registers", rest,
                   profile.registers.maxArchitecturalPerThread);
  if (occupancy(s, profile).workgroupsPerComputeUnit == 0)
    return because("{0} waves with {1} registers each exceed a compute unit", s.waves(), registers.total());
  return std::nullopt;
}

/// What clang 22 spills although the estimate of its registers fits: found by compiling all schedules near
/// the limit, with several n and k and with what may follow the sums.
std::optional<std::string> badAllocation(const GemmSchedule &s, const Profile &profile) {
  const int share =
      profile.registers.registersPerSimdLane / ceilDivide(s.waves(), profile.compute.simdsPerComputeUnit);
  const int needed = compiledRegisters(s);
  if (s.family == GemmFamily::MfmaWeightStream && needed > share)
    return because("registers {0} as compiled, > {1} of a wave", needed, share);
  if (s.family != GemmFamily::MfmaLdsDoubleBuffer)
    return std::nullopt;
  const bool turnsBoth = s.layout == GemmLayout::TN,
             transposes = turnsBoth || (s.layout == GemmLayout::NN && s.architecture == Architecture::Gfx942);
  // Sums of 32 rows are groups of 16 registers, which cannot be moved once they fill all there are.
  const int group = 16, sums = registerUse(s).accumulators;
  if (s.matrixInstruction().m > 16 &&
      sums + (transposes ? group : 0) >= profile.registers.maxAccumulationPerThread)
    return because("accumulators {0} in groups of 16 leave none of {1} free", sums,
                   profile.registers.maxAccumulationPerThread);
  // Where one step is a whole tile, no fence keeps the loads of the next one out.
  const bool oneStep = s.macroTileK == s.matrixInstruction().k * s.depthsPerRead();
  if (s.matrixInstruction().m == 16 && s.stages == 1 && oneStep && needed > share)
    return because("registers {0} as compiled, > {1} of a wave, in steps of a whole tile", needed, share);
  // Rows of a power of two of columns take further addresses, which count where a wave has half of a SIMD.
  constexpr double addresses = 1.07;
  const int half = profile.registers.registersPerSimdLane / 2;
  const bool sharesSimd = s.waves() <= profile.compute.simdsPerComputeUnit;
  if (sharesSimd && needed <= half && needed * addresses > half)
    return because("registers {0} as compiled, too close to the {1} of two workgroups", needed, half);
  // A wave as tall as the tile has operands of all its rows, their scales, and two tiles of shuffled weights.
  if (s.shuffledWeights && s.wavesM == 1 && needed > share)
    return because("registers {0} as compiled, > {1} of a wave with weights of two tiles", needed, share);
  // Elements that are transposed on the way to LDS, or taken out of it in pairs of rows, lie in registers
  // beside what they came from; those under way of TN, in waves that have a SIMD's registers, half of them.
  constexpr double turned = 0.55;
  const double besides = turnsBoth && sharesSimd ? turned * registerUse(s).staging : 0;
  if (transposes && needed + besides > share)
    return because("registers {0} as compiled, too close to the {1} of a wave in a {2} loop", needed, share,
                   toString(s.layout));
  return std::nullopt;
}

/// Copies past the registers: what is waited for is counted, and lanes land side by side.
std::optional<std::string> badDirectCopies(const GemmSchedule &s) {
  constexpr int counted = 63; // s_waitcnt vmcnt
  if (s.layout != GemmLayout::NT)
    return because("copies past the registers do not transpose, layout is {0}", toString(s.layout));
  if (s.shuffledWeights || s.blockScaled)
    return "copies past the registers are counted alone, not among loads of weights or scales";
  if (s.stages < 2 || s.paddingBytes > 0)
    return because(
        "{0} stages with {1} B of padding: copies past the registers need a second slot, and lanes "
        "land side by side",
        s.stages, s.paddingBytes);
  if ((s.stages - 2) * directLoadsPerStep(s) > counted)
    return because("{0} loads under way > the {1} that a wait can leave",
                   (s.stages - 2) * directLoadsPerStep(s), counted);
  return std::nullopt;
}

/// Waves that are a phase apart: what the phases hold, and who takes turns with whom.
std::optional<std::string> badPhases(const GemmSchedule &s, const Profile &profile) {
  if (s.loop == MainLoop::InStep)
    return std::nullopt;
  const llvm::StringRef name = toString(s.loop);
  if (s.family != GemmFamily::MfmaLdsDoubleBuffer)
    return because("{0} has no {1} loop", toString(s.family), name);
  if (s.layout == GemmLayout::TN || s.shuffledWeights || s.splitK > 1)
    return because("{0} loops multiply tiles out of LDS, so many as n and k say: no sums over m, "
                   "shuffled weights or shares of k",
                   name);
  if (s.stages < 2)
    return because("{0} LDS buffer, {1} loops read one while another is filled", s.stages, name);
  const bool interleaved = s.loop == MainLoop::Interleaved;
  const int waves = (interleaved ? 1 : 2) * profile.compute.simdsPerComputeUnit;
  if (s.waves() != waves)
    return because("{0} waves, {1} loops have {2}: {3} of each SIMD", s.waves(), name, waves,
                   interleaved ? "one" : "two");
  if (!interleaved)
    return std::nullopt;
  if (s.blockScaled)
    return because("{0} loops add no scaled products", name);
  if (s.directToShared || s.layout != GemmLayout::NT)
    return because("{0} loops copy tiles of k-contiguous operands through registers", name);
  if (s.waveTileM() % (2 * s.instructionM()) != 0 || s.waveTileN() % (2 * s.instructionN()) != 0)
    return because("wave tile {0} x {1} has no halves of whole instructions of {2}", s.waveTileM(),
                   s.waveTileN(), s.instructionM());
  return std::nullopt;
}

std::optional<std::string> badPipeline(const GemmSchedule &s, const Profile &profile) {
  if (auto reason = badPhases(s, profile))
    return reason;
  switch (s.family) {
  case GemmFamily::MfmaLdsDoubleBuffer:
    if (s.directToShared)
      if (auto reason = badDirectCopies(s))
        return reason;
    if (s.stages > 2 && !s.directToShared)
      return because("{0} LDS buffers, the family has 1 or 2", s.stages);
    // The swizzle permutes 128 bytes. Where the banks deliver 256 in a cycle, that suffices for operands of
    // 16 rows out of tile rows of 128 bytes (phase tables in lib/Isa).
    if (profile.shared.bytesPerClock > 128 && s.sharedLayout == SharedLayout::Swizzled &&
        (s.matrixInstruction().m > 16 || s.macroTileK * bitWidth(s.matrixInstruction().a.type) / 8 > 128))
      return because("LDS of {0} B per clock: operands of {1} rows out of swizzled rows of {2} B conflict",
                     profile.shared.bytesPerClock, s.matrixInstruction().m,
                     s.macroTileK * bitWidth(s.matrixInstruction().a.type) / 8);
    break;
  case GemmFamily::MfmaWeightStream:
    if (s.directToShared)
      return "lanes of CDNA devices copy to LDS side by side, a workgroup together";
    break;
  case GemmFamily::MmaWeightStream:
    break;
  case GemmFamily::WgmmaTmaPersistent:
  case GemmFamily::MmaCpAsyncMultistage:
    if (s.stages < minTmaStages)
      return because("{0} stage, asynchronous copies need {1}", s.stages, minTmaStages);
    break;
  }
  int cluster = s.clusterM * s.clusterN;
  if (cluster > profile.launch.maxClusterSize)
    return because("cluster of {0} workgroups > {1}", cluster, profile.launch.maxClusterSize);
  if (cluster > 1 && s.family != GemmFamily::WgmmaTmaPersistent)
    return because("{0} has no clusters", toString(s.family));
  if (s.streamK && s.splitK > 1)
    return "stream-K and split-K exclude each other";
  if (s.streamK && !cutsTiles(s))
    return "stream-K cuts tiles of MFMA and mma.sync out of LDS, in step, with at most 64 sums in a lane";
  return std::nullopt;
}

} // namespace

Occupancy occupancy(const GemmSchedule &schedule, const Profile &profile) {
  struct Limit {
    int workgroups;
    const char *name;
  };
  const int simds = profile.compute.simdsPerComputeUnit;
  int shared =
      roundUp(sharedMemoryUse(schedule).total(), static_cast<int>(profile.shared.allocationGranule.value)) +
      static_cast<int>(profile.shared.reservedPerWorkgroup.value);
  int wavesByRegisters = profile.wavesPerSimd(registerUse(schedule).total());
  if (schedule.family == GemmFamily::WgmmaTmaPersistent) {
    // setmaxnreg moves registers from the producer to the
    // consumers; the launch allocates the average for every warp.
    const int wavesPerSimd = ceilDivide(schedule.waves(), simds);
    int share = profile.registers.registersPerSimdLane / wavesPerSimd;
    int consumers = schedule.wavesM * schedule.wavesN;
    constexpr int producerRegisters = 24;
    bool fits = registerUse(schedule).total() * consumers + producerRegisters <= share * (consumers + 1);
    wavesByRegisters = fits ? wavesPerSimd : 0;
  }
  const Limit limits[] = {
      {shared == 0 ? profile.compute.maxWorkgroupsPerComputeUnit
                   : static_cast<int>(profile.shared.capacityPerComputeUnit.value) / shared,
       "LDS"},
      // The waves of a workgroup go to whichever SIMDs have room.
      {wavesByRegisters * simds / schedule.waves(), "registers"},
      {profile.compute.maxWavesPerSimd * simds / schedule.waves(), "waves"},
      {profile.compute.maxWorkgroupsPerComputeUnit, "workgroups"},
  };
  const Limit &tightest =
      *std::min_element(std::begin(limits), std::end(limits),
                        [](const Limit &a, const Limit &b) { return a.workgroups < b.workgroups; });
  return {tightest.workgroups, ceilDivide(tightest.workgroups * schedule.waves(), simds), tightest.name};
}

std::optional<std::string> illegalReason(const GemmSchedule &schedule, const Profile &profile) {
  if (schedule.architecture != profile.architecture)
    return because("schedule is for {0}, {1} is {2}", toString(schedule.architecture), profile.name,
                   toString(profile.architecture));
  if (!llvm::is_contained(profile.kernelFamilies, toString(schedule.family)))
    return because("{0} has no kernel family {1}", profile.name, toString(schedule.family));
  if (auto reason = badInstruction(schedule))
    return reason;
  if (auto reason = badShape(schedule))
    return reason;
  if (auto reason = badPipeline(schedule, profile))
    return reason;
  if (auto reason = badResources(schedule, profile))
    return reason;
  return badAllocation(schedule, profile);
}

} // namespace codesign
