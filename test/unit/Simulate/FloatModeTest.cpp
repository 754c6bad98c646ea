// f16 and f64 arithmetic under every rounding and subnormal mode, against exact results rounded here.
#include "TestSupport.h"
#include <cmath>
#include <random>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

enum Rounding { Nearest, Up, Down, TowardZero };

double decode(uint16_t code) {
  int exponent = (code >> 10) & 31, mantissa = code & 1023;
  double magnitude = exponent == 0    ? std::ldexp(mantissa, -24)
                     : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                      : std::ldexp(1024 + mantissa, exponent - 25);
  return code & 0x8000 ? -magnitude : magnitude;
}

/// The f16 code of an exact value; every step below is exact in 64 bits of mantissa.
uint16_t round(long double exact, Rounding rounding) {
  const uint16_t sign = std::signbit(exact) ? 0x8000 : 0;
  const long double magnitude = std::fabs(exact);
  if (std::isnan(exact))
    return 0x7e00;
  if (std::isinf(exact))
    return sign | 0x7c00;
  const int exponent = std::max(magnitude > 0 ? std::ilogb(magnitude) : -14, -14);
  const long double units = std::ldexp(magnitude, 10 - exponent), kept = std::floor(units),
                    rest = units - kept;
  const bool away = rounding == Nearest ? rest > 0.5 || (rest == 0.5 && std::fmod(kept, 2.0L) == 1)
                    : rounding == Up    ? rest > 0 && !sign
                    : rounding == Down  ? rest > 0 && sign
                                        : false;
  const double result = std::ldexp(static_cast<double>(kept) + away, exponent - 10);
  if (result > 65504) {
    const bool infinite = rounding == Nearest || (rounding == Up && !sign) || (rounding == Down && sign);
    return sign | (infinite ? 0x7c00 : 0x7bff);
  }
  if (result < std::ldexp(1, -14))
    return sign | static_cast<uint16_t>(std::ldexp(result, 24));
  const int top = std::ilogb(result);
  return sign | static_cast<uint16_t>(((top + 15) << 10) + std::ldexp(result, 10 - top) - 1024);
}

uint16_t flushed(uint16_t code, bool keeps) {
  return keeps || (code & 0x7c00) ? code : code & 0x8000;
}

struct Operation {
  const char *text;
  long double (*exact)(long double, long double, long double); // without a rounding
  bool packed = false;
};

const Operation operations[] = {
    {"v_add_f16 v10, v4, v5", [](long double a, long double b, long double) { return a + b; }},
    {"v_sub_f16 v10, v4, v5", [](long double a, long double b, long double) { return a - b; }},
    {"v_mul_f16 v10, v4, v5", [](long double a, long double b, long double) { return a * b; }},
    {"v_fma_f16 v10, v4, v5, v6", [](long double a, long double b, long double c) { return a * b + c; }},
    {"v_pk_add_f16 v10, v4, v5", [](long double a, long double b, long double) { return a + b; }, true},
    {"v_pk_fma_f16 v10, v4, v5, v6", [](long double a, long double b, long double c) { return a * b + c; },
     true},
};

std::string kernelText(const Operation &operation, const std::string &name, int rounding, int subnormals) {
  // MODE: bits 0-1 round f32, 2-3 round f16 and f64, 4-5 subnormals of f32, 6-7 of f16 and f64. f32 keeps
  // another rounding all the time.
  const int mode = (3 - rounding) | rounding << 2 | 0 << 4 | subnormals << 6;
  return assemblyKernel({name, "  s_load_dwordx4 s[4:7], s[0:1], 0x0\n"
                               "  s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 8), " +
                                   std::to_string(mode) +
                                   "\n  v_lshlrev_b32 v1, 2, v0\n  s_waitcnt lgkmcnt(0)\n"
                                   "  global_load_dword v4, v1, s[4:5]\n"
                                   "  global_load_dword v5, v1, s[4:5] offset:256\n"
                                   "  global_load_dword v6, v1, s[4:5] offset:512\n"
                                   "  v_mov_b32 v10, 0\n  s_waitcnt vmcnt(0)\n  " +
                                   operation.text + "\n  global_store_dword v1, v10, s[6:7]\n"});
}

