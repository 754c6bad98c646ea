#include "codesign/Support/Element.h"
#include "llvm/ADT/APFloat.h"
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

namespace codesign {

namespace {

uint32_t roundToBf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return bits >> 16 | 0x40;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

float widenF16(uint32_t bits) {
  const uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  if (exponent == 0x1f)
    return std::bit_cast<float>(sign | 0x7f800000 | fraction << 13);
  if (exponent == 0)
    return std::copysign(std::ldexp(static_cast<float>(fraction), -24),
                         std::bit_cast<float>(sign | 0x3f800000));
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

uint32_t roundToF16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 16 & 0x8000;
  if (std::isnan(value))
    return sign | 0x7e00;
  const float size = std::fabs(value);
  if (size >= 65520) // halfway between the largest f16 and the next power of two
    return sign | 0x7c00;
  if (size < 0x1p-14f) // subnormal: a multiple of 2^-24, nearbyint rounds ties to even
    return sign | static_cast<uint32_t>(std::nearbyint(std::ldexp(size, 24)));
  const uint32_t rounded = (bits & 0x7fffffff) + 0xfff + (bits >> 13 & 1);
  return sign | ((rounded >> 13) - (112 << 10));
}

const llvm::fltSemantics &semanticsOf(DataType type) {
  switch (type) {
  case DataType::F8E4M3:
    return llvm::APFloat::Float8E4M3FN();
  case DataType::F8E5M2:
    return llvm::APFloat::Float8E5M2();
  case DataType::F8E4M3FNUZ:
    return llvm::APFloat::Float8E4M3FNUZ();
  default:
    assert(type == DataType::F8E5M2FNUZ);
    return llvm::APFloat::Float8E5M2FNUZ();
  }
}

/// The values of all 256 encodings of an 8-bit type.
std::array<float, 256> valuesOf(DataType type) {
  std::array<float, 256> values;
  for (unsigned bits = 0; bits < values.size(); ++bits)
    values[bits] = llvm::APFloat(semanticsOf(type), llvm::APInt(8, bits)).convertToFloat();
  return values;
}

float widenFloat8(DataType type, uint32_t bits) {
  static const std::array<std::array<float, 256>, 4> tables = {
      valuesOf(DataType::F8E4M3), valuesOf(DataType::F8E5M2), valuesOf(DataType::F8E4M3FNUZ),
      valuesOf(DataType::F8E5M2FNUZ)};
  return tables[static_cast<size_t>(type) - static_cast<size_t>(DataType::F8E4M3)][bits];
}

uint32_t roundToFloat8(DataType type, float value) {
  llvm::APFloat rounded(value);
  bool losesInfo = false;
  rounded.convert(semanticsOf(type), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint32_t>(rounded.bitcastToAPInt().getZExtValue());
}

} // namespace

float largestFinite(DataType type) {
  switch (type) {
  case DataType::BF16:
    return std::bit_cast<float>(0x7f7f0000u);
  case DataType::F16:
    return 65504;
  case DataType::F32:
    return std::numeric_limits<float>::max();
  default:
    return llvm::APFloat::getLargest(semanticsOf(type)).convertToFloat();
  }
}

bool isInterpretable(DataType type) {
  return type == DataType::F32 || type == DataType::F16 || type == DataType::BF16 || isFloat8(type) ||
         type == DataType::I32;
}

float decodeElement(DataType type, uint32_t bits) {
  if (isFloat8(type))
    return widenFloat8(type, bits);
  switch (type) {
  case DataType::BF16:
    return std::bit_cast<float>(bits << 16);
  case DataType::F16:
    return widenF16(bits);
  case DataType::I32:
    return static_cast<float>(static_cast<int32_t>(bits));
  default:
    assert(type == DataType::F32);
    return std::bit_cast<float>(bits);
  }
}

uint32_t encodeElement(DataType type, float value) {
  if (isFloat8(type))
    return roundToFloat8(type, value);
  switch (type) {
  case DataType::BF16:
    return roundToBf16(value);
  case DataType::F16:
    return roundToF16(value);
  case DataType::I32:
    return static_cast<uint32_t>(static_cast<int32_t>(value));
  default:
    assert(type == DataType::F32);
    return std::bit_cast<uint32_t>(value);
  }
}

} // namespace codesign
