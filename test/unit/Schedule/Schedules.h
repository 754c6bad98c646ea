// Schedules that the tests start from.
#pragma once

#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Schedule/GemmSchedule.h"

namespace codesign {

inline Profile load(const std::string &name) {
  return llvm::cantFail(loadProfile(name, {CODESIGN_SOURCE_DIR "/hwprofiles"}));
}

/// The large-tile kernel of an MI300X: 256 × 256 × 64, eight waves, one buffer.
inline GemmSchedule largeMfma() {
  GemmSchedule schedule;
  schedule.instruction = "v_mfma_f32_16x16x16_bf16";
  schedule.macroTileM = 256;
  schedule.macroTileN = 256;
  schedule.macroTileK = 64;
  schedule.wavesM = 2;
  schedule.wavesN = 4;
  schedule.sharedLayout = SharedLayout::Swizzled;
  return schedule;
}

inline GemmSchedule smallMfma() {
  GemmSchedule schedule = largeMfma();
  schedule.macroTileM = 128;
  schedule.macroTileN = 128;
  schedule.wavesM = 2;
  schedule.wavesN = 2;
  return schedule;
}

inline GemmSchedule hopper() {
  GemmSchedule schedule;
  schedule.family = GemmFamily::WgmmaTmaPersistent;
  schedule.architecture = Architecture::Sm90a;
  schedule.instruction = "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16.ss";
  schedule.macroTileM = 128;
  schedule.macroTileN = 256;
  schedule.macroTileK = 64;
  schedule.wavesM = 2;
  schedule.stages = 3;
  schedule.clusterM = 2;
  return schedule;
}

inline std::string reasonOf(const GemmSchedule &schedule, const Profile &profile) {
  return illegalReason(schedule, profile).value_or("");
}

} // namespace codesign
