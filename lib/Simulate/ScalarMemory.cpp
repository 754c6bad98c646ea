// SMEM: scalar loads, stores and atomics.
#include "Access.h"
#include "Translate.h"
#include "Waits.h"
#include "llvm/ADT/StringExtras.h"
#include <cstring>
#include <deque>
#include <mutex>

namespace codesign::simulate {
namespace {

struct ScalarMemoryDetails {
  uint8_t dwords = 1;
  bool isStore = false, isBuffer = false, returns = false;
  bool isScratch = false; // the offset register counts units of 64 bytes
  AtomicKind atomic = AtomicKind::None;
};

// sources[0] base pair (or descriptor), sources[1] scalar offset, sources[2] stored data.
void executeScalarMemory(Wave &wave, const Instruction &instruction) {
  const auto &details = *static_cast<const ScalarMemoryDetails *>(instruction.details);
  const Operand &base = instruction.sources[0];
  uint64_t offset = static_cast<uint64_t>(static_cast<int64_t>(instruction.offset));
  if (instruction.sources[1].kind != Operand::Kind::None)
    offset += uint64_t(wave.read32(instruction.sources[1])) * (details.isScratch ? 64 : 1);
  uint64_t address = (wave.scalar64(base.index) & (details.isBuffer ? 0xffffffffffffull : ~0ull)) + offset;
  address &= ~3ull;
  bool checking = wave.group->checking;
  if (checking) {
    Operand pair = base;
    pair.dwords = 2;
    checkScalarUse(wave, instruction, undefinedBits(wave, pair) | undefinedBits(wave, instruction.sources[1]),
                   "an address");
  }
  int bytes = 4 * details.dwords;
  MemoryRegion *region = wave.group->memory->find(address, bytes);
  bool clamped = false;
  if (details.isBuffer) { // raw buffer bounds: reads outside give 0
    uint64_t stride = (wave.scalars[base.index + 1] >> 16) & 0x3fff;
    uint64_t size = wave.scalars[base.index + 2] * std::max<uint64_t>(stride, 1);
    clamped = offset + bytes > size;
  }
  if (!region && !clamped && checking) {
    FindingDetails found{FindingKind::OutOfBounds, instruction.index};
    found.memoryAddress = address;
    if (beginFinding(wave, found)) {
      const MemoryRegion *near = wave.group->memory->nearest(address);
      endFinding(wave, "scalar access of " + std::to_string(bytes) + " bytes at 0x" +
                           llvm::utohexstr(address, true) +
                           (near ? " outside '" + near->name + "'" : std::string()));
    }
  }
  uint8_t *memory = region && !clamped ? region->data() + (address - region->address) : nullptr;
  const Operand &data = details.isStore || (details.atomic != AtomicKind::None && !details.returns)
                            ? instruction.sources[2]
                            : instruction.destination;
  if (details.atomic != AtomicKind::None) {
    int size = details.dwords == 2 ? 8 : 4;
    uint8_t operand[16], old[8] = {};
    std::memcpy(operand, wave.scalars + data.index, sizeof(operand));
    if (memory)
      applyAtomicShared(details.atomic, memory, operand, size, old);
    if (details.returns)
      std::memcpy(wave.scalars + instruction.destination.index, old, size);
  } else if (details.isStore) {
    if (memory && !region->readOnly)
      std::memcpy(memory, wave.scalars + data.index, bytes);
  } else {
    for (int d = 0; d < details.dwords; ++d) {
      uint32_t value = 0;
      if (memory)
        std::memcpy(&value, memory + 4 * d, 4);
      wave.scalars[instruction.destination.index + d] = value;
    }
  }
  if (checking && instruction.destination.isScalar())
    for (int d = 0; d < details.dwords; ++d)
      wave.checks.scalarUndefined[instruction.destination.index + d] = 0;
  wave.group->statistics[instruction.index].memoryBytes += bytes;
  ++wave.group->statistics[instruction.index].memoryLines;
  issueLocal(wave, instruction, /*isScalarMemory=*/true);
}

const ScalarMemoryDetails *intern(const ScalarMemoryDetails &details) {
  static std::mutex lock;
  static std::deque<ScalarMemoryDetails> storage;
  std::lock_guard<std::mutex> guard(lock);
  storage.push_back(details);
  return &storage.back();
}

} // namespace

bool translateScalarMemory(const RawInstruction &raw, Instruction &result) {
  llvm::StringRef text = raw.base;
  ScalarMemoryDetails details;
  text.consume_back("_alt");
  details.returns = text.consume_back("_RTN");
  bool hasImmediate = text.consume_back("_IMM"), hasRegister = text.consume_back("_SGPR");
  text.consume_back("_alt");
  if ((!hasImmediate && !hasRegister) || !text.consume_front("S_"))
    return false;
  details.isBuffer = text.consume_front("BUFFER_");
  details.isScratch = !details.isBuffer && text.consume_front("SCRATCH_");
  AccessShape shape;
  if (text.starts_with("ATOMIC_")) {
    if (!parseAccess(text, shape))
      return false;
    details.atomic = shape.atomic;
    details.dwords = shape.dwords;
  } else {
    details.isStore = text.consume_front("STORE_");
    if (!details.isStore && !text.consume_front("LOAD_"))
      return false;
    if (!text.consume_front("DWORD"))
      return false;
    text.consume_front("X");
    unsigned dwords = 1;
    if (!text.empty() && text.getAsInteger(10, dwords))
      return false;
    details.dwords = static_cast<uint8_t>(dwords);
  }
  unsigned at = 0;
  bool usesData = details.isStore || (details.atomic != AtomicKind::None && !details.returns);
  if (usesData && at < raw.uses.size())
    result.sources[2] = raw.uses[at++];
  if (at >= raw.uses.size() || !raw.uses[at].isScalar())
    return false;
  result.sources[0] = raw.uses[at++];
  if (hasRegister && at < raw.uses.size())
    result.sources[1] = raw.uses[at++];
  result.sourceCount = 3;
  if (!raw.definitions.empty())
    result.destination = raw.definitions[0];
  if (hasImmediate)
    result.offset = static_cast<int32_t>(raw.control(0));
  result.details = intern(details);
  result.execute = executeScalarMemory;
  result.kind = InstructionClass::ScalarMemory;
  result.usesLgkmCount = true;
  return true;
}

} // namespace codesign::simulate
