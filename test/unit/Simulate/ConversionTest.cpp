// Conversions of 8- and 16-bit types over every code, against the formats' definitions.
#include "TestSupport.h"
#include <algorithm>
#include <cmath>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

enum class Special { Fnuz, FiniteNan, Ieee };
struct SmallFormat {
  int exponentBits, mantissaBits, bias;
  Special special;
};
constexpr SmallFormat fp8Fnuz{4, 3, 8, Special::Fnuz}, bf8Fnuz{5, 2, 16, Special::Fnuz};
constexpr SmallFormat fp8Ocp{4, 3, 7, Special::FiniteNan}, bf8Ocp{5, 2, 15, Special::Ieee};
constexpr SmallFormat half{5, 10, 15, Special::Ieee};

double decode(const SmallFormat &format, unsigned code) {
  unsigned width = format.exponentBits + format.mantissaBits, magnitude = code & ((1u << width) - 1);
  bool negative = (code >> width) & 1;
  unsigned exponent = magnitude >> format.mantissaBits,
           mantissa = magnitude & ((1u << format.mantissaBits) - 1);
  unsigned top = (1u << format.exponentBits) - 1;
  if (format.special == Special::Fnuz && negative && magnitude == 0)
    return NAN;
  if (format.special == Special::FiniteNan && magnitude == (1u << width) - 1)
    return NAN;
  if (format.special == Special::Ieee && exponent == top)
    return mantissa ? NAN : negative ? -INFINITY : INFINITY;
  double value = exponent
                     ? std::ldexp(1 + std::ldexp(mantissa, -format.mantissaBits), int(exponent) - format.bias)
                     : std::ldexp(mantissa, 1 - format.bias - format.mantissaBits);
  return negative ? -value : value;
}

/// The finite values of a format without their signs, by code.
std::vector<double> finiteValues(const SmallFormat &format) {
  std::vector<double> values;
  for (unsigned code = 0; code < (1u << (format.exponentBits + format.mantissaBits)); ++code)
    if (std::isfinite(decode(format, code)))
      values.push_back(decode(format, code));
  return values;
}

/// The code nearest to a value, ties to the even code; values beyond the largest give `overflow`.
unsigned encode(const SmallFormat &format, const std::vector<double> &values, double value,
                unsigned overflow) {
  unsigned sign = std::signbit(value) ? 1u << (format.exponentBits + format.mantissaBits) : 0;
  unsigned last = static_cast<unsigned>(values.size()) - 1;
  double magnitude = std::fabs(value), step = values[last] - values[last - 1];
  if (magnitude > values[last] + step / 2 || (magnitude == values[last] + step / 2 && (last & 1)))
    return format.special == Special::Fnuz ? overflow : overflow | sign;
  unsigned low =
      static_cast<unsigned>(std::upper_bound(values.begin(), values.end(), magnitude) - values.begin()) - 1;
  if (low < last) {
    double below = magnitude - values[low], above = values[low + 1] - magnitude;
    if (above < below || (above == below && (low & 1)))
      ++low;
  }
  return format.special == Special::Fnuz && low == 0 ? 0 : low | sign;
}

/// v3 holds 64 * workgroup + lane; the body leaves its result in v10.
std::string kernelText(const std::string &name, const std::string &body) {
  return assemblyKernel(
      {name, "  s_load_dwordx4 s[4:7], s[0:1], 0x0\n  s_lshl_b32 s3, s2, 6\n  v_add_u32 v3, s3, v0\n"
             "  v_lshlrev_b32 v1, 2, v3\n  s_waitcnt lgkmcnt(0)\n  global_load_dword v4, v1, s[4:5]\n"
             "  s_waitcnt vmcnt(0)\n" +
                 body + "\n  s_nop 7\n  global_store_dword v1, v10, s[6:7]\n"});
}

std::vector<uint32_t> runOver(const CodeObject &object, const std::string &name,
                              const std::vector<uint32_t> &in) {
  DeviceMemory memory;
  uint64_t din = memory.allocateValues<uint32_t>("in", in), out = memory.allocate("out", 4 * in.size());
  RunReport report = runChecked(
      object, {name, {uint32_t(in.size() / 64)}, {64}, KernelArguments().pointer(din).pointer(out)}, memory);
  EXPECT_TRUE(report.findings.empty()) << describe(report);
  return {memory.values<uint32_t>(out).begin(), memory.values<uint32_t>(out).end()};
}

