// Schedules with every expected number worked out by hand.
#include "codesign/Schedule/GemmSchedule.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace codesign;
using testing::HasSubstr;

namespace {

Profile load(const std::string &name) {
  return llvm::cantFail(loadProfile(name, {CODESIGN_SOURCE_DIR "/hwprofiles"}));
}

/// The large-tile kernel of an MI300X: 256 × 256 × 64, eight waves, one buffer.
GemmSchedule largeMfma() {
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

GemmSchedule smallMfma() {
  GemmSchedule schedule = largeMfma();
  schedule.macroTileM = 128;
  schedule.macroTileN = 128;
  schedule.wavesM = 2;
  schedule.wavesN = 2;
  return schedule;
}

GemmSchedule hopper() {
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

std::string reasonOf(const GemmSchedule &schedule, const Profile &profile) {
  return illegalReason(schedule, profile).value_or("");
}

TEST(GemmSchedule, LargeTileFillsTheLdsOfAnMi300x) {
  GemmSchedule schedule = largeMfma();
  // (256 + 256) rows x 64 bf16 = 512 x 128 B
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 65536);
  EXPECT_EQ(schedule.threads(), 512);
  // 65536 sums / 512 threads
  EXPECT_EQ(registerUse(schedule).accumulators, 128);
  // wave tile 128 x 64: 8 + 4 operands of 2 registers, two depths per 16-byte read
  EXPECT_EQ(schedule.depthsPerRead(), 2);
  EXPECT_EQ(registerUse(schedule).fragments, (8 + 4) * 2 * 2);
  // 65536 B / 4 / 512 threads
  EXPECT_EQ(registerUse(schedule).staging, 32);
  // (128 / 16) x (64 / 16) x (64 / 16)
  EXPECT_EQ(schedule.instructionsPerStep(), 128);
  Profile mi300x = load("mi300x");
  EXPECT_EQ(reasonOf(schedule, mi300x), "");
  // 240 registers: two waves on each of the four SIMDs, LDS full
  Occupancy o = occupancy(schedule, mi300x);
  EXPECT_EQ(o.workgroupsPerComputeUnit, 1);
  EXPECT_EQ(o.wavesPerSimd, 2);
}

TEST(GemmSchedule, SmallTileRunsTwicePerComputeUnit) {
  GemmSchedule schedule = smallMfma();
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 256 * 128);
  Occupancy o = occupancy(schedule, load("mi300x"));
  // 65536 / 32768 = 2; 64 + 32 + 32 + 32 = 160 registers would allow 512 / 160 = 3
  EXPECT_EQ(registerUse(schedule).total(), 160);
  EXPECT_EQ(o.workgroupsPerComputeUnit, 2);
  EXPECT_EQ(o.limitedBy, "LDS");
}

TEST(GemmSchedule, RegistersLimitWhereLdsDoesNot) {
  GemmSchedule schedule = smallMfma();
  schedule.macroTileK = 32;
  // 256 rows x 64 B = 16 KiB: LDS allows 4; 64 + 32 + 16 + 32 = 144 registers allow 512 / 144 = 3
  Occupancy o = occupancy(schedule, load("mi300x"));
  EXPECT_EQ(o.workgroupsPerComputeUnit, 3);
  EXPECT_EQ(o.limitedBy, "registers");
}

TEST(GemmSchedule, PaddingCostsLds) {
  GemmSchedule schedule = smallMfma();
  schedule.sharedLayout = SharedLayout::Padded;
  schedule.paddingBytes = 16;
  schedule.stages = 2;
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 2 * 256 * (128 + 16));
  EXPECT_EQ(reasonOf(schedule, load("mi300x")), "LDS 73728 B > 65536 B");
}

