#include "Definedness.h"
#include "Vector.h"

namespace codesign::simulate {

UndefinedBytes undefinedOf(const Wave &wave, const Operand &operand, int dword) {
  UndefinedBytes result;
  if (operand.isVector())
    return wave.checks.vectorUndefined[operand.index + dword];
  if (operand.isScalar() && operand.index + dword < 128) {
    uint32_t bits = wave.checks.scalarUndefined[operand.index + dword];
    for (int byte = 0; byte < 4; ++byte)
      result.plane[byte] = (bits >> (8 * byte)) & 0xff ? ~0ull : 0;
  }
  return result;
}

void setUndefined(Wave &wave, int reg, const UndefinedBytes &bytes, uint64_t mask) {
  UndefinedBytes &target = wave.checks.vectorUndefined[reg];
  for (int byte = 0; byte < 4; ++byte)
    target.plane[byte] = (target.plane[byte] & ~mask) | (bytes.plane[byte] & mask);
}

void setDefined(Wave &wave, int firstRegister, int count, uint64_t mask) {
  for (int reg = firstRegister; reg < firstRegister + count && reg < vectorRegisterCount; ++reg)
    for (uint64_t &plane : wave.checks.vectorUndefined[reg].plane)
      plane &= ~mask;
}

uint64_t undefinedBits(const Wave &wave, const Operand &operand) {
  if (!operand.isScalar() || operand.index >= 128)
    return 0;
  uint64_t bits = wave.checks.scalarUndefined[operand.index];
  if (operand.dwords >= 2)
    bits |= uint64_t(wave.checks.scalarUndefined[operand.index + 1]) << 32;
  return bits;
}

void setScalarUndefined(Wave &wave, const Operand &operand, uint64_t bits) {
  if (!operand.isScalar() || operand.index >= 128)
    return;
  wave.checks.scalarUndefined[operand.index] = static_cast<uint32_t>(bits);
  if (operand.dwords >= 2)
    wave.checks.scalarUndefined[operand.index + 1] = static_cast<uint32_t>(bits >> 32);
}

namespace {

UndefinedBytes everywhere(uint64_t mask) {
  return {{mask, mask, mask, mask}};
}

/// DPP moves undefined bits with the values.
UndefinedBytes throughDpp(const Instruction &instruction, const UndefinedBytes &bytes) {
  UndefinedBytes result;
  for (int lane = 0; lane < laneCount; ++lane) {
    int from = dppSourceLane(instruction.dppControl, lane);
    if (from < 0)
      continue;
    for (int byte = 0; byte < 4; ++byte)
      result.plane[byte] |= ((bytes.plane[byte] >> from) & 1) << lane;
  }
  return result;
}

/// Bytes an SDWA selection or op_sel actually reads.
UndefinedBytes selectedBytes(const Instruction &instruction, int k, LaneType type,
                             const UndefinedBytes &bytes) {
  auto only = [&](int first, int count) {
    uint64_t mask = 0;
    for (int byte = first; byte < first + count; ++byte)
      mask |= bytes.plane[byte];
    return everywhere(mask);
  };
  if (instruction.isSdwa && k < 2 && instruction.sourceSelect[k] != SdwaSelect::Dword) {
    int select = static_cast<int>(instruction.sourceSelect[k]);
    return select < 4 ? only(select, 1) : only(2 * (select - 4), 2);
  }
  if (type == LaneType::F16 || type == LaneType::B16)
    return only(instruction.sources[k].modifiers & modifier::opSel0 ? 2 : 0, 2);
  return bytes;
}

/// Lanes in which the value of a source has this byte all zero (or all ones).
uint64_t lanesWithByte(const uint32_t *values, int byte, uint32_t wanted) {
  uint64_t mask = 0;
  for (int lane = 0; lane < laneCount; ++lane)
    mask |= uint64_t(((values[lane] >> (8 * byte)) & 0xff) == wanted) << lane;
  return mask;
}

UndefinedBytes shifted(const UndefinedBytes &value, const Operand &amount, bool left) {
  uint64_t any = value.any();
  if (!amount.isConstant())
    return everywhere(any);
  int shift = static_cast<int>(amount.value & 31);
  UndefinedBytes result;
  for (int byte = 0; byte < 4; ++byte) {
    if (!value.plane[byte])
      continue;
    for (int bit : {8 * byte, 8 * byte + 7}) {
      int to = left ? bit + shift : bit - shift;
      if (to >= 0 && to < 32)
        result.plane[to / 8] |= value.plane[byte];
    }
  }
  return result;
}

UndefinedBytes permuted(const UndefinedBytes &high, const UndefinedBytes &low, const UndefinedBytes &select,
                        const uint32_t *selectors) {
  if (select.any())
    return everywhere(high.any() | low.any() | select.any());
  UndefinedBytes result;
  for (int lane = 0; lane < laneCount; ++lane)
    for (int byte = 0; byte < 4; ++byte) {
      uint32_t code = (selectors[lane] >> (8 * byte)) & 0xff;
      if (code > 11)
        continue;
      int source = code < 8 ? static_cast<int>(code) : 2 * (static_cast<int>(code) - 8) + 1;
      uint64_t plane = source < 4 ? low.plane[source] : high.plane[source - 4];
      result.plane[byte] |= ((plane >> lane) & 1) << lane;
    }
  return result;
}

UndefinedBytes combine(const Wave &wave, const Instruction &instruction, const LaneOperation &operation,
                       const UndefinedBytes (&source)[3], const LaneArguments &x) {
  switch (operation.undefined) {
  case UndefinedRule::Copy:
    return source[0];
  case UndefinedRule::Bytes: {
    UndefinedBytes result;
    for (int byte = 0; byte < 4; ++byte)
      result.plane[byte] = source[0].plane[byte] | source[1].plane[byte] | source[2].plane[byte];
    return result;
  }
  case UndefinedRule::And:
  case UndefinedRule::Or: {
    uint32_t wanted = operation.undefined == UndefinedRule::And ? 0 : 0xff;
    UndefinedBytes result;
    for (int byte = 0; byte < 4; ++byte) {
      uint64_t a = source[0].plane[byte], b = source[1].plane[byte];
      if (a | b)
        result.plane[byte] = (a & (b | ~lanesWithByte(x.source[1], byte, wanted))) |
                             (b & (a | ~lanesWithByte(x.source[0], byte, wanted)));
    }
    return result;
  }
  case UndefinedRule::ShiftLeft:
  case UndefinedRule::ShiftRight:
    if (source[0].any())
      return everywhere(source[0].any() | source[1].any());
    return shifted(source[1], instruction.sources[0], operation.undefined == UndefinedRule::ShiftLeft);
  case UndefinedRule::Select: {
    Operand vcc{Operand::Kind::Scalar, 0, 2, scalar::vcc};
    uint64_t unknown = undefinedBits(wave, instruction.sources[3].isScalar() ? instruction.sources[3] : vcc);
    UndefinedBytes result;
    for (int byte = 0; byte < 4; ++byte)
      result.plane[byte] = unknown | (source[0].plane[byte] & ~x.maskIn) | (source[1].plane[byte] & x.maskIn);
    return result;
  }
  case UndefinedRule::Permute:
    return permuted(source[0], source[1], source[2], x.source[2]);
  case UndefinedRule::Mix:
    break;
  }
  return everywhere(source[0].any() | source[1].any() | source[2].any());
}

/// v_pk_*: each half of the result takes one half of each source.
void propagatePacked(Wave &wave, const Instruction &instruction, const VectorDetails &details,
                     uint64_t enabled) {
  const bool wide = details.form == VectorForm::Packed32;
  UndefinedBytes low, high;
  for (int k = 0; k < details.operation->sourceCount; ++k) {
    const Operand &operand = instruction.sources[k];
    for (int half = 0; half < 2; ++half) {
      const bool upper = operand.modifiers & (half ? modifier::opSel1 : modifier::opSel0);
      const UndefinedBytes bytes = undefinedOf(wave, operand, wide && upper ? 1 : 0);
      const uint64_t any = wide    ? bytes.any()
                           : upper ? bytes.plane[2] | bytes.plane[3]
                                   : bytes.plane[0] | bytes.plane[1];
      UndefinedBytes &result = wide && half ? high : low;
      for (int byte = wide || !half ? 0 : 2; byte < (wide || half ? 4 : 2); ++byte)
        result.plane[byte] |= any;
    }
  }
  setUndefined(wave, instruction.destination.index, low, enabled);
  if (wide)
    setUndefined(wave, instruction.destination.index + 1, high, enabled);
}

} // namespace

void propagateVector(Wave &wave, const Instruction &instruction, uint64_t enabled, const LaneArguments &x) {
  const VectorDetails &details = vectorDetails(instruction);
  const LaneOperation &operation = *details.operation;
  UndefinedBytes source[3];
  uint64_t any = 0;
  for (int k = 0; k < operation.sourceCount; ++k) {
    const Operand &operand = instruction.sources[k];
    if (operand.isConstant())
      continue;
    source[k] = undefinedOf(wave, operand);
    LaneType type = operation.sourceType[k];
    if (details.form == VectorForm::Packed32 || type == LaneType::F64 || type == LaneType::B64) {
      const uint64_t high = undefinedOf(wave, operand, 1).any();
      if (high && operation.undefined != UndefinedRule::Copy)
        source[k] = everywhere(source[k].any() | high);
      any |= high;
    }
    any |= source[k].any();
  }
  bool readsMask = details.form == VectorForm::CarryIn || details.form == VectorForm::Select;
  uint64_t maskUndefined = 0;
  if (readsMask) {
    Operand vcc{Operand::Kind::Scalar, 0, 2, scalar::vcc};
    maskUndefined = undefinedBits(wave, instruction.sources[3].isScalar() ? instruction.sources[3] : vcc);
    any |= maskUndefined;
  }
  bool hasVectorResult = details.form != VectorForm::Compare && details.form != VectorForm::CompareExec;
  if (!any) { // the usual case
    if (hasVectorResult && !instruction.extra[1]) {
      setDefined(wave, instruction.destination.index, details.resultDwords, enabled);
    } else if (hasVectorResult) {
      UndefinedBytes &target = wave.checks.vectorUndefined[instruction.destination.index];
      for (int byte = 0; byte < 4; ++byte)
        if (instruction.destinationUnused != 2 ||
            (byte >= instruction.extra[0] && byte < instruction.extra[0] + instruction.extra[1]))
          target.plane[byte] &= ~enabled;
    }
    if (instruction.scalarDestination.isScalar())
      setScalarUndefined(wave, instruction.scalarDestination, 0);
    return;
  }
  if (details.form == VectorForm::Packed32 || details.form == VectorForm::Packed16)
    return propagatePacked(wave, instruction, details, enabled);
  if (instruction.isDpp)
    source[0] = throughDpp(instruction, source[0]);
  for (int k = 0; k < operation.sourceCount; ++k)
    source[k] = selectedBytes(instruction, k, operation.sourceType[k], source[k]);
  UndefinedBytes result = combine(wave, instruction, operation, source, x);
  if (details.form == VectorForm::CarryIn)
    result = everywhere(result.any() | maskUndefined);
  if (instruction.scalarDestination.isScalar())
    setScalarUndefined(wave, instruction.scalarDestination, result.any() & enabled);
  if (details.form == VectorForm::CompareExec)
    checkScalarUse(wave, instruction, result.any() & enabled, "EXEC");
  if (!hasVectorResult)
    return;
  if (instruction.extra[1]) { // into some bytes of the register
    UndefinedBytes merged = instruction.destinationUnused == 2
                                ? wave.checks.vectorUndefined[instruction.destination.index]
                                : UndefinedBytes();
    for (int byte = instruction.extra[0]; byte < instruction.extra[0] + instruction.extra[1]; ++byte)
      merged.plane[byte & 3] = result.any();
    result = merged;
  } else if (operation.destinationType == LaneType::F16 || operation.destinationType == LaneType::B16) {
    result.plane[2] = result.plane[3] = 0; // the high half becomes zero
  }
  setUndefined(wave, instruction.destination.index, result, enabled);
  if (details.resultDwords == 2)
    setUndefined(wave, instruction.destination.index + 1,
                 operation.undefined == UndefinedRule::Copy ? undefinedOf(wave, instruction.sources[0], 1)
                                                            : result,
                 enabled);
}

void checkScalarUse(Wave &wave, const Instruction &instruction, uint64_t undefined, const char *use) {
  if (!undefined)
    return;
  FindingDetails details{FindingKind::Uninitialized, instruction.index};
  if (beginFinding(wave, details))
    endFinding(wave, std::string("an undefined value is used as ") + use);
}

void checkVectorUse(Wave &wave, const Instruction &instruction, const Operand &operand, int dwords,
                    uint64_t lanes, const char *use) {
  for (int d = 0; d < dwords; ++d) {
    uint64_t bad = undefinedOf(wave, operand, d).any() & lanes;
    if (!bad)
      continue;
    FindingDetails details{FindingKind::Uninitialized, instruction.index};
    details.lane = std::countr_zero(bad);
    if (beginFinding(wave, details)) {
      std::string name = operand.isScalar() ? "s" : operand.index >= firstAccumulationRegister ? "a" : "v";
      int number = operand.index % firstAccumulationRegister + d;
      endFinding(wave, "undefined bits of " + name + std::to_string(number) + " in lane " +
                           std::to_string(details.lane) + " are used as " + use);
    }
    return;
  }
}

} // namespace codesign::simulate
