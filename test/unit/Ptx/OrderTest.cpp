// Who waits for whom.
#include "RunPtx.h"

using namespace codesign;
using namespace codesign::test;

namespace {

TEST(PtxOrder, lanesExchangeValues) {
  const std::string text = kernelOf(R"(
  ld.global.b32 %r2, [%rd1];
  shfl.sync.bfly.b32 %r3, %r2, 1, 31, 0xffffffff;
  shfl.sync.up.b32 %r4, %r2, 2, 0, 0xffffffff;
  shfl.sync.idx.b32 %r5, %r2, 5, 31, 0xffffffff;
  mad.lo.s32 %r6, %r4, 100, %r3;
  mad.lo.s32 %r6, %r5, 10000, %r6;
  st.global.b32 [%rd2], %r6;
  ret;)");
  std::vector<uint32_t> input(32);
  for (uint32_t i = 0; i < 32; ++i)
    input[i] = i;
  const Ran ran = runPtx(text, input);
  ASSERT_EQ(ran.error, "");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(ran.output[i], (i ^ 1) + 100 * (i < 2 ? i : i - 2) + 50000);
}

TEST(PtxOrder, lanesThatDoNotMeet) {
  // Lanes from 16 on have ended when the others name them.
  const std::string named =
      "  setp.ge.u32 %p1, %r0, 16; @%p1 ret; shfl.sync.idx.b32 %r2, %r0, 0, 31, 0xffffffff; ret;";
  EXPECT_NE(runPtx(kernelOf(named), {0}).error.find("has ended"), std::string::npos);
  const std::string half =
      "  setp.ge.u32 %p1, %r0, 16; @%p1 ret; shfl.sync.idx.b32 %r2, %r0, 0, 31, 0xffff; ret;";
  EXPECT_EQ(runPtx(kernelOf(half), {0}).error, "");
}

/// Two warps: one waits at a barrier for both, the other ends.
TEST(PtxOrder, threadsThatWaitForEver) {
  const std::string body = "  setp.ge.u32 %p1, %r0, 32; @%p1 ret; bar.sync 0; ret;";
  const std::string error = runPtx(kernelOf(body), {0}, 64).error;
  EXPECT_NE(error.find("waits for ever"), std::string::npos) << error;
  EXPECT_NE(error.find("bar.sync 0"), std::string::npos) << error;
  EXPECT_EQ(runPtx(kernelOf("  setp.ge.u32 %p1, %r0, 32; @%p1 ret; bar.sync 1, 32; ret;"), {0}, 64).error,
            "");
}

TEST(PtxOrder, anEndlessLoopEnds) {
  EXPECT_NE(runPtx(kernelOf("again: bra again;"), {0}).error.find("endless"), std::string::npos);
}

/// 16 bytes of each thread: what has been waited for is there, what has not is not where copies are late.
TEST(PtxOrder, copiesArriveWhenTheyAreWaitedFor) {
  const auto text = [](llvm::StringRef wait) {
    return kernelOf(R"(
  mov.b64 %rd4, tile;
  mul.wide.u32 %rd5, %r0, 16;
  add.s64 %rd4, %rd4, %rd5;
  cvt.u32.u64 %r5, %rd4;
  mul.wide.u32 %rd6, %r0, 12;
  add.s64 %rd6, %rd1, %rd6;
  cp.async.cg.shared.global [%r5], [%rd6], 16;
  cp.async.commit_group;
  )" + wait.str() + R"(
  ld.shared.b32 %r6, [%r5+12];
  st.global.b32 [%rd2], %r6;
  ret;)");
  };
  std::vector<uint32_t> input(128);
  for (uint32_t i = 0; i < 128; ++i)
    input[i] = i;
  for (uint64_t seed : {1, 2})
    EXPECT_EQ(runPtx(text("cp.async.wait_group 0;"), input, 32, 0, seed).output[7], 31u) << seed;
  // One group may still be under way: what is read is what was there, and the kernel ends without it.
  EXPECT_EQ(runPtx(text("cp.async.wait_group 1;"), input, 32, 0, /*seed=*/2).output[7], 31u);
  EXPECT_NE(
      runPtx(text("cp.async.wait_group 1;"), input, 32, 0, /*seed=*/1).error.find("nobody has waited for"),
      std::string::npos);
}

/// One thread arrives after it has written; the others wait for the phase.
TEST(PtxOrder, barriersInMemory) {
  const auto text = [](int arrivals) {
    return kernelOf(R"(
  mov.b64 %rd4, tile;
  cvt.u32.u64 %r5, %rd4;
  setp.ne.b32 %p1, %r0, 0;
  @%p1 bra set;
  mbarrier.init.shared::cta.b64 [%r5], )" +
                    std::to_string(arrivals) + R"(;
set:
  bar.sync 0;
  setp.ne.b32 %p2, %r0, 40;
  @%p2 bra wait;
  mov.b32 %r6, 77;
  st.shared.b32 [%r5+64], %r6;
  mbarrier.arrive.shared::cta.b64 _, [%r5];
wait:
  { .reg .pred done;
  again: mbarrier.try_wait.parity.shared::cta.b64 done, [%r5], 0;
  @!done bra again; }
  ld.shared.b32 %r7, [%r5+64];
  st.global.b32 [%rd2], %r7;
  ret;)");
  };
  const Ran ran = runPtx(text(1), std::vector<uint32_t>(64), 64);
  ASSERT_EQ(ran.error, "");
  EXPECT_EQ(ran.output, std::vector<uint32_t>(64, 77));
  EXPECT_NE(runPtx(text(2), std::vector<uint32_t>(64), 64).error.find("waits for ever"), std::string::npos);
}

} // namespace