/// 256 x 256 x 64 twice does not fit LDS; without W it does. A wave has 64 rows of 128 bytes of W under way.
TEST(GemmSchedule, ShuffledWeightsNeedNoLds) {
  GemmSchedule schedule = largeMfma();
  schedule.stages = 2;
  EXPECT_EQ(reasonOf(schedule, load("mi300x")), "LDS 131072 B > 65536 B");
  schedule.shuffledWeights = true;
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 2 * 256 * 128);
  EXPECT_EQ(registerUse(schedule).fragments, 8 * 2 * 2);
  EXPECT_EQ(registerUse(schedule).staging, 256 * 128 / 4 / 512 + 64 * 128 / 4 / 64);
  EXPECT_EQ(reasonOf(schedule, load("mi300x")), "");
  EXPECT_THAT(schedule.describe(), HasSubstr("2 stages shuffled weights"));
  GemmSchedule wanted = schedule;
  wanted.groupM = 8;
  wanted.dieRun = 64;
  EXPECT_THAT(legalGemmSchedules(load("mi300x"), DataType::BF16, GemmLayout::NT, false, true),
              testing::Contains(wanted));
  schedule.instruction = "v_mfma_f32_32x32x8_bf16";
  EXPECT_THAT(reasonOf(schedule, load("mi300x")), HasSubstr("instructions of 16 rows"));
  EXPECT_THAT(legalGemmSchedules(load("h100-sxm"), DataType::BF16, GemmLayout::NT, false, true),
              testing::IsEmpty());
}

/// 384 rows of 128 bytes by 512 lanes of 16 bytes.
TEST(GemmSchedule, CopiesPastTheRegistersFreeThem) {
  const Profile mi355x = load("mi355x");
  GemmSchedule schedule = largeMfma();
  schedule.architecture = Architecture::Gfx950;
  schedule.instruction = "v_mfma_f32_16x16x32_bf16";
  schedule.macroTileN = 128;
  schedule.stages = 3;
  EXPECT_EQ(reasonOf(schedule, mi355x), "3 LDS buffers, the family has 1 or 2");
  schedule.directToShared = true;
  EXPECT_EQ(reasonOf(schedule, mi355x), "");
  EXPECT_EQ(registerUse(schedule).staging, 0);
  EXPECT_EQ(directLoadsPerStep(schedule), 6);
  schedule.stages = 1;
  EXPECT_THAT(reasonOf(schedule, mi355x), HasSubstr("need a second slot"));
  schedule.stages = 2;
  schedule.shuffledWeights = true;
  EXPECT_THAT(reasonOf(schedule, mi355x), HasSubstr("counted alone"));
  schedule = smallMfma(); // 256 rows of 128 bytes by 256 lanes of 4
  EXPECT_EQ(directLoadsPerStep(schedule), 32);
}

/// 512 rows of 64 bytes in two slots are 64 KB.
TEST(GemmSchedule, LoopsOfOwnOrderHaveTheirWaves) {
  const Profile mi300x = load("mi300x");
  GemmSchedule schedule = largeMfma();
  schedule.macroTileK = 32;
  schedule.stages = 2;
  schedule.loop = MainLoop::PingPong;
  EXPECT_EQ(reasonOf(schedule, mi300x), "");
  EXPECT_THAT(schedule.describe(), HasSubstr("ping-pong"));
  EXPECT_THAT(legalGemmSchedules(mi300x, DataType::BF16, GemmLayout::NT),
              testing::Contains(testing::Field(&GemmSchedule::loop, MainLoop::PingPong)));
  EXPECT_EQ(maxSplitK(schedule), 1);
  schedule.wavesN = 2;
  EXPECT_EQ(reasonOf(schedule, mi300x), "4 waves, ping-pong loops have 8: two of each SIMD");
  schedule.loop = MainLoop::Interleaved;
  EXPECT_EQ(reasonOf(schedule, mi300x), "");
  EXPECT_EQ(registerUse(schedule).accumulators, 256);
  schedule.directToShared = true;
  EXPECT_THAT(reasonOf(schedule, mi300x), HasSubstr("through registers"));
  schedule.directToShared = false;
  schedule.wavesM = 1;
  schedule.wavesN = 4;
  schedule.macroTileN = 64; // of which a wave has one instruction
  EXPECT_THAT(reasonOf(schedule, mi300x), HasSubstr("no halves of whole instructions"));
  schedule = largeMfma();
  schedule.stages = 1;
  schedule.loop = MainLoop::PingPong;
  EXPECT_EQ(reasonOf(schedule, mi300x), "1 LDS buffer, ping-pong loops read one while another is filled");
  schedule.shuffledWeights = true;
  EXPECT_THAT(reasonOf(schedule, mi300x), HasSubstr("multiply tiles out of LDS"));
  for (MainLoop loop : {MainLoop::InStep, MainLoop::PingPong, MainLoop::Interleaved})
    EXPECT_EQ(parseMainLoop(toString(loop)), loop);
  EXPECT_FALSE(parseMainLoop("pong"));
}

