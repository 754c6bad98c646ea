// What gfx950 adds: conversions with a scale or random bits, against the formats' values; small integer
// operations.
#include "InstructionCases.h"
#include <algorithm>
#include <cmath>
#include <deque>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

/// A format by its finite values, in the order of their codes.
struct Format {
  const char *name;
  int bits, mantissaBits;
  uint64_t overflow; // what becomes of larger magnitudes
  std::vector<double> values;
};

Format makeFormat(const char *name, int exponentBits, int mantissaBits, int bias, int finiteCodes,
                  uint64_t overflow) {
  Format format{name, 1 + exponentBits + mantissaBits, mantissaBits, overflow, {}};
  for (int code = 0; code < finiteCodes; ++code) {
    const int exponent = code >> mantissaBits, mantissa = code & ((1 << mantissaBits) - 1);
    format.values.push_back(std::ldexp(exponent ? mantissa + (1 << mantissaBits) : mantissa,
                                       std::max(exponent, 1) - bias - mantissaBits));
  }
  return format;
}
const Format fp8 = makeFormat("fp8", 4, 3, 7, 0x7f, 0x7f), bf8 = makeFormat("bf8", 5, 2, 15, 0x7c, 0x7c),
             fp6 = makeFormat("fp6", 2, 3, 1, 32, 31), bf6 = makeFormat("bf6", 3, 2, 3, 32, 31),
             fp4 = makeFormat("fp4", 2, 1, 1, 8, 7);

double decode(const Format &format, uint64_t code) {
  const uint64_t sign = 1ull << (format.bits - 1), magnitude = code & (sign - 1);
  const double value = magnitude < format.values.size()               ? format.values[magnitude]
                       : format.overflow == 0x7c && magnitude == 0x7c ? INFINITY
                                                                      : NAN;
  return code & sign ? -value : value;
}

/// The code below a magnitude, and how far it lies on the way to the next one; beyond the last one goes on as
/// if the exponent did.
struct Place {
  uint64_t below;
  double rest;
};
Place placeOf(const Format &format, double magnitude) {
  const std::vector<double> &values = format.values;
  const size_t last = values.size() - 1;
  const size_t below =
      static_cast<size_t>(std::upper_bound(values.begin(), values.end(), magnitude) - values.begin()) - 1;
  const double step = below < last ? values[below + 1] - values[below] : values[last] - values[last - 1];
  return {below, (magnitude - values[below]) / step};
}
uint64_t finish(const Format &format, uint64_t code, double value) {
  const uint64_t sign = std::signbit(value) ? 1ull << (format.bits - 1) : 0;
  return (code < format.values.size() ? code : format.overflow) | sign;
}
uint64_t nearest(const Format &format, double value) {
  const Place place = placeOf(format, std::fabs(value));
  const bool up = place.rest > 0.5 || (place.rest == 0.5 && place.below & 1);
  return finish(format, place.below + up, value);
}
/// The source's mantissa and the format's differ by the random bits that count.
uint64_t stochastic(const Format &format, double value, uint32_t seed, int sourceMantissaBits) {
  const int randomBits = sourceMantissaBits - format.mantissaBits;
  const Place place = placeOf(format, std::fabs(value));
  const double sum = std::floor(std::ldexp(place.rest, randomBits)) + (seed >> (32 - randomBits));
  return finish(format, place.below + (place.rest >= 1 || sum >= std::ldexp(1.0, randomBits)), value);
}
uint32_t nextRandom(uint32_t state) {
  return state << 1 ^ (state & 0x80000000 ? 0xc5 : 0);
}

/// The formats on the wide side; their operands are made from random bits so that all codes of the small
/// formats, and some more, occur.
struct WideFormat {
  const char *name;
  int mantissaBits, perDword;
};
const WideFormat wideFormats[] = {{"f32", 23, 1}, {"f16", 10, 2}, {"bf16", 7, 2}};

