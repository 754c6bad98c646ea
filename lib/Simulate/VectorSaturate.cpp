// The clamp bit of integer instructions: results that do not fit become the nearest that does.
#include "VectorSaturate.h"
#include "llvm/ADT/StringSwitch.h"
#include <algorithm>
#include <cassert>

namespace codesign::simulate {
namespace {

using Exact = __int128;

enum class Rule : uint8_t {
  None,
  Add,
  Subtract,
  SubtractReversed,
  MultiplyAdd, // without an addend where there are two sources
  Dot,
  Accumulate,     // an unsigned sum of at most 32 bits on the third source
  AccumulateQuad, // four of 16 bits
};

/// What an instruction computes, and in how many bits.
struct Saturation {
  Rule rule = Rule::None;
  uint8_t sourceBits = 32, resultBits = 32;
  bool isSigned = false;
};

constexpr Saturation saturations[] = {
    {},
    {Rule::Add, 32, 32, false},
    {Rule::Add, 32, 32, true},
    {Rule::Subtract, 32, 32, false},
    {Rule::Subtract, 32, 32, true},
    {Rule::SubtractReversed, 32, 32, false},
    {Rule::Add, 16, 16, false},
    {Rule::Add, 16, 16, true},
    {Rule::Subtract, 16, 16, false},
    {Rule::Subtract, 16, 16, true},
    {Rule::SubtractReversed, 16, 16, false},
    {Rule::MultiplyAdd, 16, 16, false},
    {Rule::MultiplyAdd, 16, 16, true},
    {Rule::MultiplyAdd, 24, 32, false},
    {Rule::MultiplyAdd, 24, 32, true},
    {Rule::MultiplyAdd, 16, 32, true},
    {Rule::MultiplyAdd, 32, 64, false},
    {Rule::MultiplyAdd, 32, 64, true},
    {Rule::Dot, 16, 32, false},
    {Rule::Dot, 16, 32, true},
    {Rule::Dot, 8, 32, false},
    {Rule::Dot, 8, 32, true},
    {Rule::Dot, 4, 32, false},
    {Rule::Dot, 4, 32, true},
    {Rule::Accumulate},
    {Rule::AccumulateQuad},
};

constexpr uint8_t indexOf(Rule rule, int sourceBits = 32, int resultBits = 32, bool isSigned = false) {
  for (size_t i = 0; i < std::size(saturations); ++i)
    if (saturations[i].rule == rule && saturations[i].sourceBits == sourceBits &&
        saturations[i].resultBits == resultBits && saturations[i].isSigned == isSigned)
      return static_cast<uint8_t>(i);
  return 0;
}

Exact extended(uint64_t bits, int width, bool isSigned) {
  assert(width >= 1 && width <= 64 && "an operand has bits");
  if (width < 64)
    bits &= (1ull << width) - 1;
  const Exact value = bits;
  return isSigned && (bits >> (width - 1)) & 1 ? value - (Exact(1) << width) : value;
}

/// The accumulated operand is as wide as the result.
Exact exactResult(const Saturation &how, const LaneArguments &x, int sources, int lane, int shift,
                  bool carry) {
  const uint32_t a = x.source[0][lane] >> shift, b = x.source[1][lane] >> shift;
  const auto element = [&](uint32_t bits) { return extended(bits, how.sourceBits, how.isSigned); };
  Exact sum = 0;
  if (sources > 2) {
    const uint64_t high = how.resultBits == 64 ? x.source[2][lane + laneCount] : 0;
    sum = extended(x.source[2][lane] >> shift | high << 32, how.resultBits, how.isSigned);
  }
  switch (how.rule) {
  case Rule::Add:
    return element(a) + element(b) + carry;
  case Rule::Subtract:
    return element(a) - element(b) - carry;
  case Rule::SubtractReversed:
    return element(b) - element(a) - carry;
  case Rule::MultiplyAdd:
    return element(a) * element(b) + sum;
  default: // Dot
    for (int at = 0; at < 32; at += how.sourceBits)
      sum += element(a >> at) * element(b >> at);
    return sum;
  }
}

void accumulate(const LaneArguments &x, int width, uint32_t *result) {
  const int dwords = width == 16 ? 2 : 1;
  const uint32_t mask = width == 16 ? 0xffff : ~0u;
  for (int at = 0; at < dwords * laneCount; ++at)
    for (int shift = 0; shift < 32; shift += width) {
      const uint32_t sum = (result[at] >> shift) & mask, before = (x.source[2][at] >> shift) & mask;
      if (sum < before)
        result[at] |= mask << shift;
    }
}

} // namespace

std::optional<uint8_t> integerClamp(llvm::StringRef base) {
  using enum Rule;
  const uint8_t found =
      llvm::StringSwitch<uint8_t>(base)
          .Cases({"V_ADD_U32", "V_ADD_CO_U32", "V_ADDC_CO_U32"}, indexOf(Add))
          .Cases({"V_SUB_U32", "V_SUB_CO_U32", "V_SUBB_CO_U32"}, indexOf(Subtract))
          .Cases({"V_SUBREV_U32", "V_SUBREV_CO_U32", "V_SUBBREV_CO_U32"}, indexOf(SubtractReversed))
          .Case("V_ADD_I32", indexOf(Add, 32, 32, true))
          .Case("V_SUB_I32", indexOf(Subtract, 32, 32, true))
          .Cases({"V_ADD_U16", "V_PK_ADD_U16"}, indexOf(Add, 16, 16))
          .Cases({"V_SUB_U16", "V_PK_SUB_U16"}, indexOf(Subtract, 16, 16))
          .Case("V_SUBREV_U16", indexOf(SubtractReversed, 16, 16))
          .Cases({"V_ADD_I16", "V_PK_ADD_I16"}, indexOf(Add, 16, 16, true))
          .Cases({"V_SUB_I16", "V_PK_SUB_I16"}, indexOf(Subtract, 16, 16, true))
          .Cases({"V_MUL_LO_U16", "V_MAD_U16", "V_MAD_LEGACY_U16", "V_PK_MUL_LO_U16", "V_PK_MAD_U16"},
                 indexOf(MultiplyAdd, 16, 16))
          .Cases({"V_MAD_I16", "V_MAD_LEGACY_I16", "V_PK_MAD_I16"}, indexOf(MultiplyAdd, 16, 16, true))
          .Cases({"V_MUL_U32_U24", "V_MAD_U32_U24"}, indexOf(MultiplyAdd, 24, 32))
          .Cases({"V_MUL_I32_I24", "V_MAD_I32_I24"}, indexOf(MultiplyAdd, 24, 32, true))
          .Case("V_MAD_I32_I16", indexOf(MultiplyAdd, 16, 32, true))
          .Case("V_MAD_U64_U32", indexOf(MultiplyAdd, 32, 64))
          .Case("V_MAD_I64_I32", indexOf(MultiplyAdd, 32, 64, true))
          .Case("V_DOT2_U32_U16", indexOf(Dot, 16))
          .Cases({"V_DOT2_I32_I16", "V_DOT2C_I32_I16"}, indexOf(Dot, 16, 32, true))
          .Case("V_DOT4_U32_U8", indexOf(Dot, 8))
          .Cases({"V_DOT4_I32_I8", "V_DOT4C_I32_I8"}, indexOf(Dot, 8, 32, true))
          .Case("V_DOT8_U32_U4", indexOf(Dot, 4))
          .Cases({"V_DOT8_I32_I4", "V_DOT8C_I32_I4"}, indexOf(Dot, 4, 32, true))
          .Cases({"V_MAD_U32_U16", "V_SAD_U8", "V_SAD_HI_U8", "V_SAD_U16", "V_SAD_U32", "V_MSAD_U8"},
                 indexOf(Accumulate))
          .Cases({"V_QSAD_PK_U16_U8", "V_MQSAD_PK_U16_U8"}, indexOf(AccumulateQuad))
          .Default(0);
  if (found)
    return found;
  // Conversions saturate by themselves; comparisons, parts of products and exponents cannot overflow.
  for (llvm::StringRef prefix : {"V_CVT_", "V_MIN", "V_MAX", "V_MED3_", "V_MUL_HI_", "V_FREXP_EXP_",
                                 "V_PK_MIN_", "V_PK_MAX_", "V_PK_LSHL", "V_PK_LSHR", "V_PK_ASHR"})
    if (base.starts_with(prefix))
      return 0;
  return std::nullopt;
}

void saturateInteger(const Instruction &instruction, const LaneArguments &x, uint32_t *result) {
  const VectorDetails &details = vectorDetails(instruction);
  const int sources = details.operation->sourceCount;
  const bool carries = details.form == VectorForm::CarryIn;
  const Saturation &how = saturations[instruction.extra[3]];
  if (how.rule == Rule::Accumulate || how.rule == Rule::AccumulateQuad)
    return accumulate(x, how.rule == Rule::AccumulateQuad ? 16 : 32, result);
  const int bits = how.resultBits;
  const Exact highest = (Exact(1) << (how.isSigned ? bits - 1 : bits)) - 1;
  const Exact lowest = how.isSigned ? -highest - 1 : 0;
  for (int lane = 0; lane < laneCount; ++lane) {
    const bool carry = carries && (x.maskIn >> lane) & 1;
    const auto limitedAt = [&](int shift) {
      return static_cast<uint64_t>(
          std::clamp(exactResult(how, x, sources, lane, shift, carry), lowest, highest));
    };
    const uint64_t limited = limitedAt(0);
    result[lane] = bits == 16 ? static_cast<uint16_t>(limited) : static_cast<uint32_t>(limited);
    if (details.form == VectorForm::Packed16)
      result[lane] |= static_cast<uint32_t>(limitedAt(16)) << 16;
    if (bits == 64)
      result[lane + laneCount] = static_cast<uint32_t>(limited >> 32);
  }
}

} // namespace codesign::simulate
