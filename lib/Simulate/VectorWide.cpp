// Vector instructions with operands of more than two registers, and v_trig_preop.
#include "Definedness.h"
#include "Lanes/LaneScaled.h"
#include "Translate.h"
#include "Vector.h"
#include "llvm/ADT/StringMap.h"
#include <algorithm>
#include <cmath>

namespace codesign::simulate {
namespace {

/// Registers of a result, written when all sources have been read.
struct WideResult {
  alignas(64) uint32_t dwords[32 * laneCount] = {};
};

void writeWide(Wave &wave, const Instruction &instruction, const WideResult &result) {
  const uint64_t exec = wave.exec();
  const int count = instruction.destination.dwords, first = instruction.destination.index;
  UndefinedBytes bytes;
  if (wave.group->checking) {
    for (int k = 0; k < instruction.sourceCount; ++k)
      for (int d = 0; d < instruction.sources[k].dwords; ++d)
        bytes.plane[0] |= undefinedOf(wave, instruction.sources[k], d).any();
    bytes.plane.fill(bytes.plane[0]);
  }
  writeLanes(wave, first, result.dwords, exec, count);
  for (int d = 0; wave.group->checking && d < count; ++d)
    setUndefined(wave, first + d, bytes, exec);
}

const uint32_t *sourceLanes(Wave &wave, const Instruction &instruction, int k) {
  return readLanes(wave, instruction.sources[k], sourceTemporary + 2 * k,
                   std::min<int>(instruction.sources[k].dwords, 2));
}

/// Element i of tightly packed ones of `bits` bits.
uint32_t packedElement(const uint32_t *registers, int bits, int i, int lane) {
  const int at = i * bits, shift = at % 32;
  uint64_t word = registers[at / 32 * laneCount + lane];
  if (shift + bits > 32)
    word |= uint64_t(registers[(at / 32 + 1) * laneCount + lane]) << 32;
  return static_cast<uint32_t>(word >> shift) & ((1u << bits) - 1);
}
void putPackedElement(uint32_t *registers, int bits, int i, int lane, uint32_t value) {
  const int at = i * bits, shift = at % 32;
  registers[at / 32 * laneCount + lane] |= value << shift;
  if (shift + bits > 32)
    registers[(at / 32 + 1) * laneCount + lane] |= value >> (32 - shift);
}

template <class Format, class Wide>
void unpackMany(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  WideResult result;
  const uint32_t *packed = sourceLanes(wave, instruction, 0), *scales = sourceLanes(wave, instruction, 1);
  for (int lane = 0; lane < laneCount; ++lane)
    for (int i = 0; i < 32; ++i)
      putWideElement<Wide>(result.dwords, i, lane,
                           Format::decode(packedElement(packed, Format::bits, i, lane)) *
                               scaleOf(scales[lane]));
  writeWide(wave, instruction, result);
}

template <class Format, class Wide>
void packMany(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  WideResult result;
  const uint32_t *values = sourceLanes(wave, instruction, 0), *scales = sourceLanes(wave, instruction, 1);
  for (int lane = 0; lane < laneCount; ++lane)
    for (int i = 0; i < 32; ++i)
      putPackedElement(result.dwords, Format::bits, i, lane,
                       encodeScaled<Format>(wideElement<Wide>(values, i, lane), scaleOf(scales[lane]), true));
  writeWide(wave, instruction, result);
}

/// Two operands of 16 elements, which take turns in the result.
template <class Format>
void packInterleaved(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  WideResult result;
  const uint32_t *values[2] = {sourceLanes(wave, instruction, 0), sourceLanes(wave, instruction, 1)};
  const uint32_t *scales = sourceLanes(wave, instruction, 2);
  for (int lane = 0; lane < laneCount; ++lane)
    for (int i = 0; i < 32; ++i)
      putPackedElement(result.dwords, Format::bits, i, lane,
                       encodeScaled<Format>(wideElement<WideFloat>(values[i % 2], i / 2, lane),
                                            scaleOf(scales[lane]), true));
  writeWide(wave, instruction, result);
}

/// Every element rounds with the successor of the seed before.
template <class Format, class Wide>
void packStochastic(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  WideResult result;
  const uint32_t *values = sourceLanes(wave, instruction, 0), *seeds = sourceLanes(wave, instruction, 1),
                 *scales = sourceLanes(wave, instruction, 2);
  for (int lane = 0; lane < laneCount; ++lane) {
    uint32_t seed = seeds[lane];
    for (int i = 0; i < 32; ++i, seed = nextRandom(seed))
      putPackedElement(result.dwords, Format::bits, i, lane,
                       encodeScaledStochastic<Format, Wide>(wideElement<Wide>(values, i, lane),
                                                            scaleOf(scales[lane]), true, seed));
  }
  writeWide(wave, instruction, result);
}

/// v_mqsad_u32_u8: four masked sums of byte distances, each one byte on; extra[0]: saturating.
void maskedQuadDistances(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  WideResult result;
  const uint32_t *window = sourceLanes(wave, instruction, 0), *reference = sourceLanes(wave, instruction, 1),
                 *addend = sourceLanes(wave, instruction, 2);
  for (int lane = 0; lane < laneCount; ++lane) {
    const uint64_t bytes = window[lane] | uint64_t(window[lane + laneCount]) << 32;
    for (int i = 0; i < 4; ++i) {
      uint64_t sum = addend[i * laneCount + lane];
      for (int at = 0; at < 32; at += 8) {
        const int a = static_cast<uint8_t>(bytes >> (8 * i + at)), b = reference[lane] >> at & 255;
        sum += b ? std::abs(a - b) : 0;
      }
      const bool overflows = instruction.extra[0] && sum >> 32;
      result.dwords[i * laneCount + lane] = overflows ? ~0u : static_cast<uint32_t>(sum);
    }
  }
  writeWide(wave, instruction, result);
}

/// 2/π after the binary point, 32 bits a word.
constexpr uint32_t twoOverPi[] = {
    0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561,
    0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e, 0xe88235f5, 0x2ebb4484,
    0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b, 0x1ff897ff, 0xde05980f,
    0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d, 0x7527bac7, 0xebe5f17b,
    0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b6bab};

/// 53 bits of 2/π for the exponent of a double, scaled to their place; beyond the table zero.
double segmentOfTwoOverPi(uint32_t exponent, uint32_t segment) {
  uint32_t shift = (segment & 31) * 53;
  if (exponent > 1077)
    shift += exponent - 1077;
  const uint32_t word = shift / 32, bit = shift % 32;
  if (word + 2 >= std::size(twoOverPi))
    return 0;
  uint64_t bits = uint64_t(twoOverPi[word]) << 32 | twoOverPi[word + 1];
  if (bit)
    bits = bits << bit | twoOverPi[word + 2] >> (32 - bit);
  const int scale = -53 - static_cast<int>(shift) + (exponent >= 1968 ? 128 : 0);
  return std::ldexp(static_cast<double>(bits >> 11), scale);
}

void trigonometricSegment(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  static constexpr double factors[4] = {1, 2, 4, 0.5};
  WideResult result;
  const uint32_t *value = readLanes(wave, instruction.sources[0], sourceTemporary, 2),
                 *segment = sourceLanes(wave, instruction, 1);
  for (int lane = 0; lane < laneCount; ++lane) {
    double part = segmentOfTwoOverPi(value[lane + laneCount] >> 20 & 0x7ff, segment[lane]) *
                  factors[instruction.outputModifier & 3];
    if (instruction.clamp)
      part = std::clamp(part, 0.0, 1.0);
    const auto bits = std::bit_cast<uint64_t>(part);
    result.dwords[lane] = static_cast<uint32_t>(bits);
    result.dwords[lane + laneCount] = static_cast<uint32_t>(bits >> 32);
  }
  writeWide(wave, instruction, result);
}

struct WideEntry {
  ExecuteFunction execute;
  uint8_t sources;
};

/// The conversions between 32 elements of one small and one wide format.
template <class Format, class Wide>
void addConversions(llvm::StringMap<WideEntry> &entries, const std::string &small, const std::string &wide) {
  const std::string base = "V_CVT_SCALEF32_";
  entries[base + "PK32_" + wide + "_" + small] = {unpackMany<Format, Wide>, 2};
  entries[base + "SR_PK32_" + small + "_" + wide] = {packStochastic<Format, Wide>, 3};
  if (wide == "F32")
    entries[base + "2XPK16_" + small + "_F32"] = {packInterleaved<Format>, 3};
  else
    entries[base + "PK32_" + small + "_" + wide] = {packMany<Format, Wide>, 2};
}

const llvm::StringMap<WideEntry> &wideEntries() {
  static const llvm::StringMap<WideEntry> entries = [] {
    llvm::StringMap<WideEntry> map;
    addConversions<Float6, WideFloat>(map, "FP6", "F32");
    addConversions<BFloat6, WideFloat>(map, "BF6", "F32");
    addConversions<Float6, WideHalf>(map, "FP6", "F16");
    addConversions<BFloat6, WideHalf>(map, "BF6", "F16");
    addConversions<Float6, WideBfloat>(map, "FP6", "BF16");
    addConversions<BFloat6, WideBfloat>(map, "BF6", "BF16");
    map["V_MQSAD_U32_U8"] = {maskedQuadDistances, 3};
    map["V_TRIG_PREOP_F64"] = {trigonometricSegment, 2};
    return map;
  }();
  return entries;
}

} // namespace

bool translateVectorWide(const RawInstruction &raw, Instruction &result) {
  auto found = wideEntries().find(raw.base);
  if (found == wideEntries().end() || raw.uses.size() < found->second.sources || raw.definitions.empty())
    return false;

  result.kind = InstructionClass::Vector;
  result.execute = found->second.execute;
  result.destination = raw.definitions[0];
  result.sourceCount = found->second.sources;
  for (int k = 0; k < result.sourceCount; ++k)
    result.sources[k] = raw.uses[k];
  result.extra[0] = raw.control(0) != 0;
  if (raw.base == "V_TRIG_PREOP_F64") {
    result.clamp = raw.control(0) != 0;
    result.outputModifier = static_cast<uint8_t>(raw.control(1));
  }
  return true;
}

} // namespace codesign::simulate
