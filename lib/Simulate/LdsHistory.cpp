// Who touched which LDS bytes, and whether a barrier lies between.
#include "Access.h"
#include "codesign/Isa/MemoryInstruction.h"
#include <algorithm>
#include <bit>
#include <cstring>

namespace codesign::simulate {

void LdsHistory::start(size_t ldsBytes) {
  cells.assign(ldsBytes / 4 + 1, {});
  blocks.assign(ldsBytes / ldsBlockBytes + 1, {});
  readLog.start(ldsBytes);
  operations.clear();
  firstSerial = 1;
  epoch = 0;
  settled = 1 << ldsSerialShift;
}

void LdsHistory::passBarrier(LdsOperationId oldestPending) {
  ++epoch;
  uint32_t end = firstSerial + static_cast<uint32_t>(operations.size());
  uint32_t first = oldestPending ? oldestPending >> ldsSerialShift : end;
  settled = first << ldsSerialShift;
  readLog.dropBelow(settled);
  // Nobody looks up a settled operation again.
  if (uint32_t done = first - firstSerial; done > 4096) {
    operations.erase(operations.begin(), operations.begin() + done);
    firstSerial = first;
  }
}

void LdsHistory::dropStoresOver(LdsBlock &block) {
  const auto end = block.stores.begin() + block.storeCount;
  block.storeCount = static_cast<uint8_t>(
      std::remove_if(block.stores.begin(), end,
                     [&](LdsOperationId id) { return id < settled || operation(id).waitedEpoch < epoch; }) -
      block.stores.begin());
}

void LdsHistory::addStore(LdsBlock &block, LdsOperationId operation) {
  if (block.latestStore < settled) {
    block.storeCount = 0;
    block.hasMoreStores = false;
  }
  block.latestStore = operation;
  if (block.storeCount == block.stores.size())
    dropStoresOver(block);
  if (block.storeCount == block.stores.size())
    block.hasMoreStores = true;
  else
    block.stores[block.storeCount++] = operation;
}

bool LdsHistory::storesAreOver(LdsBlock &block, uint32_t wave) {
  if (block.latestStore < settled)
    return true;
  if (block.hasMoreStores)
    return false;
  dropStoresOver(block);
  return std::all_of(block.stores.begin(), block.stores.begin() + block.storeCount,
                     [&](LdsOperationId id) { return isOver(id, wave, false); });
}

bool LdsHistory::isQuiet(const LdsWaveAccess &read) {
  const uint64_t whole = (1ull << read.dwords) - 1;
  uint32_t last = ~0u;
  for (uint64_t rest = read.lanes; rest; rest &= rest - 1) {
    const uint32_t dword = read.address[std::countr_zero(rest)] / 4;
    LdsBlock &block = blocks[dword / 64];
    if (((block.defined >> (dword % 64)) & whole) != whole)
      return false;
    if (dword / 64 != last && !storesAreOver(block, ldsWave(read.operation)))
      return false;
    last = dword / 64;
  }
  return true;
}

void LdsHistory::addQuietRead(const LdsWaveAccess &read) {
  readLog.add(read);
  if (readLog.isFull())
    enterReads();
}

void LdsHistory::enterReads() {
  readLog.drain([&](const LdsWaveAccess &read) {
    for (uint64_t rest = read.lanes; rest; rest &= rest - 1) {
      LdsCell *first = &cells[read.address[std::countr_zero(rest)] / 4];
      std::for_each(first, first + read.dwords, [&](LdsCell &cell) { enterRead(cell, read.operation); });
    }
  });
}

LdsOperationId beginLdsOperation(Wave &wave, const Instruction &instruction, LdsAccessKind kind) {
  if (!wave.group->checking)
    return 0;
  LdsHistory &history = wave.group->checks.lds;
  const uint64_t serial = history.nextSerial();
  if (serial >= maxLdsSerial) {
    stopRun(wave, instruction, "more LDS operations in one workgroup than the checks can number");
    return 0;
  }
  history.addOperation({instruction.index, ~0u, kind == LdsAccessKind::Atomic});
  return static_cast<LdsOperationId>(serial) << ldsSerialShift |
         (kind == LdsAccessKind::DmaWrite ? ldsDmaBit : 0) | static_cast<uint32_t>(wave.id);
}

uint8_t undefinedLds(const Wave &wave, uint32_t address, int bytes) {
  const std::vector<LdsCell> &cells = wave.group->checks.lds.cells;
  uint8_t result = 0;
  for (int byte = 0; byte < bytes; ++byte) {
    uint32_t at = address + byte;
    if (!((cells[at / 4].bytes >> (at % 4)) & 1))
      result |= 1 << byte;
  }
  return result;
}

void setLdsDefined(Wave &wave, uint32_t address, int bytes, uint32_t undefined) {
  for (int byte = 0; byte < bytes; ++byte) {
    uint32_t at = address + byte, bit = 1u << (at % 4);
    LdsCell &cell = wave.group->checks.lds.cells[at / 4];
    cell.bytes = (undefined >> byte) & 1 ? cell.bytes & ~bit : cell.bytes | bit;
    wave.group->checks.lds.noteDefined(at / 4);
  }
}

namespace {

enum class Order : uint8_t { Safe, SameWavePending, Race };

/// Is everything about an earlier operation over before the current one?
Order orderOf(const Wave &wave, LdsOperationId id, bool currentIsDma) {
  const uint32_t current = static_cast<uint32_t>(wave.id);
  if (wave.group->checks.lds.isOver(id, current, currentIsDma))
    return Order::Safe;
  return ldsWave(id) == current ? Order::SameWavePending : Order::Race;
}

struct Conflict {
  const char *verb;      // what the current access does
  const char *otherVerb; // what the earlier one did
};

void report(Wave &wave, const Instruction &instruction, LdsOperationId id, Order order, Conflict conflict,
            uint32_t address, int lane) {
  const LdsOperation &earlier = wave.group->checks.lds.operation(id);
  const int owner = static_cast<int>(ldsWave(id));
  FindingDetails details{order == Order::Race ? FindingKind::LdsRace : FindingKind::MissingWait,
                         instruction.index,
                         earlier.instruction,
                         owner,
                         lane,
                         address};
  if (!beginFinding(wave, details))
    return;
  std::string place = "LDS byte " + std::to_string(address);
  std::string message = "lane " + std::to_string(lane) + " " + conflict.verb + " " + place + " which ";
  if (order == Order::Race)
    message += "wave " + std::to_string(owner) + " " + conflict.otherVerb +
               (earlier.waitedEpoch == ~0u ? ", not waited for" : "") + ", with no barrier between";
  else
    message += std::string("an operation of this wave still ") + (id & ldsDmaBit ? "fills" : "reads") +
               ": s_waitcnt is missing";
  endFinding(wave, message);
}

/// Bytes of one dword.
struct ByteRange {
  uint32_t begin, end;
};

/// Are these the bytes in LDS, or those that a direct load in flight will leave there?
bool holdsOrReceives(const Workgroup &group, ByteRange range, const uint8_t *written) {
  const uint32_t count = range.end - range.begin;
  if (std::equal(written, written + count, group.lds.data() + range.begin))
    return true;
  for (const std::unique_ptr<Wave> &wave : group.waves)
    for (const LateLdsWrite &late : wave->lateLdsWrites)
      for (int i = 0; i < late.count; ++i) {
        const uint32_t offset = range.begin - late.target[i];
        if (offset + count <= static_cast<uint32_t>(late.bytesPerLane) &&
            std::equal(written, written + count, &late.bytes[i * late.bytesPerLane + offset]))
          return true;
      }
  return false;
}

void recordInCell(Wave &wave, const Instruction &instruction, LdsOperationId operation, LdsAccessKind kind,
                  ByteRange range, int lane, const uint8_t *written) {
  LdsHistory &history = wave.group->checks.lds;
  LdsCell &cell = history.cells[range.begin / 4];
  const bool writes = kind != LdsAccessKind::Read, isAtomic = kind == LdsAccessKind::Atomic,
             isDma = kind == LdsAccessKind::DmaWrite;
  const uint32_t mask = ((1u << (range.end - range.begin)) - 1) << (range.begin % 4);
  if (cell.write >= history.settled && cell.write != operation && (cell.mask(LdsCell::written) & mask)) {
    const bool bothAtomic = isAtomic && history.operation(cell.write).isAtomic;
    const Order order =
        bothAtomic ? Order::Safe : orderOf(wave, cell.write, isDma && (cell.write & ldsDmaBit));
    // Waves that store the same value do not disturb each other.
    const bool same = writes && !isAtomic && written && order == Order::Race &&
                      holdsOrReceives(*wave.group, range, written);
    if (order != Order::Safe && !same)
      report(wave, instruction, cell.write, order, {writes ? "writes" : "reads", "wrote"}, range.begin, lane);
  }
  if (!writes) {
    if (cell.read != operation) {
      if ((cell.read & ldsOwnerMask) != static_cast<uint32_t>(wave.id)) {
        cell.otherRead = cell.read;
        cell.setMask(LdsCell::otherReadBy, cell.mask(LdsCell::readBy));
      }
      cell.read = operation;
      cell.setMask(LdsCell::readBy, mask);
    } else
      cell.setMask(LdsCell::readBy, cell.mask(LdsCell::readBy) | mask);
    return;
  }
  for (auto [read, bytes] : {std::pair(cell.read, cell.mask(LdsCell::readBy)),
                             std::pair(cell.otherRead, cell.mask(LdsCell::otherReadBy))}) {
    if (read < history.settled || read == operation || !(bytes & mask))
      continue;
    if (const Order order = orderOf(wave, read, isDma); order != Order::Safe)
      report(wave, instruction, read, order, {"writes", "read"}, range.begin, lane);
  }
  cell.setMask(LdsCell::written, cell.write == operation ? cell.mask(LdsCell::written) | mask : mask);
  cell.write = operation;
  if (isAtomic || isDma)
    cell.setMask(LdsCell::defined, cell.mask(LdsCell::defined) | mask);
  history.noteStore(range.begin / 4, operation);
}

} // namespace

bool recordLdsAccess(Wave &wave, const Instruction &instruction, uint32_t operation, LdsAccessKind kind,
                     uint32_t address, int bytes, int lane, const uint8_t *written) {
  Workgroup &group = *wave.group;
  if (address > group.lds.size() || static_cast<size_t>(bytes) > group.lds.size() - address) {
    FindingDetails details{FindingKind::OutOfBounds, instruction.index};
    details.lane = lane;
    details.memoryAddress = address;
    if (group.checking && beginFinding(wave, details))
      endFinding(wave, "lane " + std::to_string(lane) + " accesses LDS bytes " + std::to_string(address) +
                           " to " + std::to_string(uint64_t(address) + bytes - 1) + " of " +
                           std::to_string(group.lds.size()));
    return false;
  }
  if (!operation)
    return true;
  group.checks.lds.enterReadsNear(address, bytes);
  for (uint32_t at = address; at < address + bytes;) {
    uint32_t end = std::min<uint32_t>(at / 4 * 4 + 4, address + bytes);
    recordInCell(wave, instruction, operation, kind, {at, end}, lane,
                 written ? written + (at - address) : nullptr);
    at = end;
  }
  return true;
}

static void computeCost(const SharedAccessPhases &phases, int bytes, LdsCost &cost) {
  cost.cycles = cost.conflicts = 0;
  for (uint64_t phase : phases.phases) {
    uint64_t active = phase & cost.lanes;
    if (!active)
      continue;
    // Cycles of a phase: the most distinct words that fall on one bank.
    uint32_t words[256];
    uint8_t perBank[64] = {};
    int count = 0, most = 1;
    for (uint64_t rest = active; rest; rest &= rest - 1) {
      uint32_t first = cost.offsets[std::countr_zero(rest)] / 4;
      for (int d = 0; d < std::max(1, bytes / 4); ++d) {
        uint32_t word = (first + d) & 0x3fffffff;
        if (perBank[word % phases.banks] && std::find(words, words + count, word) != words + count)
          continue;
        words[count++] = word;
        most = std::max<int>(most, ++perBank[word % phases.banks]);
      }
    }
    ++cost.cycles;
    cost.conflicts += most - 1;
  }
}

void countLds(Wave &wave, const Instruction &instruction, const uint32_t *addresses, uint64_t lanes,
              int bytes, bool isWrite) {
  const SharedAccessPhases *phases = isWrite ? wave.group->writePhases[bytes] : wave.group->readPhases[bytes];
  if (!phases || !lanes)
    return;
  // Loops repeat their patterns, and moving all lanes by whole dwords only rotates the banks: the last
  // pattern of each instruction is remembered relative to its first lane.
  uint32_t offsets[laneCount];
  const uint32_t base = addresses[std::countr_zero(lanes)] & ~3u;
  for (int lane = 0; lane < laneCount; ++lane)
    offsets[lane] = (lanes >> lane) & 1 ? addresses[lane] - base : ~0u;
  std::unique_ptr<LdsCost> &cost = wave.group->ldsCosts[instruction.index];
  if (!cost)
    cost = std::make_unique<LdsCost>();
  if (cost->lanes != lanes || std::memcmp(cost->offsets, offsets, sizeof(offsets)) != 0) {
    std::memcpy(cost->offsets, offsets, sizeof(offsets));
    cost->lanes = lanes;
    computeCost(*phases, bytes, *cost);
  }
  InstructionStatistics &statistics = wave.group->statistics[instruction.index];
  statistics.ldsCycles += cost->cycles;
  statistics.ldsConflictCycles += cost->conflicts;
}

} // namespace codesign::simulate
