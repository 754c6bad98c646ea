// Why a schedule is refused, with both numbers.
#include "Schedule/Schedules.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace codesign;
using testing::HasSubstr;

namespace {

struct Refusal {
  const char *what;
  void (*change)(GemmSchedule &);
  const char *reason;
};

TEST(ScheduleRefusal, RefusalsNameBothNumbers) {
  static const Refusal refusals[] = {
      {"architecture", [](GemmSchedule &s) { s.architecture = Architecture::Gfx950; },
       "schedule is for gfx950, mi300x is gfx942"},
      {"family", [](GemmSchedule &s) { s.family = GemmFamily::WgmmaTmaPersistent; },
       "mi300x has no kernel family wgmma_tma_persistent"},
      {"instruction", [](GemmSchedule &s) { s.instruction = "v_mfma_f32_16x16x32_bf16"; },
       "gfx942 has no instruction 'v_mfma_f32_16x16x32_bf16'"},
      {"multi-block", [](GemmSchedule &s) { s.instruction = "v_mfma_f32_16x16x4_4b_bf16"; },
       "sparse, scaled or multi-block"},
      {"sparse", [](GemmSchedule &s) { s.instruction = "v_smfmac_f32_16x16x32_bf16"; },
       "is not an instruction for mfma_lds_double_buffer"},
      {"xf32", [](GemmSchedule &s) { s.instruction = "v_mfma_f32_16x16x8_xf32"; },
       "mfma_lds_double_buffer has no kernel for xf32 x xf32"},
      {"int8", [](GemmSchedule &s) { s.instruction = "v_mfma_i32_16x16x32_i8"; },
       "sums in int32, the kernels sum in fp32"},
      {"layout",
       [](GemmSchedule &s) {
         s.layout = GemmLayout::TN;
         s.macroTileK = 32;
       },
       "TN tiles of 256 x 256 in rows of 64 B; transposed ones have multiples of 32 and 128 B"},
      {"layout of bytes",
       [](GemmSchedule &s) {
         s.layout = GemmLayout::NN;
         s.instruction = "v_mfma_f32_16x16x32_fp8_fp8";
       },
       "NN tiles of 256 x 256 in rows of 64 B; transposed ones have multiples of 32 and 128 B"},
      {"layout of blocks",
       [](GemmSchedule &s) {
         s.layout = GemmLayout::NN;
         s.instruction = "v_mfma_f32_16x16x32_fp8_fp8";
         s.blockScaled = true;
       },
       "block scales lie along k, layout is NN"},
      {"m", [](GemmSchedule &s) { s.macroTileM = 240; }, "macro tile m 240 is no multiple of 2 waves x 16"},
      {"n", [](GemmSchedule &s) { s.macroTileN = 96; }, "macro tile n 96 is no multiple of 4 waves x 16"},
      {"k", [](GemmSchedule &s) { s.macroTileK = 48; }, "macro tile k 48 is no multiple of 32"},
      {"swizzle", [](GemmSchedule &s) { s.macroTileK = 96; }, "tile rows of 192 B cannot be XOR-swizzled"},
      {"stages", [](GemmSchedule &s) { s.stages = 3; }, "3 LDS buffers, the family has 1 or 2"},
      {"cluster", [](GemmSchedule &s) { s.clusterM = 2; }, "cluster of 2 workgroups > 1"},
      {"split",
       [](GemmSchedule &s) {
         s.splitK = 2;
         s.streamK = true;
       },
       "stream-K and split-K exclude each other"},
      {"zero", [](GemmSchedule &s) { s.wavesM = 0; }, "must be positive"},
      {"threads", [](GemmSchedule &s) { s.wavesM = 8; }, "2048 threads > 1024 per workgroup"},
      {"copies",
       [](GemmSchedule &s) {
         s.macroTileM = 32;
         s.macroTileK = 32;
       },
       "32 rows of 64 B do not split into 16 B for each of 512 threads"},
      {"padding", [](GemmSchedule &s) { s.paddingBytes = 8; }, "padding of 8 B is no multiple of 16 B"},
      {"LDS", [](GemmSchedule &s) { s.stages = 2; }, "LDS 131072 B > 65536 B"},
  };
  Profile mi300x = load("mi300x");
  for (const Refusal &refusal : refusals) {
    GemmSchedule schedule = largeMfma();
    refusal.change(schedule);
    EXPECT_THAT(reasonOf(schedule, mi300x), HasSubstr(refusal.reason)) << refusal.what;
  }
}

TEST(ScheduleRefusal, TooManyRegisters) {
  GemmSchedule schedule = largeMfma();
  schedule.wavesM = 2;
  schedule.wavesN = 1;
  schedule.macroTileN = 128;
  // 256 x 128 / 128 threads = 256 sums, (8 + 8) x 4 fragments, 384 x 128 B / 4 / 128 = 96 in flight, 32: 448
  // in all, 192 outside the accumulation registers. One wave per SIMD may have 512, but compilers need some
  // of them for loads in flight.
  EXPECT_EQ(registerUse(schedule).total(), 448);
  EXPECT_EQ(reasonOf(schedule, load("mi300x")), "registers 448, 573 as compiled, > 512 per thread");
  schedule.macroTileM = 192;
  schedule.macroTileN = 256;
  // 384 sums + (6 + 16) x 4 + 112 + 32
  EXPECT_EQ(registerUse(schedule).total(), 616);
  EXPECT_EQ(reasonOf(schedule, load("mi300x")), "registers 616 > 512 per thread");
}

/// What clang spills although the registers fit on paper.
TEST(ScheduleRefusal, AllocationsThatAreTooTight) {
  GemmSchedule schedule = largeMfma();
  schedule.macroTileM = 128;
  schedule.macroTileN = 192;
  schedule.macroTileK = 32;
  schedule.wavesM = 1;
  schedule.wavesN = 4;
  // 96 sums + (8 + 3) x 4 + 20 + 32 = 192 registers, 245 as compiled
  EXPECT_EQ(reasonOf(schedule, load("mi300x")),
            "registers 245 as compiled, too close to the 256 of two workgroups");
  schedule = largeMfma();
  schedule.macroTileK = 32;
  schedule.stages = 1;
  EXPECT_EQ(reasonOf(schedule, load("mi300x")),
            "registers 286 as compiled, > 256 of a wave, in steps of a whole tile");
  schedule = largeMfma();
  schedule.instruction = "v_mfma_f32_32x32x8_bf16";
  schedule.macroTileK = 32;
  schedule.wavesM = schedule.wavesN = 2;
  EXPECT_EQ(reasonOf(schedule, load("mi300x")), "accumulators 256 in groups of 16 leave none of 256 free");
  // 128 sums + 48 of fragments + 32 under way + 32 of addresses: 240 registers, 307 as compiled.
  for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN}) {
    schedule = largeMfma();
    schedule.layout = layout;
    EXPECT_EQ(reasonOf(schedule, load("mi300x")),
              "registers 307 as compiled, too close to the 256 of a wave in a " + toString(layout).str() +
                  " loop");
    schedule.macroTileN = 128;
    EXPECT_EQ(reasonOf(schedule, load("mi300x")), "");
  }
}

} // namespace
