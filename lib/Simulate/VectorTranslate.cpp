// From the disassembler's operand lists to vector instructions: encodings, controls, partial results.
#include "Translate.h"
#include "Vector.h"
#include "VectorSaturate.h"
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
  if (size_t legacy = name.find("_LEGACY_"); legacy != std::string::npos && base.ends_with("16"))
    name.erase(legacy, 7); // differs in what becomes of the high half
  if (base == "V_CVT_PKACCUM_U8_F32")
    name = "V_CVT_PK_U8_F32";
  const LaneOperation *operation = findLaneOperation(name, gfx950);
  if (!operation)
    return known[key] = nullptr;
  VectorDetails details;
  details.operation = operation;
  details.form = packed32 ? VectorForm::Packed32 : formOf(base, *operation);
  auto isWide = [](LaneType type) { return type == LaneType::F64 || type == LaneType::B64; };
  details.resultDwords = packed32 || isWide(operation->destinationType) ? 2 : 1;
  details.result =
      StringSwitch<PackedResult>(base)
          .Cases({"V_CVT_PKRTZ_F16_F32", "V_CVT_PK_F16_F32", "V_PACK_B32_F16"}, PackedResult::Half)
          .Case("V_CVT_PK_BF16_F32", PackedResult::Bfloat)
          .Cases({"V_CVT_PK_F32_FP8", "V_CVT_PK_F32_BF8"}, PackedResult::Float32)
          .Default(PackedResult::None);
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
  else if (base == "V_CVT_SCALEF32_PK_FP4_F32" || base.starts_with("V_CVT_SCALEF32_SR_"))
    keep((highHalf ? 2 : 0) + (result.sources[2].modifiers & modifier::opSel0 ? 1 : 0), 1);
  else if (base == "V_CVT_SR_F16_F32" || base == "V_CVT_SR_BF16_F32" ||
           base.starts_with("V_CVT_SCALEF32_F16_"))
    keep(highHalf ? 2 : 0, 2);
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
  StringRef name = raw.base;
  if (!name.consume_front("V_CVT_SCALEF32_"))
    return;
  const bool takesPair = name.consume_front("PK_");
  if (!name.starts_with("F32_") && !name.starts_with("F16_") && !name.starts_with("BF16_"))
    return;
  const bool first = result.sources[0].modifiers & modifier::opSel0,
             second = result.sources[1].modifiers & modifier::opSel0;
  result.isSdwa = result.hasModifiers = true;
  result.sourceSelect[0] = !takesPair || name.ends_with("FP4")
                               ? static_cast<SdwaSelect>((first ? 1 : 0) + (second ? 2 : 0))
                           : first ? SdwaSelect::Word1
                                   : SdwaSelect::Word0;
  result.sources[0].modifiers = result.sources[1].modifiers = 0;
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

bool hasFloatResult(const VectorDetails &details) {
  LaneType type = details.operation->destinationType;
  return type == LaneType::F32 || type == LaneType::F64 || type == LaneType::F16;
}

/// Replaces the clamp bit of integer results by the rule for it; false if there is none.
bool setIntegerClamp(const RawInstruction &raw, const VectorDetails &details, Instruction &result) {
  const bool isPackedFloat = details.form == VectorForm::Packed32 ||
                             (details.form == VectorForm::Packed16 && raw.base.contains("F16"));
  if (!result.clamp || hasFloatResult(details) || isPackedFloat || details.result != PackedResult::None)
    return true;
  const std::optional<uint8_t> rule = integerClamp(raw.base);
  if (!rule)
    return false;
  result.extra[3] = *rule;
  result.clamp = *rule != 0;
  return true;
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
    return isCompare || setIntegerClamp(raw, details, result);
  }
  if (raw.base == "V_BITOP3_B32" || raw.base == "V_BITOP3_B16") {
    result.immediate = raw.control(0);
    return true;
  }
  bool onlyOpSel = raw.base.starts_with("V_CVT_PK_FP8") || raw.base.starts_with("V_CVT_PK_BF8") ||
                   raw.base.starts_with("V_CVT_SR_") || raw.base.starts_with("V_ASHR_PK_") ||
                   raw.base.starts_with("V_CVT_SCALEF32") || raw.base.starts_with("V_ALIGN") ||
                   raw.base.starts_with("V_PERM");
  if (onlyOpSel || isCompare)
    return true;
  result.clamp = raw.control(0);
  bool packed = details.form == VectorForm::Packed16 || details.form == VectorForm::Packed32 ||
                details.form == VectorForm::Dot;
  if (hasFloatResult(details) && !packed)
    result.outputModifier = static_cast<uint8_t>(raw.control(1));
  return setIntegerClamp(raw, details, result);
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
  if (raw.base == "V_PK_FMAC_F16" && raw.encoding != "e32")
    return false; // what the modifiers of the other encodings mean is not published
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
  if (raw.base == "V_PK_FMAC_F16")
    for (unsigned k = 0; k < count; ++k)
      result.sources[k].modifiers = modifier::opSel1; // the high halves make the high half
  if (raw.base.starts_with("V_CVT_SCALEF32_") && operation.sourceType[0] != LaneType::F32 &&
      operation.sourceType[0] != LaneType::F16 && operation.sourceType[0] != LaneType::B16 &&
      result.sources[0].modifiers & (modifier::negate | modifier::absolute))
    return false; // the sign of a pair
  for (unsigned k = 0; k < count; ++k)
    result.hasModifiers |= result.sources[k].modifiers != 0;
  return true;
}

} // namespace codesign::simulate
