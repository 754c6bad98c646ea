#include "Vector.h"
#include "Definedness.h"
#include "VectorSaturate.h"
#include "llvm/ADT/StringMap.h"
#include <cstring>

namespace codesign::simulate {

const LaneOperation *findLaneOperation(llvm::StringRef base, bool gfx950) {
  static const llvm::StringMap<const LaneOperation *> byName = [] {
    llvm::StringMap<const LaneOperation *> map;
    const LaneTable &table = laneTable();
    for (size_t i = 0; i < table.operationCount; ++i)
      map[table.operations[i].name] = &table.operations[i];
    return map;
  }();
  if (gfx950)
    if (const LaneOperation *operation = byName.lookup((base + "@gfx950").str()))
      return operation;
  return byName.lookup(base);
}

const uint32_t *readLanes(Wave &wave, const Operand &operand, int slot, int dwords) {
  if (operand.isVector())
    return wave.lanes(operand.index);
  if (operand.isConstant())
    return operand.lanes;
  uint32_t *temporary = wave.temporary(slot);
  uint64_t value = dwords == 2 ? wave.read64(operand) : wave.read32(operand);
  for (int d = 0; d < dwords; ++d) {
    uint32_t part = static_cast<uint32_t>(value >> (32 * d));
    for (int lane = 0; lane < laneCount; ++lane)
      temporary[d * laneCount + lane] = part;
  }
  return temporary;
}

void writeLanes(Wave &wave, int destination, const uint32_t *values, uint64_t mask, int dwords) {
  wave.group->laneTable->blend(wave.lanes(destination), values, mask, dwords);
}

int dppSourceLane(uint16_t control, int lane) {
  int row = lane & ~15, column = lane & 15, amount = control & 15;
  if (control < 0x100)
    return (lane & ~3) | ((control >> (2 * (lane & 3))) & 3);
  if (control >= 0x101 && control <= 0x10f)
    return column + amount < 16 ? lane + amount : -1;
  if (control >= 0x111 && control <= 0x11f)
    return column >= amount ? lane - amount : -1;
  if (control >= 0x121 && control <= 0x12f)
    return row | ((column - amount) & 15);
  if (control >= 0x150 && control <= 0x15f)
    return row | amount;
  switch (control) {
  case 0x130:
    return lane < 63 ? lane + 1 : -1;
  case 0x134:
    return (lane + 1) & 63;
  case 0x138:
    return lane - 1;
  case 0x13c:
    return (lane + 63) & 63;
  case 0x140:
    return row | (15 - column);
  case 0x141:
    return (lane & ~7) | (7 - (lane & 7));
  case 0x142:
    return row - 1;
  case 0x143:
    return lane >= 32 ? 31 : -1;
  default:
    return -1;
  }
}

namespace {

int dwordsOf(LaneType type) {
  return type == LaneType::F64 || type == LaneType::B64 ? 2 : 1;
}

/// Lanes that DPP switches off: masked rows and banks, and invalid sources without bound_ctrl.
uint64_t applyDpp(Wave &wave, const Instruction &instruction, const uint32_t *&source, uint64_t exec,
                  int dwords) {
  uint32_t *temporary = wave.temporary(sourceTemporary);
  uint64_t enabled = 0;
  alignas(64) uint32_t copy[2 * laneCount];
  std::memcpy(copy, source, sizeof(uint32_t) * laneCount * dwords);
  for (int lane = 0; lane < laneCount; ++lane) {
    int from = dppSourceLane(instruction.dppControl, lane);
    bool valid = from >= 0 && ((exec >> from) & 1);
    bool selected =
        ((instruction.rowMask >> (lane / 16)) & 1) && ((instruction.bankMask >> ((lane & 15) / 4)) & 1);
    for (int d = 0; d < dwords; ++d)
      temporary[d * laneCount + lane] = valid ? copy[d * laneCount + from] : 0;
    if (selected && (valid || instruction.boundControl))
      enabled |= 1ull << lane;
  }
  source = temporary;
  return enabled;
}

uint32_t sdwaSelect(uint32_t value, SdwaSelect select, bool extend) {
  switch (select) {
  case SdwaSelect::Dword:
    return value;
  case SdwaSelect::Word0:
  case SdwaSelect::Word1: {
    uint32_t word = (value >> (select == SdwaSelect::Word1 ? 16 : 0)) & 0xffff;
    return extend ? static_cast<uint32_t>(static_cast<int16_t>(word)) : word;
  }
  default: {
    uint32_t byte = (value >> (8 * static_cast<int>(select))) & 0xff;
    return extend ? static_cast<uint32_t>(static_cast<int8_t>(byte)) : byte;
  }
  }
}

/// Sub-dword selection, op_sel, absolute value and sign of one source, into its temporary.
const uint32_t *applyModifiers(Wave &wave, const Instruction &instruction, int k, LaneType type,
                               VectorForm form, const uint32_t *source) {
  uint8_t bits = instruction.sources[k].modifiers;
  bool selects = instruction.isSdwa && k < 2 && instruction.sourceSelect[k] != SdwaSelect::Dword;
  bool packed = form == VectorForm::Packed16 || (form == VectorForm::Dot && k < 2);
  if (!selects && (packed ? bits == modifier::opSel1 : bits == 0))
    return source;
  uint32_t *temporary = wave.temporary(sourceTemporary + 2 * k);
  bool isHalf = type == LaneType::F16 || type == LaneType::B16;
  if (packed) {
    uint32_t flip = (bits & modifier::negate ? 0x8000u : 0) | (bits & modifier::negateHigh ? 0x80000000u : 0);
    int low = bits & modifier::opSel0 ? 16 : 0, high = bits & modifier::opSel1 ? 16 : 0;
    for (int lane = 0; lane < laneCount; ++lane)
      temporary[lane] = (((source[lane] >> low) & 0xffff) | (source[lane] >> high) << 16) ^ flip;
    return temporary;
  }
  int dwords = dwordsOf(type), top = (dwords - 1) * laneCount;
  uint32_t sign = isHalf ? 0x8000u : 0x80000000u;
  bool shifts = isHalf && (bits & modifier::opSel0) && !instruction.isSdwa;
  for (int lane = 0; lane < laneCount; ++lane) {
    uint32_t value = source[top + lane];
    if (selects)
      value = sdwaSelect(value, instruction.sourceSelect[k], bits & modifier::signExtend);
    if (shifts)
      value >>= 16;
    if (bits & modifier::absolute)
      value &= ~sign;
    if (bits & modifier::negate)
      value ^= sign;
    if (dwords == 2)
      temporary[lane] = source[lane];
    temporary[top + lane] = value;
  }
  return temporary;
}

float clampUnit(float value, bool dx10) {
  if (value != value)
    return dx10 ? 0.0f : value;
  return value < 0 ? 0.0f : value > 1 ? 1.0f : value;
}

/// omod, then clamp, on the result lanes.
void applyOutput(const Wave &wave, const Instruction &instruction, const VectorDetails &details,
                 uint32_t *result) {
  static constexpr double factors[4] = {1, 2, 4, 0.5};
  double factor = factors[instruction.outputModifier & 3];
  bool dx10 = wave.mode.dx10Clamp;
  LaneType type = details.operation->destinationType;
  for (int lane = 0; lane < laneCount; ++lane) {
    if (type == LaneType::F64) {
      double value;
      uint64_t bits = result[lane] | uint64_t(result[lane + laneCount]) << 32;
      std::memcpy(&value, &bits, 8);
      value *= factor;
      if (instruction.clamp)
        value = value != value ? (dx10 ? 0 : value) : value < 0 ? 0 : value > 1 ? 1 : value;
      std::memcpy(&bits, &value, 8);
      result[lane] = static_cast<uint32_t>(bits);
      result[lane + laneCount] = static_cast<uint32_t>(bits >> 32);
    } else if (type == LaneType::F32) {
      for (int at = lane; at < details.resultDwords * laneCount; at += laneCount) {
        float value = std::bit_cast<float>(result[at]) * static_cast<float>(factor);
        result[at] = std::bit_cast<uint32_t>(instruction.clamp ? clampUnit(value, dx10) : value);
      }
    } else if (details.result == PackedResult::Float32) {
      for (int at = lane; at < 2 * laneCount; at += laneCount)
        result[at] = std::bit_cast<uint32_t>(clampUnit(std::bit_cast<float>(result[at]), dx10));
    } else if (details.result == PackedResult::Bfloat) {
      const auto half = [&](uint32_t bits) {
        return std::bit_cast<uint32_t>(clampUnit(std::bit_cast<float>(bits), dx10));
      };
      result[lane] = half(result[lane] << 16) >> 16 | (half(result[lane] & 0xffff0000u) & 0xffff0000u);
    } else if (type == LaneType::F16 || details.form == VectorForm::Packed16 ||
               details.result == PackedResult::Half) {
      // Clamping halves needs no arithmetic: negative becomes 0, above 1 becomes 1.
      for (int half = 0; half < 32; half += 16) {
        uint32_t bits = (result[lane] >> half) & 0xffff, magnitude = bits & 0x7fff;
        uint32_t clamped = magnitude > 0x7c00 ? (dx10 ? 0 : bits)
                           : bits & 0x8000    ? 0
                                              : std::min(bits, 0x3c00u);
        if (instruction.clamp)
          result[lane] = (result[lane] & ~(0xffffu << half)) | clamped << half;
      }
    }
  }
}

/// Places a partial result into the old register content: SDWA selections, bytes and halves.
void mergePartial(Wave &wave, const Instruction &instruction, uint32_t *result) {
  const uint32_t *old = wave.lanes(instruction.destination.index);
  int shift = 8 * instruction.extra[0], width = 8 * instruction.extra[1];
  uint32_t mask = (width >= 32 ? ~0u : (1u << width) - 1) << shift;
  for (int lane = 0; lane < laneCount; ++lane) {
    uint32_t value = (result[lane] << shift) & mask, rest = 0;
    if (instruction.destinationUnused == 2)
      rest = old[lane] & ~mask;
    else if (instruction.destinationUnused == 1 && (value >> (shift + width - 1)) & 1)
      rest = shift + width >= 32 ? 0 : ~0u << (shift + width);
    result[lane] = value | rest;
  }
}

void runPacked32(LaneArguments &x, const Instruction &instruction, const LaneOperation &operation,
                 Wave &wave) {
  const uint32_t *full[3];
  std::copy(std::begin(x.source), std::end(x.source), full);
  uint32_t *destination = x.destination;
  alignas(64) uint32_t result[2 * laneCount];
  for (int half = 0; half < 2; ++half) {
    for (int k = 0; k < operation.sourceCount; ++k) {
      uint8_t bits = instruction.sources[k].modifiers;
      bool high = bits & (half ? modifier::opSel1 : modifier::opSel0);
      x.source[k] = full[k] + (high ? laneCount : 0);
      if (bits & (half ? modifier::negateHigh : modifier::negate)) {
        uint32_t *temporary = wave.temporary(sourceTemporary + 2 * k + 1);
        if (full[k] == temporary - laneCount) // a spread scalar sits there: its high half is read next
          temporary = wave.temporary(resultTemporary + 2 + k);
        for (int lane = 0; lane < laneCount; ++lane)
          temporary[lane] = x.source[k][lane] ^ 0x80000000u;
        x.source[k] = temporary;
      }
    }
    x.destination = result + half * laneCount;
    operation.kernel(x);
  }
  std::memcpy(destination, result, sizeof(result));
  x.destination = destination;
}

void execute(Wave &wave, const Instruction &instruction) {
  const VectorDetails &details = vectorDetails(instruction);
  const LaneOperation &operation = *details.operation;
  uint64_t exec = wave.exec();
  LaneArguments x;
  x.halfOverflow = wave.mode.halfOverflow;
  x.immediate = static_cast<uint32_t>(instruction.immediate);
  for (int k = 0; k < operation.sourceCount; ++k) {
    bool pair = details.form == VectorForm::Packed32 || dwordsOf(operation.sourceType[k]) == 2;
    x.source[k] = readLanes(wave, instruction.sources[k], sourceTemporary + 2 * k, pair ? 2 : 1);
  }
  uint64_t enabled = exec;
  if (instruction.isDpp)
    enabled &= applyDpp(wave, instruction, x.source[0], exec, dwordsOf(operation.sourceType[0]));
  if (instruction.hasModifiers && details.form != VectorForm::Packed32)
    for (int k = 0; k < operation.sourceCount; ++k)
      x.source[k] = applyModifiers(wave, instruction, k, operation.sourceType[k], details.form, x.source[k]);

  if (details.form == VectorForm::CarryIn || details.form == VectorForm::Select)
    x.maskIn = instruction.sources[3].isScalar() || instruction.sources[3].isConstant()
                   ? wave.read64(instruction.sources[3])
                   : wave.vcc();
  bool hasVectorResult = details.form != VectorForm::Compare && details.form != VectorForm::CompareExec;
  bool post = instruction.clamp || instruction.outputModifier || instruction.extra[1];
  bool direct = hasVectorResult && enabled == ~0ull && !post;
  x.destination = direct ? wave.lanes(instruction.destination.index) : wave.temporary(resultTemporary);

  const bool flushesHalves = details.computesHalves && wave.mode.subnormals64() != 3;
  const bool packedHalves = details.form == VectorForm::Packed16;
  if (flushesHalves && !(wave.mode.subnormals64() & 1))
    for (int k = 0; k < operation.sourceCount; ++k)
      if (packedHalves || operation.sourceType[k] == LaneType::F16)
        x.source[k] = flushHalves(x.source[k], wave.temporary(sourceTemporary + 2 * k), packedHalves);
  bool wide = details.usesWideMode && wave.mode.differs();
  if (wide)
    setFloatEnvironment(wave.mode, true);
  if (details.form == VectorForm::Packed32)
    runPacked32(x, instruction, operation, wave);
  else
    operation.kernel(x);
  if (flushesHalves && !(wave.mode.subnormals64() & 2) &&
      (packedHalves || operation.destinationType == LaneType::F16))
    flushHalves(x.destination, x.destination, packedHalves);
  if (post && hasVectorResult) {
    if (instruction.clamp && instruction.extra[3])
      saturateInteger(instruction, x, x.destination);
    else if (instruction.clamp || instruction.outputModifier)
      applyOutput(wave, instruction, details, x.destination);
    if (instruction.extra[1])
      mergePartial(wave, instruction, x.destination);
  }
  if (wide)
    setFloatEnvironment(wave.mode, false);

  if (wave.group->checking)
    propagateVector(wave, instruction, enabled, x);
  if (hasVectorResult && !direct)
    writeLanes(wave, instruction.destination.index, x.destination, enabled, details.resultDwords);
  if (details.form == VectorForm::Plain || details.form == VectorForm::Packed16)
    return;
  if (instruction.scalarDestination.isScalar()) {
    uint64_t mask = x.maskOut & exec;
    if (hasVectorResult && instruction.isDpp) // lanes that DPP leaves alone keep their carry
      mask = (mask & enabled) | (wave.read64(instruction.scalarDestination) & ~enabled & exec);
    wave.write64(instruction.scalarDestination, mask);
  }
  if (details.form == VectorForm::CompareExec)
    wave.setExec(x.maskOut & exec);
}

} // namespace

void executeVector(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  execute(wave, instruction);
}

} // namespace codesign::simulate