double wideValue(const WideFormat &format, uint32_t dword, int i) {
  if (format.perDword == 1)
    return f(dword);
  const auto half = static_cast<uint16_t>(dword >> (16 * (i % 2)));
  return format.mantissaBits == 7 ? f(uint32_t(half) << 16)
                                  : static_cast<double>(static_cast<float>(std::bit_cast<_Float16>(half)));
}
/// Masks that leave values between 2^-3 and 2 (f16: 2^-3 and 4).
struct Masks {
  uint32_t keep, set;
};
Masks masksOf(const WideFormat &format) {
  return format.mantissaBits == 23   ? Masks{0x81ffffff, 0x3e000000}
         : format.mantissaBits == 10 ? Masks{0x8fff8fff, 0x30003000}
                                     : Masks{0x81ff81ff, 0x3e003e00};
}
uint32_t moderate(const WideFormat &format, uint32_t bits) {
  const Masks masks = masksOf(format);
  return (bits & masks.keep) | masks.set;
}
/// The scale is 2^-1 to 2^2, by the low bits of c, in v9.
const char *const makeScale =
    " v_and_b32 v9, 3, v8\n v_lshlrev_b32 v9, 23, v9\n v_add_u32 v9, 0x3f000000, v9\n";
double scaleOf(const Lane &x) {
  return std::ldexp(0.5, static_cast<int>(x.c & 3));
}
uint32_t salt(int i) {
  return 0x9e3779b9u * static_cast<uint32_t>(i + 1);
}
/// `count` dwords from v20 on: a with a salt each, made moderate.
std::string makeValues(const WideFormat &format, int count) {
  const Masks masks = masksOf(format);
  std::string text = makeScale;
  for (int i = 0; i < count; ++i) {
    const std::string reg = "v" + std::to_string(20 + i);
    text += " v_xor_b32 " + reg + ", " + std::to_string(salt(i)) + ", v4\n v_and_b32 " + reg + ", " +
            std::to_string(masks.keep) + ", " + reg + "\n v_or_b32 " + reg + ", " +
            std::to_string(masks.set) + ", " + reg + "\n";
  }
  return text;
}
double valueAt(const WideFormat &format, const Lane &x, int i) {
  return wideValue(format, moderate(format, uint32_t(x.a) ^ salt(i / format.perDword)), i);
}

/// Cases whose texts are made here.
struct CaseList {
  std::deque<std::string> texts;
  std::vector<Case> cases;
  void add(std::string text, Reference expected) {
    texts.push_back(std::move(text));
    cases.push_back({texts.back().c_str(), std::move(expected)});
  }
};

std::string range(int first, int count) {
  return count == 1 ? "v" + std::to_string(first)
                    : "v[" + std::to_string(first) + ":" + std::to_string(first + count - 1) + "]";
}
/// Dwords `first` and first + 1 from v60 on are shown.
std::string show(int first) {
  return "\n s_nop 4\n v_mov_b32 v10, v" + std::to_string(60 + first) + "\n v_mov_b32 v11, v" +
         std::to_string(61 + first);
}
/// 64 bits of tightly packed elements, from dword `first` on.
uint64_t packedBits(int first, int bits, const std::function<uint64_t(int)> &element) {
  uint64_t result = 0;
  for (int bit = 0; bit < 64; ++bit) {
    const int at = 32 * first + bit;
    result |= (element(at / bits) >> (at % bits) & 1) << bit;
  }
  return result;
}