uint16_t randomHalf(std::mt19937 &generator) {
  // Ordinary numbers of any size, ones near the ends, and subnormals; never NaN.
  const uint16_t sign = generator() & 0x8000;
  switch (generator() % 4) {
  case 0:
    return sign | (generator() % 1024);
  case 1:
    return sign | (0x7800 + generator() % 1024);
  default:
    return sign | ((8 + generator() % 12) << 10) | (generator() & 1023);
  }
}

TEST(FloatMode, HalvesRoundAndFlushAsTheModeSays) {
  std::string source;
  for (size_t i = 0; i < std::size(operations); ++i)
    for (int mode = 0; mode < 16; ++mode)
      source += kernelText(operations[i], "k" + std::to_string(i) + "_" + std::to_string(mode), mode & 3,
                           mode >> 2);
  CodeObjectPointer object = loadAssembly(source);
  ASSERT_TRUE(object);
  std::mt19937 generator(17);
  for (size_t i = 0; i < std::size(operations); ++i)
    for (int mode = 0; mode < 16; ++mode) {
      std::vector<uint32_t> values(3 * 64);
      for (uint32_t &value : values)
        value = randomHalf(generator) | uint32_t(randomHalf(generator)) << 16;
      DeviceMemory memory;
      uint64_t in = memory.allocateValues<uint32_t>("in", values), out = memory.allocate("out", 256);
      RunReport report = runChecked(*object,
                                    {"k" + std::to_string(i) + "_" + std::to_string(mode),
                                     {1},
                                     {64},
                                     KernelArguments().pointer(in).pointer(out)},
                                    memory);
      EXPECT_TRUE(report.findings.empty()) << describe(report);
      const bool keepsInputs = mode & 4, keepsResults = mode & 8;
      for (int lane = 0; lane < 64; ++lane)
        for (int half = 0; half < (operations[i].packed ? 2 : 1); ++half) {
          double operand[3];
          for (int k = 0; k < 3; ++k)
            operand[k] = decode(flushed(uint16_t(values[64 * k + lane] >> (16 * half)), keepsInputs));
          const long double exact = operations[i].exact(operand[0], operand[1], operand[2]);
          const uint16_t expected = flushed(round(exact, Rounding(mode & 3)), keepsResults),
                         got = uint16_t(memory.values<uint32_t>(out)[lane] >> (16 * half));
          // The sign of an exact zero depends on the rounding; both are zero.
          ASSERT_TRUE(got == expected || ((got | expected) & 0x7fff) == 0)
              << operations[i].text << " rounding " << (mode & 3) << " subnormals " << (mode >> 2) << ": "
              << operand[0] << ", " << operand[1] << ", " << operand[2] << " gave " << decode(got)
              << ", expected " << decode(expected);
        }
    }
}

TEST(FloatMode, ConversionToHalfRoundsAsTheModeSays) {
  const Operation convert{"v_cvt_f16_f32 v10, v4", nullptr};
  std::string source;
  for (int rounding = 0; rounding < 4; ++rounding)
    source += kernelText(convert, "k" + std::to_string(rounding), rounding, 3);
  CodeObjectPointer object = loadAssembly(source);
  ASSERT_TRUE(object);
  std::mt19937 generator(23);
  for (int rounding = 0; rounding < 4; ++rounding)
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::vector<uint32_t> values(3 * 64);
      for (uint32_t &value : values) { // from far below f16's least number to far above its largest
        const int exponent = static_cast<int>(generator() % 50) - 30;
        value = std::bit_cast<uint32_t>(
            static_cast<float>(std::ldexp(1 + (generator() & 0xfffff) / 1048576.0, exponent)));
        value |= generator() & 0x80000000;
        if (generator() % 3 == 0)
          value &= ~0xfffu; // halfway between two f16 numbers, or one of them
      }
      DeviceMemory memory;
      uint64_t in = memory.allocateValues<uint32_t>("in", values), out = memory.allocate("out", 256);
      runChecked(*object,
                 {"k" + std::to_string(rounding), {1}, {64}, KernelArguments().pointer(in).pointer(out)},
                 memory);
      for (int lane = 0; lane < 64; ++lane) {
        const float value = std::bit_cast<float>(values[lane]);
        ASSERT_EQ(memory.values<uint32_t>(out)[lane], round(value, Rounding(rounding)))
            << value << " rounding " << rounding;
      }
    }
}

} // namespace
