// Lists every legal schedule of a device, in a fixed order.
#include "codesign/Schedule/GemmSchedule.h"

namespace codesign {
namespace {

constexpr int tileExtents[] = {16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256};

constexpr int streamedRows[] = {8, 16, 24, 32, 48, 64};

struct WaveGrid {
  int m, n;
};

/// What a family varies: execution groups, stages and the depth of a tile row in bytes.
struct FamilyChoices {
  std::vector<WaveGrid> waveGrids;
  std::vector<int> stages;
  std::vector<int> rowBytes;
  std::vector<WaveGrid> clusters = {{1, 1}};
  std::vector<int> wavesK = {1}; // rowBytes are those of one of them
  llvm::ArrayRef<int> tileM = tileExtents;
};

FamilyChoices choicesOf(GemmFamily family, bool shuffledWeights) {
  switch (family) {
  case GemmFamily::MfmaLdsDoubleBuffer:
    // Weights that pass LDS by are loaded once by each row of waves: few of them.
    if (shuffledWeights)
      return {{{1, 4}, {1, 8}, {2, 2}, {2, 4}}, {2}, {128, 256}};
    return {{{1, 1}, {1, 2}, {2, 1}, {1, 4}, {2, 2}, {4, 1}, {2, 4}, {4, 2}}, {1, 2, 3}, {64, 128, 256}};
  case GemmFamily::MfmaWeightStream:
    return {{{1, 1}}, {2, 4}, {128}, {{1, 1}}, {4, 8}};
  case GemmFamily::MmaWeightStream:
    return {{{1, 1}}, {2, 4}, {64, 128}, {{1, 1}}, {4, 8}, streamedRows};
  case GemmFamily::WgmmaTmaPersistent:
    // With two slots one copy is under way while a step is multiplied; hand-written kernels keep more.
    return {{{1, 1}, {2, 1}, {1, 2}}, {8, 7, 6, 5, 4, 3}, {128}, {{1, 1}, {2, 1}, {1, 2}}};
  case GemmFamily::MmaCpAsyncMultistage:
    return {{{1, 1}, {1, 2}, {2, 1}, {1, 4}, {2, 2}, {4, 1}, {2, 4}, {4, 2}}, {2, 3, 4, 5}, {64, 128}};
  }
  return {};
}

/// Whether whole instructions fill the wave tile; wgmma's n
/// is the wave tile itself. Cheap, before the full check.
bool fillsWaveTile(const MatrixInstruction &record, const GemmSchedule &schedule) {
  if (schedule.macroTileM % (schedule.wavesM * schedule.instructionM()) != 0 ||
      schedule.macroTileN % (schedule.wavesN * schedule.instructionN()) != 0)
    return false;
  return record.kind != MatrixInstructionKind::Wgmma || record.n == schedule.waveTileN();
}

/// Tiles whose phases are long beside the barriers between them.
bool isLargeTile(const GemmSchedule &schedule) {
  constexpr int side = 128;
  return schedule.macroTileM >= side && schedule.macroTileN >= side &&
         schedule.macroTileM + schedule.macroTileN > 2 * side;
}

constexpr int wholeStep = 128; // bytes of a row that a wave streams to registers at once

/// Rings of more slots, and half steps, which are for copies past the registers alone.
bool isForCopies(const GemmSchedule &schedule, int rowBytes) {
  return (schedule.family == GemmFamily::MfmaLdsDoubleBuffer && schedule.stages > 2) ||
         (schedule.family == GemmFamily::MmaWeightStream && rowBytes < wholeStep);
}

/// Whether there is a form of the schedule whose copies go past the registers. Of streamed weights, one for
/// rows that weigh on the registers of the other, in half steps; with scales of blocks in whole ones, which
/// are blocks.
bool copiesDirectly(const GemmSchedule &schedule, int rowBytes) {
  constexpr int manyRows = 24;
  if (schedule.family == GemmFamily::MmaWeightStream)
    return schedule.macroTileM >= manyRows && (rowBytes < wholeStep) != schedule.blockScaled;
  return schedule.family == GemmFamily::MfmaLdsDoubleBuffer && !schedule.shuffledWeights &&
         !schedule.blockScaled && schedule.stages >= 2;
}

void addLegal(const Profile &profile, GemmSchedule schedule, std::vector<GemmSchedule> &found) {
  const bool hasPhases = schedule.family == GemmFamily::MfmaLdsDoubleBuffer && isLargeTile(schedule);
  for (MainLoop loop : {MainLoop::InStep, MainLoop::PingPong, MainLoop::Interleaved}) {
    schedule.loop = loop;
    if ((loop != MainLoop::InStep && !hasPhases) || illegalReason(schedule, profile))
      continue;
    schedule.groupM = bestGroupM(profile, occupancy(schedule, profile).workgroupsPerComputeUnit);
    if (profile.compute.dies > 1)
      schedule.dieRun = schedule.groupM * schedule.groupM;
    found.push_back(schedule);
  }
}

} // namespace

std::vector<GemmSchedule> legalGemmSchedules(const Profile &profile, DataType inputType, GemmLayout layout,
                                             bool blockScaled, bool shuffledWeights) {
  std::vector<GemmSchedule> found;
  for (const std::string &familyName : profile.kernelFamilies) {
    std::optional<GemmFamily> family = parseGemmFamily(familyName);
    if (!family)
      continue;
    FamilyChoices choices = choicesOf(*family, shuffledWeights);
    for (const MatrixInstruction *record :
         denseMatrixInstructions(profile.architecture, inputType, inputType)) {
      if (record->a.space == OperandSpace::Registers && record->kind == MatrixInstructionKind::Wgmma)
        continue;
      GemmSchedule schedule;
      schedule.family = *family;
      schedule.architecture = profile.architecture;
      schedule.instruction = record->name;
      schedule.layout = layout;
      schedule.blockScaled = blockScaled;
      schedule.shuffledWeights = shuffledWeights;
      if (bitWidth(inputType) == 16)
        schedule.outputType = inputType;
      schedule.sharedLayout = SharedLayout::Swizzled;
      for (WaveGrid grid : choices.waveGrids)
        for (WaveGrid cluster : choices.clusters)
          for (int wavesK : choices.wavesK)
            for (int rowBytes : choices.rowBytes)
              for (int stages : choices.stages)
                for (int tileM : choices.tileM)
                  for (int tileN : tileExtents) {
                    schedule.wavesK = wavesK;
                    schedule.wavesM = grid.m;
                    schedule.wavesN = grid.n;
                    schedule.clusterM = cluster.m;
                    schedule.clusterN = cluster.n;
                    schedule.macroTileK = wavesK * rowBytes * 8 / bitWidth(inputType);
                    schedule.stages = stages;
                    schedule.macroTileM = tileM;
                    schedule.macroTileN = tileN;
                    if (!fillsWaveTile(*record, schedule))
                      continue;
                    // Rings of more slots are for copies past the registers, which others may be as well.
                    schedule.directToShared = false;
                    if (!isForCopies(schedule, rowBytes))
                      addLegal(profile, schedule, found);
                    schedule.directToShared = copiesDirectly(schedule, rowBytes);
                    if (schedule.directToShared)
                      addLegal(profile, schedule, found);
                  }
    }
  }
  return found;
}

} // namespace codesign