TEST(Gfx950, PacksThirtyTwoElements) {
  CaseList list;
  for (const Format *format : {&fp6, &bf6})
    for (const WideFormat &wide : wideFormats) {
      const int dwords = 32 / wide.perDword;
      const std::string values = makeValues(wide, dwords), small = format->name, name = wide.name;
      const bool isFloat = wide.perDword == 1;
      const std::string text =
          isFloat ? " v_cvt_scalef32_2xpk16_" + small + "_f32 v[60:65], v[20:35], v[36:51], v9"
                  : " v_cvt_scalef32_pk32_" + small + "_" + name + " v[60:65], " + range(20, dwords) + ", v9";
      for (int first : {0, 2, 4}) {
        list.add(values + text + show(first), [=](const Lane &x) {
          return packedBits(first, 6, [&](int i) {
            const int from = isFloat ? i / 2 + i % 2 * 16 : i; // two operands take turns
            return nearest(*format, valueAt(wide, x, from) / scaleOf(x));
          });
        });
        list.add(values + " v_cvt_scalef32_sr_pk32_" + small + "_" + name + " v[60:65], " +
                     range(20, dwords) + ", v6, v9" + show(first),
                 [=](const Lane &x) {
                   std::vector<uint64_t> codes;
                   uint32_t seed = uint32_t(x.b);
                   for (int i = 0; i < 32; ++i, seed = nextRandom(seed))
                     codes.push_back(
                         stochastic(*format, valueAt(wide, x, i) / scaleOf(x), seed, wide.mantissaBits));
                   return packedBits(first, 6, [&](int i) { return codes[i]; });
                 });
      }
    }
  expectCases(list.cases, "gfx950");
}

uint64_t wideBits(const WideFormat &wide, double value) {
  const auto single = static_cast<float>(value);
  return wide.mantissaBits == 23   ? u(single)
         : wide.mantissaBits == 10 ? std::bit_cast<uint16_t>(static_cast<_Float16>(single))
                                   : u(single) >> 16; // exact for these formats
}

TEST(Gfx950, UnpacksThirtyTwoElements) {
  CaseList list;
  for (const Format *format : {&fp6, &bf6})
    for (const WideFormat &wide : wideFormats) {
      const int dwords = 32 / wide.perDword;
      std::string text = makeScale;
      for (int i = 0; i < 6; ++i)
        text += " v_xor_b32 " + range(20 + i, 1) + ", " + std::to_string(salt(i)) + ", v4\n";
      text += std::string(" v_cvt_scalef32_pk32_") + wide.name + "_" + format->name + " " +
              range(60, dwords) + ", v[20:25], v9";
      for (int first = 0; first < dwords; first += 6)
        list.add(text + show(first), [=](const Lane &x) {
          uint64_t result = 0;
          for (int i = 0; i < 2 * wide.perDword; ++i) {
            const int bit = (first * wide.perDword + i) * 6;
            uint64_t code = (uint32_t(x.a) ^ salt(bit / 32)) >> (bit % 32);
            if (bit % 32 > 26)
              code |= uint64_t(uint32_t(x.a) ^ salt(bit / 32 + 1)) << (32 - bit % 32);
            result |= wideBits(wide, decode(*format, code & 63) * scaleOf(x)) << (i * 32 / wide.perDword);
          }
          return result;
        });
    }
  expectCases(list.cases, "gfx950");
}

TEST(Gfx950, UnpacksOneElement) {
  CaseList list;
  const std::string selections[] = {"", " op_sel:[1,0,0]", " op_sel:[0,1,0]", " op_sel:[1,1,0]"};
  for (const Format *format : {&fp8, &bf8})
    for (int byte = 0; byte < 4; ++byte) {
      const std::string name = format->name;
      // Bit 6 cleared: finite codes without the largest exponents.
      const std::string prepare = std::string(makeScale) + " v_and_b32 v4, 0xbfbfbfbf, v4\n";
      const auto code = [=](const Lane &x) { return x.a >> (8 * byte) & 0xbf; };
      list.add(prepare + " v_cvt_scalef32_f32_" + name + " v10, v4, v9" + selections[byte],
               [=](const Lane &x) { return u(static_cast<float>(decode(*format, code(x)) * scaleOf(x))); });
      list.add(prepare + " v_cvt_scalef32_f16_" + name + " v10, v4, v9" + selections[byte],
               [=](const Lane &x) {
                 return wideBits(wideFormats[1], decode(*format, code(x)) * scaleOf(x)) | 0x11110000;
               });
    }
  list.add(std::string(makeScale) +
               " v_and_b32 v4, 0xbfbfbfbf, v4\n v_cvt_scalef32_f16_fp8 v10, v4, v9 op_sel:[0,1,1]",
           [=](const Lane &x) {
             return wideBits(wideFormats[1], decode(fp8, x.a >> 16 & 0xbf) * scaleOf(x)) << 16 | 0x1111;
           });
  for (int byte = 0; byte < 4; ++byte)
    list.add(std::string(makeScale) + " v_cvt_scalef32_pk_f32_fp4 v[10:11], v4, v9" + selections[byte],
             [=](const Lane &x) {
               const uint64_t pair = x.a >> (8 * byte);
               return u(static_cast<float>(decode(fp4, pair & 15) * scaleOf(x))) |
                      u(static_cast<float>(decode(fp4, pair >> 4 & 15) * scaleOf(x))) << 32;
             });
  expectCases(list.cases, "gfx950");
}