/// Waves that take turns add scaled products of half a block of k, so that two slots fit LDS.
TEST(GemmSchedule, BlocksOfScalesAreHalvedWhereWavesTakeTurns) {
  const Profile mi300x = load("mi300x");
  GemmSchedule schedule = largeMfma();
  schedule.instruction = "v_mfma_f32_16x16x32_fp8_fp8";
  schedule.blockScaled = true;
  schedule.macroTileK = 64;
  schedule.wavesM = 4;
  schedule.wavesN = 2;
  schedule.stages = 2;
  EXPECT_THAT(reasonOf(schedule, mi300x), HasSubstr("steps of 64 of k and waves of 128 columns"));
  schedule.loop = MainLoop::PingPong;
  EXPECT_EQ(reasonOf(schedule, mi300x), "");
  const RegisterUse use = registerUse(schedule);
  EXPECT_EQ(use.accumulators, 128); // 64 x 128 of a wave
  EXPECT_EQ(use.fragments, 48);     // 64 of k of 64 and of 128 rows
  EXPECT_EQ(use.products,
            26); // twice two of four; and for two blocks the scales of four rows and of the columns
  schedule.loop = MainLoop::Interleaved;
  EXPECT_NE(reasonOf(schedule, mi300x), "");
  const auto all = legalGemmSchedules(mi300x, *mi300x.nativeFloat8(), GemmLayout::NT, /*blockScaled=*/true);
  EXPECT_THAT(all, testing::Contains(testing::Field(&GemmSchedule::loop, MainLoop::PingPong)));
  for (const GemmSchedule &legal : all)
    EXPECT_TRUE(legal.loop == MainLoop::PingPong || legal.macroTileK / legal.wavesK == 128)
        << legal.describe();
}

TEST(GemmSchedule, HopperPersistentKernelFits) {
  GemmSchedule schedule = hopper();
  SharedMemoryUse use = sharedMemoryUse(schedule);
  EXPECT_EQ(use.inputBytes, 3 * 49152); // (128 + 256) x 64 bf16
  EXPECT_EQ(use.epilogueBytes, 65536);  // 128 x 256 bf16
  EXPECT_EQ(use.barrierBytes, 48);
  EXPECT_EQ(schedule.threads(), 384); // two consumer warpgroups and the producer
  EXPECT_EQ(registerUse(schedule).accumulators, 128);
  EXPECT_EQ(schedule.instructionsPerStep(), 4);
  Profile h100 = load("h100-sxm");
  h100.kernelFamilies = {"wgmma_tma_persistent"};
  EXPECT_EQ(reasonOf(schedule, h100), "");
  EXPECT_EQ(occupancy(schedule, h100).workgroupsPerComputeUnit, 1);
  schedule.stages = 4; // 196608 + 65536 + 64
  EXPECT_EQ(reasonOf(schedule, h100), "LDS 262208 B > 232448 B");
}

TEST(GemmSchedule, WeightStreamKeepsItsLoadsInRegisters) {
  GemmSchedule schedule;
  schedule.family = GemmFamily::MfmaWeightStream;
  schedule.instruction = "v_mfma_f32_16x16x16_bf16";
  schedule.macroTileM = 16;
  schedule.macroTileN = 32;
  schedule.wavesK = 8;
  schedule.macroTileK = 512;
  schedule.stages = 4;
  Profile mi300x = load("mi300x");
  EXPECT_EQ(reasonOf(schedule, mi300x), "");
  EXPECT_EQ(schedule.threads(), 512);
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 8 * 16 * 32 * 4); // the sums of every wave in fp32
  // 16 x 32 sums in each wave's 64 lanes; four steps of 48 rows x 64 bf16
  EXPECT_EQ(registerUse(schedule).accumulators, 8);
  EXPECT_EQ(registerUse(schedule).staging, 4 * 48 * 128 / 4 / 64);
  EXPECT_EQ(schedule.instructionsPerStep(), 1 * 2 * 4);
  EXPECT_EQ(schedule.describe(),
            "mfma_weight_stream 16x32x512 1x1x8 waves v_mfma_f32_16x16x16_bf16 4 stages");
  schedule.macroTileM = 80;
  EXPECT_EQ(reasonOf(schedule, mi300x), "80 rows, mfma_weight_stream is for up to 64");
  schedule.macroTileM = 16;
  schedule.wavesM = 2;
  EXPECT_EQ(reasonOf(schedule, mi300x), "macro tile m 16 is no multiple of 2 waves x 16");
}

