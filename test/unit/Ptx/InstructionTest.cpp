#include "RunPtx.h"
#include <bit>

using namespace codesign;
using namespace codesign::test;

namespace {

uint32_t bitsOf(float value) {
  return std::bit_cast<uint32_t>(value);
}

TEST(PtxInstruction, whatIsNotKnownIsNamedWithItsLine) {
  EXPECT_EQ(runPtx(kernelOf("  tex.1d.v4.f32.s32 {%r2}, [%rd1];"), {0}).error,
            "error: PTX line 13: \"tex.1d.v4.f32.s32\" is not executed");
  EXPECT_EQ(runPtx(kernelOf("  add.s32 %r2, %nothing, 1;"), {0}).error,
            "error: PTX line 13: no register or symbol \"%nothing\"");
  EXPECT_EQ(runPtx(kernelOf("  bra nowhere;"), {0}).error, "error: PTX line 14: no label nowhere");
}

/// Each thread multiplies by its own number of additions: lanes leave the loop one after the other.
TEST(PtxInstruction, lanesLoopAsOftenAsTheyWant) {
  const std::string text = kernelOf(R"(
  ld.global.b32 %r2, [%rd1];
  mov.b32 %r3, 0;
  mov.b32 %r4, 0;
again:
  setp.ge.u32 %p1, %r3, %r0;
  @%p1 bra done;
  add.s32 %r4, %r4, %r2;
  add.s32 %r3, %r3, 1;
  bra again;
done:
  st.global.b32 [%rd2], %r4;
  ret;)");
  std::vector<uint32_t> input(32, 7);
  const Ran ran = runPtx(text, input);
  ASSERT_EQ(ran.error, "");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(ran.output[i], 7 * i);
}

/// The two values, as instructions of 32 bits make them of each word of the input.
std::vector<uint32_t> made(const std::string &instructions, std::vector<uint32_t> input) {
  input.resize(32);
  const Ran ran = runPtx(
      kernelOf("  ld.global.b32 %r2, [%rd1];\n" + instructions + "\n  st.global.b32 [%rd2], %r3;\n  ret;"),
      input);
  EXPECT_EQ(ran.error, "");
  return ran.output;
}

TEST(PtxInstruction, integers) {
  const uint32_t minusNine = -9u;
  EXPECT_EQ(made("div.s32 %r3, %r2, 2;", {minusNine})[0], -4u);
  EXPECT_EQ(made("div.u32 %r3, %r2, 2;", {minusNine})[0], minusNine / 2);
  EXPECT_EQ(made("shr.s32 %r3, %r2, 1;", {minusNine})[0], -5u);
  EXPECT_EQ(made("shr.u32 %r3, %r2, 33;", {minusNine})[0], 0u);
  EXPECT_EQ(made("mul.hi.s32 %r3, %r2, 0x40000000;", {minusNine})[0], -3u);
  EXPECT_EQ(made("bfe.u32 %r3, %r2, 4, 8;", {0xabcdef})[0], 0xdeu);
  EXPECT_EQ(made("bfe.s32 %r3, %r2, 4, 8;", {0xabcdef})[0], 0xffffffdeu);
  EXPECT_EQ(made("prmt.b32 %r3, %r2, 0x44332211, 0x7531;", {0xaabbccdd})[0], 0x4422aaccu);
  EXPECT_EQ(made("min.s32 %r3, %r2, 3;", {minusNine})[0], minusNine);
  EXPECT_EQ(made("min.u32 %r3, %r2, 3;", {minusNine})[0], 3u);
  EXPECT_EQ(made("clz.b32 %r3, %r2;", {0x00ff0000})[0], 8u);
}

TEST(PtxInstruction, comparisonsOfWhatIsNoNumber) {
  const auto holds = [](llvm::StringRef how, float a, float b) {
    const std::string text = "setp." + how.str() + ".f32 %p1, %r2, %r4; selp.b32 %r3, 1, 0, %p1;";
    return made("mov.b32 %r4, " + std::to_string(bitsOf(b)) + "; " + text, {bitsOf(a)})[0] == 1;
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const char *how : {"eq", "ne", "lt", "le", "gt", "ge"}) {
    EXPECT_FALSE(holds(how, nan, 1)) << how;
    EXPECT_TRUE(holds(std::string(how) + "u", 1, nan)) << how;
  }
  EXPECT_TRUE(holds("ne", 1, 2) && holds("equ", 2, 2) && holds("leu", 1, 2) && holds("nan", nan, 2));
  EXPECT_FALSE(holds("ne", 2, 2) || holds("equ", 1, 2) || holds("leu", 3, 2) || holds("num", nan, 2));
}

TEST(PtxInstruction, numbersOfFewBits) {
  // The first operand becomes the upper half.
  EXPECT_EQ(made("cvt.rn.bf16x2.f32 %r3, %r2, 0f3F800000;", {bitsOf(-2.0f)})[0], 0xc0003f80u);
  EXPECT_EQ(
      made("cvt.rn.satfinite.e4m3x2.f32 %h1, %r2, 0f3F800000; cvt.u32.u16 %r3, %h1;", {bitsOf(1000.0f)})[0],
      0x7e38u); // 448 and 1
  EXPECT_EQ(made("cvt.u16.u32 %h1, %r2; cvt.rn.f16x2.e4m3x2 %r3, %h1;", {0x7e38})[0], 0x5f003c00u); // 448, 1
  EXPECT_EQ(made("fma.rn.f32 %r3, %r2, 0f40000000, 0f3F800000;", {bitsOf(3.0f)})[0], bitsOf(7.0f));
  EXPECT_EQ(made("ex2.approx.ftz.f32 %r3, %r2;", {bitsOf(-3.0f)})[0], bitsOf(0.125f));
}

TEST(PtxInstruction, addressesOutsideAndBetween) {
  const Ran past = runPtx(kernelOf("  ld.global.b32 %r2, [%rd1+4]; ret;"), std::vector<uint32_t>(32));
  EXPECT_NE(past.error.find("thread 31"), std::string::npos) << past.error;
  EXPECT_NE(past.error.find("outside every buffer"), std::string::npos) << past.error;
  const Ran between =
      runPtx(kernelOf("  ld.global.v2.b32 {%r2, %r3}, [%rd1]; ret;"), std::vector<uint32_t>(64));
  EXPECT_NE(between.error.find("no multiple"), std::string::npos) << between.error;
  const Ran shared = runPtx(kernelOf("  mov.b64 %rd4, tile; ld.shared.b32 %r2, [%rd4+4096]; ret;"), {0});
  EXPECT_NE(shared.error.find("outside every buffer"), std::string::npos) << shared.error;
}

} // namespace