void expectSame(float got, double expected, unsigned code) {
  EXPECT_TRUE((std::isnan(got) && std::isnan(expected)) ||
              (got == expected && std::signbit(got) == std::signbit(expected)))
      << "code " << code << ": " << got << " instead of " << expected;
}

std::vector<uint32_t> allCodes(int count) {
  std::vector<uint32_t> codes(count);
  for (int i = 0; i < count; ++i)
    codes[i] = i;
  return codes;
}

/// Every value of the format, the points halfway between neighbours, and their neighbours.
std::vector<uint32_t> roundingInputs(const SmallFormat &format) {
  std::vector<uint32_t> inputs;
  unsigned count = 1u << (format.exponentBits + format.mantissaBits);
  for (unsigned code = 0; code + 1 < count; ++code) {
    double low = decode(format, code), high = decode(format, code + 1);
    if (!std::isfinite(low) || !std::isfinite(high))
      continue;
    for (double value : {low, (low + high) / 2, low * 0.7 + high * 0.3, low * 0.2 + high * 0.8})
      for (double sign : {1.0, -1.0}) {
        uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(value * sign));
        for (uint32_t near : {bits, bits + 1, bits - 1})
          if ((near & 0x7fffffff) <= 0x7f800000) // no NaN
            inputs.push_back(near);
      }
  }
  for (float value : {1e6f, -1e6f, 3e38f, 1e-30f, -1e-30f, 1e-40f})
    inputs.push_back(std::bit_cast<uint32_t>(value));
  inputs.resize((inputs.size() + 63) / 64 * 64);
  return inputs;
}

TEST(Conversion, EightBitFloatsDecode) {
  std::string source = kernelText("fp8", "  v_cvt_f32_fp8 v10, v4") +
                       kernelText("bf8", "  v_cvt_f32_bf8 v10, v4") +
                       kernelText("pair", "  v_cvt_pk_f32_fp8 v[10:11], v4");
  for (const char *arch : {"gfx942", "gfx950"}) {
    CodeObjectPointer object = loadAssembly(source, arch);
    ASSERT_TRUE(object);
    bool ocp = std::string(arch) == "gfx950";
    auto fp8 = runOver(*object, "fp8", allCodes(256)), bf8 = runOver(*object, "bf8", allCodes(256)),
         pair = runOver(*object, "pair", allCodes(256));
    for (unsigned code = 0; code < 256; ++code) {
      expectSame(std::bit_cast<float>(fp8[code]), decode(ocp ? fp8Ocp : fp8Fnuz, code), code);
      expectSame(std::bit_cast<float>(bf8[code]), decode(ocp ? bf8Ocp : bf8Fnuz, code), code);
      EXPECT_EQ(pair[code], fp8[code]);
    }
  }
}

TEST(Conversion, EightBitFloatsRound) {
  std::string source =
      kernelText(
          "fp8",
          "  v_mov_b32 v10, 0\n  v_cvt_pk_fp8_f32 v10, v4, v4\n  s_nop 0\n  v_and_b32 v10, 0xff, v10") +
      kernelText("bf8", "  v_mov_b32 v10, 0\n  v_cvt_pk_bf8_f32 v10, v4, v4 op_sel:[0,0,1]\n  s_nop 0\n  "
                        "v_lshrrev_b32 v10, 24, v10");
  for (const char *arch : {"gfx942", "gfx950"}) {
    CodeObjectPointer object = loadAssembly(source, arch);
    ASSERT_TRUE(object);
    bool ocp = std::string(arch) == "gfx950";
    for (bool isBf8 : {false, true}) {
      SmallFormat format = isBf8 ? (ocp ? bf8Ocp : bf8Fnuz) : ocp ? fp8Ocp : fp8Fnuz;
      unsigned overflow = !ocp ? 0x80 : isBf8 ? 0x7c : 0x7f;
      auto inputs = roundingInputs(format);
      std::vector<double> values = finiteValues(format);
      auto got = runOver(*object, isBf8 ? "bf8" : "fp8", inputs);
      for (size_t i = 0; i < inputs.size(); ++i)
        ASSERT_EQ(got[i], encode(format, values, std::bit_cast<float>(inputs[i]), overflow))
            << arch << " " << std::bit_cast<float>(inputs[i]);
    }
  }
}

