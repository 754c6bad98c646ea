// What a schedule takes of shared memory and registers.
#include "codesign/Isa/MemoryInstruction.h"
#include "codesign/Schedule/GemmSchedule.h"

namespace codesign {
namespace {

constexpr int readBytes = 16; // of a lane at once
/// 32-bit registers for pointers, offsets, the loop counter and masks, as compilers use for such main loops.
constexpr int addressingRegisters = 32;
/// A full and an empty mbarrier per stage.
constexpr int barrierBytesPerStage = 16;
constexpr int narrowestSwizzleBytes = 32;

int elementBytes(const GemmSchedule &schedule) {
  return bitWidth(schedule.matrixInstruction().a.type) / 8;
}

int bytesOf(int elements, DataType type) {
  return elements * bitWidth(type) / 8;
}

} // namespace

int directLoadsPerStep(const GemmSchedule &schedule) {
  const CopyInstruction *copy = widestCopy(schedule.architecture, MemorySpace::Global, MemorySpace::Shared);
  const int bytes =
      (schedule.macroTileM + schedule.macroTileN) * schedule.macroTileK * elementBytes(schedule);
  return bytes / (schedule.threads() * copy->bytesPerLane);
}

SharedMemoryUse sharedMemoryUse(const GemmSchedule &schedule) {
  SharedMemoryUse use;
  if (streamsWeights(schedule.family)) {
    if (schedule.directToShared)
      use.inputBytes = schedule.stages * (schedule.macroTileM + schedule.macroTileN) * schedule.macroTileK *
                       elementBytes(schedule);
    // The sums of every wave.
    use.epilogueBytes = bytesOf(schedule.wavesK * schedule.macroTileM * schedule.macroTileN,
                                schedule.matrixInstruction().c.type);
    return use;
  }
  int rowBytes = schedule.macroTileK * elementBytes(schedule) + schedule.paddingBytes;
  const int sharedRows = schedule.macroTileM + (schedule.shuffledWeights ? 0 : schedule.macroTileN);
  use.inputBytes = schedule.stages * sharedRows * rowBytes;
  if (schedule.family == GemmFamily::WgmmaTmaPersistent) {
    // The tensor engine writes panels of whole swizzle spans; other widths are stored from registers.
    if (bytesOf(schedule.waveTileN(), schedule.outputType) % narrowestSwizzleBytes == 0)
      use.epilogueBytes = bytesOf(schedule.macroTileM * schedule.macroTileN, schedule.outputType);
    use.barrierBytes = schedule.stages * barrierBytesPerStage;
  }
  return use;
}

bool hasRoomForExperts(const GemmSchedule &schedule, const Profile &profile) {
  constexpr int numbersPerExpert = 3, mostExperts = 1024, chunkBytes = 16;
  constexpr int bytes = numbersPerExpert * (mostExperts * 4 + chunkBytes); // and one number more of each kind
  // Of a lane: with 192 sums, or 96 whose products have the scales of 192 rows, ptxas 13 spills beside what
  // finds the rows of an expert.
  constexpr int mostSums = 160, mostSumsAndProducts = 204;
  const RegisterUse use = registerUse(schedule);
  return schedule.family != GemmFamily::WgmmaTmaPersistent ||
         (sharedMemoryUse(schedule).total() + bytes <= profile.shared.maxPerWorkgroup.value &&
          use.accumulators <= mostSums && use.accumulators + use.products <= mostSumsAndProducts);
}

bool takesListedRows(const GemmSchedule &schedule) {
  constexpr int fewestSlots = 3;
  const bool copiesBesideScales =
      schedule.family == GemmFamily::MmaWeightStream && schedule.directToShared && schedule.blockScaled;
  if (schedule.family == GemmFamily::MmaCpAsyncMultistage || copiesBesideScales) {
    // Each copy of A has a row of its own to remember. Of 160 schedules that have few registers to spare,
    // those that ptxas 13 spilled need these, and of 22 whose waves have copies of their own and scales.
    constexpr int registersPerCopy = 2, mostRegisters = 255;
    const int chunks = schedule.macroTileM * schedule.macroTileK * elementBytes(schedule) / readBytes;
    const int copies = (chunks + schedule.threads() - 1) / schedule.threads();
    return compiledRegisters(schedule) + registersPerCopy * copies <= mostRegisters;
  }
  return schedule.family != GemmFamily::WgmmaTmaPersistent ||
         (schedule.clusterM * schedule.clusterN == 1 && schedule.stages >= fewestSlots);
}

/// Products of one row of instructions, and the scales of `blocks` blocks of k under way. With wgmma, of all
/// 8-bit products, which the instruction sums with fewer bits than fp32 has.
static int blockProductRegisters(const GemmSchedule &schedule, int blocks) {
  if (schedule.family == GemmFamily::WgmmaTmaPersistent && isFloat8(schedule.matrixInstruction().a.type)) {
    const int down = schedule.waveTileM() / schedule.instructionM();
    const int sums = down * schedule.waveTileN() / 2; // of 64 x waveTileN in 128 lanes
    return sums + (schedule.blockScaled ? (blocks + 1) * (2 * down + 1) : 0);
  }
  if (!schedule.blockScaled)
    return 0;
  const int across = schedule.waveTileM() / schedule.instructionM();
  const bool pairs = schedule.family == GemmFamily::MmaWeightStream; // of rows, in a lane
  // Where waves take turns, a few products and those that are added beside them (multiplyMixed of the
  // prelude).
  const int together = across % 2 == 0 ? 2 : across % 3 == 0 ? 3 : across;
  const int all = across * (schedule.waveTileN() / schedule.instructionN());
  const int instructions = schedule.loop == MainLoop::PingPong        ? 2 * together
                           : pairs && all <= mostScaledProductsAtOnce ? all
                                                                      : across;
  return instructions * schedule.matrixInstruction().c.registersPerLane +
         (blocks + 1) * ((pairs ? 2 : 1) * across + 1);
}

RegisterUse registerUse(const GemmSchedule &schedule) {
  const MatrixInstruction &record = schedule.matrixInstruction();
  RegisterUse use;
  int groupLanes = record.lanes;
  if (streamsWeights(schedule.family)) {
    // Every wave sums the whole tile, over its part of k.
    use.accumulators = schedule.macroTileM * schedule.macroTileN * bitWidth(record.c.type) / 32 / groupLanes;
    const int step = (schedule.macroTileM + schedule.macroTileN) * schedule.macroTileK / schedule.wavesK *
                     elementBytes(schedule) / 4 / groupLanes;
    if (schedule.directToShared) {
      use.fragments = step;
      use.addressing = addressingRegisters;
      use.products = blockProductRegisters(schedule, 1);
      return use;
    }
    use.staging = schedule.stages * step;
    // Where k is no multiple of the steps, each load of a step has an offset of its own and one that is
    // clipped.
    const int loadsPerStep = use.staging / schedule.stages / (readBytes / 4);
    use.addressing = addressingRegisters + 2 * loadsPerStep;
    use.products = blockProductRegisters(schedule, schedule.stages);
    return use;
  }
  int computeThreads = schedule.wavesM * schedule.wavesN * groupLanes;
  use.accumulators =
      schedule.macroTileM * schedule.macroTileN * bitWidth(record.c.type) / 32 / computeThreads;
  int depths = schedule.blockScaled ? std::min(scaledBlockExtent, schedule.macroTileK) / record.k
                                    : schedule.depthsPerRead();
  use.fragments =
      depths * (schedule.waveTileM() / record.m * record.a.registersPerLane +
                (schedule.shuffledWeights ? 0 : schedule.waveTileN() / record.n * record.b.registersPerLane));
  if (schedule.family == GemmFamily::MfmaLdsDoubleBuffer) {
    const int depthBytes = schedule.macroTileK * elementBytes(schedule);
    const int sharedRows = schedule.macroTileM + (schedule.shuffledWeights ? 0 : schedule.macroTileN);
    use.staging = schedule.directToShared ? 0 : sharedRows * depthBytes / 4 / computeThreads;
    // The weights of a whole tile of k, which every wave holds for its own columns.
    if (schedule.shuffledWeights)
      use.staging += schedule.waveTileN() * depthBytes / 4 / groupLanes;
  }
  use.addressing = addressingRegisters;
  use.products = blockProductRegisters(schedule, 1);
  return use;
}

int compiledRegisters(const GemmSchedule &schedule) {
  constexpr double loadsInFlight = 1.28; // clang hoists LDS reads over the products
  constexpr int least = 96;              // of small tiles, whose copies ahead of the loop are all written out
  const RegisterUse use = registerUse(schedule);
  const int total = use.total();
  switch (schedule.family) {
  case GemmFamily::MfmaLdsDoubleBuffer: {
    // Small tiles have as many addresses of rows to transpose as large ones, where loads in flight hide them.
    constexpr int addressesOfTurned = 16, small = 128;
    const int compiled = static_cast<int>(total * loadsInFlight);
    return compiled + (schedule.layout == GemmLayout::TN && compiled <= small ? addressesOfTurned : 0);
  }
  case GemmFamily::MmaCpAsyncMultistage: {
    const int tileBytes =
        (schedule.macroTileM + schedule.macroTileN) * schedule.macroTileK * elementBytes(schedule);
    const int copies = (tileBytes / readBytes + schedule.threads() - 1) / schedule.threads();
    // What ptxas 13 reports for 600 schedules, on average and a little more; of those within the limit none
    // spills. It keeps a 64-bit source, a target and a size for each copy, reads fragments ahead, more of
    // them in steps of many products, and takes more for sm_90a than for sm_80.
    constexpr int registersPerCopy = 5, others = 34, deepStep = 16, hopper = 24;
    constexpr double fragmentsAhead = 0.25;
    const bool deep = schedule.macroTileK > 2 * schedule.matrixInstruction().k;
    return std::max(least, use.accumulators + use.fragments +
                               static_cast<int>(use.fragments * fragmentsAhead) + registersPerCopy * copies +
                               others + (deep ? deepStep : 0) +
                               (schedule.architecture == Architecture::Sm90a ? hopper : 0));
  }
  case GemmFamily::MmaWeightStream: {
    if (schedule.directToShared) {
      constexpr int addresses = 48, converted = 24; // of copies and reads; operands of 8 bits as fp16
      // Beside products of blocks the last steps, one for each slot, are read ahead, and rows of weights.
      constexpr int lastStep = 30, rowsOfWeights = 4;
      const int ahead = schedule.blockScaled
                            ? lastStep * (schedule.stages - 2) +
                                  rowsOfWeights * (schedule.macroTileN / schedule.instructionN() - 1)
                            : 0;
      return use.accumulators + use.fragments + use.products + addresses + ahead +
             (isFloat8(schedule.matrixInstruction().a.type) ? converted : 0);
    }
    // The registers of an instruction's first operand come from two loads, and are copied together; every
    // eight rows have a 64-bit pointer.
    constexpr int registersPerLoad = 4, rowsPerLoad = 8, others = 12;
    constexpr int least =
        176; // for sm_80 ptxas writes some short loops out again and takes as many as it may
    const int loads = use.staging / schedule.stages / (readBytes / 4);
    // Operands of 8 bits become fp16 ahead of their products; of 66 schedules the three that spilled need
    // these.
    const int converted = isFloat8(schedule.matrixInstruction().a.type) ? 24 : 0;
    return std::max(least, total + others + converted + registersPerLoad * loads +
                               2 * (schedule.macroTileM + schedule.macroTileN) / rowsPerLoad);
  }
  case GemmFamily::MfmaWeightStream: {
    // Gates and residuals beside the sums; those of 32 rows are moved in groups of 16.
    constexpr int afterwards = 8;
    // With scales of blocks of gates and up, clang 22 adds later, and keeps the products of two steps.
    const int keptProducts = schedule.blockScaled ? 2 * use.accumulators : 0;
    return total + (schedule.matrixInstruction().m > 16 ? 2 : 1) * afterwards + keptProducts;
  }
  case GemmFamily::WgmmaTmaPersistent:
    break;
  }
  return total;
}

} // namespace codesign
