#include "codesign/Schedule/GemmSchedule.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ErrorHandling.h"
#include <cassert>
#include <cmath>

namespace codesign {

static constexpr int warpsPerWarpgroup = 4;

const MatrixInstruction &GemmSchedule::matrixInstruction() const {
  const MatrixInstruction *found = findMatrixInstruction(architecture, instruction);
  assert(found && "the schedule names no instruction of its architecture");
  return *found;
}

int GemmSchedule::instructionM() const {
  return streamsWeights(family) ? matrixInstruction().n : matrixInstruction().m;
}

int GemmSchedule::instructionN() const {
  return streamsWeights(family) ? matrixInstruction().m : matrixInstruction().n;
}

int GemmSchedule::waves() const {
  if (family != GemmFamily::WgmmaTmaPersistent)
    return wavesM * wavesN * wavesK;
  return (wavesM * wavesN + 1) * warpsPerWarpgroup;
}

int GemmSchedule::threads() const {
  return waves() * waveSize(architecture);
}

int GemmSchedule::instructionsPerStep() const {
  return (waveTileM() / instructionM()) * (waveTileN() / instructionN()) *
         (macroTileK / wavesK / matrixInstruction().k);
}

int GemmSchedule::depthsPerRead() const {
  const MatrixInstruction &record = matrixInstruction();
  // ldmatrix hands mma.sync its operands in the order of the instruction.
  const bool inMemoryOrder =
      record.kind == MatrixInstructionKind::Mfma || (streamsWeights(family) && !directToShared);
  if (record.a.space != OperandSpace::Registers || !inMemoryOrder)
    return 1;
  constexpr int readBytes = 16; // of a lane at once
  const int depthBytes = record.a.layout.elementsAlong(MatrixAxis::Column) * bitWidth(record.a.type) / 8;
  return std::max(1, readBytes / depthBytes);
}

bool streamsWeights(GemmFamily family) {
  return family == GemmFamily::MfmaWeightStream || family == GemmFamily::MmaWeightStream;
}

int64_t shareCount(int64_t waves, int64_t instructions) {
  int64_t count = std::max<int64_t>(1, std::min(waves, instructions)); // none in a tile that is too narrow
  while (instructions % count != 0)
    --count;
  return count;
}

int maxSplitK(const GemmSchedule &schedule) {
  constexpr int mostSums = 64; // above, clang 22 spills in some schedules
  const bool inCluster = schedule.clusterM * schedule.clusterN > 1;
  const bool isPlain = schedule.loop == MainLoop::InStep &&
                       (schedule.layout == GemmLayout::NT || vendorOf(schedule.architecture) == Vendor::Amd);
  int sums = registerUse(schedule).accumulators;
  // Where waves share k, each has a share of the sums when the parts of others come.
  if (streamsWeights(schedule.family) && schedule.directToShared)
    sums /= static_cast<int>(shareCount(schedule.wavesK, schedule.macroTileN / schedule.instructionN()));
  return inCluster || !isPlain || sums > mostSums ? 1 : 16;
}

bool cutsTiles(const GemmSchedule &schedule) {
  const bool throughShared = schedule.family == GemmFamily::MfmaLdsDoubleBuffer ||
                             schedule.family == GemmFamily::MmaCpAsyncMultistage;
  return throughShared && schedule.layout == GemmLayout::NT && maxSplitK(schedule) > 1;
}

int residentWorkgroups(const GemmSchedule &schedule, const Profile &profile) {
  // What follows the sums takes more than the loop where few are left: without these ptxas 13 spills behind
  // rotated columns, and behind a bias where a list names the rows.
  const int afterwards = vendorOf(schedule.architecture) == Vendor::Nvidia ? 8 : 0;
  const int waves = profile.wavesPerSimd(
      std::min(compiledRegisters(schedule) + afterwards, profile.registers.maxPerThread));
  return std::max(1, std::min(occupancy(schedule, profile).workgroupsPerComputeUnit,
                              waves * profile.compute.simdsPerComputeUnit / schedule.waves()));
}

int streamWorkgroups(const GemmSchedule &schedule, const Profile &profile) {
  return profile.compute.computeUnits * residentWorkgroups(schedule, profile);
}

std::string GemmSchedule::describe() const {
  const char *groups = family == GemmFamily::WgmmaTmaPersistent   ? " warpgroups "
                       : vendorOf(architecture) == Vendor::Nvidia ? " warps "
                                                                  : " waves ";
  std::string text = (toString(family) + " " + llvm::Twine(macroTileM) + "x" + llvm::Twine(macroTileN) + "x" +
                      llvm::Twine(macroTileK) + " " + llvm::Twine(wavesM) + "x" + llvm::Twine(wavesN) +
                      (wavesK > 1 ? "x" + std::to_string(wavesK) : "") + groups + instruction + " " +
                      llvm::Twine(stages) + (stages == 1 ? " stage" : " stages"))
                         .str();
  if (clusterM * clusterN > 1)
    text += " clusters of " + std::to_string(clusterM) + "x" + std::to_string(clusterN);
  if (layout != GemmLayout::NT)
    text += " " + toString(layout).str();
  if (blockScaled)
    text += " block scales";
  if (shuffledWeights)
    text += " shuffled weights";
  if (directToShared)
    text += streamsWeights(family) ? " through shared memory" : " direct to LDS";
  if (loop != MainLoop::InStep)
    text += (" " + toString(loop)).str();
  if (splitK > 1)
    text += " split-K " + std::to_string(splitK);
  if (streamK)
    text += " stream-K";
  return text;
}

int bestGroupM(const Profile &profile, int workgroupsPerComputeUnit) {
  // Tiles in flight on a die form a block of groupM rows: it
  // touches groupM + inFlight / groupM tile rows and columns.
  double inFlight =
      static_cast<double>(profile.compute.computeUnitsPerDie) * std::max(1, workgroupsPerComputeUnit);
  int best = 1;
  double bestTouched = inFlight + 1;
  for (int candidate : {2, 4, 8, 16}) {
    double touched = candidate + std::ceil(inFlight / candidate);
    if (touched < bestTouched) {
      bestTouched = touched;
      best = candidate;
    }
  }
  return best;
}

llvm::StringRef toString(GemmFamily family) {
  switch (family) {
  case GemmFamily::MfmaLdsDoubleBuffer:
    return "mfma_lds_double_buffer";
  case GemmFamily::MfmaWeightStream:
    return "mfma_weight_stream";
  case GemmFamily::WgmmaTmaPersistent:
    return "wgmma_tma_persistent";
  case GemmFamily::MmaCpAsyncMultistage:
    return "mma_cp_async_multistage";
  case GemmFamily::MmaWeightStream:
    return "mma_weight_stream";
  }
  llvm_unreachable("unknown family");
}

std::optional<GemmFamily> parseGemmFamily(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<GemmFamily>>(name)
      .Case("mfma_lds_double_buffer", GemmFamily::MfmaLdsDoubleBuffer)
      .Case("mfma_weight_stream", GemmFamily::MfmaWeightStream)
      .Case("wgmma_tma_persistent", GemmFamily::WgmmaTmaPersistent)
      .Case("mma_cp_async_multistage", GemmFamily::MmaCpAsyncMultistage)
      .Case("mma_weight_stream", GemmFamily::MmaWeightStream)
      .Default(std::nullopt);
}

llvm::StringRef toString(MainLoop loop) {
  switch (loop) {
  case MainLoop::InStep:
    return "in-step";
  case MainLoop::PingPong:
    return "ping-pong";
  case MainLoop::Interleaved:
    return "interleaved";
  }
  llvm_unreachable("unknown main loop");
}

std::optional<MainLoop> parseMainLoop(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<MainLoop>>(name)
      .Case("in-step", MainLoop::InStep)
      .Case("ping-pong", MainLoop::PingPong)
      .Case("interleaved", MainLoop::Interleaved)
      .Default(std::nullopt);
}

llvm::StringRef toString(GemmLayout layout) {
  switch (layout) {
  case GemmLayout::NT:
    return "NT";
  case GemmLayout::NN:
    return "NN";
  case GemmLayout::TN:
    return "TN";
  }
  llvm_unreachable("unknown layout");
}

std::optional<GemmLayout> parseGemmLayout(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<GemmLayout>>(name)
      .Case("NT", GemmLayout::NT)
      .Case("NN", GemmLayout::NN)
      .Case("TN", GemmLayout::TN)
      .Default(std::nullopt);
}

} // namespace codesign
