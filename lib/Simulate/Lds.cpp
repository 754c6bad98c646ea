// DS instructions: reads, writes, pairs, atomics, lane exchanges and the transposing reads of gfx950.
#include "LdsAccess.h"
#include "Translate.h"
#include "Waits.h"
#include "llvm/ADT/StringSwitch.h"
#include <cstring>
#include <deque>
#include <mutex>

using namespace llvm;

namespace codesign::simulate {
namespace {

enum class LdsForm : uint8_t { Single, Pair, Atomic, AddThreadId, Swizzle, Permute, BackPermute, Transpose };

struct LdsDetails {
  AccessShape shape;
  LdsForm form = LdsForm::Single;
  uint16_t pairStride = 0; // bytes per unit of the two offsets
  uint8_t elementBits = 0; // transposing reads
};

const LdsDetails &detailsOf(const Instruction &instruction) {
  return *static_cast<const LdsDetails *>(instruction.details);
}

uint32_t addressOf(Wave &wave, const Instruction &instruction, int lane) {
  return wave.lanes(instruction.sources[0].index)[lane];
}

void executeMemory(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  const LdsDetails &details = detailsOf(instruction);
  bool addsThreadId = details.form == LdsForm::AddThreadId;
  if (wave.group->checking && !addsThreadId)
    checkVectorUse(wave, instruction, instruction.sources[0], 1, wave.exec(), "an LDS address");
  const AccessShape &shape = details.shape;
  if (shape.isStore) // what direct loads still bring comes before what is stored now
    for (const std::unique_ptr<Wave> &other : wave.group->waves)
      deliverLateWrites(*other, 0);
  LdsOperationId operation =
      beginLdsOperation(wave, instruction, shape.isStore ? LdsAccessKind::Write : LdsAccessKind::Read);
  if (details.form == LdsForm::Pair) {
    // Both addresses are read before a result may overwrite the address register.
    alignas(64) uint32_t saved[laneCount];
    uint32_t *address = wave.lanes(instruction.sources[0].index);
    std::memcpy(saved, address, sizeof(saved));
    for (int part = 0; part < 2; ++part) {
      int data = shape.isStore ? instruction.sources[1 + part].index
                               : instruction.destination.index + part * shape.dwords;
      if (part && !shape.isStore) {
        alignas(64) uint32_t result[laneCount];
        std::memcpy(result, address, sizeof(result));
        std::memcpy(address, saved, sizeof(saved));
        accessLds(wave, instruction, shape, operation, data, instruction.extra[1] * details.pairStride,
                  false);
        bool overwritten =
            data <= instruction.sources[0].index && instruction.sources[0].index < data + shape.dwords;
        if (!overwritten)
          std::memcpy(address, result, sizeof(result));
      } else
        accessLds(wave, instruction, shape, operation, data, instruction.extra[part] * details.pairStride,
                  false);
    }
  } else {
    int data =
        shape.isStore ? instruction.sources[addsThreadId ? 0 : 1].index : instruction.destination.index;
    accessLds(wave, instruction, shape, operation, data, instruction.offset, addsThreadId);
  }
  issueLocal(wave, instruction, false, operation);
}

void executeAtomic(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  const AccessShape &shape = detailsOf(instruction).shape;
  bool twoOperands = takesSecondOperand(shape.atomic);
  uint64_t exec = wave.exec();
  if (wave.group->checking)
    checkVectorUse(wave, instruction, instruction.sources[0], 1, exec, "an LDS address");
  LdsOperationId operation = beginLdsOperation(wave, instruction, LdsAccessKind::Atomic);
  uint32_t addresses[laneCount];
  for (uint64_t rest = exec; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    uint32_t address = addressOf(wave, instruction, lane) + instruction.offset;
    if (shape.atomic == AtomicKind::ConditionalExchange)
      address &= 0xfff8;
    addresses[lane] = address;
    alignas(16) uint8_t operand[16] = {}, old[8] = {};
    getLane(wave, shape, instruction.sources[1].index, lane, operand);
    if (twoOperands) {
      uint8_t second[8];
      getLane(wave, shape, instruction.sources[2].index, lane, second);
      std::memcpy(operand + shape.bytes, second, shape.bytes);
      if (shape.atomic == AtomicKind::CompareSwap) // DS compares with the first operand and stores the second
        for (int byte = 0; byte < shape.bytes; ++byte)
          std::swap(operand[byte], operand[byte + shape.bytes]);
    }
    if (recordLdsAccess(wave, instruction, operation, LdsAccessKind::Atomic, address, shape.bytes, lane,
                        operand)) {
      std::memcpy(old, wave.group->lds.data() + address, shape.bytes);
      applyAtomic(shape.atomic, wave.group->lds.data() + address, operand, shape.bytes);
    }
    if (shape.returns)
      putLane(wave, shape, instruction.destination.index, lane, old);
  }
  countLds(wave, instruction, addresses, exec, shape.bytes, true);
  if (wave.group->checking && shape.returns)
    defineLoaded(wave, shape, instruction.destination.index, exec);
  issueLocal(wave, instruction, false, operation);
}

/// Lane that ds_swizzle reads (gfx9: quad permutation with bit 15, else and/or/xor masks over 32 lanes).
int swizzleSource(unsigned pattern, int lane) {
  if (pattern & 0x8000)
    return (lane & ~3) | ((pattern >> (2 * (lane & 3))) & 3);
  int andMask = pattern & 31, orMask = (pattern >> 5) & 31, xorMask = (pattern >> 10) & 31;
  return (lane & 32) | ((((lane & 31) & andMask) | orMask) ^ xorMask);
}

void executeExchange(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  LdsForm form = detailsOf(instruction).form;
  uint64_t exec = wave.exec();
  const Operand &data = instruction.sources[form == LdsForm::Swizzle ? 0 : 1];
  const uint32_t *values = wave.lanes(data.index);
  alignas(64) uint32_t result[laneCount] = {};
  UndefinedBytes undefined;
  bool checking = wave.group->checking;
  if (checking && form != LdsForm::Swizzle)
    checkVectorUse(wave, instruction, instruction.sources[0], 1, exec, "a lane index");
  for (int lane = 0; lane < laneCount; ++lane) {
    int from = lane, to = lane;
    if (form == LdsForm::Swizzle)
      from = swizzleSource(instruction.offset, lane);
    else {
      int other = ((addressOf(wave, instruction, lane) + instruction.offset) / 4) & 63;
      (form == LdsForm::BackPermute ? from : to) = other;
    }
    bool active = form == LdsForm::Permute ? (exec >> lane) & 1 : (exec >> from) & 1;
    if (!active)
      continue;
    result[to] = values[from];
    if (checking)
      for (int byte = 0; byte < 4; ++byte)
        undefined.plane[byte] |= ((wave.checks.vectorUndefined[data.index].plane[byte] >> from) & 1) << to;
  }
  wave.group->laneTable->blend(wave.lanes(instruction.destination.index), result, exec, 1);
  if (checking)
    setUndefined(wave, instruction.destination.index, undefined, exec);
  issueLocal(wave, instruction, false);
}

/// What the lanes of a transposing read found.
struct TransposedRows {
  alignas(16) uint8_t bytes[laneCount][16] = {};
  uint32_t undefined[laneCount] = {}; // a bit per byte of a row
  bool anyUndefined = false;
};

void readRows(Wave &wave, const Instruction &instruction, const LdsWaveAccess &at, int bytes,
              TransposedRows &rows) {
  Workgroup &group = *wave.group;
  LdsHistory &history = group.checks.lds;
  const bool checking = group.checking;
  const bool quiet =
      allWhole(at.address, at.lanes, bytes, group.lds.size()) && (!checking || history.isQuiet(at));
  if (quiet && checking)
    history.addQuietRead(at);
  for (uint64_t rest = at.lanes; rest; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    const uint32_t address = at.address[lane];
    if (!quiet &&
        !recordLdsAccess(wave, instruction, at.operation, LdsAccessKind::Read, address, bytes, lane, nullptr))
      continue;
    std::memcpy(rows.bytes[lane], group.lds.data() + address, bytes);
    for (int part = 0; !quiet && checking && part < bytes; part += 4)
      rows.undefined[lane] |= uint32_t(undefinedLds(wave, address + part, 4)) << part;
    rows.anyUndefined |= rows.undefined[lane] != 0;
  }
}

/// ds_read_b64_tr_*: each group of 16 lanes reads 16 rows of 64 bits and hands out columns.
void executeTranspose(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  const LdsDetails &details = detailsOf(instruction);
  const int bits = details.elementBits, bytes = details.shape.bytes, perRow = bytes * 8 / bits;
  LdsWaveAccess at;
  at.operation = beginLdsOperation(wave, instruction, LdsAccessKind::Read);
  at.instruction = instruction.index;
  at.dwords = bytes / 4;
  at.lanes = wave.exec();
  const uint64_t exec = at.lanes;
  if (wave.group->checking)
    checkVectorUse(wave, instruction, instruction.sources[0], 1, exec, "an LDS address");
  for (int lane = 0; lane < laneCount; ++lane)
    at.address[lane] = addressOf(wave, instruction, lane) + instruction.offset;
  TransposedRows rows;
  readRows(wave, instruction, at, bytes, rows);
  if (wave.group->checking)
    defineLoaded(wave, details.shape, instruction.destination.index, exec);
  auto element = [&](int row, int at) { // `at` counts elements within the row
    int bit = at * bits;
    uint32_t word = rows.bytes[row][bit / 8] | (bit / 8 + 1 < bytes ? rows.bytes[row][bit / 8 + 1] << 8 : 0);
    return (word >> (bit % 8)) & ((1u << bits) - 1);
  };
  for (int lane = 0; lane < laneCount; ++lane) {
    if (!((exec >> lane) & 1))
      continue;
    uint8_t result[16] = {};
    // Sixteen lanes read perRow rows of 16 elements, each row spread over 16 / perRow lanes; lane m of the
    // group receives column m.
    const int lanesPerRow = 16 / perRow, column = lane & 15, first = (lane & ~15) + column / perRow;
    for (int e = 0; e < perRow; ++e) {
      const int row = first + e * lanesPerRow, from = column % perRow * bits, bit = e * bits;
      if (bits % 8 == 0 && !rows.anyUndefined) {
        std::memcpy(result + bit / 8, rows.bytes[row] + from / 8, bits / 8);
        continue;
      }
      uint32_t value = element(row, column % perRow);
      if ((rows.undefined[row] >> (from / 8)) & ((1u << ((from + bits - 1) / 8 - from / 8 + 1)) - 1))
        for (int byte = bit / 8; byte <= (bit + bits - 1) / 8; ++byte)
          wave.checks.vectorUndefined[instruction.destination.index + byte / 4].plane[byte % 4] |= 1ull
                                                                                                   << lane;
      result[bit / 8] |= value << (bit % 8);
      if (bit % 8 + bits > 8)
        result[bit / 8 + 1] |= value >> (8 - bit % 8);
    }
    putLane(wave, details.shape, instruction.destination.index, lane, result);
  }
  countLds(wave, instruction, at.address, exec, bytes, false);
  issueLocal(wave, instruction, false, at.operation);
}

const LdsDetails *intern(const LdsDetails &details) {
  static std::mutex lock;
  static std::deque<LdsDetails> storage;
  std::lock_guard<std::mutex> guard(lock);
  storage.push_back(details);
  return &storage.back();
}

int widthOf(StringRef text) {
  return StringSwitch<int>(text)
      .Cases({"B32", "U32", "I32", "F32"}, 4)
      .Cases({"B64", "U64", "I64", "F64"}, 8)
      .Case("B96", 12)
      .Case("B128", 16)
      .Cases({"B16", "U16", "I16"}, 2)
      .Cases({"B8", "U8", "I8"}, 1)
      .Default(0);
}

bool parseAtomic(StringRef text, AccessShape &shape) {
  auto [name, type] = text.rsplit('_');
  bool returns = name.consume_back("_RTN");
  if (name == "WRXCHG")
    shape.returns = returns;
  bool isSigned = type.starts_with("I"), isFloat = type.starts_with("F");
  using enum AtomicKind;
  shape.atomic = StringSwitch<AtomicKind>(name)
                     .Case("ADD", isFloat ? (type == "F64" ? AddF64 : AddF32) : Add)
                     .Case("SUB", Sub)
                     .Case("RSUB", ReverseSub)
                     .Case("INC", Inc)
                     .Case("DEC", Dec)
                     .Case("AND", And)
                     .Case("OR", Or)
                     .Case("XOR", Xor)
                     .Case("MIN", isFloat    ? (type == "F64" ? MinF64 : MinF32)
                                  : isSigned ? SignedMin
                                             : UnsignedMin)
                     .Case("MAX", isFloat    ? (type == "F64" ? MaxF64 : MaxF32)
                                  : isSigned ? SignedMax
                                             : UnsignedMax)
                     .Case("CMPST", CompareSwap)
                     .Case("MSKOR", MaskedOr)
                     .Case("WRXCHG", Swap)
                     .Case("WRAP", WrapSubtract)
                     .Case("CONDXCHG32", ConditionalExchange)
                     .Case("PK_ADD", type == "BF16" ? PackedAddBf16 : PackedAddF16)
                     .Default(None);
  shape.returns = returns;
  shape.bytes = static_cast<uint8_t>(name == "PK_ADD" ? 4 : widthOf(type));
  shape.dwords = shape.bytes / 4;
  return shape.atomic != None && shape.bytes >= 4;
}

} // namespace

bool translateLds(const RawInstruction &raw, Instruction &result) {
  StringRef text = raw.base;
  if (!text.consume_front("DS_"))
    return false;
  if (translateLdsExchange(raw, result))
    return true;
  LdsDetails details;
  AccessShape &shape = details.shape;
  result.execute = executeMemory;
  if (text == "NOP") {
    result.execute = [](Wave &, const Instruction &) {};
    return true;
  }
  if (text == "SWIZZLE_B32" || text == "BPERMUTE_B32" || text == "PERMUTE_B32") {
    details.form = text == "SWIZZLE_B32"   ? LdsForm::Swizzle
                   : text == "PERMUTE_B32" ? LdsForm::Permute
                                           : LdsForm::BackPermute;
    result.execute = executeExchange;
  } else if (text.consume_front("READ_B64_TR_B") || text.consume_front("READ_B96_TR_B")) {
    details.form = LdsForm::Transpose;
    if (text.getAsInteger(10, details.elementBits))
      return false;
    shape.bytes = raw.base.contains("B96") ? 12 : 8;
    result.execute = executeTranspose;
  } else if (text.consume_front("READ2ST64_") || text.consume_front("WRITE2ST64_") ||
             text.consume_front("READ2_") || text.consume_front("WRITE2_")) {
    details.form = LdsForm::Pair;
    shape.isStore = raw.base.starts_with("DS_WRITE");
    shape.bytes = static_cast<uint8_t>(widthOf(text));
    details.pairStride = shape.bytes * (raw.base.contains("ST64") ? 64 : 1);
  } else if (text.consume_front("READ_ADDTID_") || text.consume_front("WRITE_ADDTID_")) {
    details.form = LdsForm::AddThreadId;
    shape.isStore = raw.base.starts_with("DS_WRITE");
  } else if (text.consume_front("READ_") || text.consume_front("WRITE_")) {
    shape.isStore = raw.base.starts_with("DS_WRITE");
    shape.highHalf = text.consume_back("_D16_HI");
    shape.keepsOtherHalf = !shape.isStore && (shape.highHalf || text.consume_back("_D16"));
    shape.bytes = static_cast<uint8_t>(widthOf(text));
    shape.isSigned = text.starts_with("I");
  } else {
    details.form = LdsForm::Atomic;
    if (!parseAtomic(text, shape))
      return false;
    result.execute = executeAtomic;
  }
  if (!shape.bytes)
    return false;
  shape.dwords = static_cast<uint8_t>(std::max(1, shape.bytes / 4));
  if (!raw.definitions.empty())
    result.destination = raw.definitions[0];
  for (const Operand &use : raw.uses)
    if (use.isVector() && result.sourceCount < 3)
      result.sources[result.sourceCount++] = use;
  int needed = details.form == LdsForm::AddThreadId                                     ? shape.isStore
               : details.form == LdsForm::Swizzle || details.form == LdsForm::Transpose ? 1
               : details.form == LdsForm::Pair   ? (shape.isStore ? 3 : 1)
               : details.form == LdsForm::Atomic ? (takesSecondOperand(shape.atomic) ? 3 : 2)
               : details.form == LdsForm::Single ? (shape.isStore ? 2 : 1)
                                                 : 2;
  if (result.sourceCount < needed)
    return false;
  result.offset = static_cast<int32_t>(raw.control(0) & 0xffff);
  result.extra[0] = static_cast<uint8_t>(raw.control(0));
  result.extra[1] = static_cast<uint8_t>(raw.control(1));
  result.details = intern(details);
  result.kind = InstructionClass::Lds;
  result.readsM0 = details.form == LdsForm::AddThreadId;
  result.usesLgkmCount = true;
  return true;
}

} // namespace codesign::simulate