TEST(Gfx950, RoundsStochastically) {
  CaseList list;
  for (const WideFormat &wide : wideFormats) {
    const std::string name = wide.name, values = makeValues(wide, 2);
    for (const Format *format : {&fp8, &bf8})
      list.add(
          values + " v_cvt_scalef32_sr_" + format->name + "_" + name + " v10, v20, v6, v9 op_sel:[0,0,1,1]",
          [=](const Lane &x) {
            return 0x111111 |
                   stochastic(*format, valueAt(wide, x, 0) / scaleOf(x), uint32_t(x.b), wide.mantissaBits)
                       << 24;
          });
    list.add(values + " v_cvt_scalef32_sr_pk_fp4_" + name + " v10, " + range(20, 2 / wide.perDword) +
                 ", v6, v9 op_sel:[0,0,1,0]",
             [=](const Lane &x) {
               const uint64_t low = stochastic(fp4, valueAt(wide, x, 0) / scaleOf(x), uint32_t(x.b),
                                               wide.mantissaBits),
                              high = stochastic(fp4, valueAt(wide, x, 1) / scaleOf(x),
                                                nextRandom(uint32_t(x.b)), wide.mantissaBits);
               return 0x11110011 | (low | high << 4) << 8;
             });
  }
  const std::string single = makeValues(wideFormats[0], 1);
  list.add(single + " v_cvt_sr_bf16_f32 v10, v20, v6 op_sel:[0,0,1]", [](const Lane &x) {
    const uint32_t bits = moderate(wideFormats[0], uint32_t(x.a) ^ salt(0));
    const uint32_t up = (bits & 0xffff) + (uint32_t(x.b) >> 16) > 0xffff;
    return uint64_t((bits >> 16) + up) << 16 | 0x1111;
  });
  list.add(single + " v_cvt_sr_f16_f32 v10, v20, v6", [](const Lane &x) {
    const float value = f(moderate(wideFormats[0], uint32_t(x.a) ^ salt(0)));
    // 13 bits of the mantissa go; the exponents are those of normal f16 numbers.
    const uint32_t bits = uint32_t(u(std::fabs(value))),
                   up = (bits & 0x1fff) + (uint32_t(x.b) >> 19) > 0x1fff;
    return uint64_t((value < 0 ? 0x8000 : 0) | (((bits >> 13) - (112 << 10)) + up)) | 0x11110000;
  });
  expectCases(list.cases, "gfx950");
}

