// Vector instructions that are no plain lane arithmetic: lane access, swaps, mixed precision, division steps.
#include "Definedness.h"
#include "Translate.h"
#include "Vector.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>
#include <cstring>

namespace codesign::simulate {
namespace {

float toFloat(uint32_t bits) {
  return std::bit_cast<float>(bits);
}

void readFirstLane(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  int lane = wave.exec() ? std::countr_zero(wave.exec()) : 0;
  const Operand &source = instruction.sources[0];
  wave.write32(instruction.destination,
               source.isVector() ? wave.lanes(source.index)[lane] : wave.read32(source));
  if (wave.group->checking) {
    UndefinedBytes undefined = undefinedOf(wave, source);
    uint64_t bits = 0;
    for (int byte = 0; byte < 4; ++byte)
      bits |= (undefined.plane[byte] >> lane) & 1 ? 0xffull << (8 * byte) : 0;
    setScalarUndefined(wave, instruction.destination, bits);
  }
}

void readLane(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  int lane = wave.read32(instruction.sources[1]) & 63;
  const Operand &source = instruction.sources[0];
  wave.write32(instruction.destination,
               source.isVector() ? wave.lanes(source.index)[lane] : wave.read32(source));
  if (wave.group->checking) {
    checkScalarUse(wave, instruction, undefinedBits(wave, instruction.sources[1]), "lane select");
    UndefinedBytes undefined = undefinedOf(wave, source);
    uint64_t bits = 0;
    for (int byte = 0; byte < 4; ++byte)
      bits |= (undefined.plane[byte] >> lane) & 1 ? 0xffull << (8 * byte) : 0;
    setScalarUndefined(wave, instruction.destination, bits);
  }
}

void writeLane(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  int lane = wave.read32(instruction.sources[1]) & 63;
  wave.lanes(instruction.destination.index)[lane] = wave.read32(instruction.sources[0]);
  if (wave.group->checking) {
    UndefinedBytes bytes;
    uint64_t bits = undefinedBits(wave, instruction.sources[0]);
    for (int byte = 0; byte < 4; ++byte)
      bytes.plane[byte] = (bits >> (8 * byte)) & 0xff ? ~0ull : 0;
    setUndefined(wave, instruction.destination.index, bytes, 1ull << lane);
  }
}

void swapUndefined(Wave &wave, int a, int laneA, int b, int laneB) {
  auto &registers = wave.checks.vectorUndefined;
  for (int byte = 0; byte < 4; ++byte) {
    uint64_t &planeA = registers[a].plane[byte], &planeB = registers[b].plane[byte];
    bool bitA = (planeA >> laneA) & 1, bitB = (planeB >> laneB) & 1;
    planeA = (planeA & ~(1ull << laneA)) | uint64_t(bitB) << laneA;
    planeB = (planeB & ~(1ull << laneB)) | uint64_t(bitA) << laneB;
  }
}

/// extra[0]: 0 v_swap, otherwise the row size of v_permlane16_swap and v_permlane32_swap.
void swapLanes(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  int first = instruction.destination.index, second = instruction.scalarDestination.index,
      row = instruction.extra[0];
  uint32_t *a = wave.lanes(first), *b = wave.lanes(second);
  uint64_t exec = wave.exec();
  for (int lane = 0; lane < laneCount; ++lane) {
    int from = lane, to = lane;
    if (row) { // odd rows of the first register change places with even rows of the second
      if (!((lane / row) & 1))
        continue;
      to = lane - row;
    }
    if (!((exec >> from) & 1) || !((exec >> to) & 1))
      continue;
    std::swap(a[from], b[to]);
    if (wave.group->checking)
      swapUndefined(wave, first, from, second, to);
  }
}

void noOperation(Wave &, const Instruction &) {}

/// v_fma_mix*: each source is f32, or a half of a register as f16. extra: 0 f32 result, 1 low half, 2 high
/// half.
void fmaMix(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  alignas(64) float values[3][laneCount];
  const uint32_t *sources[3];
  for (int k = 0; k < 3; ++k) {
    const Operand &operand = instruction.sources[k];
    sources[k] = readLanes(wave, operand, sourceTemporary + 2 * k, 1);
    if (operand.modifiers & modifier::opSel1) { // op_sel_hi marks an f16 source, op_sel its half
      uint32_t *halves = wave.temporary(sourceTemporary + 2 * k);
      int shift = operand.modifiers & modifier::opSel0 ? 16 : 0;
      for (int lane = 0; lane < laneCount; ++lane)
        halves[lane] = sources[k][lane] >> shift;
      wave.group->laneTable->unpackFloat(MatrixType::F16, halves, 1, values[k]);
    } else {
      std::memcpy(values[k], sources[k], sizeof(values[k]));
    }
    for (float &value : values[k]) {
      if (operand.modifiers & modifier::absolute)
        value = std::fabs(value);
      if (operand.modifiers & modifier::negate)
        value = -value;
    }
  }
  uint32_t *result = wave.temporary(resultTemporary);
  const uint32_t *old = wave.lanes(instruction.destination.index);
  int kind = instruction.extra[2];
  static const LaneOperation *convert = findLaneOperation("V_CVT_F16_F32", false);
  for (int lane = 0; lane < laneCount; ++lane) {
    float value = std::fma(values[0][lane], values[1][lane], values[2][lane]);
    if (instruction.clamp)
      value = value != value ? (wave.mode.dx10Clamp ? 0.0f : value) : std::min(std::max(value, 0.0f), 1.0f);
    result[lane] = std::bit_cast<uint32_t>(value);
  }
  if (kind) {
    LaneArguments x;
    x.destination = wave.temporary(resultTemporary + 1);
    x.source[0] = result;
    x.halfOverflow = wave.mode.halfOverflow;
    convert->kernel(x);
    for (int lane = 0; lane < laneCount; ++lane)
      result[lane] = kind == 1 ? (old[lane] & 0xffff0000u) | x.destination[lane]
                               : (old[lane] & 0xffffu) | x.destination[lane] << 16;
  }
  if (wave.group->checking) {
    uint64_t undefined = 0;
    for (int k = 0; k < 3; ++k) {
      const Operand &operand = instruction.sources[k];
      const UndefinedBytes source = undefinedOf(wave, operand);
      const int first = operand.modifiers & modifier::opSel0 ? 2 : 0;
      undefined |=
          operand.modifiers & modifier::opSel1 ? source.plane[first] | source.plane[first + 1] : source.any();
    }
    UndefinedBytes bytes =
        kind ? wave.checks.vectorUndefined[instruction.destination.index] : UndefinedBytes();
    for (int byte = kind == 2 ? 2 : 0; byte < (kind == 1 ? 2 : 4); ++byte)
      bytes.plane[byte] = undefined;
    setUndefined(wave, instruction.destination.index, bytes, wave.exec());
  }
  writeLanes(wave, instruction.destination.index, result, wave.exec(), 1);
}

/// v_pk_mov_b32: low result from the first source, high result from the second, op_sel picks the half of
/// each.
void packedMove(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  alignas(64) uint32_t result[2 * laneCount];
  UndefinedBytes undefined[2];
  for (int k = 0; k < 2; ++k) {
    const Operand &operand = instruction.sources[k];
    int high = operand.modifiers & modifier::opSel0 ? 1 : 0;
    const uint32_t *source = readLanes(wave, operand, sourceTemporary + 2 * k, 2) + high * laneCount;
    std::memcpy(result + k * laneCount, source, sizeof(uint32_t) * laneCount);
    if (wave.group->checking)
      undefined[k] = undefinedOf(wave, operand, high);
  }
  writeLanes(wave, instruction.destination.index, result, wave.exec(), 2);
  if (wave.group->checking)
    for (int k = 0; k < 2; ++k)
      setUndefined(wave, instruction.destination.index + k, undefined[k], wave.exec());
}

template <class T>
struct DivisionLimits;
template <>
struct DivisionLimits<float> {
  using Bits = uint32_t;
  static constexpr int mantissa = 23, exponentMask = 255, range = 96, step = 64, tiny = 23;
};
template <>
struct DivisionLimits<double> {
  using Bits = uint64_t;
  static constexpr int mantissa = 52, exponentMask = 2047, range = 768, step = 128, tiny = 53;
};
template <class T>
int exponentField(T value) {
  using L = DivisionLimits<T>;
  return static_cast<int>(std::bit_cast<typename L::Bits>(value) >> L::mantissa) & L::exponentMask;
}
template <class T>
bool isSubnormal(T value) {
  return exponentField(value) == 0 && value != 0;
}

/// v_div_scale: scales numerator or denominator away from overflow and subnormals; the flag tells v_div_fmas.
template <class T>
T divisionScale(T value, T denominator, T numerator, bool &flag) {
  using L = DivisionLimits<T>;
  flag = false;
  if (denominator == 0 || numerator == 0)
    return std::numeric_limits<T>::quiet_NaN();
  bool isDenominator = std::bit_cast<typename L::Bits>(value) == std::bit_cast<typename L::Bits>(denominator);
  bool isNumerator = std::bit_cast<typename L::Bits>(value) == std::bit_cast<typename L::Bits>(numerator);
  T reciprocal = T(1) / denominator, quotient = numerator / denominator;
  auto tinyResult = [](T v) { return exponentField(v) == 0; }; // subnormal, or flushed to zero
  if (exponentField(numerator) - exponentField(denominator) >= L::range) {
    flag = true;
    return isDenominator ? std::ldexp(value, L::step) : value;
  }
  if (isSubnormal(denominator))
    return std::ldexp(value, L::step);
  if (tinyResult(reciprocal) && tinyResult(quotient)) {
    flag = true;
    return isDenominator ? std::ldexp(value, L::step) : value;
  }
  if (tinyResult(reciprocal))
    return std::ldexp(value, -L::step);
  if (tinyResult(quotient)) {
    flag = true;
    return isNumerator ? std::ldexp(value, L::step) : value;
  }
  return exponentField(numerator) <= L::tiny ? std::ldexp(value, L::step) : value;
}

template <class T>
T operandValue(const uint32_t *lanes, int lane, uint8_t modifiers) {
  T value;
  if constexpr (sizeof(T) == 4)
    value = toFloat(lanes[lane]);
  else
    value = std::bit_cast<double>(lanes[lane] | uint64_t(lanes[lane + laneCount]) << 32);
  if (modifiers & modifier::absolute)
    value = std::fabs(value);
  return modifiers & modifier::negate ? -value : value;
}
template <class T>
void storeValue(uint32_t *lanes, int lane, T value) {
  auto bits = std::bit_cast<typename DivisionLimits<T>::Bits>(value);
  lanes[lane] = static_cast<uint32_t>(bits);
  if constexpr (sizeof(T) == 8)
    lanes[lane + laneCount] = static_cast<uint32_t>(bits >> 32);
}

template <class T, bool isScale>
void divisionStep(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  constexpr int dwords = sizeof(T) / 4;
  const uint32_t *source[3];
  for (int k = 0; k < 3; ++k)
    source[k] = readLanes(wave, instruction.sources[k], sourceTemporary + 2 * k, dwords);
  alignas(64) uint32_t result[2 * laneCount];
  uint64_t flags = 0, exec = wave.exec(), vcc = wave.vcc();
  setFloatEnvironment(wave.mode, sizeof(T) == 8);
  for (int lane = 0; lane < laneCount; ++lane) {
    T a = operandValue<T>(source[0], lane, instruction.sources[0].modifiers);
    T b = operandValue<T>(source[1], lane, instruction.sources[1].modifiers);
    T c = operandValue<T>(source[2], lane, instruction.sources[2].modifiers);
    if constexpr (isScale) {
      bool flag = false;
      storeValue(result, lane, divisionScale(a, b, c, flag));
      flags |= uint64_t(flag) << lane;
    } else {
      T value = std::fma(a, b, c);
      if ((vcc >> lane) & 1)
        value = std::ldexp(value, exponentField(c) > DivisionLimits<T>::exponentMask / 2
                                      ? DivisionLimits<T>::step
                                      : -DivisionLimits<T>::step);
      storeValue(result, lane, value);
    }
  }
  setFloatEnvironment(wave.mode, false);
  writeLanes(wave, instruction.destination.index, result, exec, dwords);
  if (isScale)
    wave.write64(instruction.scalarDestination, flags & exec);
  if (wave.group->checking) {
    UndefinedBytes bytes;
    for (int k = 0; k < 3; ++k)
      for (int d = 0; d < dwords; ++d)
        bytes.plane[0] |= undefinedOf(wave, instruction.sources[k], d).any();
    bytes.plane.fill(bytes.plane[0]);
    for (int d = 0; d < dwords; ++d)
      setUndefined(wave, instruction.destination.index + d, bytes, exec);
    if (isScale)
      setScalarUndefined(wave, instruction.scalarDestination, bytes.plane[0] & exec);
  }
}

struct SpecialEntry {
  ExecuteFunction execute;
  uint8_t sources;
  uint8_t parameter = 0; // extra[0] of swaps, extra[2] of mixed precision
};

const llvm::StringMap<SpecialEntry> &specialEntries() {
  static const llvm::StringMap<SpecialEntry> entries = {
      {"V_READFIRSTLANE_B32", {readFirstLane, 1}},
      {"V_READLANE_B32", {readLane, 2}},
      {"V_WRITELANE_B32", {writeLane, 2}},
      {"V_SWAP_B32", {swapLanes, 0}},
      {"V_PERMLANE16_SWAP_B32", {swapLanes, 0, 16}},
      {"V_PERMLANE32_SWAP_B32", {swapLanes, 0, 32}},
      {"V_NOP", {noOperation, 0}},
      {"V_CLREXCP", {noOperation, 0}},
      {"V_FMA_MIX_F32", {fmaMix, 3, 0}},
      {"V_FMA_MIXLO_F16", {fmaMix, 3, 1}},
      {"V_FMA_MIXHI_F16", {fmaMix, 3, 2}},
      {"V_PK_MOV_B32", {packedMove, 2}},
      {"V_DIV_SCALE_F32", {divisionStep<float, true>, 3}},
      {"V_DIV_SCALE_F64", {divisionStep<double, true>, 3}},
      {"V_DIV_FMAS_F32", {divisionStep<float, false>, 3}},
      {"V_DIV_FMAS_F64", {divisionStep<double, false>, 3}},
  };
  return entries;
}

} // namespace

bool translateVectorSpecial(const RawInstruction &raw, Instruction &result) {
  auto found = specialEntries().find(raw.base);
  if (found == specialEntries().end() || raw.encoding == "dpp" || raw.encoding == "sdwa")
    return false;
  const SpecialEntry &entry = found->second;
  if (raw.uses.size() < entry.sources)
    return false;
  result.kind = InstructionClass::Vector;
  result.execute = entry.execute;
  if (!raw.definitions.empty())
    result.destination = raw.definitions[0];
  if (raw.definitions.size() > 1)
    result.scalarDestination = raw.definitions[1];
  for (int k = 0; k < entry.sources; ++k)
    result.sources[k] = raw.uses[k];
  result.sourceCount = entry.sources;
  result.extra[0] = entry.parameter;
  result.extra[2] = entry.parameter;
  result.swapsRows = entry.execute == swapLanes && entry.parameter;
  result.readsVccLate = raw.base.starts_with("V_DIV_FMAS");
  if (entry.execute == fmaMix)
    result.clamp = raw.control(0);
  return true;
}

} // namespace codesign::simulate