TEST(Conversion, HalfBothWays) {
  std::string source = kernelText("decode", "  v_cvt_f32_f16 v10, v4") +
                       kernelText("encode", "  v_cvt_f16_f32 v10, v4") +
                       kernelText("truncate", "  v_cvt_pkrtz_f16_f32 v10, v4, 0");
  CodeObjectPointer object = loadAssembly(source);
  ASSERT_TRUE(object);
  auto decoded = runOver(*object, "decode", allCodes(65536));
  for (unsigned code = 0; code < 65536; ++code)
    expectSame(std::bit_cast<float>(decoded[code]), decode(half, code), code);
  auto inputs = roundingInputs(half);
  std::vector<double> values = finiteValues(half);
  auto encoded = runOver(*object, "encode", inputs), truncated = runOver(*object, "truncate", inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    float value = std::bit_cast<float>(inputs[i]);
    ASSERT_EQ(encoded[i], encode(half, values, value, 0x7c00)) << value;
    double toward = decode(half, truncated[i] & 0xffff);
    ASSERT_LE(std::fabs(toward), std::fabs(double(value))) << value; // and no code lies between
    if (std::fabs(value) < 65504) {
      ASSERT_GT(decode(half, (truncated[i] & 0x7fff) + 1), std::fabs(double(value))) << value;
    }
  }
}

/// f16 and 16-bit integers over every code, both ways: out of range limits, NaN is 0, fractions are cut off.
TEST(Conversion, SixteenBitIntegers) {
  CodeObjectPointer object = loadAssembly(kernelText("fromUnsigned", "  v_cvt_f16_u16 v10, v4") +
                                          kernelText("fromSigned", "  v_cvt_f16_i16 v10, v4") +
                                          kernelText("toUnsigned", "  v_cvt_u16_f16 v10, v4") +
                                          kernelText("toSigned", "  v_cvt_i16_f16 v10, v4"));
  ASSERT_TRUE(object);
  const std::vector<uint32_t> codes = allCodes(65536);
  const std::vector<double> values = finiteValues(half);
  auto fromUnsigned = runOver(*object, "fromUnsigned", codes),
       fromSigned = runOver(*object, "fromSigned", codes), toUnsigned = runOver(*object, "toUnsigned", codes),
       toSigned = runOver(*object, "toSigned", codes);
  for (unsigned code = 0; code < 65536; ++code) {
    ASSERT_EQ(fromUnsigned[code], encode(half, values, code, 0x7c00)) << code;
    ASSERT_EQ(fromSigned[code], encode(half, values, static_cast<int16_t>(code), 0x7c00)) << code;
    const double value = decode(half, code);
    const auto limited = [&](double low, double high) {
      return std::isnan(value) ? 0.0 : std::trunc(std::clamp(value, low, high));
    };
    ASSERT_EQ(toUnsigned[code] & 0xffff, static_cast<uint16_t>(limited(0, 65535))) << value;
    ASSERT_EQ(toSigned[code] & 0xffff, static_cast<uint16_t>(static_cast<int16_t>(limited(-32768, 32767))))
        << value;
  }
}

TEST(Conversion, Bfloat16Decodes) {
  CodeObjectPointer object = loadAssembly(kernelText("decode", "  v_cvt_f32_bf16 v10, v4"), "gfx950");
  ASSERT_TRUE(object);
  constexpr SmallFormat bfloat{8, 7, 127, Special::Ieee};
  auto got = runOver(*object, "decode", allCodes(65536));
  for (unsigned code = 0; code < 65536; ++code)
    expectSame(std::bit_cast<float>(got[code]), decode(bfloat, code), code);
}

TEST(Conversion, Bfloat16OfGfx950) {
  CodeObjectPointer object = loadAssembly(kernelText("round", "  v_cvt_pk_bf16_f32 v10, v4, v4"), "gfx950");
  ASSERT_TRUE(object);
  std::vector<uint32_t> inputs;
  for (uint32_t code = 0; code < 0x7f80; code += 7) // finite codes, halfway points and their neighbours
    for (uint32_t low : {0u, 0x7fffu, 0x8000u, 0x8001u})
      inputs.push_back(code << 16 | low);
  inputs.resize(inputs.size() / 64 * 64);
  auto got = runOver(*object, "round", inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    uint32_t below = inputs[i] >> 16, rest = inputs[i] & 0xffff;
    uint32_t expected = below + (rest > 0x8000 || (rest == 0x8000 && (below & 1)));
    ASSERT_EQ(got[i], expected | expected << 16) << std::hex << inputs[i];
  }
}

} // namespace