/// As many as 64 rows: steps lie in shared memory, each wave's beside the others'.
TEST(GemmSchedule, WeightStreamThroughSharedMemory) {
  GemmSchedule schedule;
  schedule.family = GemmFamily::MmaWeightStream;
  schedule.architecture = Architecture::Sm90a;
  schedule.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32";
  schedule.macroTileM = schedule.macroTileN = 64;
  schedule.wavesK = 4;
  schedule.macroTileK = 4 * 32;
  schedule.stages = 4;
  schedule.directToShared = true;
  Profile h100 = load("h100-sxm");
  EXPECT_EQ(reasonOf(schedule, h100), "");
  EXPECT_EQ(sharedMemoryUse(schedule).inputBytes, 4 * (64 + 64) * 128 * 2);
  EXPECT_EQ(sharedMemoryUse(schedule).epilogueBytes, 4 * 64 * 64 * 4);
  // 64 x 64 sums and 128 rows x 32 bf16 in 32 lanes; nothing is under way in registers
  EXPECT_EQ(registerUse(schedule).accumulators, 128);
  EXPECT_EQ(registerUse(schedule).fragments, 64);
  EXPECT_EQ(registerUse(schedule).staging, 0);
  EXPECT_EQ(schedule.depthsPerRead(), 1);
  EXPECT_EQ(maxSplitK(schedule), 16); // each wave has a quarter of the sums by then
  EXPECT_EQ(schedule.describe(),
            "mma_weight_stream 64x64x128 1x1x4 waves "
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 4 stages through shared memory");
  GemmSchedule registers = schedule;
  registers.directToShared = false;
  EXPECT_EQ(reasonOf(registers, h100).substr(0, 9), "registers");
  GemmSchedule deep = schedule;
  deep.macroTileK = 4 * 128;
  EXPECT_EQ(reasonOf(deep, h100), "steps of 256 B of each row, lanes copy 64 or 128");
  schedule.architecture = Architecture::Sm80;
  Profile a100 = load("a100-sxm");
  EXPECT_EQ(reasonOf(schedule, a100), "LDS 196608 B > 166912 B");
  schedule.stages = 2;
  EXPECT_EQ(reasonOf(schedule, a100), "");
  schedule.family = GemmFamily::MfmaWeightStream;
  schedule.architecture = Architecture::Gfx942;
  schedule.instruction = "v_mfma_f32_16x16x16_bf16";
  EXPECT_EQ(reasonOf(schedule, load("mi300x")),
            "lanes of CDNA devices copy to LDS side by side, a workgroup together");
}

/// Every device that streams weights has schedules for each number of rows up to 64.
TEST(GemmSchedule, SixtyFourRowsAreStreamedEverywhere) {
  for (const char *name : {"a100-sxm", "h100-sxm", "h200", "mi300x"}) {
    const Profile profile = load(name);
    for (int rows : {48, 64})
      EXPECT_TRUE(llvm::any_of(legalGemmSchedules(profile, DataType::BF16, GemmLayout::NT),
                               [&](const GemmSchedule &schedule) {
                                 return streamsWeights(schedule.family) && schedule.macroTileM == rows;
                               }))
          << name << ", " << rows;
  }
}

TEST(GemmSchedule, AmpereMultistage) {
  GemmSchedule schedule;
  schedule.family = GemmFamily::MmaCpAsyncMultistage;
  schedule.architecture = Architecture::Sm80;
  schedule.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32";
  schedule.macroTileM = 128;
  schedule.macroTileN = 128;
  schedule.macroTileK = 32;
  schedule.wavesM = 2;
  schedule.wavesN = 2;
  schedule.stages = 4;
  schedule.sharedLayout = SharedLayout::Swizzled;
  Profile a100 = load("a100-sxm");
  EXPECT_EQ(reasonOf(schedule, a100), "");
  EXPECT_EQ(sharedMemoryUse(schedule).total(), 4 * 256 * 64);
  EXPECT_EQ(registerUse(schedule).accumulators, 128);
  EXPECT_EQ(registerUse(schedule).fragments, 4 * 4 + 8 * 2); // four A operands of 4 registers, eight B of 2
  EXPECT_EQ(registerUse(schedule).staging, 0);
  // 192 registers: two warps of each workgroup-quarter... 512 / 192 = 2 warps per sub-core, one per workgroup
  EXPECT_EQ(occupancy(schedule, a100).workgroupsPerComputeUnit, 2);
  schedule.stages = 1;
  EXPECT_EQ(reasonOf(schedule, a100), "1 stage, asynchronous copies need 2");
}

struct Refusal {
  const char *what;
  void (*change)(GemmSchedule &);
  const char *reason;
};

TEST(GemmSchedule, RefusalsNameBothNumbers) {
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

TEST(GemmSchedule, TooManyRegisters) {
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
TEST(GemmSchedule, AllocationsThatAreTooTight) {
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

TEST(GemmSchedule, EnumerationIsLegalAndHasTheKnownGoodTiles) {
  for (const char *name : {"mi300x", "mi325x", "h100-sxm", "a100-sxm"}) {
    Profile profile = load(name);
    std::vector<GemmSchedule> all = legalGemmSchedules(profile, DataType::BF16, GemmLayout::NT);
    EXPECT_GT(all.size(), 100u) << name;
    for (const GemmSchedule &schedule : all) {
      ASSERT_EQ(reasonOf(schedule, profile), "") << schedule.describe();
      ASSERT_GE(occupancy(schedule, profile).workgroupsPerComputeUnit, 1);
    }
    for (size_t i = 1; i < all.size(); ++i)
      ASSERT_FALSE(all[i] == all[i - 1]);
  }
  GemmSchedule wanted = largeMfma();
  wanted.groupM = 8;
  wanted.dieRun = 64;
  EXPECT_THAT(legalGemmSchedules(load("mi300x"), DataType::BF16, GemmLayout::NT), testing::Contains(wanted));
}

TEST(GemmSchedule, EnumerationCoversHopperWgmma) {
  Profile h100 = load("h100-sxm");
  h100.kernelFamilies = {"wgmma_tma_persistent"};
  std::vector<GemmSchedule> all = legalGemmSchedules(h100, DataType::BF16, GemmLayout::NT);
  GemmSchedule wanted = hopper();
  wanted.sharedLayout = SharedLayout::Swizzled;
  wanted.groupM = bestGroupM(h100, 1);
  EXPECT_THAT(all, testing::Contains(wanted));
  EXPECT_THAT(legalGemmSchedules(h100, DataType::F8E4M3, GemmLayout::NN), testing::IsEmpty());
  EXPECT_FALSE(legalGemmSchedules(h100, DataType::F8E4M3, GemmLayout::NT).empty());
}

TEST(GemmSchedule, OutputHasTheInputsType) {
  for (const GemmSchedule &schedule : legalGemmSchedules(load("a100-sxm"), DataType::F16, GemmLayout::NT)) {
    ASSERT_EQ(schedule.outputType, DataType::F16);
    ASSERT_EQ(schedule.matrixInstruction().c.type, DataType::F32); // never the fp16 sums
  }
}

TEST(GemmSchedule, NoFamilyNoSchedule) {
  EXPECT_FALSE(legalGemmSchedules(load("mi300x"), DataType::F8E4M3FNUZ, GemmLayout::NT).empty());
  EXPECT_TRUE(legalGemmSchedules(load("mi300x"), DataType::F8E4M3, GemmLayout::NT).empty());
  EXPECT_TRUE(legalGemmSchedules(load("b200"), DataType::BF16, GemmLayout::NT).empty());
}

TEST(GemmSchedule, Cdna4UsesItsOwnInstructionsAndMoreLds) {
  const Profile mi355x = load("mi355x");
  const std::vector<GemmSchedule> legal = legalGemmSchedules(mi355x, DataType::BF16, GemmLayout::NT);
  int64_t most = 0;
  for (const GemmSchedule &schedule : legal) {
    if (schedule.family == GemmFamily::MfmaLdsDoubleBuffer && !schedule.directToShared) {
      EXPECT_EQ(schedule.instruction, "v_mfma_f32_16x16x32_bf16");
      most = std::max<int64_t>(most, sharedMemoryUse(schedule).total());
    }
  }
  EXPECT_EQ(most, 2 * 512 * 128); // two slots of 256 + 256 rows of 64 bf16
  GemmSchedule schedule = largeMfma();
  schedule.architecture = Architecture::Gfx950;
  EXPECT_EQ(reasonOf(schedule, mi355x), "gfx950 has a faster instruction than v_mfma_f32_16x16x16_bf16");
  schedule.instruction = "v_mfma_f32_32x32x16_bf16";
  EXPECT_THAT(reasonOf(schedule, mi355x),
              HasSubstr("operands of 32 rows out of swizzled rows of 128 B conflict"));
}

TEST(GemmSchedule, GroupOrderTouchesTheFewestTiles) {
  // 38 tiles in flight on an XCD: 4 + 10 = 14, 8 + 5 = 13, 16 + 3 = 19
  EXPECT_EQ(bestGroupM(load("mi300x"), 1), 8);
  // 76: 8 + 10 = 18, 16 + 5 = 21
  EXPECT_EQ(bestGroupM(load("mi300x"), 2), 8);
  // 132: 8 + 17 = 25, 16 + 9 = 25: the smaller wins
  EXPECT_EQ(bestGroupM(load("h100-sxm"), 1), 8);
}

TEST(GemmSchedule, NamesRoundTrip) {
  for (GemmFamily family :
       {GemmFamily::MfmaLdsDoubleBuffer, GemmFamily::WgmmaTmaPersistent, GemmFamily::MmaCpAsyncMultistage})
    EXPECT_EQ(parseGemmFamily(toString(family)), family);
  for (GemmLayout layout : {GemmLayout::NT, GemmLayout::NN, GemmLayout::TN})
    EXPECT_EQ(parseGemmLayout(toString(layout)), layout);
  EXPECT_FALSE(parseGemmFamily("mfma"));
  EXPECT_EQ(largeMfma().describe(),
            "mfma_lds_double_buffer 256x256x64 2x4 waves v_mfma_f32_16x16x16_bf16 1 stage");
}

/// Tiles and panels of 212,992 bytes with 48 of mbarriers leave 19,408 of 232,448; three numbers of 1024
/// experts are 12,336.
TEST(GemmSchedule, PersistentWorkgroupsKeepRoomForExperts) {
  const Profile profile = load("h100-sxm");
  EXPECT_EQ(sharedMemoryUse(hopper()).total(), 212992 + 48);
  EXPECT_TRUE(hasRoomForExperts(hopper(), profile));
  GemmSchedule full = hopper();
  full.instruction = "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16.ss";
  full.macroTileN = 64;
  full.stages = 8; // 8 x 24,576 + 16,384 + 128
  EXPECT_TRUE(hasRoomForExperts(full, profile));
  full.macroTileN = 128;
  full.instruction = "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16.ss";
  full.stages = 6; // 6 x 32,768 + 32,768 + 96 = 229,472
  EXPECT_FALSE(hasRoomForExperts(full, profile));
  // 192 sums of a lane leave no registers: 4 x 40,960 + 49,152 + 64 bytes would.
  full.macroTileM = 192;
  full.wavesM = 1;
  full.stages = 4;
  EXPECT_EQ(sharedMemoryUse(full).total(), 213056);
  EXPECT_FALSE(hasRoomForExperts(full, profile));
  EXPECT_TRUE(hasRoomForExperts(largeMfma(), load("mi300x")));
}

TEST(GemmSchedule, ListedRowsAreCopiedByOneWorkgroupForItself) {
  GemmSchedule schedule = hopper();
  schedule.clusterM = schedule.clusterN = 1;
  schedule.stages = 3;
  EXPECT_TRUE(takesListedRows(schedule));
  schedule.stages = 2;
  EXPECT_FALSE(takesListedRows(schedule));
  schedule.stages = 3;
  schedule.clusterM = 2;
  EXPECT_FALSE(takesListedRows(schedule));
  EXPECT_TRUE(takesListedRows(largeMfma()));
}

} // namespace
