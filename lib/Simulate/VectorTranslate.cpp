// From the disassembler's operand lists to vector instructions: encodings, controls, partial results.
#include "Translate.h"
#include "Vector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include <deque>
#include <mutex>

using namespace llvm;

namespace codesign::simulate {
namespace {

VectorForm formOf(StringRef base, const LaneOperation &operation) {
  if (base.starts_with("V_CMPX_"))
    return VectorForm::CompareExec;
  if (base.starts_with("V_CMP_"))
    return VectorForm::Compare;
  if (base.starts_with("V_DOT"))
    return VectorForm::Dot;
  if (base.starts_with("V_PK_"))
    return operation.sourceType[0] == LaneType::F32 ? VectorForm::Packed32 : VectorForm::Packed16;
  return StringSwitch<VectorForm>(base)
      .Cases({"V_ADD_CO_U32", "V_SUB_CO_U32", "V_SUBREV_CO_U32", "V_MAD_U64_U32", "V_MAD_I64_I32"},
             VectorForm::Carry)
      .Cases({"V_ADDC_CO_U32", "V_SUBB_CO_U32", "V_SUBBREV_CO_U32"}, VectorForm::CarryIn)
      .Case("V_CNDMASK_B32", VectorForm::Select)
      .Default(VectorForm::Plain);
}

/// Details are shared by all instructions of an opcode and live as long as the process.
const VectorDetails *internDetails(StringRef base, bool gfx950) {
  static std::mutex lock;
  static std::deque<VectorDetails> storage;
  static StringMap<const VectorDetails *> known;
  std::lock_guard<std::mutex> guard(lock);
  std::string key = (base + (gfx950 ? "@" : "")).str();
  if (auto found = known.find(key); found != known.end())
    return found->second;
  std::string name = base.str();
  if (base.starts_with("V_CMPX_"))
    name = "V_CMP_" + base.drop_front(7).str();
  bool packed32 = base == "V_PK_ADD_F32" || base == "V_PK_MUL_F32" || base == "V_PK_FMA_F32";
  if (packed32)
    name.erase(2, 3);
  if (base.ends_with("_opsel"))
    name = base.drop_back(6).str();
  const LaneOperation *operation = findLaneOperation(name, gfx950);
  if (!operation)
    return known[key] = nullptr;
  VectorDetails details;
  details.operation = operation;
  details.form = packed32 ? VectorForm::Packed32 : formOf(base, *operation);
  auto isWide = [](LaneType type) { return type == LaneType::F64 || type == LaneType::B64; };
  details.resultDwords = packed32 || isWide(operation->destinationType) ? 2 : 1;
  // Dot products and the explicit v_cvt_pkrtz have their own rules.
  details.computesHalves = base.contains("_F16") && !base.starts_with("V_DOT") && !base.contains("PKRTZ") &&
                           !base.contains("_SCALEF32_");
  details.usesWideMode = operation->destinationType == LaneType::F64 ||
                         operation->sourceType[0] == LaneType::F64 || details.computesHalves;
  storage.push_back(details);
  return known[key] = &storage.back();
}

/// Parts of the destination that an opcode writes: byte position and width; the rest is kept.
void setPartialResult(const RawInstruction &raw, Instruction &result) {
  uint8_t first = result.sources[0].modifiers;
  bool highHalf = first & modifier::opSel1;
  auto keep = [&](int byte, int bytes) {
    result.extra[0] = byte;
    result.extra[1] = bytes;
    result.destinationUnused = 2;
  };
  StringRef base = raw.base;
  if (base == "V_CVT_PK_FP8_F32" || base == "V_CVT_PK_BF8_F32" || base.starts_with("V_CVT_SCALEF32_PK_FP8") ||
      base.starts_with("V_CVT_SCALEF32_PK_BF8"))
    keep(highHalf ? 2 : 0, 2);
  else if (base == "V_CVT_SR_FP8_F32" || base == "V_CVT_SR_BF8_F32")
    keep((highHalf ? 2 : 0) + (raw.tiedModifiers & modifier::opSel0 ? 1 : 0), 1);
  else if (base == "V_CVT_SCALEF32_PK_FP4_F32")
    keep((highHalf ? 2 : 0) + (result.sources[2].modifiers & modifier::opSel0 ? 1 : 0), 1);
  else if (base == "V_CVT_SCALEF32_PK_FP4_F16" || base == "V_CVT_SCALEF32_PK_FP4_BF16")
    keep((highHalf ? 2 : 0) + (raw.tiedModifiers & modifier::opSel0 ? 1 : 0), 1);
  else if (raw.name.contains("_gfx9_gfx9") &&
           (base == "V_FMA_F16" || base == "V_MAD_F16" || base == "V_MAD_U16" || base == "V_MAD_I16" ||
            base == "V_DIV_FIXUP_F16"))
    keep(highHalf ? 2 : 0, 2);
  else if (!raw.encoding.equals_insensitive("sdwa") && highHalf && result.extra[1] == 0 &&
           vectorDetails(result).form == VectorForm::Plain && vectorDetails(result).resultDwords == 1)
    keep(2, 2);
}

/// A byte or word of the source picked by op_sel, for unpacking conversions.
void selectUnpackedSource(const RawInstruction &raw, Instruction &result) {
  if (!raw.base.starts_with("V_CVT_SCALEF32_PK_F32_") && !raw.base.starts_with("V_CVT_SCALEF32_PK_F16_") &&
      !raw.base.starts_with("V_CVT_SCALEF32_PK_BF16_"))
    return;
  uint8_t bits = result.sources[0].modifiers;
  bool low = bits & modifier::opSel0, high = bits & modifier::opSel1;
  result.isSdwa = result.hasModifiers = true;
  result.sourceSelect[0] = raw.base.ends_with("FP4") ? static_cast<SdwaSelect>((low ? 1 : 0) + (high ? 2 : 0))
                           : low                     ? SdwaSelect::Word1
                                                     : SdwaSelect::Word0;
  result.sources[0].modifiers = 0;
}

void readSdwaControls(const RawInstruction &raw, Instruction &result, bool isCompare) {
  unsigned sources = std::min<unsigned>(raw.uses.size(), 2), count = raw.controls.size();
  if (count < sources)
    return;
  result.isSdwa = result.hasModifiers = true;
  for (unsigned k = 0; k < sources; ++k)
    result.sourceSelect[k] = static_cast<SdwaSelect>(raw.controls[count - sources + k]);
  unsigned rest = count - sources;
  if (rest > 0)
    result.clamp = raw.controls[0];
  if (isCompare || rest < 3)
    return;
  if (rest >= 4)
    result.outputModifier = raw.controls[1];
  result.destinationSelect = static_cast<SdwaSelect>(raw.controls[rest - 2]);
  result.destinationUnused = raw.controls[rest - 1];
  int select = static_cast<int>(result.destinationSelect);
  if (select < 4) {
    result.extra[0] = select;
    result.extra[1] = 1;
  } else if (select < 6) {
    result.extra[0] = 2 * (select - 4);
    result.extra[1] = 2;
  }
}

bool readControls(const RawInstruction &raw, const VectorDetails &details, Instruction &result) {
  bool isCompare = details.form == VectorForm::Compare || details.form == VectorForm::CompareExec;
  if (raw.encoding == "dpp") {
    result.isDpp = true;
    result.dppControl = static_cast<uint16_t>(raw.control(0));
    result.rowMask = static_cast<uint8_t>(raw.control(1, 15));
    result.bankMask = static_cast<uint8_t>(raw.control(2, 15));
    result.boundControl = raw.control(3);
    return true;
  }
  if (raw.encoding == "sdwa") {
    readSdwaControls(raw, result, isCompare);
    return true;
  }
  if (raw.base == "V_BITOP3_B32") {
    result.immediate = raw.control(0);
    return true;
  }
  bool isFloat = details.operation->destinationType == LaneType::F32 ||
                 details.operation->destinationType == LaneType::F64 ||
                 details.operation->destinationType == LaneType::F16;
  bool onlyOpSel = raw.base.starts_with("V_CVT_PK_FP8") || raw.base.starts_with("V_CVT_PK_BF8") ||
                   raw.base.starts_with("V_CVT_SR_") || raw.base.starts_with("V_CVT_SCALEF32") ||
                   raw.base.starts_with("V_ALIGN") || raw.base.starts_with("V_PERM");
  if (onlyOpSel || isCompare)
    return true;
  result.clamp = raw.control(0);
  bool packed = details.form == VectorForm::Packed16 || details.form == VectorForm::Packed32 ||
                details.form == VectorForm::Dot;
  if (isFloat && !packed)
    result.outputModifier = static_cast<uint8_t>(raw.control(1));
  if (result.clamp && !isFloat && !packed) {
    result.extra[3] = StringSwitch<uint8_t>(raw.base)
                          .Case("V_ADD_U32", 1)
                          .Case("V_SUB_U32", 2)
                          .Case("V_SUBREV_U32", 3)
                          .Case("V_ADD_I32", 4)
                          .Case("V_SUB_I32", 5)
                          .Default(0);
    return result.extra[3] != 0;
  }
  return !(result.clamp && packed && details.form == VectorForm::Dot);
}

} // namespace

bool translateVector(const RawInstruction &raw, Instruction &result) {
  const VectorDetails *details = internDetails(raw.base, raw.gfx950);
  if (!details)
    return false;
  result.details = details;
  result.execute = executeVector;
  result.isDot = details->form == VectorForm::Dot;
  const LaneOperation &operation = *details->operation;
  bool packed = details->form == VectorForm::Packed16 || details->form == VectorForm::Packed32;
  result.kind = operation.isTranscendental ? InstructionClass::Transcendental
                : packed                   ? InstructionClass::Packed
                                           : InstructionClass::Vector;
  bool isCompare = details->form == VectorForm::Compare || details->form == VectorForm::CompareExec;
  Operand vcc;
  vcc.kind = Operand::Kind::Scalar;
  vcc.index = scalar::vcc;
  vcc.dwords = 2;
  if (isCompare) {
    result.scalarDestination = raw.definitions.empty() ? vcc : raw.definitions[0];
  } else {
    if (raw.definitions.empty() || !raw.definitions[0].isVector())
      return false;
    result.destination = raw.definitions[0];
    if (details->form == VectorForm::Carry || details->form == VectorForm::CarryIn)
      result.scalarDestination = raw.definitions.size() > 1 ? raw.definitions[1] : vcc;
  }
  unsigned count = operation.sourceCount, available = raw.uses.size();
  for (unsigned k = 0; k < count; ++k) {
    if (k < available)
      result.sources[k] = raw.uses[k];
    else if (k == 2 && result.destination.isVector()) { // v_fmac and v_dot2c accumulate into the destination
      result.sources[k] = result.destination;
      result.sources[k].modifiers = raw.tiedModifiers;
    } else
      return false;
  }
  if (available > count && (details->form == VectorForm::CarryIn || details->form == VectorForm::Select))
    result.sources[3] = raw.uses[count];
  result.sourceCount = static_cast<uint8_t>(count);
  if (!readControls(raw, *details, result))
    return false;
  if (!isCompare)
    setPartialResult(raw, result);
  selectUnpackedSource(raw, result);
  for (unsigned k = 0; k < count; ++k)
    result.hasModifiers |= result.sources[k].modifiers != 0;
  return true;
}

} // namespace codesign::simulate