/// Beyond the largest number FP8 has a NaN and BF8 infinity, or the largest with FP16_OVFL; FP4 has neither.
TEST(Gfx950, ScaledConversionsOverflow) {
  const char *const large = " v_mov_b32 v4, 0x49742400\n v_mov_b32 v10, 0\n v_mov_b32 v9, 1.0\n";
  CaseList list;
  const auto add = [&](std::string text, uint64_t expected) {
    list.add(large + text, [=](const Lane &) { return expected; });
  };
  const std::string limit = " s_setreg_imm32_b32 hwreg(HW_REG_MODE, 23, 1), 1\n";
  add(" v_cvt_scalef32_pk_fp8_f32 v10, v4, -v4, v9", 0xff7f);
  add(" v_cvt_scalef32_pk_bf8_f32 v10, v4, -v4, v9", 0xfc7c);
  add(" v_cvt_scalef32_pk_fp4_f32 v10, v4, -v4, v9", 0xf7);
  add(limit + " v_cvt_scalef32_pk_fp8_f32 v10, v4, -v4, v9", 0xfe7e);
  add(limit + " v_cvt_scalef32_pk_bf8_f32 v10, v4, -v4, v9", 0xfb7b);
  add(limit + " v_cvt_scalef32_sr_fp8_f32 v10, v4, v4, v9", 0x7e);
  expectCases(list.cases, "gfx950");
}

float fromHalf(uint64_t bits) {
  return static_cast<float>(std::bit_cast<_Float16>(static_cast<uint16_t>(bits)));
}
/// NaN if one of the three is, else the smallest or largest.
uint64_t extreme(const Lane &x, bool largest) {
  uint64_t result = 0;
  for (int shift : {0, 16}) {
    const float a = fromHalf(x.a >> shift), b = fromHalf(x.b >> shift), c = fromHalf(x.c >> shift);
    const bool isNan = std::isnan(a) || std::isnan(b) || std::isnan(c);
    const float value = largest ? std::max({a, b, c}) : std::min({a, b, c});
    result |= uint64_t(isNan ? 0x7e00 : std::bit_cast<uint16_t>(static_cast<_Float16>(value))) << shift;
  }
  return result;
}

TEST(Gfx950, SmallOperations) {
  const auto byte = [](int64_t value, int64_t low, int64_t high) {
    return static_cast<uint64_t>(static_cast<uint8_t>(std::clamp(value, low, high)));
  };
  // Zeros of either sign order the hard way: the second exponent bit keeps them out.
  const std::string nonzero = " v_or_b32 v4, 0x04000400, v4\n v_or_b32 v6, 0x04000400, v6\n"
                              " v_or_b32 v8, 0x04000400, v8\n";
  const auto set = [](Lane x) {
    x.a |= 0x04000400, x.b |= 0x04000400, x.c |= 0x04000400;
    return x;
  };
  const std::string minimum = nonzero + " v_pk_minimum3_f16 v10, v4, v6, v8",
                    maximum = nonzero + " v_pk_maximum3_f16 v10, v4, v6, v8";
  expectCases(
      {
          {"v_ashr_pk_i8_i32 v10, v4, v6, v8",
           [=](const Lane &x) {
             const int shift = x.c & 31;
             return byte(s(x.a) >> shift, -128, 127) | byte(s(x.b) >> shift, -128, 127) << 8;
           }},
          {"v_ashr_pk_u8_i32 v10, v4, v6, v8 op_sel:[0,0,0,1]",
           [=](const Lane &x) {
             const int shift = x.c & 31;
             return (byte(s(x.a) >> shift, 0, 255) | byte(s(x.b) >> shift, 0, 255) << 8) << 16 | 0x1111;
           }},
          {"v_bitop3_b16 v10, v4, v6, v8 bitop3:0xe8 op_sel:[1,0,1,0]", // the majority of three
           [](const Lane &x) {
             const uint64_t a = x.a >> 16, b = x.b, c = x.c >> 16;
             return ((a & b) | (a & c) | (b & c)) & 0xffff;
           }},
          {"v_prng_b32 v10, v4", [](const Lane &x) { return uint64_t(nextRandom(uint32_t(x.a))); }},
          {minimum.c_str(), [=](const Lane &x) { return extreme(set(x), false); }},
          {maximum.c_str(), [=](const Lane &x) { return extreme(set(x), true); }},
      },
      "gfx950");
}

} // namespace
