// From a schedule of library Schedule to a kernel that can be written.
#include "codesign/Lowering/Gemm.h"
#include "codesign/Support/Diagnostics.h"

namespace codesign {

namespace {

/// True if the registers of a wave, at the residency of one workgroup at least, do not hold what the compiler
/// would load ahead.
bool needsFences(const GemmSchedule &schedule, const Profile &profile) {
  const int simds = profile.compute.simdsPerComputeUnit,
            wavesPerSimd = (schedule.waves() + simds - 1) / simds;
  return schedule.family == GemmFamily::MfmaLdsDoubleBuffer &&
         profile.wavesPerSimd(compiledRegisters(schedule)) < wavesPerSimd;
}

/// What setmaxnreg leaves the roles: all that a launch of this size has. One consumer gets enough without.
void dealRegisters(GemmKernel &kernel) {
  const int64_t consumers = kernel.wavesM * kernel.wavesN;
  if (consumers == 2) {
    kernel.producerRegisters = 40;
    kernel.consumerRegisters = 232;
  } else if (consumers == 3) {
    kernel.producerRegisters = 32;
    kernel.consumerRegisters = 160;
  }
}

} // namespace

TargetLimits targetLimits(const Profile &profile) {
  return {.sharedBytes = static_cast<int64_t>(profile.shared.maxPerWorkgroup.value),
          .registersPerLane = profile.registers.maxPerThread,
          .chiplets = profile.compute.dies};
}

llvm::Expected<GemmKernel> gemmKernel(const GemmSchedule &schedule, const Profile &profile) {
  auto unsupported = [&](const char *what) {
    return usageError(schedule.describe() + ": kernels with " + what + " are not emitted yet");
  };
  const bool persistent = schedule.family == GemmFamily::WgmmaTmaPersistent;
  if (schedule.layout != GemmLayout::NT && streamsWeights(schedule.family))
    return unsupported("streamed weights that are not k-contiguous");
  if (schedule.streamK && !cutsTiles(schedule))
    return unsupported("tiles of this kind that Stream-K cuts");
  const MatrixInstruction *record = findMatrixInstruction(schedule.architecture, schedule.instruction);
  if (!record)
    return usageError("'" + schedule.instruction + "' is no matrix instruction of " +
                      toString(schedule.architecture));
  const DataType type = record->a.type;
  const bool half = type == DataType::BF16 || type == DataType::F16;
  if (type != record->b.type || !(half || isFloat8(type)) ||
      schedule.outputType != (half ? type : DataType::BF16))
    return unsupported("types other than bf16, fp16 and fp8 with bf16 results");
  GemmKernel kernel;
  kernel.architecture = schedule.architecture;
  kernel.limits = targetLimits(profile);
  kernel.instruction = schedule.instruction;
  kernel.tileM = schedule.macroTileM;
  kernel.tileN = schedule.macroTileN;
  kernel.tileK = schedule.macroTileK;
  kernel.wavesM = schedule.wavesM;
  kernel.wavesN = schedule.wavesN;
  kernel.wavesK = schedule.wavesK;
  kernel.stages = schedule.stages;
  kernel.directCopies = schedule.directToShared;
  kernel.loop = schedule.loop;
  kernel.splitK = schedule.splitK;
  kernel.band = schedule.groupM;
  kernel.run = schedule.dieRun;
  // Without runs the hardware's own round robin stays.
  if (schedule.dieRun == 1)
    kernel.limits.chiplets = 1;
  if (schedule.streamK) {
    kernel.streamWorkgroups = streamWorkgroups(schedule, profile);
    // Each die has one run of the order of the work, so that parts of a tile meet in its L2.
    kernel.run = std::max<int64_t>(1, kernel.streamWorkgroups / kernel.limits.chiplets);
  }
  kernel.residency = persistent ? 1 : residentWorkgroups(schedule, profile);
  // A launch that needs the split has few workgroups; the registers of more are for the parts of others.
  if (schedule.splitK > 1)
    kernel.residency =
        std::clamp<int64_t>(2 * profile.compute.simdsPerComputeUnit / schedule.waves(), 1, kernel.residency);
  kernel.clusterM = schedule.clusterM;
  kernel.clusterN = schedule.clusterN;
  if (persistent)
    dealRegisters(kernel);
  kernel.fencedSteps = needsFences(schedule, profile);
  kernel.pack = schedule.depthsPerRead();
  kernel.padding = schedule.sharedLayout == SharedLayout::Padded
                       ? schedule.paddingBytes * 8 / bitWidth(record->a.type)
                       : 0;
  return kernel;
}

} // namespace codesign
