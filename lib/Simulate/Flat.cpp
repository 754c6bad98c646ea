// FLAT, GLOBAL and SCRATCH instructions.
#include "DirectLoad.h"
#include "Translate.h"
#include "Waits.h"
#include <cstring>
#include <deque>
#include <mutex>

namespace codesign::simulate {
namespace {

enum class FlatSpace : uint8_t { Flat, Global, Scratch };

struct FlatDetails {
  AccessShape shape;
  FlatSpace space = FlatSpace::Global;
};

// sources[0] address register, sources[1] data, sources[2] scalar base.
void addressesOf(Wave &wave, const Instruction &instruction, LaneAddresses &addresses) {
  const Operand &vector = instruction.sources[0], &base = instruction.sources[2];
  uint64_t scalarPart = static_cast<uint64_t>(static_cast<int64_t>(instruction.offset));
  if (base.isScalar())
    scalarPart += base.dwords >= 2 ? wave.read64(base) : wave.read32(base);
  addresses.lanes = wave.exec();
  if (!vector.isVector()) {
    for (uint64_t &address : addresses.address)
      address = scalarPart;
    return;
  }
  const uint32_t *low = wave.lanes(vector.index);
  bool wide = vector.dwords >= 2;
  const uint32_t *high = low + laneCount;
  for (int lane = 0; lane < laneCount; ++lane)
    addresses.address[lane] = scalarPart + (wide ? low[lane] | uint64_t(high[lane]) << 32 : low[lane]);
}

void checkAddress(Wave &wave, const Instruction &instruction, uint64_t lanes) {
  const Operand &vector = instruction.sources[0];
  if (vector.isVector())
    checkVectorUse(wave, instruction, vector, vector.dwords, lanes, "an address");
  checkScalarUse(wave, instruction, undefinedBits(wave, instruction.sources[2]), "an address");
}

void reportOutsideScratch(Wave &wave, const Instruction &instruction, int lane, uint64_t offset) {
  FindingDetails details{FindingKind::OutOfBounds, instruction.index};
  details.lane = lane;
  details.memoryAddress = offset;
  if (wave.group->checking && beginFinding(wave, details))
    endFinding(wave, "lane " + std::to_string(lane) + " accesses scratch byte " + std::to_string(offset) +
                         " of " + std::to_string(wave.group->kernel->scratchBytesPerLane));
}

/// Scratch: each lane has its own linear region; one list of addresses holds offsets into it.
void accessScratch(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                   const LaneAddresses &addresses) {
  uint64_t size = wave.group->kernel->scratchBytesPerLane;
  if (shape.isStore) {
    // Undefined data may be spilled; it counts when it comes back, which this model treats as defined.
  } else if (wave.group->checking) {
    defineLoaded(wave, shape, instruction.destination.index, addresses.lanes);
  }
  for (uint64_t rest = addresses.lanes; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    uint64_t offset = addresses.address[lane];
    alignas(16) uint8_t bytes[16] = {};
    if (offset > size || shape.bytes > size - offset) {
      reportOutsideScratch(wave, instruction, lane, offset);
      if (!shape.isStore)
        putLane(wave, shape, instruction.destination.index, lane, bytes);
      continue;
    }
    uint8_t *memory = wave.privateMemory.data() + size * lane + offset;
    if (shape.isStore) {
      getLane(wave, shape, instruction.sources[1].index, lane, bytes);
      std::memcpy(memory, bytes, shape.bytes);
    } else {
      std::memcpy(bytes, memory, shape.bytes);
      putLane(wave, shape, instruction.destination.index, lane, bytes);
    }
  }
}

/// A direct load from scratch to LDS. Returns the number of the LDS operation.
uint32_t loadScratchToLds(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                          const LaneAddresses &addresses) {
  const uint64_t size = wave.group->kernel->scratchBytesPerLane;
  const uint32_t ldsBase = (wave.scalars[scalar::m0] & 0x3ffff) + instruction.offset;
  const uint32_t operation = beginLdsOperation(wave, instruction, LdsAccessKind::DmaWrite);
  LateLdsWrite &late = beginLateLdsWrite(wave, std::max<int>(4, shape.bytes));
  for (uint64_t rest = addresses.lanes; rest; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    const uint64_t offset = addresses.address[lane];
    alignas(16) uint8_t bytes[16] = {};
    if (offset > size || shape.bytes > size - offset)
      reportOutsideScratch(wave, instruction, lane, offset);
    else
      std::memcpy(bytes, wave.privateMemory.data() + size * lane + offset, shape.bytes);
    addToLateLdsWrite(wave, instruction, shape, operation, late, ldsBase, lane, bytes);
  }
  return operation;
}

/// The lanes of a flat access that fall into LDS.
void accessFlatLds(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                   const LaneAddresses &addresses, uint32_t &operation) {
  bool isAtomic = shape.atomic != AtomicKind::None;
  LdsAccessKind kind = isAtomic        ? LdsAccessKind::Atomic
                       : shape.isStore ? LdsAccessKind::Write
                                       : LdsAccessKind::Read;
  operation = beginLdsOperation(wave, instruction, kind);
  for (uint64_t rest = addresses.lanes; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    uint32_t address = static_cast<uint32_t>(addresses.address[lane]);
    alignas(16) uint8_t bytes[32] = {}, old[16] = {};
    if (shape.isStore || isAtomic) {
      AccessShape wide = shape;
      wide.dwords = isAtomic && shape.atomic == AtomicKind::CompareSwap ? 2 * shape.dwords : shape.dwords;
      getLane(wave, wide, instruction.sources[1].index, lane, bytes);
    }
    bool inside = recordLdsAccess(wave, instruction, operation, kind, address, shape.bytes, lane, bytes);
    uint8_t *memory = wave.group->lds.data() + address;
    if (isAtomic) {
      if (inside) {
        std::memcpy(old, memory, shape.bytes);
        applyAtomic(shape.atomic, memory, bytes, shape.bytes);
      }
      if (shape.returns)
        putLane(wave, shape, instruction.destination.index, lane, old);
    } else if (shape.isStore) {
      if (inside)
        std::memcpy(memory, bytes, shape.bytes);
    } else {
      if (inside)
        std::memcpy(bytes, memory, shape.bytes);
      putLane(wave, shape, instruction.destination.index, lane, bytes);
      if (wave.group->checking)
        defineLoaded(wave, shape, instruction.destination.index, 1ull << lane);
    }
  }
}

void executeFlat(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  const auto &details = *static_cast<const FlatDetails *>(instruction.details);
  const AccessShape &shape = details.shape;
  LaneAddresses addresses;
  addressesOf(wave, instruction, addresses);
  if (wave.group->checking)
    checkAddress(wave, instruction, addresses.lanes);
  bool isStore = shape.isStore || (shape.atomic != AtomicKind::None && !shape.returns);
  if (details.space == FlatSpace::Scratch && shape.toLds)
    return issueVectorMemory(wave, instruction, false, loadScratchToLds(wave, instruction, shape, addresses));
  if (details.space == FlatSpace::Scratch) {
    accessScratch(wave, instruction, shape, addresses);
    return issueVectorMemory(wave, instruction, isStore);
  }
  if (details.space == FlatSpace::Global) {
    uint32_t ldsBase = shape.toLds ? (wave.scalars[scalar::m0] & 0x3ffff) + instruction.offset : 0;
    if (shape.toLds) // the offset applies to both sides of a direct load
      addresses.lanes = wave.exec();
    uint32_t operation = accessGlobal(wave, instruction, shape, addresses, instruction.sources[1],
                                      instruction.destination, ldsBase);
    return issueVectorMemory(wave, instruction, isStore, operation);
  }
  LaneAddresses shared, local, global;
  shared.lanes = local.lanes = global.lanes = 0;
  for (uint64_t rest = addresses.lanes; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    uint64_t address = addresses.address[lane];
    LaneAddresses &target = isInWindow(address, sharedAperture)    ? shared
                            : isInWindow(address, privateAperture) ? local
                                                                   : global;
    target.lanes |= 1ull << lane;
    target.address[lane] = &target == &global ? address : address & 0xffffffffu;
  }
  uint32_t operation = 0;
  if (shared.lanes)
    accessFlatLds(wave, instruction, shape, shared, operation);
  if (local.lanes)
    accessScratch(wave, instruction, shape, local);
  if (global.lanes)
    accessGlobal(wave, instruction, shape, global, instruction.sources[1], instruction.destination, 0);
  issueFlat(wave, instruction, isStore, operation);
}

const FlatDetails *intern(const FlatDetails &details) {
  static std::mutex lock;
  static std::deque<FlatDetails> storage;
  std::lock_guard<std::mutex> guard(lock);
  storage.push_back(details);
  return &storage.back();
}

} // namespace

bool translateFlat(const RawInstruction &raw, Instruction &result) {
  llvm::StringRef text = raw.base;
  FlatDetails details;
  if (text.consume_front("GLOBAL_"))
    details.space = FlatSpace::Global;
  else if (text.consume_front("SCRATCH_"))
    details.space = FlatSpace::Scratch;
  else if (text.consume_front("FLAT_"))
    details.space = FlatSpace::Flat;
  else
    return false;
  bool returns = text.consume_back("_RTN");
  bool hasForm = false;
  for (llvm::StringRef form : {"_SADDR", "_ST", "_SVS", "_VE"})
    hasForm = hasForm || text.consume_back(form);
  if (!parseAccess(text, details.shape))
    return false;
  if (details.space == FlatSpace::Scratch && details.shape.atomic != AtomicKind::None)
    return false;
  details.shape.returns = returns;
  bool isAtomic = details.shape.atomic != AtomicKind::None, hasData = details.shape.isStore || isAtomic;
  bool dataFirst = details.space == FlatSpace::Scratch && details.shape.isStore;
  llvm::SmallVector<Operand, 2> vectors;
  for (const Operand &use : raw.uses) {
    if (use.isVector())
      vectors.push_back(use);
    else if (use.isScalar())
      result.sources[2] = use;
  }
  if (dataFirst) {
    if (vectors.empty())
      return false;
    result.sources[1] = vectors[0];
    if (vectors.size() > 1)
      result.sources[0] = vectors[1];
  } else {
    if (!vectors.empty())
      result.sources[0] = vectors[0];
    if (hasData && vectors.size() < 2)
      return false;
    if (hasData)
      result.sources[1] = vectors[1];
  }
  if (!raw.definitions.empty())
    result.destination = raw.definitions[0];
  result.sourceCount = 3;
  int64_t offset = raw.control(0) & 0x1fff; // 13 bits, signed except for flat
  result.offset = static_cast<int32_t>(offset & 0x1000 ? offset - 0x2000 : offset);
  result.cachePolicy = static_cast<uint8_t>(raw.control(1));
  result.details = intern(details);
  result.execute = executeFlat;
  result.usesVmCount = true;
  result.usesLgkmCount = details.space == FlatSpace::Flat;
  result.kind = details.shape.toLds                   ? InstructionClass::LdsDma
                : details.space == FlatSpace::Scratch ? InstructionClass::Scratch
                : details.space == FlatSpace::Flat    ? InstructionClass::Flat
                : isAtomic                            ? InstructionClass::VectorMemoryAtomic
                : details.shape.isStore               ? InstructionClass::VectorMemoryStore
                                                      : InstructionClass::VectorMemoryLoad;
  return true;
}

} // namespace codesign::simulate
